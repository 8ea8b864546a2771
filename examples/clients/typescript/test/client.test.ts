/** The client against a server in memory: what a real one seldom does, or not when it is wanted. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { connect, NoTopic, type Options, ProtocolError, type TopicState } from "../src/index.js";
import { FACTS, Fake, facts, factsSnapshot, STATE, subscribed, until } from "./server.js";

const URL = "ws://127.0.0.1:9/ws"; // nobody is there: a plain request fails too
const PAUSE = { first: 1, most: 4 };

function join(options: Options<any> = {}) {
  return connect(URL, { webSocket: Fake, pause: PAUSE, ...options });
}

beforeEach(() => {
  Fake.all = [];
});

test("a store changes once a change and is the same object in between", () => {
  const client = join();
  const topic = client.topic("facts");
  let told = 0;
  const stop = topic.subscribe(() => told++);
  assert.equal(topic.getSnapshot().status, "waiting");
  assert.equal(topic.getSnapshot(), topic.getSnapshot());
  const server = Fake.newest().hello();
  assert.deepEqual(server.heard[0].topics, ["facts"]);
  server.say(subscribed(FACTS), factsSnapshot(2, 1, 2));
  const before = topic.getSnapshot();
  told = 0;
  server.say(facts(3, 4));
  assert.equal(told, 1);
  assert.notEqual(topic.getSnapshot(), before);
  assert.deepEqual(before.rows, [{ n: 1 }, { n: 2 }]);
  assert.deepEqual(topic.getSnapshot().rows, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  stop();
  assert.deepEqual(server.heard.at(-1), { op: "unsubscribe", topics: ["facts"] });
  assert.equal(topic.getSnapshot().status, "idle");
  client.close();
});

test("listening again goes on behind the last row, and what was on its way is left out", () => {
  const client = join();
  const topic = client.topic("facts");
  const stop = topic.subscribe(() => {});
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(1, 1));
  stop();
  server.say(facts(2, 2)); // was on its way
  topic.subscribe(() => {});
  assert.deepEqual(server.heard.at(-1), {
    op: "subscribe",
    topics: ["facts"],
    resume: { stream_id: "run-1", seq: { facts: 1 } },
  });
  server.say(facts(3, 3), subscribed(FACTS), facts(2, 4));
  assert.deepEqual(topic.getSnapshot().rows, [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]);
  assert.equal(topic.getSnapshot().status, "live");
  client.close();
});

test("a schedule gathers changes", () => {
  const due: (() => void)[] = [];
  const client = join({ schedule: (tell: () => void) => due.push(tell) });
  const topic = client.topic("facts");
  let told = 0;
  topic.subscribe(() => told++);
  for (const tell of due.splice(0)) tell();
  told = 0;
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(1, 1));
  server.say(facts(2, 2), facts(3, 3));
  assert.equal(told, 0);
  for (const tell of due.splice(0)) tell();
  assert.equal(told, 1);
  assert.equal(topic.getSnapshot().rows.length, 3);
  client.close();
});

test("a listener that throws stops nobody else", () => {
  const client = join();
  const topic = client.topic("facts");
  const wrong: unknown[] = [];
  const before = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.once("uncaughtException", (error) => wrong.push(error));
  topic.observe(() => {
    throw new Error("mine");
  });
  const seen: string[] = [];
  topic.observe((change) => seen.push(change.type));
  Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(1, 1));
  assert.deepEqual(seen, ["snapshot"]);
  client.close();
  return until(() => wrong.length === 1).then(() => {
    for (const listener of before) process.on("uncaughtException", listener);
  });
});

test("a reader that is slow gets a gap", async () => {
  const client = join();
  const changes = client.topic("facts").changes({ waiting: 4 });
  const first = changes.next();
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(1, 1));
  assert.equal((await first).value?.type, "snapshot");
  for (let n = 2; n <= 11; n += 1) server.say(facts(n, n));
  const numbers: number[][] = [];
  for await (const change of changes) {
    assert.ok("first" in change);
    numbers.push([change.type === "gap" ? 0 : 1, change.first, change.last]);
    if (change.last === 11) break;
  }
  assert.equal(numbers[0]?.[0], 0, "the oldest are a gap");
  assert.ok(numbers.slice(1).every(([rows]) => rows === 1));
  for (const [i, [, first]] of numbers.entries()) {
    assert.equal(first, i === 0 ? 2 : numbers[i - 1]![2]! + 1);
  }
  assert.equal(client.topic("facts").getSnapshot().status, "idle", "the loop has left");
  client.close();
});

test("64-bit integers are exact where they are wanted so, keys and lists too", async () => {
  const client = join({ int64: "bigint" });
  const topic = client.topic("state");
  const deleted: unknown[] = [];
  topic.observe((change) => {
    if (change.type === "upsert") deleted.push(...change.deleted);
  });
  assert.match(Fake.newest().url, /int64=string/);
  const wide = "9007199254740993";
  const rows = [{ k: wide, v: [wide, null] }, { k: "2", v: null }];
  const server = Fake.newest().hello().say(subscribed(STATE));
  server.say({ type: "snapshot", topic: "state", last: 2, rows });
  assert.deepEqual(topic.get(BigInt(wide)), { k: BigInt(wide), v: [BigInt(wide), null] });
  const range = { first: 3, last: 3, time: null };
  server.say({ type: "upsert", topic: "state", ...range, rows: [], deleted: [{ k: wide }] });
  assert.deepEqual(deleted, [{ k: BigInt(wide) }]);
  assert.deepEqual(topic.getSnapshot().rows, [{ k: 2n, v: null }]);
  client.close();
});

test("a hole in the numbers is an error", async () => {
  const client = join();
  const reading = client.topic("facts").changes();
  const first = reading.next();
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(1, 1));
  await first;
  server.say(facts(3, 3));
  await assert.rejects(reading.next(), ProtocolError);
  assert.equal(client.getSnapshot().status, "failed");
  assert.ok(server.closed);
});

test("a server that falls silent is left for another try, and another", async () => {
  const client = join({ silence: 5 });
  Fake.newest().hello();
  await until(() => Fake.all.length >= 3);
  assert.ok(Fake.all[0]?.closed);
  assert.match(client.getSnapshot().trouble ?? "", /nothing came for 5 ms/);
  assert.equal(client.getSnapshot().connections, 1);
  client.close();
});

test("watermarks and stale topics are told", () => {
  const client = join();
  const topic = client.topic("facts");
  topic.subscribe(() => {});
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(0));
  const seen = (): Partial<TopicState<unknown>> => {
    const { watermark, stale } = topic.getSnapshot();
    return { watermark, stale };
  };
  server.say({ type: "watermark", time: "a", topics: { facts: "b" }, stale: ["facts"] });
  assert.deepEqual(seen(), { watermark: "b", stale: true });
  assert.deepEqual(client.getSnapshot().stale, ["facts"]);
  server.say({ type: "watermark", time: "c", stale: [] });
  assert.deepEqual(seen(), { watermark: "c", stale: false });
  client.close();
});

test("a topic that is not what the types say fails", async () => {
  const declared = { changelog: "append", key: [], columns: { n: "text" } } as const;
  const client = join({ topics: { int64: "number", topics: { facts: declared } } });
  const next = client.topic("facts").changes().next();
  Fake.newest().hello().say(subscribed(FACTS));
  await assert.rejects(next, (error: Error) => {
    assert.ok(error instanceof NoTopic);
    assert.match(error.message, /`facts` is not what the types say: `n` is int64/);
    return true;
  });
  assert.equal(client.getSnapshot().status, "open");
  client.close();
});

test("a token is a subprotocol in base64url", () => {
  const client = join({ token: "ÿþ?>correct" });
  const encoded = Buffer.from("ÿþ?>correct").toString("base64url");
  assert.deepEqual(Fake.newest().protocols, ["zaraba.v1.json", `zaraba.auth.${encoded}`]);
  client.close();
});

test("a page connects to the server that sent it", () => {
  const page = { href: "https://desk.example:8443/charts/oi.html?x=1" };
  Object.assign(globalThis, { location: page });
  const client = connect("/ws", { webSocket: Fake });
  Reflect.deleteProperty(globalThis, "location");
  assert.equal(Fake.newest().url, "wss://desk.example:8443/ws?topics=&int64=number");
  client.close();
});

test("what is kept of an append topic has an end", () => {
  const client = join();
  const topic = client.topic("facts").keep(3);
  topic.subscribe(() => {});
  const server = Fake.newest().hello().say(subscribed(FACTS), factsSnapshot(0));
  for (let n = 1; n <= 50; n += 1) server.say(facts(n, n));
  assert.deepEqual(topic.getSnapshot().rows, [{ n: 48 }, { n: 49 }, { n: 50 }]);
  client.close();
});
