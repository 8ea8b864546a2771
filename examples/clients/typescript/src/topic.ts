/**
 * One topic: its rows as a store, and its changes as they come. It is asked of the server while
 * somebody listens, and goes on where it was when somebody listens again.
 */

import { reader } from "./columns.js";
import { NoTopic, ProtocolError } from "./errors.js";
import type { RawRow, TopicDescription, TopicMessage } from "./protocol.js";
import { guarded, type Schedule, Store } from "./store.js";
import type { Change, DeclaredTopic, Int64, TopicType } from "./types.js";

/** Rows of an append topic that its state keeps. */
const KEEP = 1_000;
/** Changes that wait for a reader of `changes()`. */
const WAITING_MAX = 1_000;

/** What is known of a topic now. */
export interface TopicState<Row> {
  /**
   * `idle`: nobody listens. `waiting`: it was asked for. `live`: rows come. `failed`: there is no
   * such topic, or the client has failed.
   */
  readonly status: "idle" | "waiting" | "live" | "failed";
  /**
   * An upsert topic's rows in the order in which their keys came; an append topic's newest rows,
   * the oldest first.
   */
  readonly rows: readonly Row[];
  /** The number of the newest row. */
  readonly last: number;
  /** The newest event time of the rows that came last; none after a snapshot. */
  readonly time: string | null;
  /** How far event time has come: no older row follows. */
  readonly watermark: string | null;
  /** Whether a source behind the topic has been silent for too long. */
  readonly stale: boolean;
  /** How many rows were missed in gaps. */
  readonly missed: number;
  /** Why it failed. */
  readonly error: Error | null;
}

/** What a topic asks of its client. */
export interface Line {
  readonly int64: Int64;
  readonly schedule: Schedule;
  /** The run of the server that is connected. */
  streamId(): string | null;
  /** Asks for the topic, or no longer. */
  ask(topic: { readonly name: string }, wanted: boolean): void;
}

type Listener<T extends TopicType> = (change: Change<T>) => void;
type AnyChange = Change<{ changelog: "append" | "upsert"; key: string; row: RawRow }>;

/** One topic; `client.topic(name)` makes it. */
export class Topic<T extends TopicType> extends Store<TopicState<T["row"]>> {
  /** Its name. */
  readonly name: string;
  /** What the server says of it; none until it has answered. */
  description: TopicDescription | null = null;

  readonly #line: Line;
  readonly #declared: DeclaredTopic | undefined;
  readonly #observers = new Set<Listener<T>>();
  /** Told when nothing follows. */
  readonly #readers = new Set<() => void>();
  #ended = false;
  #keep = 0;
  #listeners = 0;
  #status: TopicState<unknown>["status"] = "idle";
  #error: Error | null = null;
  #read: (rows: RawRow[]) => RawRow[] = (rows) => rows;
  /** An upsert topic's rows, by their key. */
  readonly #byKey = new Map<string, RawRow>();
  /** An append topic's newest rows; cut back when there are twice as many. */
  #newest: RawRow[] = [];
  #last = 0;
  /** The run of the server that numbered `last`; none: no row has come. */
  #streamId: string | null = null;
  #time: string | null = null;
  #watermark: string | null = null;
  #stale = false;
  #missed = 0;

  /** @internal */
  constructor(name: string, line: Line, declared: DeclaredTopic | undefined) {
    super(line.schedule);
    this.name = name;
    this.#line = line;
    this.#declared = declared;
  }

  /** Keeps at least so many rows of an append topic. */
  keep(rows: number = KEEP): this {
    this.#keep = Math.max(this.#keep, rows);
    return this;
  }

  /** The row of an upsert topic with these values of its key columns, in the key's order. */
  get(...key: readonly unknown[]): T["row"] | undefined {
    return this.#byKey.get(keyText(key));
  }

