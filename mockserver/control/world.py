"""The world: its seed, its people, and its state as a file."""

from __future__ import annotations

from typing import Any

import orjson

from mockserver.clock import timestamp
from mockserver.domain.worlds import NamedWorld
from mockserver.http.errors import FieldError, InvalidRequest
from mockserver.http.exchange import Context
from mockserver.http.runtime import StateError


async def reset_world(ctx: Context) -> dict[str, Any]:
    """Forget all that clients wrote or caused; with a seed or the name of a world, go on there."""
    body = ctx.body or {}
    try:
        named = NamedWorld.parse(body["world"]) if "world" in body else None
    except ValueError as error:
        raise InvalidRequest([FieldError("body", "world", str(error))]) from None
    await ctx.runtime.reset(body.get("seed"), named)
    return _summary(ctx)


async def get_seed(ctx: Context) -> dict[str, Any]:
    """The seed of the world."""
    return {"seed": ctx.runtime.seed}


async def put_seed(ctx: Context) -> dict[str, Any]:
    """Reset into the world of another seed."""
    await ctx.runtime.reset(ctx.body["seed"])
    return {"seed": ctx.runtime.seed}


async def list_users(ctx: Context) -> list[dict[str, Any]]:
    """The people who can give consent."""
    return [
        {
            "user_id": driver.id,
            "name": driver.full_name,
            "email": driver.email,
            "country": driver.country_code,
            "timezone": driver.timezone,
            "gsp_group": driver.gsp_group,
        }
        for driver in ctx.world.drivers
    ]


async def export_state(ctx: Context) -> dict[str, Any]:
    """Seed, clock and all that clients wrote."""
    return await ctx.runtime.export_state()


async def import_state(ctx: Context) -> dict[str, Any]:
    """Take over an exported state, or refuse it whole."""
    try:
        # In what clients wrote, 1.0 stays what it was exported as.
        written = orjson.loads(ctx.raw_body)["collections"]
        documents = await ctx.runtime.import_state({**ctx.body, "collections": written})
    except StateError as error:
        raise InvalidRequest([FieldError("body", "state", str(error))]) from None
    return {**_summary(ctx), "documents": documents}


def _summary(ctx: Context) -> dict[str, Any]:
    runtime = ctx.runtime
    return {"seed": runtime.seed, "world": str(runtime.world.named), "now": timestamp(runtime.clock.now())}
