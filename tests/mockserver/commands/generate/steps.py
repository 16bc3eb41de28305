"""`gridmock generate` in this process and in others, and how its files are read back."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as parquet

from mockserver.commands.generate.columns import Column, Kind
from mockserver.commands.generate.subjects import SUBJECTS
from tests.mockserver.commands.server import MAIN, gridmock

BY_NAME = {subject.name: subject for subject in SUBJECTS}
TWO_AREAS = ("--area", "NL", "--area", "GB")
TWO_DAYS = ("--from", "2026-03-28", "--to", "2d")
FORECAST = ("--issued-at", "2026-03-28T06:00:00Z")
CASES: dict[str, tuple[str, ...]] = {
    "prices": (*TWO_AREAS, *FORECAST, *TWO_DAYS),
    "tariffs": ("--country", "NL", "--name", "kievit", *TWO_DAYS),
    "solar": (*FORECAST, *TWO_DAYS),
    "carbon": (*TWO_AREAS, *FORECAST, *TWO_DAYS),
    "load": (*FORECAST, *TWO_DAYS),
    "schedule": ("--pv-kwp", "4", "--load-kwh-per-year", "3000", *TWO_DAYS),
    "sessions": ("--world", "depot", "--from", "2026-03-30", "--to", "2d"),
    "meter-values": ("--world", "depot", "--cadence", "15m", "--from", "2026-03-30", "--to", "2d"),
    "ocpp": ("--world", "depot", "--charger", "*1", "--from", "2026-03-30", "--to", "6h"),
}
"""Arguments of a small request for each subject, with every column that there is."""


@dataclass(frozen=True)
class Done:
    """What came of a run in this process."""

    code: int
    out: bytes
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON Lines, with exact numbers."""
        return [json.loads(line, parse_float=Decimal) for line in self.out.decode().splitlines()]


Generate = Callable[..., Done]


def elsewhere(*arguments: str, code: str = MAIN, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same in a process of its own."""
    return gridmock("generate", *arguments, code=code, **settings)


def read_csv(content: bytes, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """The rows of a CSV file as JSON would have them."""
    return [
        {column.name: _cell(row[column.name], column.kind) for column in columns}
        for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
    ]


def _cell(text: str, kind: Kind) -> Any:
    if text == "":
        return None
    if kind is Kind.BOOLEAN:
        return {"true": True, "false": False}[text]
    if kind in (Kind.TIME, Kind.TEXT):
        return text
    return json.loads(text, parse_float=Decimal)


def read_parquet(content: bytes, columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    """The rows of a Parquet file as JSON would have them; amounts are compared by value."""
    rows = parquet.read_table(io.BytesIO(content)).to_pylist()
    return [{column.name: _value(row[column.name], column.kind) for column in columns} for row in rows]


def _value(value: Any, kind: Kind) -> Any:
    if isinstance(value, datetime):
        assert value.utcoffset() == datetime.now(UTC).utcoffset()
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, float):
        return Decimal(repr(value))
    return json.loads(value, parse_float=Decimal) if kind is Kind.NESTED and value is not None else value
