/**
 * A connection that is kept up, and the topics on it.
 */

import { NoTopic, ProtocolError, Refused } from "./errors.js";
import type { ClientMessage, Hello, ServerMessage, TopicDescription } from "./protocol.js";
import { type Socket, type SocketMaker, socketMaker, whyRefused } from "./socket.js";
import { type Schedule, Store } from "./store.js";
import { Topic } from "./topic.js";
import type { AnyTopics, Declared, Int64, TopicType, TopicTypes } from "./types.js";

/** What a client may be told. */
export interface Options<T> {
  /** What `zaraba-types` wrote: the types of the topics, and what they were made from. */
  readonly topics?: Declared<T> | undefined;
  /**
   * How 64-bit integers are handed over, where `topics` does not say it. `number`, which is the
   * default, is rounded beyond 2^53; `bigint` is exact.
   */
  readonly int64?: Int64 | undefined;
  /** What the server wants to be told, if it does. Where a page has its cookie none is needed. */
  readonly token?: string | undefined;
  /** The class that makes sockets, where there is none built in: `ws` on Node 20. */
  readonly webSocket?: SocketMaker | undefined;
  /** Ends when the pipeline has ended, instead of waiting for it to run again. */
  readonly untilEnd?: boolean | undefined;
  /**
   * When listeners are told of changes; at once if left out. `requestAnimationFrame` tells them
   * once a frame, however much has come.
   */
  readonly schedule?: Schedule | undefined;
  /** Milliseconds without a word after which the server is taken for gone; 10,000 if left out. */
  readonly silence?: number | undefined;
  /** Milliseconds before the first and at most before any further try: 500 and 30,000. */
  readonly pause?: { readonly first?: number; readonly most?: number } | undefined;
}

/** What is known of the connection now. */
export interface ClientState {
  /** `paused`: the connection is gone and will be tried again. `failed`: it will not. */
  readonly status: "connecting" | "open" | "paused" | "ended" | "failed";
  /** The pipeline's name. */
  readonly pipeline: string | null;
  /** The id of its run: where it is another, numbers of rows have begun anew. */
  readonly streamId: string | null;
  /** How far event time has come over all topics that are followed. */
  readonly watermark: string | null;
  /** Topics behind which a source is silent. */
  readonly stale: readonly string[];
  /** How often a server said hello. */
  readonly connections: number;
  /** Why the connection before this one ended. */
  readonly trouble: string | null;
  /** Why it failed. */
  readonly error: Error | null;
}

type Line = Omit<ClientState, "status" | "error">;

/** The pipeline has ended, says the server by this code. */
const NORMAL = 1000;

