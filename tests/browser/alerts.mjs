// Alerts: how to get them where there are none; else each in the language of the page. The topic is
// put in between page and server, with the columns that alerts have.

import assert from "node:assert/strict";
import { start, test, until } from "./page.mjs";

const TEXT = ["id", "rule", "state", "severity", "kind", "key", "code", "title", "message", "unit", "link"];
const JSONS = ["args", "texts", "evidence"];
const NUMBERS = ["value", "baseline", "threshold"];
const SCHEMA = [
  { name: "time", type: "timestamp" },
  ...TEXT.map((name) => ({ name, type: "text" })),
  ...JSONS.map((name) => ({ name, type: "json" })),
  ...NUMBERS.map((name) => ({ name, type: "float64" })),
  { name: "strike", type: "int64" },
];
const TOPIC = { name: "alerts", changelog: "append", key: [], schema: SCHEMA };
const EMPTY = Object.fromEntries(SCHEMA.map(({ name }) => [name, null]));
const ALERTS = [
  {
    ...EMPTY, time: "2025-11-14T09:00:01+09:00", rule: "oi_jump", state: "open", severity: "high", kind: "oi_jump",
    key: "52000C", title: "建玉急増", message: "52000C", value: 1252, baseline: 1000, unit: "枚", strike: "52000",
    texts: { ja: { title: "建玉急増", message: "52000C が 25 % 増" }, en: { title: "Open interest jumps", message: "52000C is up 25 %" } },
    evidence: [{ name: "volume", value: 1300, time: null }, { name: "side", value: "買い", time: null }], link: "https://desk.example/52000C",
  },
  {
    ...EMPTY, time: "2025-11-14T09:00:02+09:00", state: "clear", severity: "unheard of", kind: "<img src=x onerror='window.hurt = 1'>",
    key: "", title: "<script>window.hurt = 1</script>", message: "", link: "javascript:window.hurt = 1", evidence: "not JSON",
  },
  {
    ...EMPTY, time: "2025-11-14T23:59:59.999999+09:00", rule: "jump", state: "open", severity: "watch", kind: "jump",
    key: "storm", title: "jump: 40 more", message: "", value: 40,
    evidence: Array.from({ length: 40 }, (_, i) => ({ name: `${52000 + i}C`, value: i + 0.123456789, time: null })),
  },
];

test(async ({ open, context }) => {
  const { url } = await start("plain");
  const page = await open(`${url}/#/alerts`);
  await until(page, ".empty-page pre", /\[alert\.pcr_high\]/);

  await context.route("**/api/topics", async (route) => {
    const answer = await (await route.fetch()).json();
    answer.topics.push({ ...TOPIC, last: ALERTS.length });
    await route.fulfill({ json: answer });
  });
  await context.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((text) => {
      if (!JSON.parse(text).topics?.includes("alerts")) return server.send(text);
      socket.send(JSON.stringify({ type: "subscribed", topics: [TOPIC] }));
      socket.send(JSON.stringify({ type: "snapshot", topic: "alerts", last: ALERTS.length, rows: ALERTS }));
    });
  });
  await page.reload();
  await page.waitForSelector(".alerts .alert");
  const cards = await page.$$eval(".alerts .alert", (cards) => cards.map((card) => card.innerText.replace(/\s+/g, " ").trim()));
  const members = Array.from({ length: 12 }, (_, i) => `${52000 + i}C ${i === 0 ? "0.123457" : `${i}.1235`}`).join(" ");
  assert.deepEqual(cards, [
    `watch jump: 40 more begins 2025-11-15 00:00:00 jump · storm Value 40 ${members} … 28 more`,
    "info <script>window.hurt = 1</script> is over 2025-11-14 09:00:02 <img src=x onerror='window.hurt = 1'>",
    "high Open interest jumps begins 2025-11-14 09:00:01 52000C is up 25 % oi_jump · 52000C Value 1,252 枚 Before 1,000 volume 1,300 side 買い strike 52,000 https://desk.example/52000C",
  ]);
  const links = await page.$$eval(".alerts a", (links) => links.map((link) => link.getAttribute("href")));
  assert.deepEqual(links, ["#/graph/jump", "#/graph/oi_jump", "https://desk.example/52000C"], "no link runs a script");
  assert.equal(await page.$$eval(".alerts img, .alerts script", (found) => found.length), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);

  // What lies in the figures stands side by side, not one a line.
  const tall = await page.$eval(".alerts .alert", (card) => card.offsetHeight);
  assert.ok(tall < 200, `a storm of ${tall} pixels`);

  await page.click("#language");
  assert.match(await until(page, ".alerts .high", /増/), /^警戒建玉急増発生.*52000C が 25 % 増/);
});
