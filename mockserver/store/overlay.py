"""A collection that the world fills and clients change: the store holds only the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.store import Store, Value, VersionConflict

_DELETED: Value = {"deleted": True}


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
        return None if document.value == _DELETED else document.value

    async def list(self) -> list[Value]:
        """All objects that exist now, in key order."""
        merged = dict(self._base())
        merged.update({document.key: document.value for document in await self._store.list(self._collection)})
        return [merged[key] for key in sorted(merged) if merged[key] != _DELETED]

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Create or replace."""
        await self._store.put(self._collection, key, value)

    async def delete(self, key: str) -> bool:
        """Remove; False when there was nothing."""
        if await self.get(key) is None:
            return False
        if key in self._base():
            await self._store.put(self._collection, key, _DELETED)
        else:
            await self._store.delete(self._collection, key)
        return True

    async def take(self, key: str) -> Value | None:
        """Remove and return, so that of two callers only one gets it; None when there was nothing (any more)."""
        document = await self._store.get(self._collection, key)
        if document is None:
            value = self._base().get(key)
            return value if value is not None and await self.delete(key) else None
        if document.value == _DELETED:
            return None
        try:
            removed = await self._store.delete(self._collection, key, expected=document.version)
        except VersionConflict:
            return None
        return document.value if removed else None
