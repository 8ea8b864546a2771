/**
 * Follows topics with this client and prints what comes, a JSON object a line.
 *
 *     node probe.js URL TOPIC…
 *
 * `+TOPIC` and `-TOPIC` on standard input begin and stop topics, its end ends the probe. A token is
 * in ZARABA_TOKEN. The probes of the other clients print the same.
 */

import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { connect } from "../src/index.js";

const [url = "", ...topics] = process.argv.slice(2);
const client = connect(url, {
  webSocket: WebSocket,
  int64: "bigint",
  untilEnd: process.env["PROBE_UNTIL_END"] === "1",
  token: process.env["ZARABA_TOKEN"],
});
const stops = new Map<string, AbortController>();

/** A line of JSON, integers in all their digits. */
function say(line: Record<string, unknown>): void {
  const wide: string[] = [];
  const text = JSON.stringify(line, (_, value: unknown) =>
    typeof value === "bigint" ? `\u0000${wide.push(value.toString()) - 1}\u0000` : value,
  );
  process.stdout.write(`${text.replace(/"\\u0000(\d+)\\u0000"/g, (_, i) => wide[Number(i)]!)}\n`);
}

async function follow(name: string): Promise<void> {
  const stop = new AbortController();
  stops.set(name, stop);
  const topic = client.topic(name);
  try {
    for await (const change of topic.changes({ signal: stop.signal, waiting: 1_000_000 })) {
      const state = topic.description?.changelog === "upsert" && topic.getSnapshot().rows;
      const { connections } = client.getSnapshot();
      say({ topic: name, ...change, ...(state === false ? {} : { state }), connections });
    }
    say({ type: "ended", topic: name });
  } catch (error) {
    const { name: kind, message } = error as Error;
    say({ type: "failed", topic: name, error: kind, message });
  }
}

for (const topic of topics) void follow(topic);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  if (line.startsWith("+")) void follow(line.slice(1));
  else stops.get(line.slice(1))?.abort();
});
lines.on("close", () => {
  client.close();
  process.exit(0);
});
