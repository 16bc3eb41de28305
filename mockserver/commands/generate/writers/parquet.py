"""Parquet through pyarrow, which is an extra: `pip install 'gridmock[parquet]'`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson

from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.extras import required
from mockserver.commands.generate.writers.writer import Sink, Writer

_GROUP_ROWS = 32_768
_MONEY_DIGITS = 24


class ParquetWriter(Writer):
    """Row groups of 32 768 rows whatever the batches are, so that the same rows are the same bytes.

    Times are UTC timestamps in microseconds, money is decimal128, nested values are JSON text. What the help says of a
    column is in its field's metadata.
    """

    def __init__(self, columns: Sequence[Column], sink: Sink) -> None:
        self._arrow = arrow = required("pyarrow", "parquet", "--format parquet")
        parquet = required("pyarrow.parquet", "parquet", "--format parquet")
        types: dict[Kind, Callable[[Column], Any]] = {
            Kind.TIME: lambda _: arrow.timestamp("us", tz="UTC"),
            Kind.TEXT: lambda _: arrow.string(),
            Kind.INTEGER: lambda _: arrow.int64(),
            Kind.NUMBER: lambda _: arrow.float64(),
            Kind.BOOLEAN: lambda _: arrow.bool_(),
            Kind.MONEY: lambda column: arrow.decimal128(_MONEY_DIGITS, column.decimals),
            Kind.NESTED: lambda _: arrow.string(),
        }
        self._nested = [column.kind is Kind.NESTED for column in columns]
        self._schema = arrow.schema(
            arrow.field(column.name, types[column.kind](column), metadata={"description": column.description})
            for column in columns
        )
        self._waiting: list[list[Any]] = [[] for _ in columns]
        self._stream = _Stream(sink)
        self._file = parquet.ParquetWriter(self._stream, self._schema)

    def write(self, rows: Sequence[Row]) -> None:
        """See `Writer.write`."""
        if not rows:
            return
        for nested, waiting, values in zip(self._nested, self._waiting, zip(*rows, strict=True), strict=True):
            # Nested values become text at once: as objects they would take ten times the memory.
            waiting += map(_text, values) if nested else values
        while len(self._waiting[0]) >= _GROUP_ROWS:
            self._send(_GROUP_ROWS)

    def close(self) -> None:
        """See `Writer.close`."""
        if self._waiting[0]:
            self._send(len(self._waiting[0]))
        self._file.close()

    def abandon(self) -> None:
        """See `Writer.abandon`; otherwise pyarrow would write the end of the file when it is collected."""
        self._stream.ignored = True
        with suppress(Exception):
            self._file.close()

    def _send(self, count: int) -> None:
        """Write the first rows of those that wait as one row group."""
        arrays = [
            self._arrow.array(values[:count], field.type)
            for field, values in zip(self._schema, self._waiting, strict=True)
        ]
        for values in self._waiting:
            del values[:count]
        self._file.write_batch(self._arrow.record_batch(arrays, schema=self._schema))


def _text(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


class _Stream:
    """What pyarrow wants of a file: it counts for itself, because a pipe cannot tell where it is."""

    closed = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._position = 0
        self.ignored = False

    def write(self, content: Any) -> int:
        if not self.ignored:
            self._sink.write(bytes(content))
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """The sink decides when it flushes."""

    def close(self) -> None:
        """The sink belongs to the caller."""
