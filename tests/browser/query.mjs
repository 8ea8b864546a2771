// Queries: answered, wrong with a caret, taken away as CSV, and closed where everybody may read.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { start, tableRows, test, until } from "./page.mjs";

async function ask(page, sql) {
  await page.fill("#sql", sql);
  await page.press("#sql", "Control+Enter");
}

test(async ({ open, allow, context }) => {
  allow(/status of 400/);
  const { url } = await start("plain");
  const page = await open(`${url}/#/query`);
  await page.waitForSelector("#sql");
  await page.waitForFunction(() => document.querySelectorAll(".schema details").length === 5);

  await ask(page, "SELECT 9007199254740993 AS large, '<i>a</i>, \"b\"' AS t, 1.5::double AS x, NULL AS nothing, DATE '2025-11-14' AS d");
  await until(page, "#count", /^1 rows in/);
  const [row] = await tableRows(page);
  assert.deepEqual(row.cells, ["9007199254740993", '<i>a</i>, "b"', "1.5", "null", "2025-11-14"]);

  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#csv")]);
  assert.equal(
    readFileSync(await download.path(), "utf8"),
    'large,t,x,nothing,d\n9007199254740993,"<i>a</i>, ""b""",1.5,,2025-11-14\n',
  );

  // Rows of a topic, more than can be seen.
  await page.waitForFunction(async () => (await (await fetch("/api/topics/newest")).json()).rows.length === 40);
  await ask(page, "SELECT key, count(*) AS n FROM newest GROUP BY key ORDER BY key");
  await until(page, "#count", /^40 rows in/);
  const rows = await tableRows(page);
  assert.deepEqual(rows.map(({ cells }) => cells), rows.map((_, i) => [String(i + 1), "1"]));
  assert.ok(rows.length > 20);

  // A mistake is shown at its place, in letters of one width.
  await ask(page, "SELECT kee\nFROM newest");
  const error = await until(page, "#error", /no column/);
  assert.match(error, /did you mean `key`\?/);
  const [line, caret] = error.split("\n").filter((text) => /kee$|\^/.test(text));
  assert.equal(line.indexOf("kee"), caret.indexOf("^^^"));
  assert.match(await page.$eval("#error", (pre) => getComputedStyle(pre).fontFamily), /monospace/);

  // What was asked stands in the history, the newest first, and can be asked again.
  const history = await page.$$eval(".history button", (buttons) => buttons.map((button) => button.textContent));
  assert.equal(history.length, 3);
  await page.click(".history li:nth-child(2) button");
  assert.match(await page.inputValue("#sql"), /^SELECT key, count/);
  await page.click("#run");
  await until(page, "#count", /^40 rows in/);
  assert.ok(await page.isHidden("#error"));
  await page.click(".schema details:nth-child(3) summary");
  await page.click(".schema details:nth-child(3) button");
  assert.equal(await page.inputValue("#sql"), "SELECT * FROM bars LIMIT 100");

  // Where everybody may read, nobody may query, and the page says why; rows come all the same.
  const everybody = await start("public");
  const other = await open(`${everybody.url}/#/query`);
  await until(other, "#closed", /public-read/);
  assert.ok(await other.isHidden("#sql"));
  assert.equal((await context.request.get(`${everybody.url}/api/explain`)).status(), 403);
  await other.goto(`${everybody.url}/#/graph/totals`);
  await until(other, ".node-pane dl", /Rows in/);
  assert.equal(await other.$(".node-pane .plan"), null, "nor how nodes are computed");
  await other.click('[data-view="rows"]');
  await until(other, ".pane .count", /newest [1-9]\d* of/);
});
