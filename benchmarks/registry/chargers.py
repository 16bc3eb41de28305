"""Tag chargers: list, read and create, backed by the store."""

from __future__ import annotations

from typing import Any

from mockserver import ids
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context
from mockserver.store.counter import next_number

COLLECTION = "chargers"


async def list_chargers(ctx: Context) -> list[dict[str, Any]]:
    """All charging stations, oldest first."""
    return [document.value for document in await ctx.store.list(COLLECTION)]


async def get_charger(ctx: Context, *, charger_id: str) -> dict[str, Any]:
    """One charging station."""
    document = await ctx.store.get(COLLECTION, charger_id)
    if document is None:
        raise NotFound(f"There is no charger {charger_id}.")
    return document.value


async def create_charger(ctx: Context) -> dict[str, Any]:
    """Register what was sent."""
    number = await next_number(ctx.store, COLLECTION)
    charger = {
        "site": None,
        **ctx.body,
        "id": f"chrg{ids.ulid(ctx.at, ctx.world.seed, COLLECTION, number)}",
        "status": "available",
        "created_at": ctx.at.isoformat(),
    }
    await ctx.store.put(COLLECTION, charger["id"], charger, expected=0)
    return charger
