"""What clients wrote: documents by collection and key, with optimistic versions and transactions.

A document is a JSON object. Every back-end keeps it as JSON text, so that what is read is never the object that was
written, and a value that one back-end refuses is refused by all.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple, Protocol

Value = dict[str, Any]
Dump = dict[str, dict[str, Value]]


class VersionConflict(Exception):
    """Somebody else wrote the document since it was read; `version` is the one found (0: there is none)."""

    def __init__(self, collection: str, key: str, expected: int, version: int) -> None:
        super().__init__(f"{collection}/{key} is at version {version}, not {expected}")
        self.version = version


class Document(NamedTuple):
    """A stored object and its version, which grows by one with each write, from 1."""

    key: str
    version: int
    value: Value


class Store(Protocol):
    """The verbs that every back-end has. Keys sort by code point; a collection exists once something is in it."""

    async def get(self, collection: str, key: str) -> Document | None:
        """The document, or None."""

    async def list(self, collection: str) -> list[Document]:
        """All documents of a collection in key order."""

    async def put(self, collection: str, key: str, value: Mapping[str, Any], *, expected: int | None = None) -> int:
        """Write and return the new version. With `expected`, VersionConflict unless that is the version now (0: none).

        TypeError for a value that is not JSON.
        """

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> bool:
        """Remove; False when there was nothing. VersionConflict as in `put`."""

    def transaction(self) -> AbstractAsyncContextManager[None]:
        """All writes inside happen together, or, when an exception leaves the block, not at all."""

    async def dump(self) -> Dump:
        """Everything, as `{collection: {key: value}}`."""

    async def replace(self, dump: Dump) -> None:
        """Forget everything and take over a dump, all or nothing; TypeError for what is not JSON."""
