"""Tag API keys: keys by which programs use the API, of the organization of whoever asks."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.registry import API_KEYS, to_the_second, upcoming
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.seed import key_id, new_key
from mockserver.http.errors import InsufficientScope
from mockserver.http.exchange import Context
from mockserver.store import Value
from mockserver.store.counter import next_number


async def list_api_keys(ctx: Context) -> Sequence[Value]:
    """Those that have not been revoked, newest first."""
    return (await API_KEYS.list(ctx))[::-1]


async def create_api_key(ctx: Context) -> Value:
    """Make one, which can give what the caller has."""
    caller = Caller.of(ctx).principal
    if lacking := {*ctx.body["scopes"]} - caller.scopes:
        raise InsufficientScope(lacking)
    expires_at = ctx.body.get("expires_at")
    ends_at = expires_at and upcoming(ctx, expires_at, "expires_at")
    seed = ctx.world.seed
    text = new_key(seed, caller.client_id, await next_number(ctx.store, "dynamo.api_key"))
    key = await API_KEYS.create(
        ctx,
        key=key_id(seed, text),
        expires_at=ends_at and to_the_second(ends_at),
        secret=text,
        last_used_at=None,
    )
    await ctx.runtime.accounts.grant(text, caller.client_id, None, key["scopes"], ends_at)
    return key


async def revoke_api_key(ctx: Context, *, key_id: str) -> None:
    """End one."""
    key = await API_KEYS.delete(ctx, key_id)
    await ctx.runtime.accounts.end(key["secret"])
