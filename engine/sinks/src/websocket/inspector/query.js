// The box for SQL over what the topics hold: Ctrl-Enter asks, a mistake is shown where it is.

import { columns, csv, whole } from "./columns.js";
import { el, say } from "./dom.js";
import { Grid } from "./grid.js";
import { t } from "./words.js";

/** Queries that are remembered while the page is open. */
const HISTORY = 20;

export class QueryView {
  #history = [];
  #rows = [];
  #columns = [];
  #running = null;

  constructor(app) {
    this.app = app;
    this.sql = el("textarea", {
      id: "sql", rows: "6", spellcheck: "false", autocapitalize: "off", autocomplete: "off",
      "aria-label": t("sql"), placeholder: "SELECT …", keydown: (event) => this.#key(event),
    });
    this.run = el("button", { type: "button", id: "run", class: "main", click: () => this.#ask() }, t("run"));
    this.download = el("button", { type: "button", id: "csv", disabled: true, click: () => this.#save() }, t("csv"));
    this.count = el("p", { class: "count", id: "count", role: "status" });
    this.error = el("pre", { class: "error", id: "error", role: "alert", hidden: true });
    this.closed = el("p", { class: "closed", id: "closed", hidden: true });
    this.grid = new Grid({ label: t("result"), marker: () => "", onSort: () => this.grid.show(this.#rows) });
    this.schema = el("div", { class: "schema" });
    this.past = el("ol", { class: "history" });
    const tools = el("div", { class: "tools" }, this.run, el("span", { class: "hint" }, t("ctrlEnter")), this.download, this.count);
    this.form = el("div", { class: "ask" }, this.sql, tools, this.error);
    const main = el("section", { class: "pane" }, this.closed, this.form, this.grid.element);
    const side = el("aside", { class: "side" },
      el("h2", {}, t("topics")), this.schema, el("h2", {}, t("history")), this.past);
    this.element = el("div", { class: "view query" }, main, side);
  }

  open() {
    this.app.feed.follow([]);
    this.refresh();
    this.figures();
    this.#remembered();
  }

  close() {}

  touched() {}

  /** What may be asked here, which a server that comes back may have changed. */
  refresh() {
    const open = this.app.site.queries === "open";
    this.closed.hidden = open;
    say(this.closed, open ? "" : t(this.app.site.queries === "closed" ? "queriesClosed" : "queriesNone"));
    this.form.hidden = !open;
    this.grid.element.hidden = !open;
  }

  /** The topics with their columns: a click writes a query. */
  figures() {
    const shape = this.app.figures.topics.map((topic) => topic.name).join("\n");
    if (shape === this.shape) return;
    this.shape = shape;
    const column = ({ name, type }) => el("li", {}, el("span", {}, name), el("span", { class: "type" }, type));
    this.schema.replaceChildren(...this.app.figures.topics.map((topic) => el("details", {},
      el("summary", {}, topic.name),
      el("button", { type: "button", class: "quiet", click: () => this.#write(`SELECT * FROM ${topic.name} LIMIT 100`) }, t("selectAll")),
      el("ul", {}, ...topic.schema.map(column)))));
  }

  #write(sql) {
    this.sql.value = sql;
    this.sql.focus();
  }

  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#ask();
  }

  async #ask() {
    const sql = this.sql.value.trim();
    if (!sql || this.#running) return;
    this.#running = sql;
    this.run.disabled = true;
    say(this.count, t("running"));
    const began = performance.now();
    try {
      const response = await fetch("/api/query?int64=string&format=json", { method: "POST", body: sql });
      if (response.ok) this.#show(await response.json(), performance.now() - began);
      else this.#fail(await response.text());
      if (response.status === 403) await this.app.learn();
    } catch {
      this.#fail(t("unreachable"));
    } finally {
      this.#remember(sql);
      this.#running = null;
      this.run.disabled = false;
    }
  }

  #show(answer, millis) {
    this.error.hidden = true;
    this.#columns = columns(answer.columns);
    this.#rows = answer.rows.map((values, id) => ({ id, values, changed: null, text: null }));
    this.grid.setColumns(this.#columns);
    this.grid.show(this.#rows, 0, t("noRows"));
    this.download.disabled = false;
    const n = this.#rows.length;
    say(this.count, t("answered", { n: whole(n), ms: whole(Math.max(1, Math.round(millis))) }));
  }

  #fail(text) {
    this.error.hidden = false;
    say(this.error, text.trimEnd());
    say(this.count, "");
  }

  #remember(sql) {
    this.#history = [sql, ...this.#history.filter((other) => other !== sql)].slice(0, HISTORY);
    this.#remembered();
  }

  #remembered() {
    const entry = (sql) => el("li", {}, el("button", { type: "button", class: "quiet", title: sql, click: () => this.#write(sql) }, sql));
    this.past.replaceChildren(...this.#history.map(entry));
    if (!this.#history.length) this.past.append(el("li", { class: "hint" }, t("noHistory")));
  }

  #save() {
    const blob = new Blob([csv(this.#columns, this.#rows)], { type: "text/csv" });
    const link = el("a", { href: URL.createObjectURL(blob), download: `${this.app.site.pipeline || "query"}.csv` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
  }
}
