// Connections break, servers are started again, pages are too slow: what the page makes of it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { markerText, start, stop, tableRows, test, until } from "./page.mjs";

test(async ({ open, allow, context }) => {
  allow(/WebSocket connection to .* failed|ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/);
  const sockets = [];
  let lose = 0;
  // Stands between page and server: breaks connections, and loses a message as a slow page would.
  await context.routeWebSocket(/\/ws/, (socket) => {
    const server = socket.connectToServer();
    const record = { socket, server, sent: [] };
    sockets.push(record);
    socket.onMessage((text) => {
      record.sent.push(JSON.parse(text));
      server.send(text);
    });
    server.onMessage((text) => {
      const message = JSON.parse(text);
      if (lose > 0 && message.type === "append") {
        lose -= 1;
        const { topic, first, last } = message;
        socket.send(JSON.stringify({ type: "gap", topic, first, last }));
      } else {
        socket.send(text);
      }
    });
  });
  const { url, folder } = await start("plain");
  const page = await open(`${url}/#/rows/ticks`);
  await until(page, ".pane .count", /newest [1-9]\d+ of/);

  // The connection breaks: the page comes back, and says where it was.
  const [first] = sockets;
  const before = first.sent.find(({ op }) => op === "subscribe");
  assert.equal(before.resume, undefined);
  await first.server.close();
  await first.socket.close();
  await page.waitForFunction(() => document.querySelector("#state").textContent !== "Connected", null, { polling: 20 });
  await until(page, "#state", /^Connected$/);
  await page.waitForFunction(() => document.querySelectorAll(".grid tbody tr:not(.pad)").length > 20);
  const again = sockets[1].sent.find(({ op }) => op === "subscribe");
  assert.ok(again.resume.seq.ticks > 0, "it says which row it saw last");
  assert.match(again.resume.stream_id, /./);
  await until(page, ".pane .count", /newest [1-9]\d\d of/);
  assert.ok(!(await tableRows(page)).some(({ marker }) => marker), "nothing is missing");

  // Rows that do not come are said to be missing.
  lose = 1;
  await until(page, ".pane .count", / gaps: 1$/);
  assert.match(await markerText(page), /^Gap: [\d,]+ rows \([\d,]+ to [\d,]+\) did not come/);

  // The server is started again: another run, whose rows are numbered anew.
  await stop("plain");
  await until(page, "#state", /reconnecting/);
  const old = readFileSync(`${folder}/ticks.jsonl`, "utf8").trimEnd().split("\n").length;
  await until(page, ".pane .count", new RegExp(` of ${old.toLocaleString("en")} rows`));
  await start("plain");
  await until(page, "#state", /^Connected$/);
  await page.waitForFunction((old) => {
    const all = Number(/of ([\d,]+) rows/.exec(document.querySelector(".pane .count").textContent)?.[1].replaceAll(",", ""));
    return all > 10 && all < old;
  }, old);
  assert.match(await markerText(page), /^The run began anew/);
  // What is counted is of this run: the rows of the one before are shown, but numbered otherwise.
  const [, held, all] = /newest ([\d,]+) of ([\d,]+) rows/.exec(await page.textContent(".pane .count"));
  assert.equal(held, all);
  // The graph of the new run has figures again.
  await page.click('[data-view="graph"]');
  await until(page, '[data-node="ticks"] .figures', /^[1-9][\d,.]*\/s/);
});