  /**
   * Calls `listener` with each change, beginning with a snapshot of what is there already, if
   * there is something. Answers what stops it.
   */
  observe(listener: Listener<T>): () => void {
    const own: Listener<T> = (change) => guarded(() => listener(change));
    this.#observers.add(own);
    this.#hold(1);
    if (this.#streamId !== null) own(this.#whole() as Change<T>);
    return () => {
      if (this.#observers.delete(own)) this.#hold(-1);
    };
  }

  /**
   * The changes one by one. Of a reader that is slower than the changes at most `waiting` wait:
   * then the oldest of an append topic become a gap, those of an upsert topic a snapshot. It ends
   * when the pipeline has ended for good, the client is closed or `signal` aborts, and throws what
   * the topic failed of.
   */
  async *changes(
    options: { readonly waiting?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<Change<T>, void, undefined> {
    const most = options.waiting ?? WAITING_MAX;
    const signal = options.signal;
    let waiting: AnyChange[] = [];
    let wake = (): void => {};
    const stopped = (): boolean => signal?.aborted === true || this.#ended;
    const stir = (): void => wake();
    const leave = this.observe((change) => {
      waiting.push(change as AnyChange);
      if (waiting.length > most) waiting = this.#fewer(waiting);
      wake();
    });
    this.#readers.add(stir);
    signal?.addEventListener("abort", stir);
    try {
      for (;;) {
        const change = waiting.shift();
        if (change !== undefined) yield change as Change<T>;
        else if (this.#error !== null) throw this.#error;
        else if (stopped()) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", stir);
      this.#readers.delete(stir);
      leave();
    }
  }

  /** The newer half of the changes that wait for a reader, and what stands for the rest. */
  #fewer(waiting: AnyChange[]): AnyChange[] {
    if (this.description?.changelog === "upsert") return [this.#whole()];
    const kept = waiting.splice(Math.ceil(waiting.length / 2));
    // A snapshot replaces what was before it anyway.
    const whole = kept.findLastIndex(({ type }) => type === "snapshot");
    if (whole >= 0) return kept.slice(whole);
    const begins = Math.max(waiting.findLastIndex(({ type }) => type === "snapshot"), 0);
    const [oldest, newest] = [waiting[begins], waiting.at(-1)];
    if (oldest === undefined || newest === undefined) return kept;
    const first = oldest.type === "snapshot" ? oldest.last + 1 - oldest.rows.length : oldest.first;
    return [{ type: "gap", first, last: newest.last }, ...kept];
  }

  #whole(): AnyChange {
    const rows = this.getSnapshot().rows as readonly RawRow[];
    return { type: "snapshot", last: this.#last, rows };
  }

  protected override listened(listened: boolean): void {
    this.#hold(listened ? 1 : -1);
  }

  #hold(by: 1 | -1): void {
    this.#listeners += by;
    if (this.#status === "failed" || this.#ended) return;
    const wanted = this.#listeners > 0;
    if (wanted !== (this.#status === "idle")) return;
    this.#status = wanted ? "waiting" : "idle";
    this.#line.ask(this, wanted);
    this.changed();
  }

  protected override made(): TopicState<T["row"]> {
    const keep = this.#keep || KEEP;
    const upsert = this.description?.changelog === "upsert";
    return {
      status: this.#status,
      rows: upsert ? [...this.#byKey.values()] : this.#newest.slice(-keep),
      last: this.#last,
      time: this.#time,
      watermark: this.#watermark,
      stale: this.#stale,
      missed: this.#missed,
      error: this.#error,
    };
  }

  /** @internal Whether somebody listens. */
  get wanted(): boolean {
    return this.#status === "waiting" || this.#status === "live";
  }

  /** @internal The row to go on behind, if this run of the server numbered it. */
  resume(): number | undefined {
    const same = this.#streamId !== null && this.#streamId === this.#line.streamId();
    return same ? this.#last : undefined;
  }

  /** @internal The connection is gone. */
  lost(): void {
    if (this.#status !== "live") return;
    this.#status = "waiting";
    this.changed();
  }

  /** @internal Nothing follows. */
  end(error: Error | null): void {
    this.#ended = true;
    if (error !== null) {
      this.#error = error;
      this.#status = "failed";
    }
    this.changed();
    for (const stir of [...this.#readers]) stir();
  }

  /** @internal What the server says of the topic; an error if the types say something else. */
  described(description: TopicDescription): Error | null {
    this.description = description;
    this.#read = reader(description.schema, this.#line.int64);
    if (this.resume() !== undefined) {
      this.#status = "live";
      this.changed();
    }
    const differs = this.#declared === undefined ? null : difference(this.#declared, description);
    if (differs === null) return null;
    return new NoTopic(`\`${this.name}\` is not what the types say: ${differs}; make them again`);
  }

  /** @internal */
  marked(watermark: string | null, stale: boolean): void {
    if (watermark === this.#watermark && stale === this.#stale) return;
    this.#watermark = watermark;
    this.#stale = stale;
    this.changed();
  }

  /** @internal Takes a message of the server. */
  take(message: TopicMessage): void {
    const missed = this.#missedBefore(message);
    if (missed !== null) this.#tell(missed);
    this.#tell(this.#applied(message));
  }

  /** Rows between those that came and a snapshot, where the server has counted on. */
  #missedBefore(message: TopicMessage): AnyChange | null {
    if (message.type !== "snapshot" || this.description?.changelog === "upsert") return null;
    const last = message.last - message.rows.length;
    const first = (this.resume() ?? last) + 1;
    if (first > last) return null;
    this.#missed += last + 1 - first;
    return { type: "gap", first, last };
  }

  #applied(message: TopicMessage): AnyChange {
    const { type, last } = message;
    if (type === "snapshot") {
      this.#byKey.clear();
      this.#newest = [];
      const rows = this.#put(message.rows);
      this.#last = last;
      this.#streamId = this.#line.streamId();
      this.#time = null;
      this.#status = "live";
      return { type, last, rows };
    }
    const { first } = message;
    if (first !== this.#last + 1 || last < first) {
      const came = `rows ${first} to ${last} of \`${this.name}\``;
      throw new ProtocolError(`${came} came after ${this.#last}`);
    }
    this.#last = last;
    this.#status = "live";
    if (type === "gap") {
      this.#missed += last + 1 - first;
      return { type, first, last };
    }
    if (type === "append" && message.rows.length !== last + 1 - first) {
      const came = `${message.rows.length} rows came as ${first} to ${last}`;
      throw new ProtocolError(`${came} of \`${this.name}\``);
    }
    const { time } = message;
    this.#time = time;
    const rows = this.#put(message.rows);
    if (type === "append") return { type, first, last, time, rows };
    for (const gone of message.deleted) this.#byKey.delete(this.#keyOf(gone));
    return { type, first, last, time, rows, deleted: this.#read(message.deleted) };
  }

  /** Puts rows into the state; answers them as the caller gets them. */
  #put(rows: RawRow[]): RawRow[] {
    if (this.description?.changelog === "upsert") {
      for (const row of rows) this.#byKey.set(this.#keyOf(row), row);
    } else {
      const keep = this.#keep || KEEP;
      this.#newest.push(...rows.slice(-keep));
      if (this.#newest.length > 2 * keep) this.#newest = this.#newest.slice(-keep);
    }
    return this.#read(rows);
  }

  #keyOf(row: RawRow): string {
    return keyText((this.description?.key ?? []).map((column) => row[column]));
  }

  #tell(change: AnyChange): void {
    this.changed();
    for (const observer of [...this.#observers]) observer(change as Change<T>);
  }
}

/** A key as a text: before and after 64-bit integers were made exact it is the same. */
function keyText(key: readonly unknown[]): string {
  return JSON.stringify(key, (_, value: unknown) =>
    typeof value === "bigint" ? value.toString() : value,
  );
}

/** What is else than was declared. A column more is no harm. */
function difference(declared: DeclaredTopic, is: TopicDescription): string | null {
  if (declared.changelog !== is.changelog) return `it is an ${is.changelog} topic`;
  if (declared.key.join() !== is.key.join()) return `its key is [${is.key.join(", ")}]`;
  const types = new Map(is.schema.map(({ name, type }) => [name, type]));
  for (const [name, type] of Object.entries(declared.columns)) {
    const now = types.get(name);
    if (now === undefined) return `there is no column \`${name}\``;
    if (now !== type) return `\`${name}\` is ${now}`;
  }
  return null;
}
