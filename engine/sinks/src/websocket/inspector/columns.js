// Columns by their type: how a value is written and compared, and on which side it stands. The
// full value is the cell's title where the cell shows less.

const GROUPS = /\B(?=(\d{3})+(?!\d))/g;
const LONG = 300;

/** A whole number with its thousands apart; it may be a text, longer than a number can be. */
export function whole(value) {
  return String(value).replace(GROUPS, ",");
}

/** A number with at most so many digits behind the point as say something. */
function fraction(value) {
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e15)) return value.toExponential(4);
  const digits = size >= 1_000 ? 3 : size >= 1 ? 4 : 6;
  const [before, behind] = String(Number(value.toFixed(digits))).split(".");
  return behind ? `${whole(before)}.${behind}` : whole(before);
}

/** A value that no column describes: a number as people write it, else as it is. */
export function plain(value) {
  if (typeof value === "number") return fraction(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function decimal(value) {
  const [before, behind] = String(value).split(".");
  return behind === undefined ? whole(before) : `${whole(before)}.${behind}`;
}

/** The clock's reading in the pipeline's zone, as the server wrote it, without the offset. */
function moment(value) {
  return String(value)
    .replace("T", " ")
    .replace(/(Z|[+-]\d\d:\d\d)$/, "");
}

/** The same for eyes: the last moment before a second, as the end of a window is, is that second. */
export function instant(value) {
  const [second, behind] = moment(value).split(".");
  if (behind !== "999999") return moment(value);
  const next = new Date(Date.parse(`${second.replace(" ", "T")}Z`) + 1_000);
  return moment(next.toISOString().replace(/\.\d+Z$/, "Z"));
}

function text(value) {
  const whole = typeof value === "string" ? value : JSON.stringify(value);
  return whole.length > LONG ? `${whole.slice(0, LONG)}…` : whole;
}

function byNumber(a, b) {
  return Number(a) - Number(b);
}

function byText(a, b) {
  const [x, y] = [typeof a === "object" ? JSON.stringify(a) : a, typeof b === "object" ? JSON.stringify(b) : b];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Types by the beginning of their word. */
const KINDS = [
  [/^u?int/, { end: true, write: whole, compare: byNumber }],
  [/^float/, { end: true, write: fraction, compare: byNumber }],
  [/^decimal/, { end: true, write: decimal, compare: byNumber }],
  [/^timestamp/, { end: false, write: moment, compare: byText, steady: true }],
  [/./, { end: false, write: text, compare: byText }],
];

/** `[{ name, type }]` with what is needed to show them. */
export function columns(schema) {
  return schema.map(({ name, type }) => {
    const [, kind] = KINDS.find(([word]) => word.test(type));
    const compare = (a, b) => {
      if (a === null || b === null) return (a === null ? 1 : 0) - (b === null ? 1 : 0);
      return kind.compare(a, b);
    };
    return { name, type, end: kind.end, steady: kind.steady, write: kind.write, compare };
  });
}

/** How wide a text is, in digits: Chinese and Japanese letters are two. */
export function width(text) {
  let n = 0;
  for (const letter of text) n += letter > "\u2e7f" ? 2 : 1;
  return n;
}

/** A row's texts, made once. */
export function texts(row, columns) {
  row.text ??= columns.map((column) => {
    const value = row.values[column.name];
    return value === null || value === undefined ? null : column.write(value);
  });
  return row.text;
}

/** A value as a cell of a CSV file has it. */
function cell(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as CSV, values as they came. */
export function csv(columns, rows) {
  const head = columns.map((column) => cell(column.name)).join(",");
  const lines = rows.map((row) => columns.map((column) => cell(row.values[column.name])).join(","));
  return `${[head, ...lines].join("\n")}\n`;
}
