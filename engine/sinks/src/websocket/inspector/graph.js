// The view of the pipeline: the server's picture of the graph with live figures at its nodes, and
// beside it all nodes as a list, or one node that was picked.

import { whole } from "./columns.js";
import { el, say, svg } from "./dom.js";
import { rate, stretch } from "./figures.js";
import { NodePane } from "./node.js";
import { kindOf, t } from "./words.js";

const ZOOM = { least: 0.35, most: 2, step: 1.25, readable: 0.72 };
/** The small curve at the foot of a node, below its words. */
const CURVE = { height: 6, least: 5 };
/** Seconds behind the clock from which a live node counts as behind. */
const LAG = 5;

export class GraphView {
  #picture = null;
  #zoom = null;
  #nodes = new Map();
  #stream = null;
  #picked = null;

  constructor(app) {
    this.app = app;
    this.box = el("div", { class: "graph-box", tabindex: "0", role: "region", "aria-label": t("graph") });
    const button = (word, text, click) => el("button", { type: "button", "aria-label": t(word), title: t(word), click }, text);
    const zoom = el("div", { class: "zoom" },
      button("zoomOut", "−", () => this.#scale(this.#zoom / ZOOM.step)),
      button("fit", "⤢", () => this.#fit(0)),
      button("zoomIn", "+", () => this.#scale(this.#zoom * ZOOM.step)));
    this.pane = new NodePane(app);
    this.nodes = new NodeList(app);
    this.side = el("aside", { class: "side" }, this.nodes.element);
    this.element = el("div", { class: "view graph" }, el("div", { class: "graph-frame" }, this.box, zoom), this.side);
    new ResizeObserver(() => this.#picture && this.#zoom === null && this.#fit()).observe(this.box);
  }

  open(name) {
    this.app.feed.follow([]);
    this.#picked = name ?? null;
    this.side.replaceChildren(this.#picked ? this.pane.element : this.nodes.element);
    if (this.#picked) this.pane.open(this.#picked);
    this.figures();
    this.#mark();
    if (this.#stream !== this.app.feed.streamId || !this.#picture) this.#load();
  }

  close() {}

  touched() {}

  figures() {
    for (const node of this.app.figures.nodes) this.#figure(node);
    if (this.#picked) this.pane.update();
    else this.nodes.update();
  }

  refresh() {
    if (this.#stream !== this.app.feed.streamId) this.#load();
  }

  async #load() {
    this.#stream = this.app.feed.streamId;
    try {
      // Who may not query may not see plans either.
      const paths = ["/api/graph?format=svg", "/api/graph", ...(this.app.site.queries === "open" ? ["/api/explain"] : [])];
      const [picture, graph, explained] = await Promise.all(paths.map((path) => fetch(path)));
      if (!picture.ok || !graph.ok) return;
      this.app.graph = await graph.json();
      this.app.explained = explained?.ok ? await explained.text() : "";
      this.#embed(await picture.text());
    } catch {
      this.#stream = null;
    }
  }

  /** Takes over the shapes of the picture; colours and fonts are this page's. */
  #embed(text) {
    // Its style goes before it is parsed: the page's policy would complain of it.
    const bare = text.replace(/<style>[^]*?<\/style>/, "");
    const read = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
    read.querySelectorAll("style, script, title, rect.paper").forEach((element) => element.remove());
    this.#picture = document.importNode(read, true);
    this.#picture.setAttribute("role", "group");
    this.#nodes.clear();
    for (const group of this.#picture.querySelectorAll("[data-node]")) this.#adopt(group);
    this.box.replaceChildren(this.#picture);
    this.#zoom = null;
    this.#fit();
    this.figures();
    this.#mark();
  }

  /** A node becomes a button with a curve. */
  #adopt(group) {
    const name = group.dataset.node;
    const pick = () => (location.hash = this.#picked === name ? "#/graph" : `#/graph/${encodeURIComponent(name)}`);
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.addEventListener("click", pick);
    group.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      pick();
    });
    const box = group.querySelector("rect.box");
    const [x, y, wide, high, round] = ["x", "y", "width", "height", "rx"].map((each) => Number(box.getAttribute(each)));
    const inset = Math.max(CURVE.least, 0.8 * round);
    const curve = svg("path", { class: "curve" });
    box.after(curve);
    const [figures, below] = [".figures", ".below"].map((part) => group.querySelector(part));
    this.#nodes.set(name, { group, figures, below, curve, left: x + inset, wide: wide - 2 * inset, foot: y + high - 1 });
  }

  #figure(node) {
    const shown = this.#nodes.get(node.name);
    if (!shown) return;
    const words = [rate(node.rate)];
    const lag = node.lag_seconds ?? 0;
    if (lag >= LAG) words.push(t("lagShort", { lag: stretch(lag) }));
    if (node.queue?.used > 0) words.push(t("queueShort", { n: whole(node.queue.used) }));
    if (node.waits_for) words.push(t("waitsShort", { name: node.waits_for }));
    if (node.bad > 0) words.push(t("badShort", { n: whole(node.bad) }));
    say(shown.figures, words.join(" · "));
    say(shown.below, kindOf(node, ": "));
    shown.group.classList.toggle("idle", !(node.rate > 0));
    shown.group.classList.toggle("full", node.queue ? node.queue.used >= node.queue.bound : false);
    shown.group.classList.toggle("failing", node.bad > 0 || node.failures > 0);
    shown.group.setAttribute("aria-label", `${node.name}, ${kindOf(node, ": ")}, ${words.join(", ")}`);
    shown.curve.setAttribute("d", curve(node.past, shown));
    for (const edge of this.#picture.querySelectorAll(".edge")) {
      if (edge.dataset.from === node.name) edge.classList.toggle("flows", node.rate > 0);
    }
  }

  /** The picked node, what it lives on and what lives on it; the rest steps back. */
  #mark() {
    if (!this.#picture) return;
    const edges = [...this.#picture.querySelectorAll(".edge")];
    const near = new Set(this.#picked ? [this.#picked] : []);
    for (const [here, there] of [["from", "to"], ["to", "from"]]) {
      const ways = [this.#picked];
      while (ways.length) {
        const name = ways.pop();
        for (const edge of edges.filter((each) => each.dataset[here] === name)) {
          edge.dataset.way = "";
          if (near.has(edge.dataset[there])) continue;
          near.add(edge.dataset[there]);
          ways.push(edge.dataset[there]);
        }
      }
    }
    this.#picture.classList.toggle("picked", this.#picked !== null);
    for (const [name, { group }] of this.#nodes) {
      group.classList.toggle("far", this.#picked !== null && !near.has(name));
      group.setAttribute("aria-pressed", String(name === this.#picked));
    }
    this.#nodes.get(this.#picked)?.group.scrollIntoView({ block: "nearest", inline: "nearest" });
    const on = (edge) => near.has(edge.dataset.from) && near.has(edge.dataset.to);
    for (const edge of edges) edge.classList.toggle("far", this.#picked !== null && !on(edge));
  }

  /** As large as fits, but not so small that nothing can be read: then it is scrolled. */
  #fit(least = ZOOM.readable) {
    if (!this.#picture) return;
    const { width, height } = this.#picture.viewBox.baseVal;
    const fits = Math.min(this.box.clientWidth / width, this.box.clientHeight / height);
    this.#scale(Math.max(least, Math.min(1.1, fits)));
  }

  #scale(zoom) {
    if (!this.#picture) return;
    const { width, height } = this.#picture.viewBox.baseVal;
    this.#zoom = Math.min(ZOOM.most, Math.max(ZOOM.least, zoom));
    this.#picture.setAttribute("width", String(Math.floor(width * this.#zoom)));
    this.#picture.setAttribute("height", String(Math.floor(height * this.#zoom)));
  }
}

/** Rates of the last minute as the outline of an area at the foot of a node. */
function curve(past, { left, wide, foot }) {
  const most = Math.max(...past);
  if (!(most > 0) || past.length < 2) return "";
  const step = wide / 59;
  const from = left + wide - (past.length - 1) * step;
  const points = past.map((rate, i) => `${(from + i * step).toFixed(1)} ${(foot - (rate / most) * CURVE.height).toFixed(1)}`);
  return `M${from.toFixed(1)} ${foot}L${points.join("L")}L${(left + wide).toFixed(1)} ${foot}Z`;
}

/** All nodes with their figures, for when none is picked. */
class NodeList {
  #rows = new Map();

  constructor(app) {
    this.app = app;
    const head = ["node", "rate", "queue"].map((word, i) => el("th", { scope: "col", class: i ? "end" : null }, t(word)));
    this.body = el("tbody");
    const table = el("table", { class: "nodes" }, el("thead", {}, el("tr", {}, ...head)), this.body);
    this.element = el("div", { class: "node-list" }, el("h2", {}, t("nodes")), table, el("p", { class: "hint" }, t("pickNode")));
  }

  update() {
    // Where failed rows would go is worth a line once there are any.
    const nodes = this.app.figures.nodes.filter((node) => node.kind !== "stream" || node.rows_in > 0);
    if (nodes.length !== this.#rows.size || nodes.some((node) => !this.#rows.has(node.name))) {
      this.#rows = new Map(nodes.map((node) => [node.name, listed(node)]));
      this.body.replaceChildren(...[...this.#rows.values()].map(({ tr }) => tr));
    }
    for (const node of nodes) {
      const { cells } = this.#rows.get(node.name);
      say(cells[0], rate(node.rate));
      say(cells[1], node.queue ? `${whole(node.queue.used)}` : "–");
      cells[1].classList.toggle("warn", node.queue?.used >= node.queue?.bound);
    }
  }
}

function listed(node) {
  const link = el("a", { href: `#/graph/${encodeURIComponent(node.name)}` }, node.name);
  const name = el("th", { scope: "row" }, el("span", { class: `swatch ${node.kind}`, "aria-hidden": "true" }), link, el("span", { class: "kind" }, t(node.kind)));
  const cells = [0, 1].map(() => el("td", { class: "end" }));
  return { tr: el("tr", {}, name, ...cells), cells };
}
