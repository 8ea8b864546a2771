"""The engine's keyed state, in a dictionary, for the tests."""

import sys
from pathlib import Path

# What `zaraba plugin build` makes of wit/rules.wit, and the rule.
ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bindings")]

from wit_world.imports import state  # noqa: E402

entries: dict[bytes, tuple[bytes, int | None]] = {}


def _lives(key: bytes, at: int) -> bool:
    expires = entries[key][1]
    return expires is None or at < expires


def _get(key, at):
    return entries[key][0] if key in entries and _lives(key, at) else None


def _set(key, value, expires):
    entries[key] = (value, expires)


def _delete(key):
    entries.pop(key, None)


def _scan(prefix, after, limit, at):
    keys = [key for key in sorted(entries) if key.startswith(prefix) and _lives(key, at)]
    keys = [key for key in keys if after is None or key > after]
    return [state.Entry(key, entries[key][0]) for key in keys[:limit]]


state.get, state.set, state.delete, state.scan = _get, _set, _delete, _scan
