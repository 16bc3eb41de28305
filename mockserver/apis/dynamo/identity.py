"""What a good credential has to fulfil beyond being good, and what is noted of its use."""

from __future__ import annotations

from mockserver.apis.dynamo.registry import API_KEYS, to_the_second
from mockserver.apis.dynamo.roles import KEY, USER, Caller
from mockserver.apis.dynamo.seed import key_id
from mockserver.http.accounts import Principal
from mockserver.http.api import Identify
from mockserver.http.errors import Unauthenticated
from mockserver.http.exchange import Context, Exchange


def known(identify: Identify) -> Identify:
    """The same, but Unauthenticated for a user who is no member of the token's organization (any more).

    Of an API key it notes when it was used.
    """

    async def identified(exchange: Exchange) -> Principal | None:
        principal = await identify(exchange)
        if principal is None:
            return None
        caller, ctx = Caller(principal), Context(exchange)
        if caller.kind == KEY:
            await _note_use(ctx, principal)
        if caller.kind == USER and await caller.role_in(ctx, principal.client_id) is None:
            raise Unauthenticated("The user of this token is no longer a member.", exchange.api.api.challenge)
        return principal

    return identified


async def _note_use(ctx: Context, principal: Principal) -> None:
    keys, now = API_KEYS.of(principal.client_id), to_the_second(ctx.at)
    name = key_id(ctx.world.seed, principal.token)
    key = await keys.find(ctx, name)
    if key is None or key["last_used_at"] == now:
        return  # a token that the control plane made, or used in this second already
    async with ctx.store.transaction():
        key = await keys.find(ctx, name)
        if key is not None:
            await keys.set(ctx, key, last_used_at=now)
