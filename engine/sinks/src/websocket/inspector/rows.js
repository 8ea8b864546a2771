// The view of a topic's rows as they come: an append topic as the tail of its rows, an upsert topic
// as a table in which what changed flashes.

import { texts, whole } from "./columns.js";
import { el, say } from "./dom.js";
import { rate } from "./figures.js";
import { Grid } from "./grid.js";
import { t } from "./words.js";

/** The table is drawn at most so often, in milliseconds: faster nobody can read. */
const PACE = 100;

export class RowsView {
  #topic = null;
  /** The topic that the address asked for; none: the first one will do. */
  #wanted = null;
  #shape = "";
  #drawn = "";
  #paused = null;
  #timer = 0;

  constructor(app) {
    this.app = app;
    this.list = el("nav", { class: "topics", "aria-label": t("topics") });
    this.grid = new Grid({ label: t("rows"), marker, onSort: () => this.refresh(true) });
    this.title = el("h2");
    this.about = el("p", { class: "about" });
    this.filter = el("input", {
      type: "search", id: "filter", placeholder: t("filter"), "aria-label": t("filter"),
      spellcheck: "false", input: () => this.refresh(true),
    });
    this.pause = el("button", { type: "button", id: "pause", "aria-pressed": "false", click: () => this.#toggle() }, t("pause"));
    this.count = el("p", { class: "count" });
    const tools = el("div", { class: "tools" }, this.filter, this.pause);
    const head = el("header", { class: "pane-head" }, el("div", {}, this.title, this.about), tools);
    this.pane = el("section", { class: "pane" }, head, this.grid.element, this.count);
    this.none = el("p", { class: "empty", hidden: true }, t("noTopics"));
    this.element = el("div", { class: "view rows" }, this.list, this.pane, this.none);
  }

  /** Opens the topic of the address, else the first one. */
  open(name) {
    const topics = this.app.figures.topics;
    const there = (wanted) => topics.find((topic) => topic.name === wanted);
    // An address without a name asks for what was shown before, if that is there.
    if (name !== undefined) this.#wanted = name;
    else if (topics.length && !there(this.#wanted)) this.#wanted = null;
    const found = this.#wanted === null ? topics[0] : there(this.#wanted);
    this.none.hidden = Boolean(found) || this.app.feed.state !== "open";
    say(this.none, topics.length ? t("noTopic", { name: this.#wanted }) : t("noTopics"));
    this.pane.hidden = !found;
    if (topics.length && found?.name !== this.#topic) {
      this.#topic = found?.name ?? null;
      this.#shape = "";
      this.#paused = null;
      this.filter.value = "";
    }
    // The address names what is shown, so that it can be kept.
    if (found && !name) history.replaceState(null, "", address(this.#topic));
    this.app.feed.follow(found ? [found.name] : []);
    this.figures();
    this.refresh(true);
  }

  close() {
    this.app.feed.follow([]);
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  /** A topic was touched. */
  touched(name) {
    if (name !== this.#topic || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.refresh();
    }, PACE);
  }

  /** Counts and rates of the list. */
  figures() {
    const topics = this.app.figures.topics;
    const names = topics.map((topic) => topic.name).join("\n");
    if (this.names !== names) {
      this.names = names;
      this.list.replaceChildren(...topics.map((topic) => listed(topic)));
      if (topics.length) this.open(this.#wanted);
    }
    for (const link of this.list.children) {
      const topic = topics.find((each) => each.name === link.dataset.topic);
      say(link.querySelector(".n"), whole(topic.last));
      say(link.querySelector(".rate"), topic.rate === null ? "" : rate(topic.rate));
      if (topic.name === this.#topic) {
        if (!link.hasAttribute("aria-current")) link.scrollIntoView({ block: "nearest", inline: "nearest" });
        link.setAttribute("aria-current", "page");
      } else link.removeAttribute("aria-current");
      link.classList.toggle("stale", this.app.stale.includes(topic.name));
    }
  }

  refresh(forced = false) {
    const topic = this.app.feed.topic(this.#topic);
    say(this.title, this.#topic ?? "");
    this.pause.setAttribute("aria-pressed", String(this.#paused !== null));
    say(this.pause, this.#paused ? t("resume") : t("pause"));
    if (!topic) {
      this.grid.show([], 0, this.#topic ? t("waiting") : "");
      return;
    }
    if (this.#shape !== topic.shape) {
      this.#shape = topic.shape;
      this.grid.setColumns(topic.columns);
      this.grid.settle(topic.version);
      say(this.about, topic.upsert ? t("upsertAbout", { key: topic.key.join(", ") || "–" }) : t("appendAbout"));
      forced = true;
    }
    const state = `${topic.version} ${this.#paused?.version}`;
    if (!forced && state === this.#drawn) return;
    this.#drawn = state;
    const { rows, version } = this.#paused ?? { rows: topic.list(), version: topic.version };
    const found = this.#matching(rows, topic.columns);
    const empty = rows.length ? t("noMatch") : topic.last === null ? t("waiting") : t("noRows");
    this.grid.show(found, version, empty);
    this.#counted(topic, rows, found);
  }

  #matching(rows, columns) {
    const wanted = this.filter.value.trim().toLowerCase();
    if (!wanted) return rows;
    const matches = (text) => text !== null && text.toLowerCase().includes(wanted);
    return rows.filter((row) => row.values && texts(row, columns).some(matches));
  }

  #counted(topic, rows, found) {
    const run = ofThisRun(rows);
    const held = run.filter((row) => row.values).length;
    const words = [topic.upsert ? t("rowsHeld", { n: whole(held) }) : t("rowsNewest", { n: whole(held), all: whole(topic.last ?? 0) })];
    const gaps = run.filter((row) => row.hole).length;
    if (gaps) words.push(t("gaps", { n: whole(gaps) }));
    if (found.length !== rows.length) words.push(t("rowsShown", { n: whole(found.length) }));
    if (this.#paused) {
      const before = this.#paused.runs === topic.runs ? this.#paused.last : 0;
      words.push(t("rowsSince", { n: whole(Math.max(0, (topic.last ?? 0) - before)) }));
    }
    say(this.count, words.join(" · "));
  }

  #toggle() {
    const topic = this.app.feed.topic(this.#topic);
    if (this.#paused) {
      this.#paused = null;
      if (topic) this.grid.settle(topic.version);
    } else if (topic) {
      // Values of a row are replaced, never changed, so copies of the rows stay as they are.
      const rows = topic.list().map((row) => ({ ...row, changed: null }));
      this.#paused = { rows, version: topic.version, runs: topic.runs, last: topic.last ?? 0 };
    }
    this.refresh(true);
  }
}

/** The rows that the pipeline sent since it was started, the newest first: they are numbered together. */
function ofThisRun(rows) {
  const before = rows.findIndex((row) => row.restart);
  return before < 0 ? rows : rows.slice(0, before);
}

/** What stands in the place of rows that did not come. */
export function marker(row) {
  if (row.restart) return t("restarted");
  const [first, last] = row.hole;
  return t("gap", { n: whole(last - first + 1), first: whole(first), last: whole(last) });
}

function address(name) {
  return `#/rows/${encodeURIComponent(name)}`;
}

function listed(topic) {
  const kind = el("span", { class: "kind" }, topic.changelog);
  const figures = el("span", { class: "figures" }, el("span", { class: "n" }), " ", el("span", { class: "rate" }));
  return el("a", { href: address(topic.name), "data-topic": topic.name }, el("span", { class: "name" }, topic.name), kind, figures);
}
