"""The back-ends. The whole suite runs against each: add a new one to `BACK_ENDS` and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mockserver.store import Document, Dump, Store
from mockserver.store.memory import MemoryStore


class Hesitant:
    """A store that lets others run before each verb, as one behind a network does; it makes races certain."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, collection: str, key: str) -> Document | None:
        await asyncio.sleep(0)
        return await self._store.get(collection, key)

    async def list(self, collection: str) -> list[Document]:
        await asyncio.sleep(0)
        return await self._store.list(collection)

    async def put(self, collection: str, key: str, value: Mapping[str, Any], *, expected: int | None = None) -> int:
        await asyncio.sleep(0)
        return await self._store.put(collection, key, value, expected=expected)

    async def delete(self, collection: str, key: str, *, expected: int | None = None) -> bool:
        await asyncio.sleep(0)
        return await self._store.delete(collection, key, expected=expected)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        async with self._store.transaction():
            yield
            await asyncio.sleep(0)

    async def dump(self) -> Dump:
        await asyncio.sleep(0)
        return await self._store.dump()

    async def replace(self, dump: Dump) -> None:
        await asyncio.sleep(0)
        await self._store.replace(dump)


BACK_ENDS: dict[str, Callable[[], Store]] = {
    "memory": MemoryStore,
    "memory, hesitant": lambda: Hesitant(MemoryStore()),
}


@pytest.fixture(params=[*BACK_ENDS])
def store(request: pytest.FixtureRequest) -> Store:
    """An empty store."""
    return BACK_ENDS[request.param]()
