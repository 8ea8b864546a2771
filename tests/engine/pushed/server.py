"""A vendor's push server as `connector = "websocket"` meets it, by Python's `websockets`.

Tokens are given by POST, and a new one ends those before it. Each connection ends in another way,
so that what is read must come from all of them. The argument is the password. Prints the ports of
the tokens and of the socket.
"""

import asyncio
import http.server
import json
import os
import sys
import threading

from websockets.asyncio.server import serve

(PASSWORD,) = sys.argv[1:]
tokens = []
registered = []
connections = 0


class Requests(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def said(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_POST(self):
        said = self.said()
        if said != {"APIPassword": PASSWORD}:
            return self.answer(401, {"Message": "wrong password", "said": said})
        tokens.append(f"token-{len(tokens)}")
        self.answer(200, {"ResultCode": 0, "Token": tokens[-1]})

    def do_PUT(self):
        said = self.said()
        if self.headers["X-API-KEY"] != tokens[-1] or said["Symbols"][0]["Symbol"] != "8411":
            return self.answer(400, said)
        registered.append(tokens[-1])
        self.answer(200, {"RegistList": said["Symbols"]})

    def log_message(self, *_):
        pass


def row(n):
    return {"data": {"ts": f"2025-11-14T09:00:{n:02}+09:00", "n": n}}


async def told(socket, token):
    assert await socket.recv() == f"hello {token}"
    assert json.loads(await socket.recv()) == {"op": "take", "key": token, "depth": 10}


async def push(socket):
    global connections
    n = connections
    connections += 1
    await told(socket, tokens[-1])

    async def rows(*numbers):
        for number in numbers:
            await socket.send(json.dumps(row(number)))

    if n == 0:
        await rows(0, 1)
        await socket.send("no json at all")
        await socket.send(json.dumps({"data": {"ts": "2025-11-14T09:00:02+09:00", "n": "two"}}))
        # A message in fragments, one in bytes, and one of several rows.
        whole = json.dumps(row(2))
        await socket.send([whole[:7], whole[7:20], whole[20:]])
        await socket.send(json.dumps(row(3)).encode())
        await socket.send(json.dumps({"data": [row(n)["data"] for n in (4, 5)]}))
        await (await socket.ping())
        socket.transport.abort()
    elif n == 1:
        await rows(6, 7)
        await socket.close(1012, "restart")
    elif n == 2:
        await rows(8)
        socket.transport.pause_reading()  # so no ping is answered
        await asyncio.Future()
    else:
        await rows(9)
        await socket.wait_closed()


def look(connection, request):
    token = request.headers.get("X-API-KEY")
    if token != tokens[-1] or request.path != f"/push?t={token}" or token not in registered:
        return connection.respond(401, f"not {token}\n")
    if len(tokens) == 2:
        return connection.respond(503, "starting\n")


async def main():
    requests = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    threading.Thread(target=requests.serve_forever, daemon=True).start()
    async with serve(push, "127.0.0.1", 0, process_request=look, ping_interval=None) as server:
        ports = requests.server_port, server.sockets[0].getsockname()[1]
        print(*ports, flush=True)
        # Whoever started it closes its input when it is done.
        await asyncio.to_thread(sys.stdin.read)
        os._exit(0)  # at once: connections that are silent on purpose would be waited for


asyncio.run(main())
