// The view of the topic `alerts`, the newest first; where there is none, how to get it.

import { el, say } from "./dom.js";
import { language, t } from "./words.js";

/** The topic with the alerts of every alert and rule. */
export const ALERTS = "alerts";

/** Alerts that are shown. */
const SHOWN = 200;
/** The list is drawn at most so often, in milliseconds. */
const PACE = 250;
const SEVERITIES = ["critical", "high", "watch", "info"];
/** Columns that have a place of their own; the others are listed. */
const PLACED = ["time", "severity", "state", "title", "message", "kind", "key", "id"];

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

/** A text that may be one per language. */
function worded(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "object") return String(value);
  return String(value[language()] ?? value.en ?? Object.values(value)[0] ?? "");
}

function card({ values, hole }, described) {
  if (!values) return el("li", { class: "alert gap" }, hole ? t("gap", { n: hole[1] - hole[0] + 1, first: hole[0], last: hole[1] }) : t("restarted"));
  const severity = SEVERITIES.includes(values.severity) ? values.severity : "info";
  const others = described.filter(({ name }) => !PLACED.includes(name) && values[name] !== null && values[name] !== undefined);
  const figures = others.map((column) => el("div", {}, el("dt", {}, column.name), el("dd", {}, column.write(values[column.name]))));
  const time = described.find(({ name }) => name === "time");
  const when = el("time", {}, time ? time.write(values.time ?? "") : "");
  const head = el("div", { class: "alert-head" },
    el("span", { class: "pill" }, String(values.severity ?? "")), el("strong", {}, worded(values.title) || String(values.kind ?? "")),
    el("span", { class: "alert-state" }, String(values.state ?? "")), when);
  const item = el("li", { class: `alert ${severity}` }, head);
  const message = worded(values.message);
  if (message) item.append(el("p", {}, message));
  const about = [values.kind, values.key].filter((each) => each !== null && each !== undefined && each !== "").map((each) => (typeof each === "object" ? JSON.stringify(each) : String(each)));
  say(item.appendChild(el("p", { class: "about" })), about.join(" · "));
  if (figures.length) item.append(el("dl", { class: "figures" }, ...figures));
  return item;
}
