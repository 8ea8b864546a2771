# Pushes rows to who says the token and what it wants, by Python's `websockets`. Prints its port, and
# ends when its input does.
import asyncio
import json
import os
import sys

from websockets.asyncio.server import serve


def row(n):
    last = {"price": 50.5 + n, "size": n or None}
    return {"time": f"2026-09-01T10:00:0{n}+09:00", "code": "C70000", "last": last}


async def push(socket):
    if json.loads(await socket.recv()) != {"op": "take"}:
        return await socket.close(1008, "take what?")
    await socket.send("welcome")  # no JSON
    for rows in ([0, 1, 2], [3], [4, 5], [6]):
        await socket.send(json.dumps({"data": [row(n) for n in rows]}))
    await socket.wait_closed()


def look(connection, request):
    if request.headers.get("Authorization") != "Bearer token-of-the-stand-in":
        return connection.respond(401, "who are you\n")


async def main():
    async with serve(push, "127.0.0.1", 0, process_request=look) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.to_thread(sys.stdin.read)
        os._exit(0)


asyncio.run(main())
