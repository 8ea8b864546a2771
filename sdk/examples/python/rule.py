"""A price that jumps from one row of a symbol to its next, and a symbol that falls silent."""

from zaraba import Column, Rule, alert, state

SECOND = 1_000_000


class WitWorld(Rule):
    name = "step"
    version = "0.1.0"
    description = "A price jumps, or a symbol falls silent"
    streams = {
        "prices": [
            Column("symbol", "text", description="What is traded"),
            Column("price", "float64", description="Its price"),
            Column("volume", "int64", nullable=True, description="How much of it, if known"),
            Column("venue", "text", optional=True, description="Where"),
        ]
    }
    outputs = [
        Column("volume", "int64", nullable=True, description="Volume of the row"),
        Column("venue", "text", nullable=True, description="Where"),
    ]
    params = {
        "jump_pct": {
            "type": "number",
            "minimum": 0,
            "default": 5,
            "description": "From what change on, percent",
        },
        "volume_min": {
            "type": "integer",
            "minimum": 0,
            "default": 0,
            "description": "The least volume, where it is known",
        },
        "silent_s": {
            "type": "integer",
            "minimum": 1,
            "default": 300,
            "description": "Seconds without a row",
        },
    }
    timer = 60 * SECOND
    messages = [
        ("step_up", "en", "{{ symbol }} {{ '%+.1f' | format(value) }}%", ""),
        ("step_down", "en", "{{ symbol }} {{ '%+.1f' | format(value) }}%", ""),
        ("silent", "en", "{{ symbol }} is silent", ""),
    ]

    def row(self, row, params, stream):
        # What is no price is compared with nothing.
        if not 0 < row.price < float("inf"):
            return
        before = state.get(row.symbol, row.time)
        # A row remembers its price for an hour.
        seen = {"price": row.price, "time": row.time}
        state.set(row.symbol, seen, row.time + 3600 * SECOND)
        if before is None:
            return
        pct = (row.price / before["price"] - 1) * 100
        thin = row.volume is not None and row.volume < params["volume_min"]
        if thin or abs(pct) < params["jump_pct"]:
            return
        yield alert(
            "step",
            row.symbol,
            severity="high" if abs(pct) >= 2 * params["jump_pct"] else "watch",
            code="step_up" if pct > 0 else "step_down",
            args={"symbol": row.symbol},
            value=pct,
            threshold=params["jump_pct"],
            unit="%",
            baseline=before["price"],
            baseline_time=before["time"],
            evidence=[("price", row.price, row.time)],
            fields={"volume": row.volume, "venue": row.venue},
        )

    def at(self, time, params):
        for symbol, seen in state.scan("", time):
            if time - seen["time"] < params["silent_s"] * SECOND:
                continue
            state.delete(symbol)
            yield alert("silent", symbol, severity="info", code="silent", args={"symbol": symbol})
