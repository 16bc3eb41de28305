"""A collection that the world fills and clients change: the store holds only the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.store import Store, Value, VersionConflict

DELETED: Value = {"\u0000deleted": True}
"""What stands in the store for an object of the world that a client removed; no client can write this."""


class Overlay:
    """What the world has, as changed by clients. `base` is asked anew each time, because the seed can change."""

    def __init__(self, store: Store, collection: str, base: Callable[[], Mapping[str, Value]]) -> None:
        self._store = store
        self._collection = collection
        self._base = base

    async def get(self, key: str) -> Value | None:
        """The object as it is now, or None when it never was or was deleted. Not to be changed in place."""
        document = await self._store.get(self._collection, key)
        if document is None:
            return self._base().get(key)
        return None if document.value == DELETED else document.value

    async def list(self) -> list[Value]:
        """All objects that exist now, in key order."""
        merged = dict(self._base())
        merged.update({document.key: document.value for document in await self._store.list(self._collection)})
        return [merged[key] for key in sorted(merged) if merged[key] != DELETED]

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Create or replace."""
        await self._store.put(self._collection, key, value)

    async def delete(self, key: str) -> bool:
        """Remove; False when there was nothing."""
        return await self.take(key) is not None

    async def take(self, key: str) -> Value | None:
        """Remove and return, so that of two callers only one gets it; None when there was nothing (any more)."""
        while True:
            document = await self._store.get(self._collection, key)
            value = self._base().get(key) if document is None else document.value
            if value is None or value == DELETED:
                return None
            version = 0 if document is None else document.version
            try:
                if key in self._base():
                    await self._store.put(self._collection, key, DELETED, expected=version)
                else:
                    await self._store.delete(self._collection, key, expected=version)
            except VersionConflict:
                continue  # changed or taken since: look again
            return value
