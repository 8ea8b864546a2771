// Where a token is wanted, the page asks for it, and works with the cookie alone.

import assert from "node:assert/strict";
import { start, stop, test, until } from "./page.mjs";

test(async ({ open, allow, context }) => {
  allow(/status of 401|WebSocket connection to .* failed|ERR_CONNECTION_REFUSED/);
  const { url } = await start("token");
  for (const path of ["/inspector/app.js", "/inspector/site.json", "/api/stats"]) {
    assert.equal((await context.request.get(url + path)).status(), 401, path);
  }
  const page = await open(url);
  await page.fill("[name=token]", "wrong");
  await page.click("button");
  await page.waitForSelector("[name=token]");
  await page.fill("[name=token]", process.env.ZARABA_PYTHON);
  await page.click("button");
  await until(page, "#state", /^Connected$/);
  await until(page, '[data-node="ticks"] .figures', /^[1-9][\d,.]*\/s/);
  await page.click('[data-view="query"]');
  await page.fill("#sql", "SELECT 1 AS one");
  await page.press("#sql", "Control+Enter");
  await until(page, "#count", /^1 rows in/);
  await page.click('[data-view="rows"]');
  await until(page, ".pane .count", /newest [1-9]\d* of/);

  // The files say what the page may do, and nobody may frame it.
  const headers = (await context.request.get(url, { headers: { accept: "text/html" } })).headers();
  assert.match(headers["content-security-policy"], /default-src 'none'; script-src 'self'.*frame-ancestors 'none'/);
  assert.equal(headers["x-content-type-options"], "nosniff");

  // The cookie is taken away: the page asks to sign in.
  await context.clearCookies();
  await until(page, "#notice", /token/);
  await stop("token");
  await until(page, "#state", /reconnecting/);
});
