/**
 * Column types as the server words them (`int64`, `list(struct(a int64, b text))`), and what a
 * value of each becomes in JavaScript.
 */

import type { ColumnDescription, RawRow } from "./protocol.js";
import type { Int64 } from "./types.js";

/** A type, taken apart. */
export type ColumnType =
  | { readonly kind: "boolean" | "number" | "int64" | "string" | "unknown" }
  | { readonly kind: "list"; readonly item: ColumnType }
  | { readonly kind: "struct"; readonly fields: readonly (readonly [string, ColumnType])[] };

const SIMPLE: Readonly<Record<string, "boolean" | "number" | "int64" | "string">> = {
  bool: "boolean",
  int8: "number",
  int16: "number",
  int32: "number",
  uint8: "number",
  uint16: "number",
  uint32: "number",
  int64: "int64",
  uint64: "int64",
  float16: "number",
  float32: "number",
  float64: "number",
  text: "string",
  binary: "string",
  timestamp: "string",
  date: "string",
  time: "string",
  interval: "string",
};

/** Takes a type apart; one that is not known is `unknown`. */
export function columnType(word: string): ColumnType {
  const simple = SIMPLE[word];
  if (simple !== undefined) return { kind: simple };
  const inner = /^(list|struct|decimal)\((.*)\)$/s.exec(word);
  switch (inner?.[1]) {
    case "decimal":
      return { kind: "string" };
    case "list":
      return { kind: "list", item: columnType(inner[2] ?? "") };
    case "struct":
      return { kind: "struct", fields: parts(inner[2] ?? "").map(field) };
    default:
      return { kind: "unknown" };
  }
}

function field(text: string): readonly [string, ColumnType] {
  const at = text.indexOf(" ");
  return [text.slice(0, at), columnType(text.slice(at + 1))];
}

/** Splits at commas that stand in no parentheses. */
function parts(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")") depth--;
    else if (c === undefined || (c === "," && depth === 0)) {
      found.push(text.slice(start, i).trim());
      start = i + 1;
    }
  }
  return found;
}

function has64(type: ColumnType): boolean {
  switch (type.kind) {
    case "int64":
      return true;
    case "list":
      return has64(type.item);
    case "struct":
      return type.fields.some(([, inner]) => has64(inner));
    default:
      return false;
  }
}

function exact(type: ColumnType, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  switch (type.kind) {
    case "int64":
      return BigInt(value as string);
    case "list":
      return (value as unknown[]).map((item) => exact(type.item, item));
    case "struct": {
      const struct = value as RawRow;
      return Object.fromEntries(type.fields.map(([name, inner]) => [name, exact(inner, struct[name])]));
    }
    default:
      return value;
  }
}

/** What makes rows as they come into rows as the caller gets them, in place. */
export function reader(
  columns: readonly ColumnDescription[],
  int64: Int64,
): (rows: RawRow[]) => RawRow[] {
  const wide = columns
    .map(({ name, type }) => [name, columnType(type)] as const)
    .filter(([, type]) => int64 === "bigint" && has64(type));
  if (wide.length === 0) return (rows) => rows;
  return (rows) => {
    for (const row of rows) {
      for (const [name, type] of wide) {
        // A deleted row has its key columns only.
        if (name in row) row[name] = exact(type, row[name]);
      }
    }
    return rows;
  };
}
