// The WebSocket: one connection for the page, which comes back by itself and goes on where it was
// (`resume`). Views ask for topics by `follow`; what arrives is handed to the topics' models.

/** Waits between attempts, in milliseconds: doubled up to the longest, each with some chance. */
const WAIT = { first: 500, longest: 10_000 };
/** The server speaks each second; silent so long, the connection is dead. */
const SILENCE = 10_000;

/** Events: `state`, `watermark`, `topic` (one was touched). */
export class Feed extends EventTarget {
  /** What is known of topics: name to model, made by `model(name, description)`. */
  #topics = new Map();
  #wanted = new Set();
  #socket = null;
  #attempts = 0;
  #timer = 0;
  #heard = 0;

  constructor(url, model) {
    super();
    this.url = url;
    this.model = model;
    this.streamId = null;
    /** connecting, open, waiting or ended */
    this.state = "connecting";
    this.reason = "";
    this.retryAt = 0;
    this.watermark = null;
  }

  start() {
    this.#connect();
    setInterval(() => this.#watch(), 1_000);
    addEventListener("online", () => this.again());
    document.addEventListener("visibilitychange", () => !document.hidden && this.again());
  }

  /** The model of a topic, if its description has come. */
  topic(name) {
    return this.#topics.get(name);
  }

  /** From now on exactly these topics. */
  follow(names) {
    const next = new Set(names);
    const gone = [...this.#wanted].filter((name) => !next.has(name));
    const come = [...next].filter((name) => !this.#wanted.has(name));
    this.#wanted = next;
    if (this.state !== "open") return;
    if (gone.length) this.#send({ op: "unsubscribe", topics: gone });
    if (come.length) this.#subscribe(come);
  }

  /** Does not wait any longer for the next attempt. */
  again() {
    if (this.state !== "waiting") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #connect() {
    this.#set("connecting");
    this.#heard = Date.now();
    const socket = new WebSocket(this.url, ["zaraba.v1.json"]);
    this.#socket = socket;
    const mine = (work) => (event) => this.#socket === socket && work(event);
    socket.addEventListener("message", mine((event) => this.#take(event.data)));
    socket.addEventListener("close", mine((event) => this.#closed(event)));
  }

  #closed(event) {
    this.#socket = null;
    const chance = 0.5 + Math.random() / 2;
    const wait = Math.min(WAIT.first * 2 ** this.#attempts, WAIT.longest) * chance;
    this.#attempts += 1;
    this.reason = event.reason;
    this.retryAt = Date.now() + wait;
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#set("waiting");
  }

  #watch() {
    const silent = Date.now() - this.#heard > SILENCE;
    if (!silent || !this.#socket) return;
    const dead = this.#socket;
    // A dead connection may take minutes to close: it is left alone.
    this.#closed({ reason: "" });
    dead.close();
  }

  #set(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #subscribe(topics) {
    const seen = topics.map((name) => this.#topics.get(name)).filter((topic) => topic?.last !== null && topic);
    const seq = Object.fromEntries(seen.map((topic) => [topic.name, topic.last]));
    const resume = seen.length ? { stream_id: this.streamId, seq } : undefined;
    this.#send({ op: "subscribe", topics, resume });
  }

  #take(text) {
    this.#heard = Date.now();
    const message = JSON.parse(text);
    switch (message.type) {
      case "hello":
        this.#greet(message);
        break;
      case "subscribed":
        message.topics.forEach((topic) => this.#describe(topic));
        break;
      case "watermark":
        this.watermark = message;
        this.dispatchEvent(new CustomEvent("watermark", { detail: message }));
        break;
      default: {
        const topic = this.#topics.get(message.topic);
        if (!topic) break;
        topic.apply(message);
        this.dispatchEvent(new CustomEvent("topic", { detail: topic.name }));
      }
    }
  }

  #greet(hello) {
    if (this.streamId && this.streamId !== hello.stream_id) {
      // Another run: its rows are numbered anew.
      this.#topics.forEach((topic) => topic.restart());
    }
    this.streamId = hello.stream_id;
    this.#attempts = 0;
    this.reason = "";
    this.#set("open");
    if (this.#wanted.size) this.#subscribe([...this.#wanted]);
  }

  #describe(description) {
    const known = this.#topics.get(description.name);
    if (known && known.shape === JSON.stringify(description)) return;
    this.#topics.set(description.name, this.model(description));
    this.dispatchEvent(new CustomEvent("topic", { detail: description.name }));
  }
}
