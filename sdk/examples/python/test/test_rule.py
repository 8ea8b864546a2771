"""`python -m unittest discover test`, after a build."""

import json
import unittest

import engine  # puts the contract on the path: first
from rule import SECOND, WitWorld
from wit_world.imports import types as t

PARAMS = {"jump_pct": 5, "volume_min": 0, "silent_s": 300}


def batch(rows):
    """Rows as the engine hands them over: whole columns; texts end to end."""
    words = [row[1].encode() for row in rows]
    offsets = [sum(map(len, words[:i])) for i in range(len(words) + 1)]
    known = sum((row[3] is not None) << i for i, row in enumerate(rows))
    return t.Batch(
        time=[row[0] * SECOND for row in rows],
        columns=[
            t.Column(t.Values_Text(t.Texts(offsets, b"".join(words))), None),
            t.Column(t.Values_Float64([row[2] for row in rows]), None),
            t.Column(
                t.Values_Int64([row[3] or 0 for row in rows]),
                known.to_bytes(len(rows) // 8 + 1, "little"),
            ),
            t.Column(t.Values_Absent(), None),
        ],
    )


PRICES = [
    (0, "7203", 100.0, 10),
    (1, "日経", 50.0, 10),
    (2, "7203", 106.0, None),
    (3, "7203", 106.5, 10),
    (4, "日経", 44.0, 1),
]


class Step(unittest.TestCase):
    def setUp(self):
        engine.entries.clear()

    def rule(self, **params):
        made = WitWorld()
        made.configure(json.dumps(PARAMS | params))
        return made

    def test_a_jump_is_told_and_a_small_move_is_not(self):
        found = self.rule().evaluate(0, batch(PRICES))
        found = [(alert.row, alert.key, alert.code) for alert in found]
        self.assertEqual(found, [(2, "7203", "step_up"), (4, "日経", "step_down")])

    def test_thin_rows_are_not_told_but_those_whose_volume_is_not_known(self):
        found = self.rule(volume_min=5).evaluate(0, batch(PRICES))
        self.assertEqual([alert.row for alert in found], [2])

    def test_calls_do_not_matter(self):
        whole = self.rule().evaluate(0, batch(PRICES))
        engine.entries.clear()
        # Each call gets an object of its own.
        apart = [alert for row in PRICES for alert in WitWorld().evaluate(0, batch([row]))]
        self.assertEqual([(a.key, a.value) for a in apart], [(a.key, a.value) for a in whole])

    def test_who_is_silent_is_told_once(self):
        rule = self.rule()
        rule.evaluate(0, batch(PRICES))
        told = [[a.key for a in rule.tick(s * SECOND)] for s in (300, 360, 420)]
        self.assertEqual(told, [[], ["7203", "日経"], []])


if __name__ == "__main__":
    unittest.main()
