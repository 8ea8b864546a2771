// One node: its figures, what it reads and who reads it, its streams, how it is computed.

import { whole } from "./columns.js";
import { el, say } from "./dom.js";
import { bytes, clock, rate, stretch } from "./figures.js";
import { t } from "./words.js";

export class NodePane {
  #name = null;
  #shape = "";

  constructor(app) {
    this.app = app;
    this.element = el("section", { class: "node-pane" });
  }

  open(name) {
    this.#name = name;
    this.#shape = "";
    this.update();
  }

  update() {
    const node = this.app.figures.node(this.#name);
    const shape = `${this.#name} ${node?.kind} ${this.app.graph ? 1 : 0} ${this.app.explained.length} ${this.app.figures.topics.length}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#build(node);
    }
    if (!node) return;
    for (const [word, value, warns] of figures(node, this.app.site.zone)) {
      const { row, dd } = this.rows.get(word);
      row.hidden = value === null;
      say(dd, value ?? "");
      dd.classList.toggle("warn", Boolean(warns));
    }
    this.reason.hidden = !node.first_reason;
    say(this.reason, node.first_reason ?? "");
  }

  #build(node) {
    const back = el("a", { href: "#/graph", class: "back" }, t("allNodes"));
    const kind = node ? `${t(node.kind)} · ${node.detail}` : t("noNode");
    this.rows = new Map(figures({ past: [] }, "UTC").map(([word]) => {
      const dd = el("dd");
      return [word, { dd, row: el("div", {}, el("dt", {}, t(word)), dd) }];
    }));
    this.reason = el("pre", { class: "reason", hidden: true, "aria-label": t("firstReason") });
    const list = el("dl", { class: "figures" }, ...[...this.rows.values()].map(({ row }) => row));
    const parts = node ? [list, this.reason, ...this.#ways(), ...this.#streams(), this.#plan()] : [];
    const title = el("h2", {}, el("span", { class: `swatch ${node?.kind ?? ""}`, "aria-hidden": "true" }), this.#name);
    this.element.replaceChildren(back, title, el("p", { class: "about" }, kind), ...parts.filter(Boolean));
  }

  /** What it reads, and who reads it. */
  #ways() {
    const edges = this.app.graph?.edges ?? [];
    const names = (here, there) => [...new Set(edges.filter((edge) => edge[here] === this.#name).map((edge) => edge[there]))];
    const link = (name) => el("li", {}, el("a", { href: `#/graph/${encodeURIComponent(name)}` }, name));
    return [["reads", names("to", "from")], ["readBy", names("from", "to")]]
      .filter(([, found]) => found.length)
      .map(([word, found]) => el("section", {}, el("h3", {}, t(word)), el("ul", { class: "links" }, ...found.map(link))));
  }

  /** Its streams that are topics here. */
  #streams() {
    const mine = (topic) => topic.name === this.#name || topic.name.startsWith(`${this.#name}__`);
    const read = (this.app.graph?.edges ?? []).filter((edge) => edge.to === this.#name).map((edge) => edge.stream);
    const ofSink = (topic) => this.app.figures.node(this.#name)?.detail === "websocket" && read.includes(topic.name);
    const found = this.app.figures.topics.filter((topic) => mine(topic) || ofSink(topic));
    if (!found.length) return [];
    const link = ({ name }) => el("li", {}, el("a", { href: `#/rows/${encodeURIComponent(name)}` }, name));
    return [el("section", {}, el("h3", {}, t("liveRows")), el("ul", { class: "links" }, ...found.map(link)))];
  }

  /** How it is computed: its paragraph of what `zaraba explain` prints. */
  #plan() {
    const mine = (text) => [this.#name, `source ${this.#name}`].includes(text.split("\n")[0]);
    const found = this.app.explained.split("\n\n").find(mine) ?? "";
    const lines = found.split("\n").slice(1).map((line) => line.trim());
    if (!lines.length) return null;
    const facts = lines.filter((line) => line && !line.startsWith("plan: ")).map((line) => el("li", {}, line));
    const plan = found.split("\n").filter((line) => line.startsWith("  plan: ")).map((line) => line.slice(8));
    const tree = plan.length ? el("pre", { class: "plan", tabindex: "0", "aria-label": t("computed") }, plan.join("\n")) : null;
    return el("section", {}, el("h3", {}, t("computed")), el("ul", { class: "facts" }, ...facts), tree);
  }
}

/** `[word, value, whether it warns]`; a value that is null is not shown. */
function figures(node, zone) {
  const some = (n) => (n > 0 ? whole(n) : null);
  const { queue, event_time: time, lag_seconds: lag, rule } = node;
  const calls = rule?.calls > 0;
  return [
    ["rowsPerSecond", rate(node.rate)],
    ["rowsTaken", whole(node.rows_in ?? 0)],
    ["rowsGiven", node.kind === "sink" ? null : whole(node.rows_out ?? 0)],
    ["eventTime", time ? clock(Date.parse(time), zone) : null],
    ["lag", lag === null || lag === undefined ? null : stretch(lag)],
    ["queue", queue ? t("of", { n: whole(queue.used), all: whole(queue.bound) }) : null, queue?.used >= queue?.bound],
    ["state", some(node.state_bytes) && bytes(node.state_bytes)],
    ["busy", node.busy_seconds > 0 ? stretch(node.busy_seconds) : null],
    ["late", some(node.late)],
    ["bad", some(node.bad), true],
    ["unassigned", some(node.unassigned)],
    ["failures", some(node.failures), true],
    ["leftOut", some(node.suppressed)],
    ["calls", calls ? whole(rule.calls) : null],
    ["perCall", calls ? `${((rule.seconds / rule.calls) * 1e6).toFixed(1)} µs` : null],
    ["fuelPerCall", calls ? whole(Math.round(rule.fuel / rule.calls)) : null],
    ["traps", some(rule?.traps), true],
    ["skipped", some(rule?.skipped), true],
  ];
}
