"""What comes over the connection: greetings, rows without a hole, resuming, gaps, encodings."""

import json
import re
import struct
import time

from websockets.exceptions import ConnectionClosed

from peer import Client, Failed, PATIENCE, State, expect, follow, status

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")


def hello(about):
    """first comes hello, and says what the topics are"""
    with Client(about, f"?topics={about.append},{about.upsert}") as client:
        first = client.next()
        expect(first["type"] == "hello", f"first came {first['type']}")
        expect(first["protocol"] == 1, f"protocol {first['protocol']}")
        for name in ("pipeline", "stream_id", "encoding"):
            expect(first.get(name), f"`{name}` is missing")
        topics = {topic["name"]: topic for topic in first["topics"]}
        expect(list(topics) == [about.append, about.upsert], f"topics {list(topics)}")
        append, upsert = topics[about.append], topics[about.upsert]
        expect(append["changelog"] == "append", "not an append topic")
        expect(append["key"] == [], f"an append topic with the key {append['key']}")
        for column in append["schema"] + upsert["schema"]:
            expect(isinstance(column["type"], str), f"a column without a type: {column}")
            expect(column["nullable"] in (True, False), f"`nullable` is missing: {column}")
        columns = [column["name"] for column in upsert["schema"]]
        expect(upsert["changelog"] == "upsert", "not an upsert topic")
        expect(set(upsert["key"]) <= set(columns), f"key {upsert['key']} of {columns}")
        rows = client.next("snapshot", about.append)["rows"]
        names = [column["name"] for column in append["schema"]]
        expect(all(list(row) == names for row in rows), f"rows of other columns than {names}")


def all_topics(about):
    """a client that names no topic gets all of them, with a snapshot of each"""
    with Client(about) as client:
        named = [topic["name"] for topic in client.next("hello")["topics"]]
        expect(about.append in named and about.upsert in named, f"without topics=: {named}")
        wanted = set(named)
        until = time.monotonic() + PATIENCE
        while wanted:
            expect(time.monotonic() < until, f"no snapshot of {wanted}")
            wanted.discard(client.next("snapshot")["topic"])


def append(about):
    """rows of an append topic are numbered without a hole from the snapshot on"""
    with Client(about, f"?topics={about.append}") as client:
        for message in follow(client, about.append, 20)[1:]:
            expect(message["type"] == "append", f"{message['type']} of an append topic")
            count = message["last"] - message["first"] + 1
            expect(len(message["rows"]) == count, f"{len(message['rows'])} rows for {count}")
            expect(TIME.fullmatch(message["time"]), f"`time` is {message['time']}")


def upsert(about):
    """a snapshot and the changes since are what a later snapshot has"""
    with Client(about, f"?topics={about.upsert}") as client:
        key = client.next("hello")["topics"][0]["key"]
        state = State(key, client.next("snapshot"))
        for _ in range(20):
            state.take(client.next("upsert"))
        state.is_the_snapshots(about, about.upsert, client)


def heartbeat(about):
    """a watermark comes at least each second, also where there are no topics"""
    for query in (f"?topics={about.append}", "?topics="):
        with Client(about, query) as client:
            newest = client.next("watermark")["time"]
            for _ in range(3):
                since = time.monotonic()
                message = client.next("watermark")
                took = time.monotonic() - since
                expect(took < 2.5, f"a watermark after {took:.1f} s")
                expect(isinstance(message["stale"], list), f"{message}")
                if (at := message["time"]) is not None:
                    expect(TIME.fullmatch(at), f"`time` is {at}")
                    expect(newest is None or at >= newest, f"{at} after {newest}")
                newest = message["time"]


def stale(about):
    """a topic whose source has been silent for too long is told as stale, others are not"""
    with Client(about, f"?topics={about.append},{about.stale}") as client:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            named = client.next("watermark")["stale"]
            expect(about.append not in named, f"{about.append} is stale, and has rows all the while")
            if about.stale in named:
                return
    raise Failed(f"{about.stale} is not stale")


def questions(about):
    """subscribe, unsubscribe and ping are answered; what is wrong is told and changes nothing"""
    with Client(about, "?topics=") as client:
        expect(client.next("hello")["topics"] == [], "`topics=` names none")
        client.say(op="ping")
        client.next("pong")
        client.ping()
        for wrong in (
            "}",
            "[]",
            '{"op":"sing"}',
            '{"op":"subscribe","topics":"all"}',
            '{"op":"subscribe","topics":[],"resume":{"seq":{}}}',
            b"binary",
        ):
            client.send(wrong)
            expect(client.next("error").get("message"), f"no message for {wrong}")
        client.say(op="subscribe", topics=["no_such_topic", about.append])
        answer = client.next("subscribed")
        named = [topic["name"] for topic in answer["topics"]]
        expect(named == [about.append], f"{answer}")
        expect(answer["topics"][0]["schema"], f"without a schema: {answer}")
        error = client.next("error")
        expect(error.get("topic") == "no_such_topic", f"{error}")
        expect(about.append in error["message"], f"the topics there are: {error}")
        follow(client, about.append, 2)
        client.say(op="unsubscribe", topics=[about.append])
        client.next("unsubscribed")
        client.say(op="ping")
        while (message := client.next())["type"] != "pong":
            expect(message["type"] == "watermark", f"{message['type']} after unsubscribing")


