// What the programs beside this have in common: a Chromium of their own that watches for what must
// never happen, and pipelines of the test that started the program (`../browser.rs`).

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const modules = `${process.env.ZARABA_NODE_MODULES}/tests/browser/`;
const { chromium } = createRequire(modules)("playwright-core");

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--no-first-run",
];
export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function tell(order) {
  console.log(`> ${order}`);
  return (await answers.next()).value;
}

/** Starts a pipeline: where it listens, and the folder of its file sink. */
export async function start(name) {
  const [url, folder] = (await tell(`start ${name}`)).split(" ");
  return { url, folder };
}

export const stop = (name) => tell(`stop ${name}`);

/** What must not be said in the console, with what may be: texts of the browser, not of the page. */
class Watch {
  said = [];
  foreign = [];
  allowed = [];

  over(page, origin) {
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && this.said.push(message.text()));
    page.on("pageerror", (error) => this.said.push(`uncaught: ${error.stack}`));
    page.on("request", (request) => new URL(request.url()).origin !== origin && this.foreign.push(request.url()));
    page.on("websocket", (socket) => new URL(socket.url()).host !== new URL(origin).host && this.foreign.push(socket.url()));
  }

  check() {
    const wrong = this.said.filter((text) => !this.allowed.some((allowed) => allowed.test(text)));
    assert.deepEqual(wrong, [], "the console is quiet");
    assert.deepEqual(this.foreign, [], "nothing is asked of another server");
  }
}

/** Runs a test: `open(url, options)` gives a page; `allow(pattern)`: the console may say that. */
export async function test(work) {
  const watch = new Watch();
  // Each has a new profile, in a folder that goes with it.
  const browser = await chromium.launch({ executablePath: process.env.ZARABA_CHROMIUM, args: FLAGS });
  const context = await browser.newContext({ locale: "en-US", viewport: DESK, colorScheme: "light" });
  const open = async (url) => {
    const page = await context.newPage();
    watch.over(page, new URL(url).origin);
    await page.goto(url);
    return page;
  };
  try {
    await work({ open, allow: (pattern) => watch.allowed.push(pattern), context, browser });
    watch.check();
  } catch (error) {
    console.log("the console said:", watch.said);
    throw error;
  } finally {
    await browser.close();
  }
  console.log("done");
  process.exit(0);
}

/** The rows that stand in the table, by their place from 0; a cell's title is its full value. The
 * table is drawn with the frame after the words around it, so that frame is waited for. */
export function tableRows(page) {
  return page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const cell = (td) => td.title || td.textContent;
    const rows = [...document.querySelectorAll(".grid tbody tr:not(.pad)")];
    return rows.map((tr) => ({
      at: Number(tr.getAttribute("aria-rowindex")) - 2,
      marker: tr.classList.contains("marker"),
      cells: [...tr.children].slice(0, -1).map(cell),
    }));
  });
}

/** The text of a row that stands in the place of others, wherever it is in the table. */
export async function markerText(page) {
  const paused = await page.$("#pause[aria-pressed=true]");
  if (!paused) await page.click("#pause");
  const text = await page.evaluate(async () => {
    const grid = document.querySelector(".grid");
    const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (let top = 0; top < grid.scrollHeight; top += grid.clientHeight) {
      grid.scrollTo(0, top);
      await frame();
      const marker = grid.querySelector("tr.marker td");
      if (marker) return marker.textContent;
    }
    return null;
  });
  await page.$eval(".grid", (grid) => grid.scrollTo(0, 0));
  await page.click("#pause");
  return text;
}

/** Waits until a text of the page is one that `matches`, and gives it. */
export async function until(page, selector, matches) {
  const handle = await page.waitForFunction(
    ([selector, source]) => {
      const text = document.querySelector(selector)?.textContent ?? "";
      return new RegExp(source).test(text) && text;
    },
    [selector, matches.source],
    { polling: 100 },
  );
  return handle.jsonValue();
}

/** The number in a text. */
export const number = (text) => Number(text.replace(/[^0-9.]/g, ""));
