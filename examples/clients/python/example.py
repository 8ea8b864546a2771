"""Follows topics of a pipeline and says what comes, until Ctrl-C.

    make demo                                  # in another terminal
    python example.py ws://127.0.0.1:8225/ws bars
"""

import asyncio
import os
import sys

import zaraba


async def follow(client: zaraba.Client, name: str) -> None:
    topic = client.topic(name)
    async for change in topic:
        match change:
            case zaraba.Snapshot(rows=rows):
                print(f"{name}: {len(rows)} rows are there")
            case zaraba.Append(rows=rows):
                for row in rows:
                    print(f"{name}: {row}")
            case zaraba.Upsert(rows=rows, deleted=deleted):
                print(f"{name}: {len(rows)} changed, {len(deleted)} gone, {len(topic.state)} there")
            case zaraba.Gap(first=first, last=last):
                print(f"{name}: {last + 1 - first} rows were missed", file=sys.stderr)


async def main(url: str, *topics: str) -> None:
    async with zaraba.connect(url, token=os.environ.get("ZARABA_TOKEN")) as client:
        await asyncio.gather(*(follow(client, name) for name in topics))


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass
