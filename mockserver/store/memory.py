"""The store in memory: one dictionary per collection, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import orjson

from mockserver.store import Document, Dump, VersionConflict

_Row = tuple[int, bytes]
# Datetimes and subclasses are refused: the SQL back-ends could not give them back as they were.
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


class MemoryStore:
    """See `Store`. Transactions run one after the other; a rollback puts back the rows that were replaced."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, _Row]] = {}
        self._lock = asyncio.Lock()
        self._undo: ContextVar[list[tuple[str, str, _Row | None]] | None] = ContextVar("undo", default=None)

    async def get(self, collection: str, key: str) -> Document | None:
        """See `Store.get`."""
        row = self._rows.get(collection, {}).get(key)
        return None if row is None else Document(key, row[0], orjson.loads(row[1]))

    async def list(self, collection: str) -> list[Document]:
        """See `Store.list`."""
        rows = sorted(self._rows.get(collection, {}).items())
        values = orjson.loads(b"[%b]" % b",".join([text for _, (_, text) in rows]))  # one call for all is faster
        return [Document(key, version, value) for (key, (version, _)), value in zip(rows, values, strict=True)]

    async def put(self, collection: str, key: str, value: Mapping[str, Any], *, expected: int | None = None) -> int:
        """See `Store.put`."""
        text = _encode(value)
        version = self._check(collection, key, expected) + 1
        self._write(collection, key, (version, text))
        return version

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> bool:
        """See `Store.delete`."""
        existed = self._check(collection, key, expected) > 0
        if existed:
            self._write(collection, key, None)
        return existed

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """See `Store.transaction`; inside another transaction it is part of that one."""
        if self._undo.get() is not None:
            yield
            return
        async with self._lock:
            undo: list[tuple[str, str, _Row | None]] = []
            token = self._undo.set(undo)
            try:
                yield
            except BaseException:
                for collection, key, row in reversed(undo):
                    self._set(collection, key, row)
                raise
            finally:
                self._undo.reset(token)

    async def dump(self) -> Dump:
        """See `Store.dump`."""
        return {
            name: {key: orjson.loads(rows[key][1]) for key in sorted(rows)}
            for name, rows in sorted(self._rows.items())
            if rows
        }

    async def replace(self, dump: Dump) -> None:
        """See `Store.replace`."""
        self._rows = {
            name: {key: (1, _encode(value)) for key, value in values.items()} for name, values in dump.items()
        }

    def _check(self, collection: str, key: str, expected: int | None) -> int:
        row = self._rows.get(collection, {}).get(key)
        version = 0 if row is None else row[0]
        if expected is not None and expected != version:
            raise VersionConflict(collection, key, expected, version)
        return version

    def _write(self, collection: str, key: str, row: _Row | None) -> None:
        undo = self._undo.get()
        if undo is not None:
            undo.append((collection, key, self._rows.get(collection, {}).get(key)))
        self._set(collection, key, row)

    def _set(self, collection: str, key: str, row: _Row | None) -> None:
        if row is None:
            self._rows.get(collection, {}).pop(key, None)
        else:
            self._rows.setdefault(collection, {})[key] = row


def _encode(value: Mapping[str, Any]) -> bytes:
    if not isinstance(value, dict):
        raise TypeError(f"a document is a JSON object, not {type(value).__name__}")
    # orjson leaves its whole buffer, 4 KiB at least, behind the text; a copy is as long as the text.
    return bytes(memoryview(orjson.dumps(value, option=_STRICT)))
