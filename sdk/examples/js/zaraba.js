// What turns the contract, wit/rules.wit, into JavaScript: columns into rows, plain objects into
// alerts, parameters into an object, keyed state into values by text. Numbers of type int64, and
// moments (microseconds since 1970), are BigInt.
import * as engine from 'zaraba:rules/state@0.1.0';

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Whether bit `row` of a bitmap is set. */
const bit = (bitmap, row) => ((bitmap[row >> 3] >> (row & 7)) & 1) === 1;

/** Texts end to end: each is decoded when it is asked for. */
function texts({ offsets, bytes }) {
  const view = bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes);
  return (i) => text.decode(view.subarray(offsets[i], offsets[i + 1]));
}

/** Each word is decoded once. */
function dictionary({ indices, words }) {
  const word = texts(words);
  const known = [];
  return (i) => (known[indices[i]] ??= word(indices[i]));
}

/** What reads a column's value of a row; `null` where it has none. */
function reader({ values, valid }) {
  if (values.tag === 'absent') return () => null;
  const { val } = values;
  const special = { boolean: () => (i) => bit(val, i), text: () => texts(val), dictionary: () => dictionary(val) };
  const read = (special[values.tag] ?? (() => (i) => val[i]))();
  return valid ? (i) => (bit(valid, i) ? read(i) : null) : read;
}

/** The rows of a call, as objects: `index`, `time`, and the stream's fields by name. */
function* rowsOf(batch, fields) {
  const columns = fields.map((field, i) => [field.name, reader(batch.columns[i])]);
  for (let index = 0; index < batch.time.length; index++) {
    const row = { index, time: batch.time[index] };
    for (const [name, read] of columns) row[name] = read(index);
    yield row;
  }
}

/** A value of a type as the contract writes it. */
const valueOf = (value, type) => (value == null ? { tag: 'null' } : { tag: type, val: value });

/** The type of a value that nobody declared: of arguments and evidence. */
function typeOf(value) {
  return { bigint: 'int64', number: 'float64', boolean: 'boolean', string: 'text' }[typeof value];
}

/** Asks a rule's answers to be what the contract calls an alert: what is left out is empty. */
function alertOf(given, outputs) {
  const { args = {}, fields = {}, evidence = [], ...rest } = given;
  const named = ([name, value]) => ({ name, value: valueOf(value, typeOf(value)) });
  const figure = ({ name, value, time }) => ({ name, value: valueOf(value, typeOf(value)), time });
  return {
    row: 0, state: 'open', severity: 'watch', code: '', title: '', message: '',
    ...rest,
    args: Object.entries(args).map(named),
    evidence: evidence.map(figure),
    fields: outputs.map((field) => valueOf(fields[field.name], field.type)),
  };
}

/** A field of a stream, or of the alerts: `column('price', 'float64')`. */
export function column(name, type, { nullable = false, optional = false, description = '' } = {}) {
  return { name, type, nullable: nullable || optional, optional, description };
}

/**
 * What the rule remembers, by text, held by the engine. Values are anything that JSON can write.
 * `at` is the time of the row, or of the tick. Nothing else survives a call.
 */
export const state = {
  get(key, at) {
    const bytes = engine.get(utf8.encode(key), at);
    return bytes === undefined || bytes === null ? undefined : JSON.parse(text.decode(bytes));
  },
  set(key, value, expires) {
    engine.set(utf8.encode(key), utf8.encode(JSON.stringify(value)), expires);
  },
  delete(key) {
    engine.delete(utf8.encode(key));
  },
  /** Keys that begin with a prefix, and their values, in the order of their bytes. */
  *scan(prefix, at) {
    let after;
    for (;;) {
      const page = engine.scan(utf8.encode(prefix), after, 1024, at);
      for (const { key, value } of page) yield [text.decode(key), JSON.parse(text.decode(value))];
      if (page.length < 1024) return;
      after = page[page.length - 1].key;
    }
  },
};

/** What was thrown, as an error of the contract that says where: a line for the engine's log. */
function told(work) {
  try {
    return work();
  } catch (error) {
    const place = String(error?.stack ?? '').trim().split('\n')[0];
    throw place === '' ? String(error) : `${error} (${place})`;
  }
}

/**
 * The four exports of a component: `export const { describe, configure, evaluate, tick } =
 * rule(manifest, { evaluate(row, params) {…}, tick(at, params) {…} })`. Both give alerts, one by
 * one (they may be generators); `params` of the manifest are the properties of a JSON Schema.
 */
export function rule(manifest, { evaluate, tick }) {
  const { params: properties = {}, outputs = [], ...rest } = manifest;
  let params = {};
  return {
    describe: () => ({
      tables: [], timer: undefined, messages: [],
      ...rest,
      outputs,
      paramsSchema: JSON.stringify({ type: 'object', properties, additionalProperties: false }),
    }),
    configure(given) {
      params = JSON.parse(given);
    },
    evaluate: (stream, batch) => told(() => {
      const alerts = [];
      for (const row of rowsOf(batch, manifest.streams[stream].fields)) {
        for (const alert of evaluate(row, params, stream) ?? []) {
          alerts.push(alertOf({ row: row.index, ...alert }, outputs));
        }
      }
      return alerts;
    }),
    tick: (at) => told(() => Array.from(tick?.(at, params) ?? [], (alert) => alertOf(alert, outputs))),
  };
}
