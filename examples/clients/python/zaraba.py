"""A client of zaraba's WebSocket: topics as asynchronous iterators of changes.

    async with zaraba.connect("ws://127.0.0.1:8225/ws") as client:
        async for change in client.topic("bars"):
            ...

One file, and `websockets` (PyPI) is all it needs. The protocol is docs/reference/websocket.md. What
it does beyond reading messages:

- A connection that breaks or falls silent is made again, after half a second and then later and
  later. Each topic goes on behind the last row that came; where that cannot be, a `Snapshot` comes
  and replaces what was there.
- Rows are counted: a hole in their numbers that the server does not call a gap is an error.
- Who reads slowly is not fed without end: at most `MESSAGES_MAX` messages of a topic wait, then
  nothing more is read, and the server says what it left out as a `Gap`, or sends the newest state.
  So read every topic that you ask for, or `stop()` it.

Integers of 64 bits are exact, times are texts in ISO 8601, decimals are texts, NaN is None.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect as open_socket
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

Row = dict[str, Any]

# Messages of one topic that wait for their reader.
MESSAGES_MAX = 64
# The server says something each second; one silent for so long is gone.
SILENCE_S = 10.0
# The first and the longest pause before it is tried again.
PAUSE_FIRST_S, PAUSE_MAX_S = 0.5, 30.0
# Answers to a handshake that another try will not change.
FINAL = (400, 401, 403, 404, 426)


class Refused(Exception):
    """The server will not have this client: a wrong token, a wrong address."""


class NoTopic(Exception):
    """The server has no topic of this name."""


class ProtocolError(Exception):
    """The server said what it may not say."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that there is, in place of what was there: an upsert topic's whole state, an append
    topic's newest rows. `last` is the number of the newest row."""

    topic: str
    last: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Append:
    """New rows, numbered `first` to `last`; `time` is the newest event time among them."""

    topic: str
    first: int
    last: int
    time: str | None
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Upsert:
    """Rows that are new or changed, and the keys of rows that are gone. It may stand for more
    changes than it has rows."""

    topic: str
    first: int
    last: int
    time: str | None
    rows: list[Row]
    deleted: list[Row]


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows of an append topic that will not come: this client was too slow, or away too long."""

    topic: str
    first: int
    last: int


Change = Snapshot | Append | Upsert | Gap


class Topic(AsyncIterator[Change]):
    """One topic: an iterator of its changes, and its state as of the change that was read last."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        # What the server says of it; none until it has answered.
        self.changelog: str | None = None
        self.key: list[str] = []
        self.columns: dict[str, str] = {}
        # An upsert topic's rows, by the values of their key columns.
        self.state: dict[tuple, Row] = {}
        # How far event time has come, and whether a source behind the topic is silent.
        self.watermark: str | None = None
        self.stale = False
        self._client = client
        self._waiting: deque[Change] = deque()
        self._news, self._room = asyncio.Event(), asyncio.Event()
        # The newest row that came, and the run of the server that numbered it.
        self._last = 0
        self._stream_id: str | None = None
        self._ended = False
        self._error: Exception | None = None

    async def __anext__(self) -> Change:
        while not self._waiting:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        change = self._waiting.popleft()
        self._room.set()
        if self.changelog == "upsert":
            self._apply(change)
        return change

    def stop(self) -> None:
        """No more of this topic; its iterator ends."""
        self._client._forget(self)
        self._waiting.clear()
        self._finish(None)

    def _apply(self, change: Change) -> None:
        if isinstance(change, Snapshot):
            self.state.clear()
        self.state.update((self._key_of(row), row) for row in change.rows)
        for gone in change.deleted if isinstance(change, Upsert) else ():
            self.state.pop(self._key_of(gone), None)

    def _key_of(self, row: Row) -> tuple:
        return tuple(row[column] for column in self.key)

    def _finish(self, error: Exception | None) -> None:
        """What waits is still read, then the iterator ends or raises."""
        if not self._ended:
            self._ended, self._error = True, error
        self._news.set()
        self._room.set()

    def _described(self, description: dict[str, Any]) -> None:
        self.changelog = description["changelog"]
        self.key = description["key"]
        self.columns = {column["name"]: column["type"] for column in description["schema"]}

    async def _take(self, message: dict[str, Any], stream_id: str) -> None:
        """Puts a message of the server where the iterator finds it, when there is room."""
        for change in self._changes(message, stream_id):
            while len(self._waiting) >= MESSAGES_MAX and not self._ended:
                self._room.clear()
                await self._room.wait()
            if not self._ended:
                self._waiting.append(change)
                self._news.set()

    def _changes(self, message: dict[str, Any], stream_id: str) -> list[Change]:
        kind, last = message["type"], message["last"]
        if kind == "snapshot":
            missed = self._missed(last - len(message["rows"]), stream_id)
            self._last, self._stream_id = last, stream_id
            return [*missed, Snapshot(self.name, last, message["rows"])]
        first = message["first"]
        if first != self._last + 1 or last < first:
            raise ProtocolError(f"rows {first} to {last} of `{self.name}` came after {self._last}")
        self._last = last
        if kind == "gap":
            return [Gap(self.name, first, last)]
        rows = message["rows"]
        if kind == "upsert":
            deleted = message["deleted"]
            return [Upsert(self.name, first, last, message["time"], rows, deleted)]
        if len(rows) != last + 1 - first:
            raise ProtocolError(f"{len(rows)} rows came as {first} to {last} of `{self.name}`")
        return [Append(self.name, first, last, message["time"], rows)]

    def _missed(self, until: int, stream_id: str) -> list[Change]:
        """Rows between those that came and a snapshot, where the server has counted on."""
        if self.changelog == "upsert" or stream_id != self._stream_id or until <= self._last:
            return []
        return [Gap(self.name, self._last + 1, until)]


