"""Numbers that never repeat, kept in the store so that they travel with the state."""

from __future__ import annotations

from mockserver.store import Store


async def next_number(store: Store, what: str) -> int:
    """The next number under a name, from 1; VersionConflict when two callers outside a transaction meet."""
    document = await store.get("counters", what)
    number: int = 1 if document is None else document.value["last"] + 1
    await store.put("counters", what, {"last": number}, expected=document.version if document else 0)
    return number
