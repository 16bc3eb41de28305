"""Tag Promotional codes: codes that make a session cheaper, and the types of users that rules ask for."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.price_book import note
from mockserver.apis.dynamo.price_registry import CODES, USER_TYPES
from mockserver.apis.dynamo.registry import to_the_second, upcoming
from mockserver.http.exchange import Context
from mockserver.store import Value


async def create_promotional_code(ctx: Context) -> Value:
    """Make one; a percentage has no currency."""
    body = ctx.body
    others: Value = {} if body["discount_type"] == "fixed" else {"currency": None}
    if body.get("expires_at") is not None:
        others["expires_at"] = to_the_second(upcoming(ctx, body["expires_at"], "expires_at"))
    return await CODES.create(ctx, uses_count=0, **others)


async def list_user_types(ctx: Context) -> Sequence[Value]:
    """All, newest first."""
    return (await USER_TYPES.list(ctx))[::-1]


async def create_user_type(ctx: Context) -> Value:
    """Make one; rules that ask for its name take its users for it from now on."""
    made = await USER_TYPES.create(ctx)
    await note(ctx, "user_types", made["user_type_id"], made)
    return made
