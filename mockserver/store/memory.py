"""The store in memory: one dictionary per collection, gone with the process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import orjson

from mockserver.store import Document, Dump, VersionConflict

_Row = tuple[int, bytes]
_Address = tuple[str, str]
_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


@dataclass
class _Transaction:
    """Writes that wait for the end of a block; None removes. At its end, an inner block's join the outer one's."""

    outer: _Transaction | None
    rows: dict[_Address, _Row | None] = field(default_factory=dict)
    is_open: bool = True


class MemoryStore:
    """See `Store`. Transactions run one after the other; what they write is seen by others only once they end."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, _Row]] = {}
        self._lock = asyncio.Lock()
        self._current: ContextVar[_Transaction | None] = ContextVar("transaction", default=None)

    async def get(self, collection: str, key: str) -> Document | None:
        """See `Store.get`."""
        row = self._row(collection, key)
        return None if row is None else Document(key, row[0], orjson.loads(row[1]))

    async def list(self, collection: str) -> list[Document]:
        """See `Store.list`."""
        rows = sorted(self._collection(collection).items())
        values = orjson.loads(b"[%b]" % b",".join([text for _, (_, text) in rows]))  # one call for all is faster
        return [Document(key, version, value) for (key, (version, _)), value in zip(rows, values, strict=True)]

    async def put(self, collection: str, key: str, value: Mapping[str, Any], *, expected: int | None = None) -> int:
        """See `Store.put`."""
        text = _encode(value)
        if self._transaction() is None:
            async with self.transaction():
                return self._put(collection, key, text, expected)
        return self._put(collection, key, text, expected)

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> bool:
        """See `Store.delete`."""
        if self._transaction() is None:
            async with self.transaction():
                return self._delete(collection, key, expected)
        return self._delete(collection, key, expected)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """See `Store.transaction`; inside another transaction it is a part that can fail by itself."""
        outer = self._transaction()
        if outer is None:
            async with self._lock:
                outermost = _Transaction(None)
                token = self._current.set(outermost)
                try:
                    yield
                    self._commit(outermost)
                finally:
                    outermost.is_open = False
                    self._current.reset(token)
        else:
            inner = _Transaction(outer)
            token = self._current.set(inner)
            try:
                yield
                outer.rows.update(inner.rows)
            finally:
                inner.is_open = False
                self._current.reset(token)

    async def dump(self) -> Dump:
        """See `Store.dump`."""
        names = sorted({*self._rows, *(collection for collection, _ in self._pending())})
        dumped = {name: {document.key: document.value for document in await self.list(name)} for name in names}
        return {name: documents for name, documents in dumped.items() if documents}

    async def replace(self, dump: Dump) -> None:
        """See `Store.replace`."""
        if not isinstance(dump, dict):
            raise TypeError(f"a dump is an object of collections, not {type(dump).__name__}")
        rows: dict[_Address, _Row] = {}
        for collection, documents in dump.items():
            if not isinstance(documents, dict):
                raise TypeError(f"collection {collection} is not an object of documents")
            rows.update({(collection, key): (1, _encode(value)) for key, value in documents.items()})
        async with self.transaction():
            for collection, documents in (await self.dump()).items():
                for key in documents:
                    self._write((collection, key), None)
            for address, row in rows.items():
                self._write(address, row)

    def _put(self, collection: str, key: str, text: bytes, expected: int | None) -> int:
        version = self._check(collection, key, expected) + 1
        self._write((collection, key), (version, text))
        return version

    def _delete(self, collection: str, key: str, expected: int | None) -> bool:
        existed = self._check(collection, key, expected) > 0
        if existed:
            self._write((collection, key), None)
        return existed

    def _transaction(self) -> _Transaction | None:
        """The transaction that the caller is in; a task that outlives its transaction is in none."""
        transaction = self._current.get()
        while transaction is not None and not transaction.is_open:
            transaction = transaction.outer
        return transaction

    def _pending(self) -> dict[_Address, _Row | None]:
        transaction, pending = self._transaction(), dict[_Address, "_Row | None"]()
        while transaction is not None:
            pending = {**transaction.rows, **pending}
            transaction = transaction.outer
        return pending

    def _row(self, collection: str, key: str) -> _Row | None:
        transaction = self._transaction()
        while transaction is not None:
            if (collection, key) in transaction.rows:
                return transaction.rows[collection, key]
            transaction = transaction.outer
        return self._rows.get(collection, {}).get(key)

    def _collection(self, collection: str) -> dict[str, _Row]:
        rows = self._rows.get(collection, {})
        if self._transaction() is None:
            return rows
        mine = {key: row for (name, key), row in self._pending().items() if name == collection}
        return {key: row for key, row in {**rows, **mine}.items() if row is not None}

    def _check(self, collection: str, key: str, expected: int | None) -> int:
        row = self._row(collection, key)
        version = 0 if row is None else row[0]
        if expected is not None and expected != version:
            raise VersionConflict(collection, key, expected, version)
        return version

    def _write(self, address: _Address, row: _Row | None) -> None:
        transaction = self._transaction()
        assert transaction is not None, "every write is inside a transaction"  # noqa: S101  # a defect, not an input
        transaction.rows[address] = row

    def _commit(self, transaction: _Transaction) -> None:
        for (collection, key), row in transaction.rows.items():
            if row is None:
                self._rows.get(collection, {}).pop(key, None)
            else:
                self._rows.setdefault(collection, {})[key] = row


def _encode(value: Mapping[str, Any]) -> bytes:
    """The JSON text of a document; TypeError unless it reads back as what was given."""
    if not isinstance(value, dict):
        raise TypeError(f"a document is a JSON object, not {type(value).__name__}")
    # orjson leaves its whole buffer, 4 KiB at least, behind the text; a copy is as long as the text.
    text = bytes(memoryview(orjson.dumps(value, option=_STRICT)))
    if orjson.loads(text) != value:
        raise TypeError("the document holds what JSON cannot: tuples, enumerations, UUIDs, NaN or infinity")
    return text
