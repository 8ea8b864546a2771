"""Asks a server whether it speaks the protocol of docs/reference/websocket.md.

Written from that page alone, with `websockets` (PyPI) and nothing of the server. Each check prints
a line that says what it asked for; of one that failed, what was expected and what came. The exit
code is 0 if all passed, 1 if one failed, 2 if there was nobody to ask.
"""

import argparse
import pathlib
import ssl
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import doors
import streams
from peer import get

EPILOG = """\
The server must offer one append topic and one upsert topic, both with rows all the while:

  python run.py ws://127.0.0.1:8225/ws --append ticks --upsert newest

More is asked where the server has what it takes: --flood and --churn want topics that are faster
than their reader (ten thousand rows of 2 kB a second), --slow what the server says it waits.
"""


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("url", help="ws://HOST:PORT/ws or wss://HOST:PORT/ws")
    parser.add_argument("--append", required=True, metavar="TOPIC", help="an append topic")
    parser.add_argument("--upsert", required=True, metavar="TOPIC", help="an upsert topic")
    parser.add_argument("--flood", metavar="TOPIC", help="an append topic faster than a reader")
    parser.add_argument("--churn", metavar="TOPIC", help="an upsert topic faster than a reader")
    parser.add_argument(
        "--pause", type=float, default=8, metavar="S", help="how long the slow reader sleeps (8)"
    )
    parser.add_argument(
        "--slow", type=float, metavar="S", help="after how long the server closes with 1013"
    )
    parser.add_argument("--stale", metavar="TOPIC", help="a topic whose source is silent")
    parser.add_argument("--nan", metavar="COLUMN", help="a column whose values are all NaN")
    parser.add_argument("--token", help="what the server wants to be told")
    parser.add_argument("--cafile", help="the certificate to trust, for wss://")
    parser.add_argument("--only", metavar="NAME,NAME", help="these checks alone")
    return parser.parse_args()


def chosen(about):
    """The checks for which the server has what it takes, and the names of the others."""
    sets = [
        (streams.CHECKS, True),
        (doors.CHECKS, True),
        (doors.OPEN, not about.token),
        (doors.TOKEN, about.token),
        (streams.STALE, about.stale),
        (streams.FLOOD, about.flood),
        (streams.CHURN, about.churn),
        (streams.SLOW, about.flood and about.slow),
    ]
    checks = [check for some, there in sets if there for check in some]
    left = [check.__name__ for some, there in sets if not there for check in some]
    if about.only:
        named = about.only.split(",")
        unknown = set(named) - {check.__name__ for check in checks}
        if unknown:
            there = ", ".join(check.__name__ for check in checks)
            raise LookupError(f"no check {', '.join(sorted(unknown))}: there are {there}")
        checks = [check for check in checks if check.__name__ in named]
    return checks, left


def main():
    about = arguments()
    about.tls = ssl.create_default_context(cafile=about.cafile)
    try:
        checks, left = chosen(about)
        get(about, "/health/live")
    except (LookupError, OSError) as error:
        print(f"run.py: {about.url}: {error}", file=sys.stderr)
        return 2
    failed = 0
    for check in checks:
        try:
            seen = check(about)
            print(f"ok      {check.__name__}: {check.__doc__}{f' ({seen})' if seen else ''}", flush=True)
        except Exception as error:  # one that fails must not hide the others
            failed += 1
            print(f"FAILED  {check.__name__}: {check.__doc__}", flush=True)
            print(f"        {type(error).__name__}: {error}", flush=True)
    if left and not about.only:
        print(f"not asked, for want of an option: {', '.join(left)}")
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