def resume(about):
    """a client that comes back gets what it missed, and a snapshot where that cannot be"""
    with Client(about, f"?topics={about.append},{about.upsert}") as client:
        greeting = client.next("hello")
        key = greeting["topics"][1]["key"]
        state = State(key, client.next("snapshot", about.upsert))
        client.drop()
    with Client(about, f"?topics={about.append}") as client:
        last = follow(client, about.append, 3)[-1]["last"]
        client.drop()
    time.sleep(0.5)
    stream_id = greeting["stream_id"]
    seq = {about.append: last, about.upsert: state.last}
    with Client(about, "?topics=") as client:
        expect(client.next("hello")["stream_id"] == stream_id, "another stream_id in the same run")
        again = {"stream_id": stream_id, "seq": seq}
        client.say(op="subscribe", topics=[about.append], resume=again)
        first = client.next(topic=about.append)
        expect(first["type"] == "append", f"resume is answered by a {first['type']}")
        expect(first["first"] == last + 1, f"resumed at {first['first']}, not {last + 1}")
        client.say(op="subscribe", topics=[about.upsert], resume=again)
        state.take(client.next(topic=about.upsert))
        state.is_the_snapshots(about, about.upsert, client)
        for wrong in (
            {**again, "stream_id": "another"},
            {**again, "seq": {about.append: 1 << 50}},
            {**again, "seq": {}},
        ):
            client.say(op="subscribe", topics=[about.append], resume=wrong)
            client.next("subscribed")
            message = client.next(topic=about.append)
            expect(message["type"] == "snapshot", f"{message['type']} for {wrong}")
            after = client.next(topic=about.append)
            expect(after["first"] == message["last"] + 1, f"{after['first']} after a snapshot")


def too_old(about):
    """a seq whose rows are not kept any more gets a snapshot"""
    with Client(about, "?topics=") as client:
        stream_id = client.next("hello")["stream_id"]
        until = time.monotonic() + 3 * PATIENCE
        while time.monotonic() < until:
            again = {"stream_id": stream_id, "seq": {about.flood: 1}}
            client.say(op="subscribe", topics=[about.flood], resume=again)
            client.next("subscribed")
            message = client.next(topic=about.flood)
            client.say(op="unsubscribe", topics=[about.flood])
            client.next("unsubscribed")
            if message["type"] == "snapshot":
                return
            expect(message["first"] == 2, f"resumed at {message['first']}, not 2")
            time.sleep(0.5)
    raise Failed(f"the first rows of `{about.flood}` are still kept")


def gap(about):
    """a client that does not read is told what it missed, then goes on without a hole"""
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


def conflated(about):
    """a slow client of an upsert topic gets one message for many changes, and the newest state"""
    with Client(about, f"?topics={about.churn}", small=True) as client:
        key = client.next("hello")["topics"][0]["key"]
        state = State(key, client.next("snapshot"))
        time.sleep(about.pause)
        until = time.monotonic() + 3 * PATIENCE
        merged = False
        while not merged and time.monotonic() < until:
            merged = state.take(client.next(topic=about.churn))
    expect(merged, "each change came: the topic is slower than the reader")
    # Its state is compared at a client that reads as fast as it can.
    with Client(about, "?topics=") as client:
        stream_id = client.next("hello")["stream_id"]
        again = {"stream_id": stream_id, "seq": {about.churn: state.last}}
        client.say(op="subscribe", topics=[about.churn], resume=again)
        state.is_the_snapshots(about, about.churn, client)


def too_slow(about):
    """one that takes nothing for as long as the server waits is closed with 1013"""
    codes = []
    # The server waits a little for its goodbye to be read: the moment is met within some tries.
    for more in (1.0, 2.5, 0.5, 4.0):
        with Client(about, f"?topics={about.flood}", small=True) as client:
            client.next("snapshot", about.flood)
            time.sleep(about.slow + more)
            try:
                until = time.monotonic() + PATIENCE
                while time.monotonic() < until:
                    client.raw()
                codes.append("still open")
            except ConnectionClosed as closed:
                codes.append(closed.rcvd.code if closed.rcvd else "broken off")
        if codes[-1] == 1013:
            return
    raise Failed(f"closed with {codes}")


