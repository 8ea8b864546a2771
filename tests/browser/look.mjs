// Languages and themes: as the browser has them, switched and kept; every text can be read, and
// everything that can be used has a name and can be reached by the keyboard.

import assert from "node:assert/strict";
import { DESK, PHONE, start, test, until } from "./page.mjs";

const VIEWS = ["graph", "graph/ticks", "rows/newest", "alerts", "query"];

/** Texts whose contrast with what is behind them is too low. Runs in the page. */
function faint() {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const box = element.matches(".graph-box .node .name, .graph-box .node .below") && element.parentNode.querySelector("rect.box");
    if (box) return rgba(getComputedStyle(box).fill).slice(0, 3);
    const own = rgba(getComputedStyle(element).backgroundColor);
    return own[3] === 1 || !element.parentElement ? own.slice(0, 3) : over(own, behind(element.parentElement));
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.matches(".skip")) continue;
    const style = getComputedStyle(element);
    const under = behind(element);
    const text = over(rgba(element instanceof SVGElement ? style.fill : style.color), under);
    const [dark, bright] = [light(text), light(under)].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`${element.textContent.slice(0, 30)} (${element.getAttribute("class")}): ${contrast.toFixed(2)}`);
  }
  return found;
}

/** What can be used but has no name, or cannot be reached. Runs in the page. */
function nameless() {
  const used = [...document.querySelectorAll("a, button, input, textarea, [role=button], [role=region]")];
  const name = (element) => element.getAttribute("aria-label") || element.textContent.trim();
  return used.filter((element) => element.checkVisibility() && (!name(element) || element.tabIndex < 0)).map((element) => element.outerHTML.slice(0, 80));
}

async function look(page, url) {
  for (const view of VIEWS) {
    await page.goto(`${url}/#/${view}`);
    await until(page, "#state", /./);
    if (view.startsWith("graph")) await until(page, '[data-node="ticks"] .figures', /\/(s|秒)/);
    if (view.startsWith("rows")) await page.waitForSelector(".grid tbody tr:not(.pad) td");
    const texts = await page.evaluate(faint);
    assert.deepEqual(texts, [], `${view}: contrast`);
    assert.deepEqual(await page.evaluate(nameless), [], view);
  }
}

test(async ({ open, browser }) => {
  const { url } = await start("plain");
  const page = await open(url);
  const root = () => page.$eval("html", (html) => [html.lang, html.dataset.theme]);
  await until(page, "#state", /^Connected$/);
  assert.deepEqual(await root(), ["en", "light"]);
  await look(page, url);

  // Both are switched, and kept.
  await page.click("#language");
  await page.click("#theme");
  assert.deepEqual(await root(), ["ja", "dark"]);
  await until(page, "#state", /^接続済み$/);
  await until(page, ".tabs", /グラフ/);
  await page.reload();
  assert.deepEqual(await root(), ["ja", "dark"]);
  await until(page, "#state", /^接続済み$/);
  await look(page, url);

  // Both languages have the same words.
  const [english, japanese] = await page.evaluate(async () => {
    const { en } = await import("/inspector/words.js");
    const { ja } = await import("/inspector/words.ja.js");
    // What is filled in must be the same too.
    const shape = (words) => Object.entries(words).map(([word, text]) => `${word} ${[...text.matchAll(/\{\w+\}/g)].map(String).sort()}`);
    return [shape(en).sort(), shape(ja).sort()];
  });
  assert.deepEqual(japanese, english);

  // A browser in Japanese and dark needs no switch.
  const other = await browser.newContext({ locale: "ja-JP", colorScheme: "dark" });
  const fresh = await other.newPage();
  await fresh.goto(url);
  assert.deepEqual(await fresh.$eval("html", (html) => [html.lang, html.dataset.theme]), ["ja", "dark"]);
  await other.close();
  for (const size of [PHONE, DESK]) {
    await page.setViewportSize(size);
    for (const view of VIEWS) {
      await page.goto(`${url}/#/${view}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), size.width, view);
      const status = await page.$eval("#status", (footer) => footer.getBoundingClientRect().bottom);
      assert.ok(Math.abs(status - size.height) < 1, `${view}: the line below is at the bottom`);
    }
  }
});