class Client:
    """A connection that is kept up. `connect` makes one; `async with` starts and closes it."""

    def __init__(
        self, url: str, token: str | None, until_end: bool, options: dict[str, Any]
    ) -> None:
        self.url = url
        # What the server says: its pipeline, the id of its run, how values are written.
        self.pipeline: str | None = None
        self.stream_id: str | None = None
        self.encoding: dict[str, Any] = {}
        # How often a server said hello, and how the connection before ended.
        self.connections = 0
        self.trouble: str | None = None
        self._token, self._until_end, self._options = token, until_end, options
        self._topics: dict[str, Topic] = {}
        # Subscriptions that are not answered yet: until then rows are of the one before.
        self._asked: Counter[str] = Counter()
        # What is to be said on the connection that there is, once it has been greeted.
        self._outbox: asyncio.Queue[str] | None = None
        self._pause = PAUSE_FIRST_S
        self._ended = False
        self._error: Exception | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Client:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leaves; iterators end."""
        while self._task is not None and not self._task.done():
            # More than once: one that comes while a connection ends may be lost with it.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.1)
        self._finish(None)

    def topic(self, name: str) -> Topic:
        """A topic, from here on. There is one iterator a topic: a second call gives the same."""
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = Topic(self, name)
            if self._ended:
                topic._finish(self._error)
            self._subscribe([topic])
        return topic

    def _forget(self, topic: Topic) -> None:
        if self._topics.get(topic.name) is topic:
            del self._topics[topic.name]
            self._say(op="unsubscribe", topics=[topic.name])

    def _subscribe(self, topics: list[Topic]) -> None:
        """Asks for topics, each behind the row that came last, if this run numbered it."""
        if self._outbox is None or not topics:
            return  # asked when there is a connection
        self._asked.update(topic.name for topic in topics)
        seq = {t.name: t._last for t in topics if t._stream_id == self.stream_id}
        resume = {"stream_id": self.stream_id, "seq": seq}
        self._say(op="subscribe", topics=[t.name for t in topics], resume=resume)

    def _say(self, **op: Any) -> None:
        if self._outbox is not None:
            self._outbox.put_nowait(json.dumps(op))

    def _finish(self, error: Exception | None) -> None:
        self._ended, self._error = True, self._error or error
        for topic in self._topics.values():
            topic._finish(error)

    async def _run(self) -> None:
        """Connects, again and again, until nothing more can come."""
        while True:
            try:
                await self._connection()
            except InvalidStatus as error:
                answer = error.response
                self.trouble = f"{answer.status_code}: {answer.body.decode(errors='replace').strip()}"
                if answer.status_code in FINAL:
                    return self._finish(Refused(f"{self.url} answered {self.trouble}"))
            except (InvalidURI, ssl.SSLCertVerificationError) as error:
                return self._finish(Refused(f"{self.url}: {error}"))
            except ConnectionClosed as error:
                self.trouble = str(error)
                if self._until_end and error.rcvd is not None and error.rcvd.code == 1000:
                    return self._finish(None)
            except TimeoutError:
                self.trouble = f"nothing came for {SILENCE_S:.0f} s"
            except (OSError, InvalidHandshake) as error:
                self.trouble = str(error)
            except Exception as error:  # readers must hear of it, whatever it is
                return self._finish(error)
            await asyncio.sleep(self._pause * random.uniform(0.5, 1.0))
            self._pause = min(2 * self._pause, PAUSE_MAX_S)

    async def _connection(self) -> None:
        """One connection to its end, which is an exception."""
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{self.url}?topics="  # none yet: they are subscribed to by message
        async with open_socket(
            url,
            additional_headers=headers,
            max_size=None,  # a snapshot may be large
            ping_interval=None,  # the watermark of each second says that the server is there
            **self._options,
        ) as socket:
            self._greeted(await self._heard(socket))
            writer = asyncio.create_task(self._write(socket, self._outbox))
            try:
                while True:
                    await self._hear(await self._heard(socket))
            finally:
                self._outbox = None
                writer.cancel()

    @staticmethod
    async def _heard(socket: ClientConnection) -> dict[str, Any]:
        async with asyncio.timeout(SILENCE_S):
            return json.loads(await socket.recv())

    async def _write(self, socket: ClientConnection, outbox: asyncio.Queue[str]) -> None:
        """Says what is to be said; a connection that breaks is noticed by the one who reads."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                await socket.send(await outbox.get())

    async def _hear(self, message: dict[str, Any]) -> None:
        kind = message["type"]
        if kind in ("snapshot", "append", "upsert", "gap"):
            topic = self._topics.get(message["topic"])
            if topic is not None and self._asked[topic.name] == 0:
                await topic._take(message, self.stream_id)
        elif kind == "watermark":
            each = message.get("topics", {})
            for topic in self._topics.values():
                topic.watermark = each.get(topic.name, message["time"])
                topic.stale = topic.name in message["stale"]
        elif kind == "subscribed":
            for description in message["topics"]:
                self._asked[description["name"]] -= 1
                if description["name"] in self._topics:
                    self._topics[description["name"]]._described(description)
        elif kind == "error" and "topic" in message:
            if (topic := self._topics.pop(message["topic"], None)) is not None:
                topic._finish(NoTopic(message["message"]))
        elif kind == "error":
            raise ProtocolError(message["message"])

    def _greeted(self, hello: dict[str, Any]) -> None:
        if hello["protocol"] != 1:
            raise ProtocolError(f"protocol {hello['protocol']}: this client speaks 1")
        self.pipeline, self.stream_id = hello["pipeline"], hello["stream_id"]
        self.encoding = hello["encoding"]
        self.connections += 1
        self._pause = PAUSE_FIRST_S
        self._outbox = asyncio.Queue()
        self._asked.clear()
        self._subscribe(list(self._topics.values()))


def connect(
    url: str, *, token: str | None = None, until_end: bool = False, **options: Any
) -> Client:
    """A client of the server at `url` (`ws://HOST:PORT/ws`), to be used with `async with`.

    `token` goes into the header `Authorization`. `until_end`: iterators end when the pipeline has
    ended; otherwise it is waited for to run again. Other options are those of `websockets`:
    `ssl` with a context that trusts the server's certificate, `proxy`, `compression`.
    """
    return Client(url, token, until_end, options)
