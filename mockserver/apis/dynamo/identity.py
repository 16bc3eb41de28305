"""What a good credential has to fulfil beyond being good, and what is noted of its use."""

from __future__ import annotations

from mockserver.apis.dynamo.installer_registry import INSTALLERS
from mockserver.apis.dynamo.registry import API_KEYS, to_the_second
from mockserver.apis.dynamo.roles import DRIVER, INSTALLER, KEY, NO_MEMBER, SITE_OWNER, USER, Caller
from mockserver.apis.dynamo.seed import key_id
from mockserver.apis.dynamo.sessions import driver
from mockserver.apis.dynamo.site_owners import SITE_OWNERS
from mockserver.http.accounts import Principal
from mockserver.http.api import Identify
from mockserver.http.errors import Unauthenticated
from mockserver.http.exchange import Context, Exchange


def known(identify: Identify) -> Identify:
    """The same, but Unauthenticated for a user who is no member of the token's organization (any more),
    and for drivers, site owners and installers that it does not have.

    Of an API key it notes when it was used.
    """

    async def identified(exchange: Exchange) -> Principal | None:
        principal = await identify(exchange)
        if principal is None:
            return None
        caller, ctx = Caller(principal), Context(exchange)
        if caller.kind == KEY:
            await _note_use(ctx, principal)
        missing = await _missing(caller, ctx)
        if missing:
            raise Unauthenticated(missing, exchange.api.api.challenge)
        return principal

    return identified


async def _missing(caller: Caller, ctx: Context) -> str | None:
    """Who is not there, of those who could have been taken away or never were."""
    org_id, user_id = caller.principal.client_id, caller.principal.user_id or ""
    if caller.kind == USER and await caller.role_in(ctx, org_id) is None:
        return NO_MEMBER
    if caller.kind == SITE_OWNER and await SITE_OWNERS.of(org_id).find(ctx, user_id) is None:
        return "The site owner of this token is not known."
    if caller.kind == DRIVER and driver(ctx.world, org_id, user_id) is None:
        return "The driver of this token is not known."
    if caller.kind == INSTALLER and org_id != ((await INSTALLERS.find(ctx, user_id)) or {}).get("org_id"):
        return "The installer of this token is not known."
    return None


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
