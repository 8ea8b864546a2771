/**
 * What the caller knows of topics: made by `zaraba-types` from the server's schemas, or left out.
 */

import type { Changelog } from "./protocol.js";

/** How 64-bit integers are handed over: `number` is rounded beyond 2^53, `bigint` is exact. */
export type Int64 = "number" | "bigint";

/** What is known of one topic. */
export interface TopicType {
  /** How its rows follow each other. */
  readonly changelog: Changelog;
  /** The names of its key columns; `never` on an append topic. */
  readonly key: string;
  /** A row. */
  readonly row: object;
}

/** What is known of all topics, by name. */
export type TopicTypes<T> = { readonly [Name in keyof T]: TopicType };

/** What is known where nothing was generated: any topic, any column. */
export type AnyTopics = {
  readonly [name: string]: {
    readonly changelog: Changelog;
    readonly key: string;
    readonly row: Record<string, unknown>;
  };
};

/** What a topic was when the types were made. */
export interface DeclaredTopic {
  readonly changelog: Changelog;
  readonly key: readonly string[];
  readonly columns: Readonly<Record<string, string>>;
}

/**
 * What `zaraba-types` writes beside the types, so that a server whose topics are others now is
 * noticed when it runs.
 */
export interface Declared<T> {
  readonly int64: Int64;
  readonly topics: { readonly [Name in keyof T]: DeclaredTopic };
  /** Never there: carries the types. */
  readonly types?: T;
}

/** All that there is of a topic, in place of what was there. */
export interface Snapshot<Row> {
  readonly type: "snapshot";
  readonly last: number;
  readonly rows: readonly Row[];
}

/** New rows of an append topic, numbered `first` to `last`. */
export interface Append<Row> {
  readonly type: "append";
  readonly first: number;
  readonly last: number;
  /** The newest event time among them. */
  readonly time: string | null;
  readonly rows: readonly Row[];
}

/** Rows of an upsert topic that are new or changed, and the keys of those that are gone. */
export interface Upsert<Row, Key> {
  readonly type: "upsert";
  readonly first: number;
  readonly last: number;
  /** The newest event time among them. */
  readonly time: string | null;
  readonly rows: readonly Row[];
  readonly deleted: readonly Key[];
}

/** Rows of an append topic that will not come: this client was too slow, or away too long. */
export interface Gap {
  readonly type: "gap";
  readonly first: number;
  readonly last: number;
}

/** The key columns of a row. */
export type KeyOf<T extends TopicType> = Pick<T["row"], T["key"] & keyof T["row"]>;

/** What may happen to a topic. */
export type Change<T extends TopicType> =
  | Snapshot<T["row"]>
  | (T["changelog"] extends "append"
      ? Append<T["row"]> | Gap
      : T["changelog"] extends "upsert"
        ? Upsert<T["row"], KeyOf<T>>
        : Append<T["row"]> | Gap | Upsert<T["row"], KeyOf<T>>);
