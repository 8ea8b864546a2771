"""A server that takes webhooks and answers as it is told: each argument is one answer, then 200.

200, 404, 500 …   that status
429:7             that status, with Retry-After: 7
302:/elsewhere    that status, with Location
echo:400          that status, and in the body the path and the Authorization that came
drop              the connection is closed without an answer
hang              no answer ever

Prints its port, then each request as a line of JSON.
"""

import http.server
import json
import sys
import threading

answers = sys.argv[1:]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with lock:
            answer = answers.pop(0) if answers else "200"
            told = {
                "method": self.command,
                "path": self.path,
                "headers": {k.lower(): v for k, v in self.headers.items()},
                "body": body.decode("utf-8"),
            }
            print(json.dumps(told), flush=True)
        kind, _, detail = answer.partition(":")
        if kind == "hang":
            threading.Event().wait()
        if kind == "drop":
            self.close_connection = True
            return
        said = b"ok"
        if kind == "echo":
            kind, said = detail, f"{self.path} {self.headers.get('Authorization')}".encode()
        self.send_response(int(kind))
        if kind == "429" and detail:
            self.send_header("Retry-After", detail)
        if kind == "302":
            self.send_header("Location", detail)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_PUT = do_GET = do_POST

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
