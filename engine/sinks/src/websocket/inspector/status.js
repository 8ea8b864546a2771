// The line below: whether the server is there, how far event time has come, what is stale, who
// looks.

import { whole } from "./columns.js";
import { el, say } from "./dom.js";
import { clock, rate, stretch } from "./figures.js";
import { t } from "./words.js";

export class Status {
  constructor(app) {
    this.app = app;
    this.dot = el("span", { class: "dot", "aria-hidden": "true" });
    this.state = el("span", { role: "status", id: "state" });
    this.again = el("button", { type: "button", class: "quiet", hidden: true, click: () => app.feed.again() }, t("again"));
    const item = (name) => {
      const value = el("span", { class: "value" });
      const box = el("span", { class: "item" }, el("span", { class: "word" }, t(name)), " ", value);
      return { box, value };
    };
    this.watermark = item("watermark");
    this.rows = item("rowsIn");
    this.stale = item("stale");
    this.clients = item("clients");
    const items = [this.watermark, this.rows, this.stale, this.clients].map(({ box }) => box);
    const state = el("span", { class: "item state" }, this.dot, this.state, this.again);
    app.statusBar.replaceChildren(state, ...items);
    this.update();
  }

  update() {
    const { feed, figures, site, stale } = this.app;
    this.dot.dataset.state = feed.state;
    this.again.hidden = feed.state !== "waiting";
    say(this.state, this.#stateText());
    const reached = this.#reached();
    this.watermark.box.hidden = reached === null;
    if (reached !== null) {
      const age = t("behind", { age: stretch(Math.max(0, (figures.clock - reached) / 1_000)) });
      say(this.watermark.value, `${clock(reached, site.zone)} · ${age}`);
      this.watermark.box.title = `${site.zone}`;
    }
    const sources = figures.nodes.filter((node) => node.kind === "source");
    const sum = sources.reduce((n, node) => n + (node.rate ?? 0), 0);
    this.rows.box.hidden = sources.length === 0;
    say(this.rows.value, rate(sum));
    this.stale.box.hidden = stale.length === 0;
    say(this.stale.value, stale.join(", "));
    this.clients.box.hidden = figures.clients === null;
    say(this.clients.value, whole(figures.clients ?? 0));
  }

  #stateText() {
    const { feed } = this.app;
    const seconds = Math.max(0, Math.ceil((feed.retryAt - Date.now()) / 1_000));
    if (feed.state !== "waiting") return t(feed.state);
    return feed.reason ? t("waitingFor", { reason: feed.reason, n: seconds }) : t("waitingIn", { n: seconds });
  }

  /** The least of what the sinks have reached; null before there is any, and after the end. */
  #reached() {
    const sinks = this.app.figures.nodes.filter((node) => node.kind === "sink" && node.event_time);
    const times = sinks.map((node) => Date.parse(node.event_time));
    if (times.length) return Math.min(...times);
    const heard = this.app.feed.watermark?.time;
    return heard ? Date.parse(heard) : null;
  }
}
