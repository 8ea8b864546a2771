"""What turns the contract, wit/rules.wit, into Python: columns into rows, dictionaries into alerts,
parameters into a dictionary, keyed state into values by text. Moments are microseconds since 1970.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from componentize_py_types import Err
from wit_world.imports import state as engine
from wit_world.imports import types as t

TYPES = {
    "boolean": (t.DataType.BOOLEAN, t.Value_Boolean),
    "int64": (t.DataType.INT64, t.Value_Int64),
    "float64": (t.DataType.FLOAT64, t.Value_Float64),
    "text": (t.DataType.TEXT, t.Value_Text),
    "timestamp": (t.DataType.TIMESTAMP, t.Value_Timestamp),
    "date": (t.DataType.DATE, t.Value_Date),
}


def _bit(bitmap: bytes, row: int) -> bool:
    return bitmap[row >> 3] >> (row & 7) & 1 == 1


def _texts(of: t.Texts) -> list[str]:
    return [of.bytes[a:b].decode() for a, b in zip(of.offsets, of.offsets[1:])]


def _values(column: t.Column, rows: int) -> list[Any]:
    """The values of a column, `None` where a row has none."""
    match column.values:
        case t.Values_Absent():
            return [None] * rows
        case t.Values_Boolean(value=bits):
            values = [_bit(bits, row) for row in range(rows)]
        case t.Values_Text(value=texts):
            values = _texts(texts)
        case t.Values_Dictionary(value=coded):
            words = _texts(coded.words) or [""]
            values = [words[i] for i in coded.indices]
        case plain:
            values = plain.value
    if column.valid is None:
        return values
    return [value if _bit(column.valid, row) else None for row, value in enumerate(values)]


def _rows(batch: t.Batch, names: list[str]) -> Iterator[SimpleNamespace]:
    """The rows of a call: `index`, `time`, and the stream's fields by name."""
    columns = [_values(column, len(batch.time)) for column in batch.columns]
    for index, (time, *values) in enumerate(zip(batch.time, *columns)):
        yield SimpleNamespace(index=index, time=time, **dict(zip(names, values)))


def _value(value: Any, kind: str | None = None) -> t.Value:
    """A value as the contract writes it, of a type, or of the one that Python's suggests."""
    if value is None:
        return t.Value_Null()
    guessed = {bool: "boolean", int: "int64", float: "float64", str: "text"}
    return TYPES[kind or guessed[type(value)]][1](value)


@dataclass
class Column:
    """A field of a stream, or of the alerts."""

    name: str
    type: str
    nullable: bool = False
    optional: bool = False
    description: str = ""

    def field(self) -> t.Field:
        nullable = self.nullable or self.optional
        of = TYPES[self.type][0]
        return t.Field(self.name, of, nullable, self.optional, self.description)


def alert(
    kind: str,
    key: str,
    *,
    severity: str = "watch",
    state: str = "open",
    code: str = "",
    title: str = "",
    message: str = "",
    value: float | None = None,
    threshold: float | None = None,
    unit: str | None = None,
    baseline: float | None = None,
    baseline_time: int | None = None,
    link: str | None = None,
    args: dict[str, Any] | None = None,
    evidence: Iterable[tuple[str, Any, int | None]] = (),
    fields: dict[str, Any] | None = None,
) -> Callable[[int, list[Column]], t.Alert]:
    """An alert; what is left out is empty. The row that raises it, and the types of its fields, are
    put in by `Rule`.
    """

    def made(row: int, outputs: list[Column]) -> t.Alert:
        given = fields or {}
        return t.Alert(
            row=row,
            state=t.AlertState[state.upper()],
            severity=t.Severity[severity.upper()],
            kind=kind,
            key=key,
            code=code,
            args=[t.Argument(name, _value(value)) for name, value in (args or {}).items()],
            title=title,
            message=message,
            value=value,
            baseline=baseline,
            baseline_time=baseline_time,
            threshold=threshold,
            unit=unit,
            evidence=[t.Evidence(name, _value(value), time) for name, value, time in evidence],
            link=link,
            fields=[_value(given.get(output.name), output.type) for output in outputs],
        )

    return made


class State:
    """What the rule remembers, by text, held by the engine. Values are anything that JSON can write.
    `at` is the time of the row, or of the tick. Nothing else survives a call.
    """

    def get(self, key: str, at: int) -> Any:
        found = engine.get(key.encode(), at)
        return None if found is None else json.loads(found)

    def set(self, key: str, value: Any, expires: int | None = None) -> None:
        engine.set(key.encode(), json.dumps(value).encode(), expires)

    def delete(self, key: str) -> None:
        engine.delete(key.encode())

    def scan(self, prefix: str, at: int) -> Iterator[tuple[str, Any]]:
        """Keys that begin with a prefix, and their values, in the order of their bytes."""
        after = None
        while True:
            page = engine.scan(prefix.encode(), after, 1024, at)
            for entry in page:
                yield entry.key.decode(), json.loads(entry.value)
            if len(page) < 1024:
                return
            after = page[-1].key


state = State()


class Rule:
    """The four exports of a component. A rule derives from it as `WitWorld`, says what it is in its
    members, and overrides `row`, and `at` if it has a timer: both give alerts, one by one.
    """

    _params: dict[str, Any] = {}

    name: str
    version: str
    description: str
    streams: dict[str, list[Column]]
    outputs: list[Column] = []
    params: dict[str, dict[str, Any]] = {}  # properties of a JSON Schema
    timer: int | None = None
    messages: list[tuple[str, str, str, str]] = []  # code, language, title, body

    def row(self, row: SimpleNamespace, params: dict[str, Any], stream: int) -> Iterable:
        raise NotImplementedError

    def at(self, time: int, params: dict[str, Any]) -> Iterable:
        return ()

    def describe(self) -> t.Manifest:
        fields = lambda columns: [column.field() for column in columns]
        schema = {"type": "object", "properties": self.params, "additionalProperties": False}
        return t.Manifest(
            name=self.name,
            version=self.version,
            description=self.description,
            streams=[t.Stream(name, fields(of)) for name, of in self.streams.items()],
            tables=[],
            outputs=fields(self.outputs),
            params_schema=json.dumps(schema),
            timer=self.timer,
            messages=[t.Message(*message) for message in self.messages],
        )

    def configure(self, params: str) -> None:
        # Of the class: every call gets an object of its own.
        type(self)._params = json.loads(params)

    def evaluate(self, stream: int, rows: t.Batch) -> list[t.Alert]:
        names = [column.name for column in list(self.streams.values())[stream]]
        with _told():
            return [
                made(row.index, self.outputs)
                for row in _rows(rows, names)
                for made in self.row(row, self._params, stream)
            ]

    def tick(self, at: int) -> list[t.Alert]:
        with _told():
            return [made(0, self.outputs) for made in self.at(at, self._params)]


@contextmanager
def _told() -> Iterator[None]:
    """Hands an exception over as an error that says where it was raised. Python's own account would
    read source files, and there are none.
    """
    try:
        yield
    except Exception as error:
        place = error.__traceback__
        while place.tb_next is not None:
            place = place.tb_next
        code = place.tb_frame.f_code
        where = f"{code.co_filename.split('/')[-1]}:{place.tb_lineno}, in {code.co_name}"
        raise Err(f"{type(error).__name__}: {error} ({where})") from None
