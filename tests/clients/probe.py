"""Follows topics with the Python client and prints what comes, a JSON object a line.

    python probe.py FOLDER_OF_THE_CLIENT URL TOPIC…

`+TOPIC` and `-TOPIC` on standard input begin and stop topics, its end ends the probe. A token is
in ZARABA_TOKEN. The probes of the other clients print the same.
"""

import asyncio
import dataclasses
import json
import os
import sys

sys.path.insert(0, sys.argv[1])
import zaraba

ENDS = os.environ.get("PROBE_UNTIL_END") == "1"


def say(**line):
    print(json.dumps(line), flush=True)


async def follow(client, name):
    topic = client.topic(name)
    try:
        async for change in topic:
            line = dataclasses.asdict(change) | {"type": type(change).__name__.lower()}
            if topic.changelog == "upsert":
                line["state"] = list(topic.state.values())
            say(**line, connections=client.connections)
        say(type="ended", topic=name)
    except (zaraba.Refused, zaraba.NoTopic, zaraba.ProtocolError) as error:
        say(type="failed", topic=name, error=type(error).__name__, message=str(error))


async def main(url, *topics):
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    token = os.environ.get("ZARABA_TOKEN")
    async with zaraba.connect(url, token=token, until_end=ENDS) as client:
        tasks = {asyncio.create_task(follow(client, name)) for name in topics}
        while line := (await lines.readline()).decode().strip():
            if line[0] == "+":
                tasks.add(asyncio.create_task(follow(client, line[1:])))
            else:
                client.topic(line[1:]).stop()


asyncio.run(main(*sys.argv[2:]))
