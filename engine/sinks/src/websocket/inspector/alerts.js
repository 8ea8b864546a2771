// The view of the topic `alerts`, the newest first; where there is none, how to get it.

import { instant, plain } from "./columns.js";
import { el } from "./dom.js";
import { language, t } from "./words.js";

/** The topic with the alerts of every alert and rule. */
export const ALERTS = "alerts";

/** Alerts that are shown. */
const SHOWN = 200;
/** The list is drawn at most so often, in milliseconds. */
const PACE = 250;
/** Members of a storm, and other evidence, that a card shows. */
const PROOF = 12;
const SEVERITIES = ["critical", "high", "watch", "info"];
const STATES = ["open", "update", "clear"];
/** Columns that have a place of their own, or are for programs; the others are listed. */
const PLACED = [
  "time", "id", "rule", "state", "severity", "kind", "key", "code", "args", "title", "message", "texts",
  "value", "baseline", "baseline_time", "threshold", "unit", "evidence", "link",
];

export class AlertsView {
  #timer = 0;
  #drawn = -1;
  #cards = new Map();

  constructor(app) {
    this.app = app;
    this.list = el("ol", { class: "alerts" });
    this.none = el("div", { class: "empty-page", hidden: true },
      el("h2", {}, t("noAlerts")), el("p", {}, t("noAlertsWhy")),
      el("pre", {}, '[alert.pcr_high]\nfrom = "balance"\nwhen = "pcr >= 1.3"\n\n[sink.dashboard]\nconnector = "websocket"\nfrom = ["balance", "alerts"]'));
    this.quiet = el("p", { class: "empty", hidden: true }, t("quiet"));
    this.element = el("div", { class: "view alerts-view" }, this.none, this.quiet, this.list);
  }

  open() {
    this.app.feed.follow([]);
    this.figures();
    this.refresh(true);
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  touched(name) {
    if (name !== ALERTS || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.refresh();
    }, PACE);
  }

  figures() {
    this.none.hidden = this.app.figures.topics.length === 0 || this.app.figures.topics.some(({ name }) => name === ALERTS);
  }

  refresh(forced = false) {
    const topic = this.app.feed.topic(ALERTS);
    if (!topic || (topic.version === this.#drawn && !forced)) return;
    this.#drawn = topic.version;
    const rows = topic.list().slice(0, SHOWN);
    if (topic.upsert) rows.sort((a, b) => (a.values.time < b.values.time ? 1 : -1));
    this.quiet.hidden = rows.length > 0 || topic.last === null;
    const cards = new Map(rows.map((row) => [row.id, this.#cards.get(row.id) ?? card(row, topic.columns)]));
    this.#cards = cards;
    this.list.replaceChildren(...cards.values());
  }
}

/** Title and message in the language of the page, else as they are. */
function texts(values) {
  const own = values.texts?.[language()] ?? {};
  return { title: own.title || values.title || values.kind, message: own.message || values.message };
}

/** `[name, value]` of what the alert rests on, and of the columns that its node added. */
function figures(values, described) {
  const known = (value) => value !== null && value !== undefined && value !== "";
  const write = (name) => described.find((column) => column.name === name)?.write(values[name]);
  const numbers = ["value", "baseline", "threshold"].filter((name) => known(values[name]));
  const own = numbers.map((name) => [t(name), [write(name), name === "baseline" ? "" : values.unit ?? ""].join(" ").trim()]);
  // What is the figure itself is not said twice.
  const all = Array.isArray(values.evidence) ? values.evidence : [];
  const evidence = all.filter((each) => !known(values.value) || each?.value !== values.value);
  const proof = evidence.slice(0, PROOF).map((each) => [plain(each?.name ?? ""), plain(each?.value ?? "")]);
  if (evidence.length > PROOF) proof.push(["…", t("more", { n: evidence.length - PROOF })]);
  const added = described.filter(({ name }) => !PLACED.includes(name) && known(values[name]));
  return [...own, ...proof, ...added.map((column) => [column.name, column.write(values[column.name])])];
}

/** A link of an alert is opened only where it leads to a page: other schemes could run something. */
function outside(link) {
  if (!/^https?:\/\//i.test(link ?? "")) return null;
  return el("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, link);
}

function card({ values, hole }, described) {
  if (!values) {
    const missing = hole && { n: hole[1] - hole[0] + 1, first: hole[0], last: hole[1] };
    return el("li", { class: "alert gap" }, missing ? t("gap", missing) : t("restarted"));
  }
  const severity = SEVERITIES.includes(values.severity) ? values.severity : "info";
  const { title, message } = texts(values);
  const head = el("div", { class: "alert-head" },
    el("span", { class: "pill" }, t(severity)),
    el("strong", {}, plain(title ?? "")),
    el("span", { class: "alert-state" }, STATES.includes(values.state) ? t(values.state + "State") : ""),
    el("time", { title: values.time ?? "" }, instant(values.time ?? "")));
  const about = el("p", { class: "about" });
  if (values.rule) about.append(el("a", { href: `#/graph/${encodeURIComponent(values.rule)}` }, values.rule), " · ");
  const kind = values.kind === values.rule ? null : values.kind;
  about.append([kind, values.key].filter(Boolean).map(plain).join(" · "));
  const list = figures(values, described).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("li", { class: `alert ${severity}${values.state === "clear" ? " over" : ""}` }, head,
    message ? el("p", {}, plain(message)) : null, about,
    list.length ? el("dl", { class: "figures" }, ...list) : null, outside(values.link));
}
