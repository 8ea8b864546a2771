// The graph: every node stands in it with figures that grow; a click or Enter opens a node.

import assert from "node:assert/strict";
import { number, PHONE, start, test, until } from "./page.mjs";

const NODES = ["archive", "bars", "desk", "newest", "ticks", "totals"];

test(async ({ open }) => {
  const { url } = await start("plain");
  const page = await open(url);
  await page.waitForSelector(".graph-box [data-node]");
  const names = await page.$$eval(".graph-box [data-node]", (nodes) => nodes.map((node) => node.dataset.node).sort());
  assert.deepEqual(names, NODES);
  assert.equal(await page.textContent("#pipeline"), "板 <b>");
  for (const name of ["ticks", "newest", "desk"]) {
    await until(page, `[data-node="${name}"] .figures`, /^[1-9][\d,.]*\/s/);
  }

  // A node by the keyboard: its figures grow.
  await page.focus('[data-node="ticks"]');
  await page.keyboard.press("Enter");
  await page.waitForURL("**/#/graph/ticks");
  const taken = '.node-pane dl div:nth-child(3) dd';
  const before = number(await until(page, taken, /^[1-9]/));
  await page.waitForFunction(([selector, n]) => Number(document.querySelector(selector).textContent.replaceAll(",", "")) > n, [taken, before]);
  const links = await page.$$eval(".node-pane .links a", (links) => links.map((link) => link.getAttribute("href")));
  assert.deepEqual(links, [
    "#/graph/newest", "#/graph/bars", "#/graph/archive", "#/graph/desk", "#/rows/ticks", "#/rows/ticks__late",
  ]);
  assert.equal(await page.$eval('[data-node="totals"]', (node) => node.getAttribute("aria-pressed")), "false");

  // A click on another one, and on it again.
  await page.click('[data-node="totals"]');
  await until(page, ".node-pane h2", /^totals$/);
  await until(page, ".node-pane .facts", /watermark: that of newest/);
  await until(page, ".node-pane .plan", /Aggregate: .*\n *.*newest/);
  const far = await page.$$eval(".node.far", (nodes) => nodes.map((node) => node.dataset.node).sort());
  assert.deepEqual(far, ["archive", "bars"], "what has nothing to do with it steps back");
  await page.click('[data-node="totals"]');
  await page.waitForSelector(".node-list");
  const listed = await page.$$eval(".node-list tbody a", (links) => links.map((link) => link.textContent).sort());
  assert.deepEqual(listed, NODES);

  // The line below.
  assert.match(await until(page, "#status", /Watermark 2025-11-14 09:0/), /Connected.*Rows in [1-9].*Clients 1/);

  // On a telephone nothing is wider than the screen but what can be scrolled.
  await page.setViewportSize(PHONE);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), PHONE.width);
});