def integers(about):
    """int64=string writes 64-bit integers as texts, and hello says so"""
    with Client(about, f"?topics={about.append},{about.upsert}&int64=string") as client:
        hello = client.next("hello")
        expect(hello["encoding"]["int64"] == "string", f"{hello['encoding']}")
        for topic in hello["topics"]:
            schema = topic["schema"]
            wide = [c["name"] for c in schema if c["type"] in ("int64", "uint64")]
            kind = "append" if topic["changelog"] == "append" else "upsert"
            message = client.next(kind, topic["name"])
            rows = message["rows"] + message.get("deleted", [])
            values = [row[name] for row in rows for name in wide if name in row]
            expect(all(isinstance(v, (str, type(None))) for v in values), f"numbers: {values[:3]}")
    with Client(about, f"?topics={about.append}&int64=number") as client:
        expect(client.next("hello")["encoding"]["int64"] == "number", "int64=number")
    expect(status(about, query="?int64=hex") == 400, "int64=hex is taken")
    expect(status(about, query="?topic=x") == 400, "an unknown parameter is taken")


# What values of a type are, by the first word of the type.
VALUES = {
    "bool": lambda v: isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "json": lambda v: True,
    "timestamp": lambda v: TIME.fullmatch(v),
    "date": lambda v: re.fullmatch(r"\d{4}-\d\d-\d\d", v),
    "decimal": lambda v: isinstance(v, str) and re.fullmatch(r"-?\d+(\.\d+)?", v),
    "binary": lambda v: isinstance(v, str) and re.fullmatch(r"([0-9a-f]{2})*", v),
    "float": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "uint": lambda v: isinstance(v, int) and v >= 0,
    "list": lambda v: isinstance(v, list),
    "struct": lambda v: isinstance(v, dict),
}


def values(about):
    """values are written as hello says: decimals as texts, times with an offset, NaN as null"""
    seen = set()
    with Client(about) as client:
        topics = {topic["name"]: topic for topic in client.next("hello")["topics"]}
        waiting = set(topics)
        until = time.monotonic() + PATIENCE
        while waiting and time.monotonic() < until:
            message = client.next()
            if not message.get("rows"):
                continue
            waiting.discard(message["topic"])
            for column in topics[message["topic"]]["schema"]:
                word = re.match(r"[a-z]+", column["type"])[0]
                right = VALUES.get(word, lambda v: True)
                for value in (row[column["name"]] for row in message["rows"]):
                    if value is None:
                        nullable = column["nullable"] or word == "float"
                        expect(nullable, f"null in `{column['name']}`, which is not nullable")
                    else:
                        expect(right(value), f"{value!r} in `{column['name']}`: {column['type']}")
                        expect(column["name"] != about.nan, f"{value} where NaN should be null")
                    seen.add(word)
    return ", ".join(sorted(seen))


def arrow(about):
    """the subprotocol zaraba.v1.arrow has the same messages, rows as Arrow IPC streams"""
    query = f"?topics={about.append},{about.upsert}"
    seen, last = set(), {}
    with Client(about, query, protocols=["zaraba.v1.arrow", "zaraba.v1.json"]) as client:
        expect(client.socket.subprotocol == "zaraba.v1.arrow", "the subprotocol is not chosen")
        expect(json.loads(client.raw())["encoding"]["rows"] == "arrow", "not said in hello")
        until = time.monotonic() + PATIENCE
        while seen != {"snapshot", "append", "upsert"} or len(last) < 2:
            expect(time.monotonic() < until, f"only {seen} came")
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
            expect((deleted["bytes"] > 0) == (deleted["count"] > 0), f"{header}")
            topic = header["topic"]
            if header["type"] != "snapshot":
                expect(header["first"] == last[topic] + 1, f"{header} after {last[topic]}")
            if header["type"] == "append":
                expect(rows["count"] == header["last"] - header["first"] + 1, f"{header}")
            last[topic] = header["last"]
            seen.add(header["type"])


def large(about):
    """a message over the limit ends its connection, and no other"""
    with Client(about, f"?topics={about.append}") as other:
        with Client(about, "?topics=") as client:
            client.next("hello")
            try:
                client.send(" " * (1 << 20))
                until = time.monotonic() + PATIENCE
                while time.monotonic() < until:
                    client.next()
                raise Failed("a message of 1 MiB is taken")
            except ConnectionClosed:
                pass
        follow(other, about.append, 3)


CHECKS = [hello, all_topics, append, upsert, heartbeat, questions, resume, values, integers]
CHECKS += [arrow, large]
FLOOD = [gap, too_old]
CHURN = [conflated]
SLOW = [too_slow]
STALE = [stale]
