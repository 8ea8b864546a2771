/**
 * The socket, as browsers, Node and `ws` have it, and what a failed handshake was answered.
 */

/** The part of a WebSocket that the client uses. */
export interface Socket {
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(text: string): void;
  close(): void;
}

/** A class like the browser's `WebSocket`. */
export type SocketMaker = new (url: string, protocols: string[]) => Socket;

/** How long an answer is waited for, in milliseconds. */
const ANSWER = 5_000;
/** Answers that another try will not change. */
const FINAL = [400, 401, 403, 404, 426];

/** What makes sockets. A token goes as a subprotocol, since a browser sends no headers. */
export function socketMaker(
  given: SocketMaker | undefined,
  token: string | undefined,
): (url: string) => Socket {
  const Maker = given ?? (globalThis as { WebSocket?: SocketMaker }).WebSocket;
  const protocols = ["zaraba.v1.json"];
  if (token !== undefined) protocols.push(`zaraba.auth.${base64url(token)}`);
  return (url) => {
    if (Maker === undefined) {
      throw new Error("there is no WebSocket here: give one, `connect(url, { webSocket })`");
    }
    return new Maker(url, protocols);
  };
}

function base64url(text: string): string {
  const bytes = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What the server answers to a plain request; none if it may well let us in later. */
export async function whyRefused(url: string, token: string | undefined): Promise<string | null> {
  const address = new URL("/api/topics", url.replace(/^ws/, "http"));
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  try {
    const answer = await fetch(address, { headers, signal: AbortSignal.timeout(ANSWER) });
    if (!FINAL.includes(answer.status)) return null;
    return `${address.origin} answered ${answer.status}: ${(await answer.text()).trim()}`;
  } catch {
    return null; // it is not there, or may not be asked from this page
  }
}
