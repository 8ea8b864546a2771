"""Asks a server whether it speaks the protocol of docs/reference/websocket.md.

    python run.py ws://127.0.0.1:8225/ws --append ticks --upsert newest

Written from that page alone, with `websockets` (PyPI) and nothing of the server. Both topics must
get rows all the while. `--token` where the server wants one; `--flood` names an append topic that
gets rows faster than they can be read, `--cafile` the certificate to trust. Each check prints a
line; the exit code is 1 if one failed.
"""

import argparse
import asyncio
import base64
import json
import socket
import ssl
import struct
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.asyncio.client import connect

PATIENCE = 20
# Runs only while something is awaited: a client that waits for nothing reads nothing.
LOOP = asyncio.new_event_loop()


class Failed(Exception):
    """What was expected and what came."""


def expect(right, message):
    if not right:
        raise Failed(message)


class Client:
    """A connection that gives messages as dictionaries, and raw frames where they are binary."""

    def __init__(self, about, query="", protocols=(), token=True, origin=None, small=False):
        url = urllib.parse.urlsplit(about.url)
        headers = {}
        if token and about.token:
            headers["Authorization"] = f"Bearer {about.token}"
        options = {"max_queue": 1} if small else {}
        if small:
            raw = socket.socket(socket.AF_INET6 if ":" in url.hostname else socket.AF_INET)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.connect((url.hostname, url.port))
            raw.setblocking(False)
            options["sock"] = raw
        if url.scheme == "wss":
            options["ssl"] = about.tls
        self.context = connect(
            about.url + query,
            additional_headers=headers,
            subprotocols=list(protocols) or None,
            origin=origin,
            compression=None,
            max_size=None,
            proxy=None,
            close_timeout=1,
            ping_interval=None,
            **options,
        )
        self.socket = LOOP.run_until_complete(self.context.__aenter__())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        LOOP.run_until_complete(self.context.__aexit__(None, None, None))

    def raw(self):
        return LOOP.run_until_complete(asyncio.wait_for(self.socket.recv(), PATIENCE))

    def next(self, kind=None, topic=None):
        """The next message, or the next of a kind and topic."""
        until = time.monotonic() + PATIENCE
        while True:
            expect(time.monotonic() < until, f"no {kind or 'message'} of {topic or 'any topic'} came")
            message = self.raw()
            expect(isinstance(message, str), "a binary frame, without the subprotocol for it")
            message = json.loads(message)
            if kind in (None, message["type"]) and topic in (None, message.get("topic")):
                return message

    def say(self, **op):
        self.send(json.dumps(op))

    def send(self, text):
        LOOP.run_until_complete(self.socket.send(text))

    def drop(self):
        """Breaks off without a word."""
        self.socket.transport.abort()


def status(about, **how):
    """What the handshake is answered."""
    try:
        with Client(about, **how):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def follow(client, topic, messages):
    """So many messages of a topic, each beginning where the one before ended."""
    got = [client.next("snapshot", topic)]
    last = got[0]["last"]
    while len(got) <= messages:
        message = client.next(topic=topic)
        expect(message["first"] == last + 1, f"{message['first']} after {last} of {topic}")
        expect(message["last"] >= message["first"], f"an empty range: {message}")
        last = message["last"]
        got.append(message)
    return got


def hello(about):
    with Client(about, f"?topics={about.append},{about.upsert}") as client:
        first = client.next()
        expect(first["type"] == "hello", f"first came {first['type']}")
        expect(first["protocol"] == 1, f"protocol {first['protocol']}")
        for name in ("pipeline", "stream_id", "encoding"):
            expect(first.get(name), f"`{name}` is missing")
        topics = {topic["name"]: topic for topic in first["topics"]}
        expect(list(topics) == [about.append, about.upsert], f"topics {list(topics)}")
        expect(topics[about.append]["changelog"] == "append", "not an append topic")
        upsert = topics[about.upsert]
        columns = [column["name"] for column in upsert["schema"]]
        expect(upsert["changelog"] == "upsert", "not an upsert topic")
        expect(set(upsert["key"]) <= set(columns), f"key {upsert['key']} of {columns}")
        row = client.next("snapshot", about.append)["rows"]
        names = [column["name"] for column in topics[about.append]["schema"]]
        expect(all(list(r) == names for r in row), f"rows of other columns than {names}")


def all_topics(about):
    with Client(about) as client:
        named = [topic["name"] for topic in client.next("hello")["topics"]]
    expect(about.append in named and about.upsert in named, f"without topics=: {named}")


def append(about):
    with Client(about, f"?topics={about.append}") as client:
        for message in follow(client, about.append, 20)[1:]:
            expect(message["type"] == "append", f"{message['type']} of an append topic")
            count = message["last"] - message["first"] + 1
            expect(len(message["rows"]) == count, f"{len(message['rows'])} rows for {count}")
            expect("time" in message, "`time` is missing")


