// What the pipeline "posted" offers. Made by zaraba-types: make it again
// rather than change it.
import type { Declared } from "zaraba-client";

/** A row of `ticks`: append. */
export interface TicksRow {
  /** timestamp */
  readonly ts: string | null;
  /** text */
  readonly key: string | null;
  /** int64 */
  readonly n: bigint | null;
  /** int64 */
  readonly wide: bigint | null;
  /** float64 */
  readonly price: number | null;
  /** text */
  readonly pad: string | null;
}

/** A row of `newest`: the newest by key. */
export interface NewestRow {
  /** timestamp */
  readonly ts: string | null;
  /** text */
  readonly key: string | null;
  /** int64 */
  readonly n: bigint | null;
  /** int64 */
  readonly wide: bigint | null;
  /** float64 */
  readonly price: number | null;
  /** text */
  readonly pad: string | null;
}

/** The topics by name. */
export interface Topics {
  ticks: { changelog: "append"; key: never; row: TicksRow };
  newest: { changelog: "upsert"; key: "key"; row: NewestRow };
}

/** For `connect(url, { topics })`. */
export const topics: Declared<Topics> = {
  int64: "bigint",
  topics: {
    ticks: {
      changelog: "append",
      key: [],
      columns: {
        ts: "timestamp",
        key: "text",
        n: "int64",
        wide: "int64",
        price: "float64",
        pad: "text",
      },
    },
    newest: {
      changelog: "upsert",
      key: ["key"],
      columns: {
        ts: "timestamp",
        key: "text",
        n: "int64",
        wide: "int64",
        price: "float64",
        pad: "text",
      },
    },
  },
};
