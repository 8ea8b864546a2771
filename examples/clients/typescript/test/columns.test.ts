/** Types of columns, and the text that is made of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { generate } from "../src/generate.js";
import type { TopicDescription } from "../src/protocol.js";

function made(type: string, nullable = true): string {
  const schema = [{ name: "c", type, nullable }];
  const topic: TopicDescription = { name: "t", changelog: "append", key: [], schema };
  const text = generate({ pipeline: "p", topics: [topic] }, "bigint");
  return /readonly c: (.*);/.exec(text)?.[1] ?? "nothing";
}

test("each type of a column", () => {
  for (const [type, expected] of [
    ["bool", "boolean | null"],
    ["int32", "number | null"],
    ["uint64", "bigint | null"],
    ["decimal(10, 2)", "string | null"],
    ["timestamp", "string | null"],
    ["list(int64)", "readonly (bigint | null)[] | null"],
    [
      "struct(a int64, b list(struct(c text, d bool)))",
      "{ readonly a: bigint | null; readonly b: readonly ({ readonly c: string | null; " +
        "readonly d: boolean | null } | null)[] | null } | null",
    ],
    ["something new", "unknown"],
  ] as const) {
    assert.equal(made(type), expected, type);
  }
});

test("a column that is never null, but for NaN", () => {
  assert.equal(made("text", false), "string");
  assert.equal(made("float64", false), "number | null");
});

test("names that are no identifiers, and names that would be the same", () => {
  const topic = (name: string): TopicDescription => {
    const schema = [{ name: "日付 (JST)", type: "date", nullable: false }];
    return { name, changelog: "upsert", key: ["日付 (JST)"], schema };
  };
  const topics = ["oi_delta", "oi-delta", "1m"].map(topic);
  const text = generate({ pipeline: "p", topics }, "number");
  assert.match(text, /readonly "日付 \(JST\)": string;/);
  const expected = 'changelog: "upsert"; key: "日付 (JST)"; row: ';
  assert.ok(text.includes(`  oi_delta: { ${expected}OiDeltaRow };`), text);
  assert.ok(text.includes(`  "oi-delta": { ${expected}OiDeltaRow2 };`), text);
  assert.ok(text.includes(`  "1m": { ${expected}Topic1mRow };`), text);
});