def upsert(about):
    """A state made of deltas is the state that a snapshot has."""
    with Client(about, f"?topics={about.upsert}") as client:
        key = client.next("hello")["topics"][0]["key"]
        of = lambda row: tuple(row[name] for name in key)
        message = client.next("snapshot")
        state = {of(row): row for row in message["rows"]}
        for _ in range(50):
            with Client(about, f"?topics={about.upsert}") as other:
                there = other.next("snapshot")
            while message["last"] < there["last"]:
                before = message["last"]
                message = client.next("upsert")
                expect(message["first"] == before + 1, f"{message['first']} after {before}")
                state.update((of(row), row) for row in message["rows"])
                for gone in message["deleted"]:
                    state.pop(of(gone), None)
            if message["last"] == there["last"]:
                rows = {of(row): row for row in there["rows"]}
                expect(rows == state, "the deltas lead to another state than the snapshot's")
                return
    raise Failed("no snapshot ended where a delta does")


def heartbeat(about):
    with Client(about, f"?topics={about.append}") as client:
        client.next("watermark")
        for _ in range(3):
            since = time.monotonic()
            message = client.next("watermark")
            took = time.monotonic() - since
            expect(took < 2.5, f"a watermark after {took:.1f} s")
            expect("time" in message and isinstance(message["stale"], list), f"{message}")


def questions(about):
    with Client(about, "?topics=") as client:
        expect(client.next("hello")["topics"] == [], "`topics=` names none")
        client.say(op="ping")
        client.next("pong")
        for wrong in ("}", '{"op":"sing"}', '{"op":"subscribe","topics":["no_such_topic"]}'):
            client.send(wrong)
            expect(client.next("error").get("message"), f"no message for {wrong}")
        client.say(op="subscribe", topics=[about.append])
        answer = client.next("subscribed")
        expect(about.append in [t["name"] for t in answer["topics"]], f"{answer}")
        follow(client, about.append, 2)
        client.say(op="unsubscribe", topics=[about.append])
        client.next("unsubscribed")
        client.say(op="ping")
        expect(client.next()["type"] in ("pong", "watermark"), "rows after unsubscribing")


def resume(about):
    with Client(about, f"?topics={about.append}") as client:
        stream_id = client.next("hello")["stream_id"]
        last = follow(client, about.append, 3)[-1]["last"]
        client.drop()
    time.sleep(0.5)
    again = {"stream_id": stream_id, "seq": {about.append: last}}
    with Client(about, "?topics=") as client:
        client.say(op="subscribe", topics=[about.append], resume=again)
        first = client.next(topic=about.append)
        expect(first["type"] == "append", f"resume is answered by a {first['type']}")
        expect(first["first"] == last + 1, f"resumed at {first['first']}, not {last + 1}")
        client.say(op="subscribe", topics=[about.append], resume={**again, "stream_id": "other"})
        client.next("subscribed")
        client.next("snapshot", about.append)


def gap(about):
    """A client that does not read is told what it missed, and then goes on without a hole."""
    with Client(about, f"?topics={about.flood}", small=True) as client:
        last = client.next("snapshot", about.flood)["last"]
        time.sleep(about.pause)
        until = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < until:
            message = client.next(topic=about.flood)
            expect(message["first"] == last + 1, f"{message['first']} after {last}")
            last = message["last"]
            if message["type"] == "gap":
                expect("rows" not in message, "a gap with rows")
                follows = client.next(topic=about.flood)
                expect(follows["first"] == last + 1, f"{follows['first']} after a gap to {last}")
                return
            expect(message["type"] == "append", f"{message['type']} of an append topic")
    raise Failed("no gap: the topic is slower than the reader")


def integers(about):
    with Client(about, f"?topics={about.append}&int64=string") as client:
        hello = client.next("hello")
        expect(hello["encoding"]["int64"] == "string", f"{hello['encoding']}")
        wide = [c["name"] for c in hello["topics"][0]["schema"] if c["type"] == "int64"]
        rows = client.next("append")["rows"]
        expect(all(isinstance(row[name], str) for row in rows for name in wide), "numbers")
    expect(status(about, query="?int64=hex") == 400, "int64=hex is taken")


