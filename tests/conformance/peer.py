"""A connection as the checks want it: messages as dictionaries, waits that end, plain requests."""

import asyncio
import base64
import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

PATIENCE = 20
# Runs only while something is awaited: a client that waits for nothing reads nothing.
LOOP = asyncio.new_event_loop()


class Failed(Exception):
    """What was expected and what came."""


def expect(right, message):
    if not right:
        raise Failed(message)


def parse(text):
    """JSON as it is written down: NaN and Infinity are not."""

    def wrong(word):
        raise Failed(f"{word} is not JSON")

    return json.loads(text, parse_constant=wrong)


class Client:
    """A connection that gives messages as dictionaries, and raw frames where they are binary."""

    def __init__(
        self, about, query="", protocols=(), token=True, origin=None, small=False, **headers
    ):
        url = urllib.parse.urlsplit(about.url)
        if token and about.token:
            headers["Authorization"] = f"Bearer {about.token}"
        options = {"max_queue": 1} if small else {}
        if small:
            raw = socket.socket(socket.AF_INET6 if ":" in url.hostname else socket.AF_INET)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            raw.connect((url.hostname, url.port or (443 if url.scheme == "wss" else 80)))
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
            message = parse(message)
            if kind in (None, message["type"]) and topic in (None, message.get("topic")):
                return message

    def say(self, **op):
        self.send(json.dumps(op))

    def send(self, frame):
        LOOP.run_until_complete(self.socket.send(frame))

    def ping(self):
        """Sends a ping of the WebSocket itself and waits for its pong."""

        async def answered():
            await asyncio.wait_for(await self.socket.ping(), PATIENCE)

        LOOP.run_until_complete(answered())

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


class State:
    """An upsert topic's rows by key, as a client keeps them."""

    def __init__(self, key, snapshot):
        self.key, self.last = key, snapshot["last"]
        self.rows = {self.of(row): row for row in snapshot["rows"]}

    def of(self, row):
        return tuple(row[name] for name in self.key)

    def take(self, message):
        expect(message["type"] == "upsert", f"{message['type']} of an upsert topic")
        expect(message["first"] == self.last + 1, f"{message['first']} after {self.last}")
        rows, deleted = message["rows"], message["deleted"]
        for gone in deleted:
            expect(list(gone) == self.key, f"a deleted row has {list(gone)}, not the key {self.key}")
        keys = [self.of(row) for row in rows + deleted]
        expect(len(set(keys)) == len(keys), f"a key twice in one message: {message['first']}")
        count = message["last"] - message["first"] + 1
        expect(len(keys) <= count, f"{len(keys)} rows for {count} changes")
        self.rows.update((self.of(row), row) for row in rows)
        for gone in deleted:
            self.rows.pop(self.of(gone), None)
        self.last = message["last"]
        return count > len(keys)

    def is_the_snapshots(self, about, topic, client):
        """Reads on until a snapshot that another client gets ends where a change ends."""
        for _ in range(50):
            with Client(about, f"?topics={topic}") as other:
                there = other.next("snapshot")
            while self.last < there["last"]:
                self.take(client.next("upsert"))
            if self.last == there["last"]:
                rows = {self.of(row): row for row in there["rows"]}
                expect(rows == self.rows, "the changes lead to another state than the snapshot's")
                return
        raise Failed("no snapshot ended where a change does")


def get(about, path, token=True, body=None, **headers):
    """Status, headers and body of a plain request; a POST if it has a body."""
    url = urllib.parse.urlsplit(about.url)
    scheme = "https" if url.scheme == "wss" else "http"
    if token and about.token:
        headers["Authorization"] = f"Bearer {about.token}"
    data = None if body is None else body.encode()
    request = urllib.request.Request(f"{scheme}://{url.netloc}{path}", data, headers)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=about.tls)
    )
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def encoded(token):
    """A token as a subprotocol and a cookie have it."""
    return base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
