/**
 * Types of topics, as TypeScript's text, from what `/api/topics` answers.
 */

import { type ColumnType, columnType } from "./columns.js";
import type { ColumnDescription, TopicDescription } from "./protocol.js";
import type { Int64 } from "./types.js";

/** What `/api/topics` answers. */
export interface Described {
  readonly pipeline: string;
  readonly topics: readonly TopicDescription[];
}

/** A module with an interface a topic, all of them by name, and what they were made from. */
export function generate({ pipeline, topics }: Described, int64: Int64): string {
  const names = rowNames(topics.map(({ name }) => name));
  const lines = [
    `// What the pipeline ${JSON.stringify(pipeline)} offers. Made by zaraba-types: make it again`,
    "// rather than change it.",
    'import type { Declared } from "zaraba-client";',
    "",
  ];
  for (const [i, topic] of topics.entries()) lines.push(...rowType(topic, names[i]!, int64), "");
  lines.push("/** The topics by name. */", "export interface Topics {");
  for (const [i, { name, changelog, key }] of topics.entries()) {
    const columns = key.map((column) => JSON.stringify(column)).join(" | ") || "never";
    lines.push(
      `  ${property(name)}: { changelog: "${changelog}"; key: ${columns}; row: ${names[i]} };`,
    );
  }
  lines.push("}", "", "/** For `connect(url, { topics })`. */");
  lines.push("export const topics: Declared<Topics> = {", `  int64: "${int64}",`, "  topics: {");
  for (const { name, changelog, key, schema } of topics) {
    lines.push(`    ${property(name)}: {`, `      changelog: "${changelog}",`);
    lines.push(`      key: ${JSON.stringify(key)},`, "      columns: {");
    for (const column of schema) {
      lines.push(`        ${property(column.name)}: ${JSON.stringify(column.type)},`);
    }
    lines.push("      },", "    },");
  }
  lines.push("  },", "};", "");
  return lines.join("\n");
}

function rowType(topic: TopicDescription, name: string, int64: Int64): string[] {
  const by = topic.changelog === "append" ? "append" : `the newest by ${topic.key.join(", ")}`;
  const column = (column: ColumnDescription): string[] => [
    `  /** ${column.type} */`,
    `  readonly ${property(column.name)}: ${columnText(column, int64)};`,
  ];
  const about = topic.key.length === 0 && topic.changelog === "upsert" ? "one row" : by;
  return [
    `/** A row of \`${topic.name}\`: ${about}. */`,
    `export interface ${name} {`,
    ...topic.schema.flatMap(column),
    "}",
  ];
}

/** A float is null where it is NaN; the server says what else may be. */
function columnText({ type, nullable }: ColumnDescription, int64: Int64): string {
  const text = typeText(columnType(type), int64);
  const never = nullable === false && !type.startsWith("float");
  return never || text === "unknown" ? text : `${text} | null`;
}

function typeText(type: ColumnType, int64: Int64): string {
  switch (type.kind) {
    case "int64":
      return int64;
    case "list":
      return `readonly (${typeText(type.item, int64)} | null)[]`;
    case "struct": {
      const fields = type.fields.map(
        ([name, inner]) => `readonly ${property(name)}: ${typeText(inner, int64)} | null`,
      );
      return `{ ${fields.join("; ")} }`;
    }
    default:
      return type.kind;
  }
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** `oi_delta` is `OiDeltaRow`; names that would be the same get a number. */
function rowNames(topics: readonly string[]): string[] {
  const taken = new Set<string>(["Topics", "Declared"]);
  return topics.map((topic) => {
    const words = topic.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
    const title = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
    const base = `${/^[A-Za-z]/.test(title) ? "" : "Topic"}${title}Row`;
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base}${n}`;
    taken.add(name);
    return name;
  });
}
