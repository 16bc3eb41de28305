"""Tag Credentials: how a partner registers. Unlike a real operator, the mock never calls the partner's `url`."""

from __future__ import annotations

from typing import NamedTuple

from mockserver.apis.dynamo.ocpi.errors import NotNow
from mockserver.apis.dynamo.ocpi.operator import Operator, operator_of
from mockserver.apis.dynamo.ocpi.partners import PARTNERS, issuer, new_token, partner_id
from mockserver.apis.dynamo.roles import Caller
from mockserver.http.exchange import Context


class Credentials(NamedTuple):
    """The operator's, for a partner: the token that it has to send."""

    token: str
    operator: Operator


async def get_credentials(ctx: Context) -> Credentials:
    """The token that was sent, and who the operator is."""
    return await _credentials(ctx, Caller.of(ctx).principal.token)


async def register_credentials(ctx: Context) -> Credentials:
    """Use up the token of the registration."""
    if await PARTNERS.find(ctx, partner_id(ctx)) is not None:
        raise NotNow("You are registered already; change the registration with PUT.", "DELETE", "GET", "HEAD", "PUT")
    await PARTNERS.create(ctx, key=partner_id(ctx), issuer=issuer(ctx.body["roles"]))
    return await _credentials(ctx, await new_token(ctx))


async def update_credentials(ctx: Context) -> Credentials:
    """Replace what the partner said of itself, and the permanent token."""
    await _refuse_unregistered(ctx)
    await PARTNERS.replace(ctx, partner_id(ctx))
    return await _credentials(ctx, await new_token(ctx))


async def delete_credentials(ctx: Context) -> None:
    """Forget the partner."""
    await _refuse_unregistered(ctx)
    await PARTNERS.delete(ctx, partner_id(ctx))
    await ctx.runtime.accounts.end(Caller.of(ctx).principal.token)


async def _credentials(ctx: Context, token: str) -> Credentials:
    return Credentials(token, await operator_of(ctx))


async def _refuse_unregistered(ctx: Context) -> None:
    if await PARTNERS.find(ctx, partner_id(ctx)) is None:
        raise NotNow("You are not registered yet; register with POST.", "GET", "HEAD", "POST")
