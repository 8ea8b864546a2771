// What the page holds of a topic: the newest rows of an append topic, with the holes in between,
// or the rows of an upsert topic by their key. Views read `list()` and `version`.

import { columns } from "./columns.js";

/** The rows that are kept of an append topic. */
const TAIL = 1_000;

class Topic {
  constructor(description) {
    this.name = description.name;
    this.upsert = description.changelog === "upsert";
    this.key = description.key;
    this.columns = columns(description.schema);
    this.shape = JSON.stringify(description);
    /** The seq that was seen last; null before the first snapshot. */
    this.last = null;
    /** How often the pipeline began anew while it was shown. */
    this.runs = 0;
    /** Grows with every change. */
    this.version = 0;
  }
}

let ids = 0;

/** A row: `values` by column, and when which of them changed. */
function row(values) {
  ids += 1;
  return { id: ids, values, changed: null, text: null };
}

/** The newest rows of an append topic. Those that did not come are a row `{ hole: [first, last] }`. */
class Tail extends Topic {
  #rows = [];

  apply(message) {
    this.version += 1;
    if (message.type === "gap") {
      this.#hole(message.first, message.last);
      return;
    }
    const first = message.last - message.rows.length + 1;
    if (this.last !== null && first > this.last + 1) this.#hole(this.last + 1, first - 1);
    // What was seen before a connection broke may come again with a snapshot.
    const known = this.last === null ? 0 : Math.max(0, this.last + 1 - first);
    for (const values of message.rows.slice(known)) this.#rows.push(row(values));
    this.last = Math.max(message.last, this.last ?? 0);
    this.#trim();
  }

  restart() {
    this.runs += 1;
    this.version += 1;
    this.last = null;
    if (this.#rows.length) this.#rows.push({ ...row(null), restart: true });
  }

  /** The newest first. */
  list() {
    return this.#rows.slice(-TAIL).reverse();
  }

  #hole(first, last) {
    this.#rows.push({ ...row(null), hole: [first, last] });
    this.last = last;
  }

  #trim() {
    if (this.#rows.length > TAIL * 1.25) this.#rows = this.#rows.slice(-TAIL);
  }
}

/** The rows of an upsert topic, in the order of their keys. */
class Keyed extends Topic {
  #rows = new Map();
  #sorted = null;

  apply(message) {
    this.version += 1;
    this.last = message.last ?? this.last;
    if (message.type === "snapshot") {
      this.#rows.clear();
      this.#sorted = null;
    }
    const fresh = message.type === "upsert";
    for (const values of message.rows ?? []) this.#put(values, fresh);
    for (const key of message.deleted ?? []) {
      if (this.#rows.delete(this.#keyOf(key))) this.#sorted = null;
    }
  }

  restart() {
    this.runs += 1;
    this.version += 1;
    this.last = null;
  }

  list() {
    this.#sorted ??= this.#inOrder();
    return this.#sorted;
  }

  #keyOf(values) {
    return JSON.stringify(this.key.map((name) => values[name]));
  }

  #put(values, fresh) {
    const key = this.#keyOf(values);
    const known = this.#rows.get(key);
    if (!known) {
      const made = row(values);
      // A row that is new is new in every cell.
      if (fresh) made.changed = this.columns.map(() => this.version);
      this.#rows.set(key, made);
      this.#sorted = null;
      return;
    }
    this.columns.forEach(({ name }, i) => {
      if (same(known.values[name], values[name])) return;
      known.changed ??= this.columns.map(() => 0);
      known.changed[i] = this.version;
    });
    known.values = values;
    known.text = null;
  }

  #inOrder() {
    const by = this.columns.filter((column) => this.key.includes(column.name));
    const compare = (a, b) => {
      for (const column of by) {
        const order = column.compare(a.values[column.name], b.values[column.name]);
        if (order) return order;
      }
      return 0;
    };
    return [...this.#rows.values()].sort(compare);
  }
}

function same(a, b) {
  return a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));
}

/** The model that suits a topic. */
export function topic(description) {
  return description.changelog === "upsert" ? new Keyed(description) : new Tail(description);
}