/** A connection to a pipeline; `connect` makes one. */
export class Client<T extends TopicTypes<T> = AnyTopics> extends Store<ClientState> {
  readonly #url: string;
  readonly #options: Options<T>;
  readonly #int64: Int64;
  readonly #makeSocket: (url: string) => Socket;
  readonly #topics = new Map<string, Topic<TopicType>>();
  /** Subscriptions that are not answered yet: until then rows are of the one before. */
  readonly #asked = new Map<string, number>();
  #status: ClientState["status"] = "connecting";
  #error: Error | null = null;
  #line: Line = {
    pipeline: null,
    streamId: null,
    watermark: null,
    stale: [],
    connections: 0,
    trouble: null,
  };
  #socket: Socket | null = null;
  #tries = 0;
  #heard = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pulse: ReturnType<typeof setInterval> | undefined;

  /** @internal */
  constructor(url: string, options: Options<T>) {
    super(options.schedule ?? ((tell) => tell()));
    this.#options = options;
    this.#int64 = options.topics?.int64 ?? options.int64 ?? "number";
    const page = (globalThis as { location?: { href: string } }).location?.href;
    const address = new URL(url, page);
    address.protocol = address.protocol.replace("http", "ws");
    // None yet: topics are subscribed to by message, as they are wanted.
    address.searchParams.set("topics", "");
    address.searchParams.set("int64", this.#int64 === "bigint" ? "string" : "number");
    this.#url = address.href;
    this.#makeSocket = socketMaker(options.webSocket, options.token);
    this.#open();
  }

  /** A topic. The same name gives the same object; it is followed while somebody listens to it. */
  topic<Name extends keyof T & string>(name: Name): Topic<T[Name]> {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      const line = {
        int64: this.#int64,
        schedule: this.#options.schedule ?? ((tell: () => void) => tell()),
        streamId: () => this.#line.streamId,
        ask: (asking: { readonly name: string }, wanted: boolean) => this.#ask(asking.name, wanted),
      };
      topic = new Topic<TopicType>(name, line, this.#options.topics?.topics[name]);
      this.#topics.set(name, topic);
      if (this.#over) topic.end(this.#error);
    }
    return topic as unknown as Topic<T[Name]>;
  }

  /** Leaves. Nothing more is told, and `changes()` end. */
  close(): void {
    this.#finish("ended", null);
  }

  protected override made(): ClientState {
    return { ...this.#line, status: this.#status, error: this.#error };
  }

  get #over(): boolean {
    return this.#status === "ended" || this.#status === "failed";
  }

  #set(status: ClientState["status"], line: Partial<Line> = {}): void {
    this.#status = status;
    this.#line = { ...this.#line, ...line };
    this.changed();
  }

  #open(): void {
    let socket: Socket;
    try {
      socket = this.#makeSocket(this.#url);
    } catch (error) {
      this.#finish("failed", new Refused(`${this.#url}: ${String(error)}`));
      return;
    }
    this.#set("connecting");
    this.#socket = socket;
    const ours = (act: () => void) => () => {
      if (this.#socket === socket) act();
    };
    socket.onerror = () => {}; // a close follows
    socket.onmessage = (event) => ours(() => this.#received(event.data))();
    socket.onclose = (event) => ours(() => void this.#closed(event.code, event.reason))();
    this.#heard = false;
    const silence = this.#options.silence ?? 10_000;
    this.#pulse = setInterval(() => {
      if (!this.#heard) this.#again(`nothing came for ${silence} ms`);
      this.#heard = false;
    }, silence);
  }

  /** Lets go of the socket, whether it says goodbye or not. */
  #drop(): void {
    clearInterval(this.#pulse);
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#asked.clear();
    socket?.close();
  }

  async #closed(code: number, reason: string): Promise<void> {
    const greeted = this.#status === "open";
    if (code === NORMAL && this.#options.untilEnd === true) {
      this.#finish("ended", null);
      return;
    }
    // A browser does not say why a handshake failed: a plain request does.
    this.#drop();
    const refused = greeted ? null : await whyRefused(this.#url, this.#options.token);
    if (this.#over) return;
    if (refused !== null) this.#finish("failed", new Refused(refused));
    else this.#again(`closed with ${code}${reason === "" ? "" : `: ${reason}`}`);
  }

  /** Tries again after a pause that grows, and is never quite the same for two clients. */
  #again(trouble: string): void {
    this.#drop();
    const { first = 500, most = 30_000 } = this.#options.pause ?? {};
    const pause = Math.min(first * 2 ** this.#tries, most) * (0.5 + Math.random() / 2);
    this.#tries++;
    for (const topic of this.#topics.values()) topic.lost();
    this.#timer = setTimeout(() => this.#open(), pause);
    this.#set("paused", { trouble });
  }

  #finish(status: "ended" | "failed", error: Error | null): void {
    if (this.#over) return;
    this.#error = error;
    this.#drop();
    this.#set(status);
    for (const topic of this.#topics.values()) topic.end(error);
  }

  #received(data: unknown): void {
    this.#heard = true;
    try {
      this.#hear(JSON.parse(String(data)) as ServerMessage);
    } catch (error) {
      this.#finish("failed", error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  #hear(message: ServerMessage): void {
    switch (message.type) {
      case "hello":
        this.#greeted(message);
        break;
      case "snapshot":
      case "append":
      case "upsert":
      case "gap": {
        const topic = this.#topics.get(message.topic);
        const due = (this.#asked.get(message.topic) ?? 0) > 0;
        if (topic?.wanted === true && !due) topic.take(message);
        break;
      }
      case "watermark":
        this.#set(this.#status, { watermark: message.time, stale: message.stale });
        for (const [name, topic] of this.#topics) {
          const time = message.topics?.[name];
          topic.marked(time === undefined ? message.time : time, message.stale.includes(name));
        }
        break;
      case "subscribed":
        for (const description of message.topics) this.#subscribed(description);
        break;
      case "error":
        this.#wrong(message.message, message.topic);
        break;
      default: // `unsubscribed`, `pong`, and what later versions add
    }
  }

  #greeted(hello: Hello): void {
    if (hello.protocol !== 1) {
      throw new ProtocolError(`protocol ${hello.protocol}: this client speaks 1`);
    }
    this.#tries = 0;
    this.#set("open", {
      pipeline: hello.pipeline,
      streamId: hello.stream_id,
      connections: this.#line.connections + 1,
    });
    const wanted = [...this.#topics.values()].filter((topic) => topic.wanted);
    this.#subscribe(wanted.map((topic) => topic.name));
  }

  #ask(name: string, wanted: boolean): void {
    if (this.#status !== "open") return; // asked when there is a connection
    if (wanted) this.#subscribe([name]);
    else this.#say({ op: "unsubscribe", topics: [name] });
  }

  #subscribe(topics: readonly string[]): void {
    if (topics.length === 0) return;
    const seq: Record<string, number> = {};
    for (const name of topics) {
      this.#asked.set(name, (this.#asked.get(name) ?? 0) + 1);
      const last = this.#topics.get(name)?.resume();
      if (last !== undefined) seq[name] = last;
    }
    const resume = { stream_id: this.#line.streamId ?? "", seq };
    this.#say({ op: "subscribe", topics, resume });
  }

  #subscribed(description: TopicDescription): void {
    const { name } = description;
    this.#asked.set(name, (this.#asked.get(name) ?? 1) - 1);
    const topic = this.#topics.get(name);
    const differs = topic?.described(description) ?? null;
    if (topic === undefined || differs === null) return;
    this.#say({ op: "unsubscribe", topics: [name] });
    topic.end(differs);
  }

  #wrong(message: string, topic: string | undefined): void {
    if (topic === undefined) throw new ProtocolError(message);
    this.#topics.get(topic)?.end(new NoTopic(message));
  }

  #say(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }
}

/**
 * Connects to `ws://HOST:PORT/ws`, or from a page to `/ws` of the server that sent it, and again
 * whenever the connection is gone. Types come with `options.topics`; without them any topic has
 * rows of any columns.
 */
export function connect<T extends TopicTypes<T> = AnyTopics>(
  url: string,
  options: Options<T> = {},
): Client<T> {
  return new Client<T>(url, options);
}
