# Drives a command in a pseudo-terminal: sys.argv[1] is JSON with `command`, `folder`, `env` and
# `talk`, a list of what must be shown and what is then typed. Prints JSON: `shown` and `code`.
import json
import os
import pty
import select
import sys

told = json.loads(sys.argv[1])
child, terminal = pty.fork()
if child == 0:
    os.chdir(told["folder"])
    os.environ.update(told["env"])
    os.execv(told["command"][0], told["command"])

shown = b""


def read():
    """More of what is shown; False at its end."""
    global shown
    ready, _, _ = select.select([terminal], [], [], 60)
    if not ready:
        sys.exit("nothing was shown for a minute after: " + shown.decode(errors="replace"))
    try:
        more = os.read(terminal, 65536)
    except OSError:  # The other end is closed.
        return False
    shown += more
    return bool(more)


at = 0
for expected, answer in told["talk"]:
    while (found := shown.find(expected.encode(), at)) < 0:
        if not read():
            sys.exit(f"it ended before {expected!r}: " + shown.decode(errors="replace"))
    at = found + len(expected.encode())
    os.write(terminal, answer.encode() + b"\n")
while read():
    pass
_, status = os.waitpid(child, 0)
print(json.dumps({"shown": shown.decode().replace("\r\n", "\n"), "code": os.waitstatus_to_exitcode(status)}))
