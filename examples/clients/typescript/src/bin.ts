#!/usr/bin/env node
/**
 * `zaraba-types URL [--int64 bigint]`: the types of a running pipeline's topics, on standard
 * output. The token, where one is needed, is the value of ZARABA_TOKEN.
 */

import { type Described, generate } from "./generate.js";

const USAGE = `usage: zaraba-types URL [--int64 number|bigint]

Writes the TypeScript types of a running pipeline's topics:
    zaraba-types http://127.0.0.1:8225 > topics.ts
--int64 says how 64-bit integers are handed over: number (the default) is rounded beyond 2^53,
bigint is exact. Where the server wants a token it is the value of ZARABA_TOKEN.`;

function wrong(message: string, code: number): never {
  process.stderr.write(`zaraba-types: ${message}\n`);
  process.exit(code);
}

async function main(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const at = args.indexOf("--int64");
  const int64 = at < 0 ? "number" : args.splice(at, 2)[1];
  const [url, ...more] = args;
  if (int64 !== "number" && int64 !== "bigint") wrong("--int64 is number or bigint", 2);
  if (url === undefined || more.length > 0 || !URL.canParse(url)) wrong(USAGE, 2);
  const address = new URL("/api/topics", url.replace(/^ws/, "http"));
  const token = process.env["ZARABA_TOKEN"];
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  let answer: Response;
  try {
    answer = await fetch(address, { headers });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    wrong(`${address.href}: ${cause instanceof Error ? cause.message : String(cause)}`, 1);
  }
  const text = await answer.text();
  if (!answer.ok) wrong(`${address.href} answered ${answer.status}: ${text.trim()}`, 1);
  process.stdout.write(generate(JSON.parse(text) as Described, int64));
}

await main(process.argv.slice(2));
