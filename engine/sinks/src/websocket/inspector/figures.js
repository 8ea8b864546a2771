// What the nodes and topics count, asked each second while somebody looks and the server is there.

import { whole } from "./columns.js";
import { t } from "./words.js";

const EACH = 1_000;
/** Rates that are remembered per node, for the small curves. */
const PAST = 60;

/** Events: `figures` after each answer, `refused` when the token is no longer taken. */
export class Figures extends EventTarget {
  /** As `/api/stats` has them, each with `past`: its last rates. */
  nodes = [];
  /** As `/api/topics` has them, each with `rate`: rows per second, null until it is known. */
  topics = [];
  clients = null;
  clock = null;
  pipeline = "";
  #past = new Map();
  #before = new Map();
  #running = false;

  constructor(active) {
    super();
    this.active = active;
    document.addEventListener("visibilitychange", () => !document.hidden && this.ask());
  }

  start() {
    setInterval(() => this.ask(), EACH);
    return this.ask();
  }

  node(name) {
    return this.nodes.find((node) => node.name === name);
  }

  /** Asks, unless nobody looks or the last answer is still on its way. */
  async ask() {
    if (this.#running || document.hidden || !this.active()) return;
    this.#running = true;
    try {
      const [stats, topics] = await Promise.all([this.#get("/api/stats"), this.#get("/api/topics")]);
      this.#take(stats, topics);
    } catch {
      // The feed says that the server is away.
    } finally {
      this.#running = false;
    }
  }

  async #get(path) {
    const response = await fetch(path, { cache: "no-store" });
    if (response.status === 401) this.dispatchEvent(new Event("refused"));
    if (!response.ok) throw new Error(path);
    return response.json();
  }

  #take(stats, topics) {
    this.pipeline = topics.pipeline;
    this.clients = stats.clients?.now ?? null;
    this.clock = stats.clock ? Date.parse(stats.clock) : Date.now();
    this.nodes = stats.nodes.map((node) => ({ ...node, rate: rateOf(node), past: this.#remember(node) }));
    const now = performance.now();
    this.topics = topics.topics.map((topic) => ({ ...topic, rate: this.#growth(topic, topics.stream_id, now) }));
    this.dispatchEvent(new Event("figures"));
  }

  #remember(node) {
    const past = [...(this.#past.get(node.name) ?? []), rateOf(node) ?? 0].slice(-PAST);
    this.#past.set(node.name, past);
    return past;
  }

  #growth({ name, last }, stream, now) {
    const before = this.#before.get(name);
    this.#before.set(name, { last, stream, now });
    if (before?.stream !== stream || now === before.now) return null;
    return ((last - before.last) * 1_000) / (now - before.now);
  }
}

/** Rows per second of a node: those of its stream; of a sink, those that it took. */
function rateOf(node) {
  return node.kind === "sink" ? node.rows_in_per_second : node.rows_out_per_second;
}

/** `1,234/s`, with a digit behind the point where there is little. */
export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return "–";
  const text = perSecond > 0 && perSecond < 9.95 ? perSecond.toFixed(1) : whole(Math.round(perSecond));
  return t("perSecond", { n: text });
}

/** Bytes in the unit that suits. */
export function bytes(n) {
  if (n < 1_024) return `${n} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length, Math.floor(Math.log2(n) / 10));
  return `${(n / 1_024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A stretch of time in the unit that suits. */
export function stretch(seconds) {
  const size = Math.abs(seconds);
  if (size < 10) return t("seconds", { n: seconds.toFixed(1) });
  for (const [unit, n, below] of [["seconds", 1, 120], ["minutes", 60, 7_200], ["hours", 3_600, 172_800]]) {
    if (size < below) return t(unit, { n: Math.round(seconds / n) });
  }
  return t("days", { n: whole(Math.round(seconds / 86_400)) });
}

/** A moment in the pipeline's zone, to the second. */
export function clock(millis, zone) {
  const part = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const write = (timeZone) => new Intl.DateTimeFormat("sv-SE", { ...part, timeZone }).format(millis);
  try {
    return write(zone);
  } catch {
    // A zone that the browser does not know.
    return `${write("UTC")}Z`;
  }
}
