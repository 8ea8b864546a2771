/** A server in memory: the sockets that a client makes, and what is said on them. */

import type { Socket } from "../src/socket.js";

/** One connection, as the server sees it. */
export class Fake implements Socket {
  /** All of them, the newest last. */
  static all: Fake[] = [];
  onmessage: ((event: any) => void) | null = null;
  onclose: ((event: any) => void) | null = null;
  onerror: ((event: any) => void) | null = null;
  readonly heard: any[] = [];
  closed = false;

  constructor(
    readonly url: string,
    readonly protocols: string[],
  ) {
    Fake.all.push(this);
  }

  send(text: string): void {
    this.heard.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  /** Says something to the client. */
  say(...messages: readonly object[]): this {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
    return this;
  }

  hello(streamId = "run-1"): this {
    const head = { type: "hello", protocol: 1, pipeline: "p", stream_id: streamId };
    return this.say({ ...head, topics: [], encoding: {} });
  }

  /** Breaks off, as a client sees it. */
  drop(code = 1006, reason = ""): void {
    this.onclose?.({ code, reason });
  }

  static newest(): Fake {
    const newest = Fake.all.at(-1);
    if (newest === undefined) throw new Error("nobody has connected");
    return newest;
  }
}

/** What the server says of topics `facts` and `state`. */
export const FACTS = {
  name: "facts",
  changelog: "append",
  key: [],
  schema: [{ name: "n", type: "int64", nullable: false }],
};
export const STATE = {
  name: "state",
  changelog: "upsert",
  key: ["k"],
  schema: [
    { name: "k", type: "int64", nullable: false },
    { name: "v", type: "list(int64)", nullable: true },
  ],
};

export const subscribed = (...topics: object[]) => ({ type: "subscribed", topics });

/** Rows `first` to `last` of `facts`. */
export function facts(first: number, last: number): object {
  const rows = Array.from({ length: last + 1 - first }, (_, i) => ({ n: first + i }));
  return { type: "append", topic: "facts", first, last, time: null, rows };
}

export function factsSnapshot(last: number, ...n: number[]): object {
  return { type: "snapshot", topic: "facts", last, rows: n.map((n) => ({ n })) };
}

/** Waits until something is so; the test's own limit ends it. */
export async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2));
}
