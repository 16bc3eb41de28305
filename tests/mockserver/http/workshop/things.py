"""Tag Things: a catalogue over the store."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context

COLLECTION = "things"
seen: list[Any] = []
"""What handlers were given, for tests to look at."""


async def list_things(
    ctx: Context,
    *,
    name: str | None,
    since: date | None,
    after: datetime | None,
    weight: float | None,
    colour: list[str] | None,
    x_depth: int | None,
) -> list[dict[str, Any]]:
    """All things, or those of a name."""
    seen.append({"since": since, "after": after, "weight": weight, "colour": colour, "x_depth": x_depth})
    values = [document.value for document in await ctx.store.list(COLLECTION)]
    return [value for value in values if name is None or value["name"] == name]


async def create_thing(ctx: Context) -> dict[str, Any]:
    """Make a thing; a name stands for one thing only."""
    things = await ctx.store.list(COLLECTION)
    thing = {**ctx.body, "id": len(things) + 1}
    await ctx.store.put(COLLECTION, f"{thing['id']:04}", thing)
    if any(document.value["name"] == thing["name"] for document in things):
        raise Conflict(f"There is a {thing['name']} already.")
    return thing


async def get_thing(ctx: Context, *, thing_id: int) -> dict[str, Any]:
    """One thing."""
    document = await ctx.store.get(COLLECTION, f"{thing_id:04}")
    if document is None:
        raise NotFound(f"There is no thing {thing_id}.")
    return document.value


async def delete_thing(ctx: Context, *, thing_id: int) -> None:
    """Remove a thing."""
    if not await ctx.store.delete(COLLECTION, f"{thing_id:04}"):
        raise NotFound(f"There is no thing {thing_id}.")


async def get_part(ctx: Context, *, thing_id: str, part: str) -> dict[str, str]:
    """What the path said."""
    return {"thing_id": thing_id, "part": part}
