// A table of any length: only the rows that can be seen are in the document, and they are reused.
// Cells are written where their text differs; those that changed since the last time flash.

import { texts, width } from "./columns.js";
import { el, onFrame, say } from "./dom.js";

/** Height of a row in pixels, as `views.css` has it. */
const ROW = 28;
/** Rows beyond the edges, so that scrolling shows no holes. */
const BEYOND = 8;
/** Widths of columns in digits. */
const WIDTH = { least: 5, most: 44, sample: 200 };

/** A value as it came. */
function whole(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export class Grid {
  #columns = [];
  #rows = [];
  #slots = [];
  #cols = [];
  #widths = [];
  #version = 0;
  #drawn = 0;
  #sort = null;

  /** `marker(row)`: the text of a row that has no cells; `onSort`: a head was clicked. */
  constructor({ label, marker, onSort }) {
    this.marker = marker;
    this.onSort = onSort;
    this.draw = onFrame(() => this.#draw());
    this.group = el("colgroup");
    this.head = el("tr");
    this.above = el("tr", { class: "pad", "aria-hidden": "true" });
    this.below = el("tr", { class: "pad", "aria-hidden": "true" });
    this.body = el("tbody", {}, this.above, this.below);
    this.table = el("table", {}, this.group, el("thead", {}, this.head), this.body);
    this.empty = el("p", { class: "empty", hidden: true });
    this.box = el("div", { class: "grid", tabindex: "0", role: "region", "aria-label": label, scroll: this.draw }, this.table);
    this.element = el("div", { class: "grid-frame" }, this.box, this.empty);
    new ResizeObserver(this.draw).observe(this.box);
  }

  /** Begins anew with other columns. */
  setColumns(columns) {
    this.#columns = columns;
    this.#widths = columns.map((c) => Math.max(WIDTH.least, width(c.name), width(c.type)));
    this.#slots.forEach((slot) => slot.tr.remove());
    this.#slots = [];
    this.#rows = [];
    this.#sort = null;
    this.#cols = columns.map(() => el("col"));
    this.group.replaceChildren(...this.#cols, el("col"));
    this.head.replaceChildren(...columns.map((column, i) => this.#headCell(column, i)), el("th", { class: "rest" }));
    this.#fit();
    this.box.scrollTo(0, 0);
  }

  /** Shows these rows; `version` grows with the changes that may flash. */
  show(rows, version = 0, empty = "") {
    this.#rows = this.#sorted(rows);
    this.#version = version;
    this.empty.hidden = rows.length > 0 || !empty;
    say(this.empty, empty);
    this.table.setAttribute("aria-rowcount", String(rows.length + 1));
    this.#measure(this.#rows);
    this.draw();
  }

  /** Nothing that is there now will flash. */
  settle(version) {
    this.#drawn = version;
  }

  #headCell(column, i) {
    const sort = () => this.#sortBy(i);
    const name = this.onSort
      ? el("button", { type: "button", click: sort }, column.name)
      : el("span", {}, column.name);
    const kind = el("span", { class: "type" }, column.type);
    return el("th", { scope: "col", class: column.end ? "end" : null, title: `${column.name}: ${column.type}` }, name, kind);
  }

  /** Up, down, as it comes. */
  #sortBy(i) {
    const now = this.#sort;
    if (now?.i !== i) this.#sort = { i, down: false };
    else this.#sort = now.down ? null : { i, down: true };
    [...this.head.children].forEach((th, j) => {
      if (this.#sort?.i === j) th.setAttribute("aria-sort", this.#sort.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    this.onSort();
  }

  #sorted(rows) {
    if (!this.#sort) return rows;
    const { i, down } = this.#sort;
    const { name, compare } = this.#columns[i];
    const sign = down ? -1 : 1;
    const full = rows.filter((row) => row.values);
    return full.sort((a, b) => sign * compare(a.values[name], b.values[name]));
  }

  /** Columns grow with what they are to show; they never shrink, which would make the page nervous. */
  #measure(rows) {
    let grown = false;
    for (const row of rows.slice(0, WIDTH.sample)) {
      if (!row.values || row.measured === row.values) continue;
      row.measured = row.values;
      texts(row, this.#columns).forEach((text, i) => {
        const wide = Math.min(WIDTH.most, width(text ?? ""));
        if (wide > this.#widths[i]) {
          this.#widths[i] = wide;
          grown = true;
        }
      });
    }
    if (grown) this.#fit();
  }

  #fit() {
    this.#cols.forEach((col, i) => (col.style.width = `calc(${this.#widths[i]}ch + 26px)`));
    const sum = this.#widths.reduce((a, b) => a + b, 0);
    this.table.style.minWidth = `calc(${sum}ch + ${this.#widths.length * 26}px)`;
  }

  #draw() {
    const top = Math.max(0, Math.floor(this.box.scrollTop / ROW) - BEYOND);
    const seen = Math.ceil(this.box.clientHeight / ROW) + 2 * BEYOND;
    const from = Math.min(top, Math.max(0, this.#rows.length - seen));
    const count = Math.min(seen, this.#rows.length - from);
    while (this.#slots.length < count) this.#addSlot();
    while (this.#slots.length > count) this.#slots.pop().tr.remove();
    this.#slots.forEach((slot, i) => this.#drawRow(slot, this.#rows[from + i], from + i));
    this.above.style.height = `${from * ROW}px`;
    this.below.style.height = `${(this.#rows.length - from - count) * ROW}px`;
    this.#drawn = this.#version;
  }

  #addSlot() {
    const cells = this.#columns.map((column) => el("td", { class: column.end ? "end" : null }));
    const tr = el("tr", {}, ...cells, el("td", { class: "rest" }));
    this.below.before(tr);
    this.#slots.push({ tr, cells, row: null, marked: false, texts: cells.map(() => ""), flips: cells.map(() => 0) });
  }

  #drawRow(slot, row, index) {
    const other = slot.row !== row;
    slot.row = row;
    slot.tr.setAttribute("aria-rowindex", String(index + 2));
    const marked = !row.values;
    if (marked !== slot.marked) {
      slot.marked = marked;
      slot.tr.classList.toggle("marker", marked);
    }
    const shown = marked ? this.#columns.map((_, i) => (i === 0 ? this.marker(row) : "")) : texts(row, this.#columns);
    slot.cells.forEach((td, i) => {
      this.#drawCell(slot, td, i, shown[i], row);
      this.#flash(slot, td, i, !this.#columns[i].steady && row.changed?.[i] > this.#drawn, other);
    });
  }

  #drawCell(slot, td, i, text, row) {
    const said = text ?? "–";
    if (slot.texts[i] !== said || td.isNull !== (text === null)) {
      slot.texts[i] = said;
      td.isNull = text === null;
      td.textContent = said;
      td.classList.toggle("null", text === null);
    }
    const column = this.#columns[i];
    const value = row.values?.[column.name];
    const full = row.values ? whole(value) : "";
    if (td.full !== full) {
      td.full = full;
      if (full === said || !full) td.removeAttribute("title");
      else td.title = full;
    }
  }

  /** Two animations that look the same: going from one to the other begins anew. */
  #flash(slot, td, i, changed, other) {
    if (changed) {
      slot.flips[i] = slot.flips[i] === 1 ? 2 : 1;
      td.dataset.flash = String(slot.flips[i]);
    } else if (other && slot.flips[i]) {
      slot.flips[i] = 0;
      delete td.dataset.flash;
    }
  }
}
