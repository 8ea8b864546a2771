/**
 * Follows the topics of a zaraba pipeline, in browsers and Node, without dependencies.
 *
 * @example
 * import { connect } from "zaraba-client";
 * import { topics } from "./topics.js"; // npx zaraba-types http://127.0.0.1:8225 > topics.ts
 *
 * const client = connect("ws://127.0.0.1:8225/ws", { topics });
 * const balance = client.topic("balance");
 * balance.subscribe(() => console.log(balance.getSnapshot().rows));
 */

export { Client, type ClientState, connect, type Options } from "./client.js";
export { NoTopic, ProtocolError, Refused } from "./errors.js";
export type { Changelog, ColumnDescription, TopicDescription } from "./protocol.js";
export type { Socket, SocketMaker } from "./socket.js";
export type { Schedule } from "./store.js";
export { Topic, type TopicState } from "./topic.js";
export type {
  AnyTopics,
  Append,
  Change,
  Declared,
  DeclaredTopic,
  Gap,
  Int64,
  KeyOf,
  Snapshot,
  TopicType,
  TopicTypes,
  Upsert,
} from "./types.js";
