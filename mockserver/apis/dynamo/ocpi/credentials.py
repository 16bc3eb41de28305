"""Tag Credentials: how a partner registers; `partners.permit` says when it can.

Unlike a real operator, the mock never calls the `url` of a partner.
"""

from __future__ import annotations

from typing import NamedTuple

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
    await PARTNERS.create(ctx, key=partner_id(ctx), issuer=issuer(ctx.body["roles"]))
    return await _credentials(ctx, await new_token(ctx))


async def update_credentials(ctx: Context) -> Credentials:
    """Replace what the partner said of itself, and the permanent token."""
    await PARTNERS.replace(ctx, partner_id(ctx))
    return await _credentials(ctx, await new_token(ctx))


async def delete_credentials(ctx: Context) -> None:
    """Forget the partner."""
    await PARTNERS.delete(ctx, partner_id(ctx))
    await ctx.runtime.accounts.end(Caller.of(ctx).principal.token)


async def _credentials(ctx: Context, token: str) -> Credentials:
    return Credentials(token, await operator_of(ctx))
