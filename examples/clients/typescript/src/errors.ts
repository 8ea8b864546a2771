/** What ends a client or a topic for good. Everything else is tried again. */

/** The server will not have this client: a wrong token, a wrong address. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** The server has no topic of this name, or one that is not what the types say. */
export class NoTopic extends Error {
  override readonly name = "NoTopic";
}

/** The server said what it may not say. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}
