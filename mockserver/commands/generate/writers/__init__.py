"""How rows become bytes: one class for each format. No writer knows a subject, and no subject a format."""

from __future__ import annotations

from mockserver.commands.generate.writers.parquet import ParquetWriter
from mockserver.commands.generate.writers.text import CsvWriter, JsonLinesWriter, JsonWriter
from mockserver.commands.generate.writers.writer import Writer

WRITERS: dict[str, type[Writer]] = {
    "json": JsonWriter,
    "jsonl": JsonLinesWriter,
    "csv": CsvWriter,
    "parquet": ParquetWriter,
}
"""The class of each `--format`."""

SUFFIXES = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
"""The format that the name of a file tells."""

BINARY = frozenset({"parquet"})
"""The formats that nobody can read on a terminal."""
