"""JSON, JSON Lines and CSV: times as RFC 3339 with `Z`, money as a number with the decimals it has."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import orjson

from mockserver.clock import timestamp
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.writers.writer import Sink, Writer


def _number(value: object) -> orjson.Fragment:
    """An amount as it stands: 92.10 keeps its zero. Anything else is an accident."""
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(f"{value!r} has no JSON")


class JsonLinesWriter(Writer):
    """One object a line; nothing at all without rows."""

    def __init__(self, columns: Sequence[Column], sink: Sink) -> None:
        self._names = [column.name for column in columns]
        self._sink = sink

    def write(self, rows: Sequence[Row]) -> None:
        """See `Writer.write`."""
        options = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
        dumps, names = orjson.dumps, self._names
        self._sink.write(b"".join([dumps(dict(zip(names, row, strict=True)), _number, options) for row in rows]))


class JsonWriter(Writer):
    """One array, an object a line, so that it can be read as a stream and compared by eye."""

    def __init__(self, columns: Sequence[Column], sink: Sink) -> None:
        self._names = [column.name for column in columns]
        self._sink = sink
        self._before = b"[\n"

    def write(self, rows: Sequence[Row]) -> None:
        """See `Writer.write`."""
        dumps, names = orjson.dumps, self._names
        lines = [dumps(dict(zip(names, row, strict=True)), _number, orjson.OPT_UTC_Z) for row in rows]
        if lines:
            self._sink.write(self._before + b",\n".join(lines))
            self._before = b",\n"

    def close(self) -> None:
        """See `Writer.close`."""
        self._sink.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


class CsvWriter(Writer):
    """RFC 4180 in UTF-8 with a header, but lines end in a bare newline, as other tools of the shell expect."""

    def __init__(self, columns: Sequence[Column], sink: Sink) -> None:
        self._sink = sink
        self._text = io.StringIO(newline="")
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._cells = [_CELLS.get(column.kind) for column in columns]
        self._rows.writerow(column.name for column in columns)
        self._send()

    def write(self, rows: Sequence[Row]) -> None:
        """See `Writer.write`."""
        if not rows:
            return
        # Column by column, because most of them need no conversion.
        columns: list[Sequence[Any]] = [
            values if cell is None else [value if value is None else cell(value) for value in values]
            for cell, values in zip(self._cells, zip(*rows, strict=True), strict=True)
        ]
        self._rows.writerows(zip(*columns, strict=True))
        self._send()

    def _send(self) -> None:
        self._sink.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


_CELLS: dict[Kind, Callable[[Any], str]] = {
    Kind.TIME: timestamp,
    Kind.MONEY: lambda value: f"{value:f}",
    Kind.BOOLEAN: lambda value: "true" if value else "false",
    Kind.NESTED: lambda value: orjson.dumps(value).decode(),
}
"""The text of a kind whose `str` is not what we want."""
