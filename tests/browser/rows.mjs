// Rows of a topic are those that the pipeline emitted, as its file sink has them; texts are texts.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { start, stop, tableRows, test, until } from "./page.mjs";

/** The rows of a file, the newest first, every value as text. */
function written(folder, name) {
  const lines = readFileSync(`${folder}/${name}.jsonl`, "utf8").trimEnd().split("\n");
  return lines.reverse();
}

/** A line's values in their order; numbers as they are written, for 64 bits are more than JavaScript has. */
function values(line) {
  const found = line.matchAll(/"(?:[^"\\]|\\.)*":("(?:[^"\\]|\\.)*"|[^,}]+)/g);
  return [...found].map(([, value]) => (value.startsWith('"') ? JSON.parse(value) : value));
}

async function compare(page, lines) {
  const rows = await tableRows(page);
  assert.ok(rows.length > 20, "rows are in the table");
  assert.ok(rows.length < 100, "only those that can be seen are in the document");
  for (const { at, cells, marker } of rows) {
    assert.equal(marker, false);
    assert.deepEqual(cells, values(lines[at]), `row ${at}`);
  }
  return rows.map(({ at }) => at);
}

test(async ({ open, allow }) => {
  allow(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
  const { url, folder } = await start("plain");
  const page = await open(`${url}/#/rows/ticks`);
  await until(page, ".pane .count", /newest [1-9]\d\d+ of/);

  // Paused, the rows stand still, and what comes is counted.
  await page.click("#pause");
  const still = await tableRows(page);
  await until(page, ".pane .count", /[1-9]\d* since paused/);
  assert.deepEqual(await tableRows(page), still);
  await page.click("#pause");

  // Hostile texts are texts.
  const notes = new Set((await tableRows(page)).map(({ cells }) => cells[4]));
  assert.equal(notes.size, 4, [...notes].join());
  assert.equal(await page.evaluate(() => window.hurt), undefined);
  assert.equal(await page.$$eval("main img, main script", (found) => found.length), 0);

  // A topic that there is not is said to be none, and nothing else is shown in its place.
  await page.evaluate(() => (location.hash = "#/rows/nosuch"));
  await until(page, ".view.rows > .empty", /^There is no topic “nosuch” here\.$/);
  assert.equal(await page.isVisible(".rows .pane"), false);
  assert.equal(new URL(page.url()).hash, "#/rows/nosuch");
  await page.click('.topics a[data-topic="ticks"]');
  await until(page, ".pane .count", /newest [1-9]\d\d+ of/);

  // Numbers have their thousands apart and stand on the right.
  const cell = await page.$eval(".grid tbody tr:not(.pad) td:nth-child(3)", (td) => [td.textContent, getComputedStyle(td).textAlign]);
  assert.match(cell[0], /^9,007,199,254,74\d,\d{3}$/);
  assert.equal(cell[1], "right");

  // A filter leaves what has the text.
  await page.fill("#filter", "指値");
  await until(page, ".pane .count", /shown/);
  for (const { cells } of await tableRows(page)) assert.equal(cells[4], '買い, "指値"');
  await page.fill("#filter", "");

  // An upsert topic has one row a key, in their order, and what changes flashes.
  await page.click('.topics a[data-topic="newest"]');
  await until(page, ".pane .count", /^40 rows$/);
  await page.waitForFunction(() => document.querySelector(".grid tbody tr:not(.pad) td")?.textContent.startsWith("2025-"));
  const keys = (await tableRows(page)).map(({ cells }) => Number(cells[1]));
  assert.deepEqual(keys, keys.map((_, i) => i + 1));
  await page.waitForSelector(".grid td[data-flash]");
  await page.click(".grid thead th:nth-child(2) button");
  await page.click(".grid thead th:nth-child(2) button");
  await page.waitForFunction(() => document.querySelector(".grid tbody tr:not(.pad) td:nth-child(2)").textContent === "40");

  // The end: what the page has is what the file has.
  await page.click('.topics a[data-topic="ticks"]');
  await until(page, ".pane .count", /newest 1,\d\d\d of/);
  await stop("plain");
  await until(page, "#state", /reconnecting/i);
  const lines = written(folder, "ticks");
  await until(page, ".pane .count", new RegExp(` of ${lines.length.toLocaleString("en")} rows`));
  assert.equal((await compare(page, lines))[0], 0);
  await page.$eval(".grid", (grid) => grid.scrollTo(0, 500 * 28));
  await page.waitForFunction(() => document.querySelector('.grid tr[aria-rowindex="502"]'));
  assert.ok((await compare(page, lines)).includes(500));
});
