// The page: puts the parts together, follows the address, switches language and theme.

import { ALERTS, AlertsView } from "./alerts.js";
import { el, kept, say } from "./dom.js";
import { Feed } from "./feed.js";
import { Figures } from "./figures.js";
import { GraphView } from "./graph.js";
import { QueryView } from "./query.js";
import { RowsView } from "./rows.js";
import { Status } from "./status.js";
import { topic } from "./topic.js";
import { language, setLanguage, t } from "./words.js";

const VIEWS = { graph: GraphView, rows: RowsView, alerts: AlertsView, query: QueryView };
const root = document.documentElement;

class App {
  site = { pipeline: "", zone: "UTC", queries: "none" };
  graph = null;
  explained = "";
  statusBar = document.getElementById("status");
  #main = document.getElementById("main");
  #notice = document.getElementById("notice");
  #views = new Map();
  #view = null;

  async start() {
    this.feed = new AlertingFeed();
    this.figures = new Figures(() => this.feed.state === "open");
    this.feed.addEventListener("state", () => this.#stateChanged());
    this.feed.addEventListener("topic", ({ detail }) => this.#view?.touched(detail));
    this.figures.addEventListener("figures", () => this.#figuresCame());
    this.figures.addEventListener("refused", () => this.notice("refused"));
    document.getElementById("language").addEventListener("click", () => this.#switchLanguage());
    document.getElementById("theme").addEventListener("click", switchTheme);
    addEventListener("hashchange", () => this.#route());
    await this.learn();
    this.#word();
    this.#route();
    this.feed.start();
    setInterval(() => this.status.update(), 1_000);
    this.figures.start();
  }

  /** Topics that are silent for longer than they should. */
  get stale() {
    return this.feed.watermark?.stale ?? [];
  }

  /** Asks what may be done here. */
  async learn() {
    try {
      const response = await fetch("/inspector/site.json", { cache: "no-store" });
      if (response.ok) this.site = await response.json();
      this.notice(response.status === 401 ? "refused" : null);
    } catch {
      // The feed says that the server is away.
    }
    say(document.getElementById("pipeline"), this.site.pipeline || "zaraba");
    document.title = this.site.pipeline ? `${this.site.pipeline} · zaraba` : "zaraba";
    this.#view?.refresh(true);
  }

  /** A line above all; null takes it away. */
  notice(word) {
    this.#notice.hidden = word === null;
    if (word === null) return;
    const link = el("a", { href: "/", click: (event) => { event.preventDefault(); location.reload(); } }, t("signIn"));
    this.#notice.replaceChildren(t(word), " ", link);
  }

  #stateChanged() {
    this.status?.update();
    root.dataset.feed = this.feed.state;
    if (this.feed.state === "open") {
      this.learn();
      this.figures.ask();
    }
  }

  #figuresCame() {
    this.#view?.figures();
    this.status.update();
    this.feed.withAlerts(this.figures.topics.some(({ name }) => name === ALERTS));
  }

  #route() {
    const [word, name] = location.hash.replace(/^#\/?/, "").split("/");
    const chosen = Object.hasOwn(VIEWS, word) ? word : "graph";
    if (!this.#views.has(chosen)) this.#views.set(chosen, new VIEWS[chosen](this));
    const view = this.#views.get(chosen);
    if (view !== this.#view) {
      this.#view?.close();
      this.#main.replaceChildren(view.element);
      this.#view = view;
    }
    for (const link of document.querySelectorAll("[data-view]")) {
      if (link.dataset.view === chosen) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    view.open(name === undefined ? undefined : decode(name));
  }

  #switchLanguage() {
    setLanguage(language() === "ja" ? "en" : "ja");
    kept.set("language", language());
    // Views are made of words: they are made anew. What they hold is in the feed.
    this.#view?.close();
    const sql = this.#views.get("query")?.sql.value;
    this.#views.clear();
    this.#view = null;
    this.#word();
    this.#route();
    if (sql && this.#views.get("query")) this.#views.get("query").sql.value = sql;
  }

  #word() {
    for (const element of document.querySelectorAll("[data-word]")) say(element, t(element.dataset.word));
    for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", t(element.dataset.label));
    const other = document.getElementById("language");
    say(other, language() === "ja" ? "English" : "日本語");
    other.lang = language() === "ja" ? "en" : "ja";
    const theme = document.getElementById("theme");
    theme.setAttribute("aria-label", t("theme"));
    theme.title = t("theme");
    this.status = new Status(this);
  }
}

/** Follows the alerts beside what the view asks for. */
class AlertingFeed extends Feed {
  #asked = [];
  #alerts = false;

  constructor() {
    const url = new URL("/ws?topics=&int64=string", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    super(url.href, topic);
  }

  follow(names) {
    this.#asked = names;
    super.follow(this.#alerts ? [...names, ALERTS] : names);
  }

  withAlerts(there) {
    if (there === this.#alerts) return;
    this.#alerts = there;
    this.follow(this.#asked);
  }
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function switchTheme() {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  root.dataset.chosen = "";
  kept.set("theme", root.dataset.theme);
}

const app = new App();
app.start();