def arrow(about):
    query = f"?topics={about.append},{about.upsert}"
    seen = set()
    with Client(about, query, protocols=["zaraba.v1.arrow"]) as client:
        expect(client.socket.subprotocol == "zaraba.v1.arrow", "the subprotocol is not chosen")
        expect(json.loads(client.raw())["encoding"]["rows"] == "arrow", "not said in hello")
        while seen != {"snapshot", "append", "upsert"}:
            frame = client.raw()
            if isinstance(frame, str):
                expect("rows" not in json.loads(frame), "rows in a text frame")
                continue
            (length,) = struct.unpack_from("<I", frame)
            expect((4 + length) % 8 == 0, f"the stream begins at {4 + length}")
            header = json.loads(frame[4 : 4 + length])
            streams = frame[4 + length :]
            rows, deleted = header["rows"], header.get("deleted", {"count": 0, "bytes": 0})
            expect(len(streams) == rows["bytes"] + deleted["bytes"], f"{len(streams)}: {header}")
            expect(streams[:4] == b"\xff\xff\xff\xff", "not an Arrow IPC stream")
            if header["type"] == "append":
                expect(rows["count"] == header["last"] - header["first"] + 1, f"{header}")
            seen.add(header["type"])


def origins(about):
    evil = "https://evil.example"
    expect(status(about, origin=evil) == 403, "a page of another origin may come in")
    expect(status(about, origin="null") == 403, "a page without an origin may come in")
    expect(get(about, "/api/topics", Origin=evil)[0] == 403, "another page may read a topic")


def tokens(about):
    encode = lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    expect(status(about, token=False) == 401, "without a token")
    in_url = f"?token={urllib.parse.quote(about.token)}"
    expect(status(about, token=False, query=in_url) == 401, "with the token in the URL")
    for token, expected in ((about.token, 101), (about.token[:-1] + "~", 401)):
        protocols = ["zaraba.v1.json", "zaraba.auth." + encode(token)]
        got = status(about, token=False, protocols=protocols)
        expect(got == expected, f"by the subprotocol: {got}, not {expected}")
        got = get(about, "/api/topics", token=False, Cookie=f"zaraba_token={encode(token)}")[0]
        expect(got == (200 if expected == 101 else 401), f"by the cookie: {got}")
    code, headers, _ = get(about, "/api/topics", token=False)
    expect(code == 401 and "Bearer" in headers.get("WWW-Authenticate", ""), f"{code} {headers}")


def get(about, path, token=True, **headers):
    """Status, headers and body of a plain request."""
    url = urllib.parse.urlsplit(about.url)
    scheme = "https" if url.scheme == "wss" else "http"
    if token and about.token:
        headers["Authorization"] = f"Bearer {about.token}"
    request = urllib.request.Request(f"{scheme}://{url.netloc}{path}", headers=headers)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=about.tls)
    )
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def plain(about):
    for path in ("/health/live", "/health/ready", "/metrics", "/api/graph"):
        expect(get(about, path)[0] == 200, path)
    topic = f"/api/topics/{about.upsert}"
    rows = json.loads(get(about, topic)[2])["rows"]
    expect(rows and isinstance(rows, list), f"{topic}: {rows}")
    lines = get(about, topic, Accept="text/csv")[2].decode().splitlines()
    expect(lines[0] == ",".join(rows[0]), f"the head of the CSV is {lines[0]}")
    arrow = get(about, topic, Accept="application/vnd.apache.arrow.stream")[2]
    expect(arrow[:4] == b"\xff\xff\xff\xff", "not an Arrow IPC stream")
    code, _, text = get(about, "/api/topics/no_such_topic")
    expect(code == 404 and about.append in text.decode(), f"{code} {text}")
    expect(get(about, topic, Accept="image/png")[0] == 406, "image/png is there")


def large(about):
    with Client(about, "?topics=") as client:
        client.next("hello")
        try:
            client.send(" " * (1 << 20))
            while True:
                client.next()
        except ConnectionClosed:
            pass
    with Client(about, "?topics=") as client:
        client.next("hello")


CHECKS = [hello, all_topics, append, upsert, heartbeat, questions, resume, integers, arrow]
CHECKS += [origins, plain, large]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="ws://HOST:PORT/ws")
    parser.add_argument("--append", required=True, help="an append topic")
    parser.add_argument("--upsert", required=True, help="an upsert topic")
    parser.add_argument("--flood", help="an append topic faster than a reader")
    parser.add_argument("--pause", type=float, default=8, help="how long the slow reader sleeps")
    parser.add_argument("--token", help="what the server wants")
    parser.add_argument("--cafile", help="the certificate to trust, for wss://")
    about = parser.parse_args()
    about.tls = ssl.create_default_context(cafile=about.cafile)
    checks = CHECKS + ([tokens] if about.token else []) + ([gap] if about.flood else [])
    failed = 0
    for check in checks:
        try:
            check(about)
            print(f"ok {check.__name__}", flush=True)
        except Exception as error:  # one that fails must not hide the others
            failed += 1
            print(f"not ok {check.__name__}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
