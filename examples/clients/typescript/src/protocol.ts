/**
 * What the server says and may be told (version 1): docs/reference/websocket.md, as types.
 */

/** How rows of a topic follow each other. */
export type Changelog = "append" | "upsert";

/** A column, its type in the words of the pipeline file. */
export interface ColumnDescription {
  readonly name: string;
  readonly type: string;
  /** Whether it may be null. A float may be null in any case, for NaN. */
  readonly nullable?: boolean;
}

/** What the server says of a topic. */
export interface TopicDescription {
  readonly name: string;
  readonly changelog: Changelog;
  readonly key: readonly string[];
  readonly schema: readonly ColumnDescription[];
}

/** A row as it comes. */
export type RawRow = Record<string, unknown>;

export interface Hello {
  readonly type: "hello";
  readonly protocol: number;
  readonly pipeline: string;
  readonly stream_id: string;
  readonly topics: readonly TopicDescription[];
  readonly encoding: Readonly<Record<string, string>>;
}

export interface SnapshotMessage {
  readonly type: "snapshot";
  readonly topic: string;
  readonly last: number;
  readonly rows: RawRow[];
}

export interface AppendMessage {
  readonly type: "append";
  readonly topic: string;
  readonly first: number;
  readonly last: number;
  readonly time: string | null;
  readonly rows: RawRow[];
}

export interface UpsertMessage {
  readonly type: "upsert";
  readonly topic: string;
  readonly first: number;
  readonly last: number;
  readonly time: string | null;
  readonly rows: RawRow[];
  readonly deleted: RawRow[];
}

export interface GapMessage {
  readonly type: "gap";
  readonly topic: string;
  readonly first: number;
  readonly last: number;
}

/** What belongs to one topic. */
export type TopicMessage = SnapshotMessage | AppendMessage | UpsertMessage | GapMessage;

export interface WatermarkMessage {
  readonly type: "watermark";
  readonly time: string | null;
  readonly topics?: Readonly<Record<string, string | null>>;
  readonly stale: readonly string[];
}

/** All that a server says. */
export type ServerMessage =
  | Hello
  | TopicMessage
  | WatermarkMessage
  | { readonly type: "subscribed"; readonly topics: readonly TopicDescription[] }
  | { readonly type: "unsubscribed"; readonly topics: readonly string[] }
  | { readonly type: "pong" }
  | { readonly type: "error"; readonly message: string; readonly topic?: string };

/** All that a client may say. */
export type ClientMessage =
  | {
      readonly op: "subscribe";
      readonly topics: readonly string[];
      readonly resume?: { readonly stream_id: string; readonly seq: Record<string, number> };
    }
  | { readonly op: "unsubscribe"; readonly topics: readonly string[] }
  | { readonly op: "ping" };
