"""Tag Site owner: how those who host charge points get on board, and what they see then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.apis.dynamo.projects import of_host
from mockserver.apis.dynamo.registry import INVITATION
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.seed import SCOPES
from mockserver.apis.dynamo.site_owners import ONBOARDING, SITE_OWNERS, all_steps, invited, note, with_steps
from mockserver.http.errors import Conflict, FieldError
from mockserver.http.exchange import Context
from mockserver.store import Value


async def accept_site_owner_invitation(ctx: Context, *, token: str) -> dict[str, Any]:
    """Begin onboarding, by the token of the e-mail; whatever was handed in before counts."""
    owner = await invited(ctx, token)
    owner = {**owner, **INVITATION.move(owner, "accept", ctx.at), **ONBOARDING.move(owner, "begin", ctx.at)}
    owner = await note(ctx, owner, with_steps(owner, owner["steps"], ctx.at))
    accounts = ctx.runtime.accounts
    application = await accounts.application(owner["org_id"])
    assert application is not None, "of no organization"  # noqa: S101  # a defect, not an input
    issued = await accounts.issue_tokens(application, owner["site_owner_id"], SCOPES)
    return {**owner, "access_token": issued["access_token"]}


async def get_onboarding_status(ctx: Context) -> Value:
    """How far it is."""
    return await _caller(ctx)


async def complete_onboarding(ctx: Context) -> Value:
    """End it, once every step is done."""
    owner = await _caller(ctx)
    try:
        return await note(ctx, owner, ONBOARDING.move(owner, "complete", ctx.at))
    except Conflict as refusal:
        pending = [name for name, done_at in all_steps(owner).items() if done_at is None]
        refusal.field_errors = tuple(FieldError("body", name, "is pending") for name in pending)
        raise


async def get_site_owner_profile(ctx: Context) -> Value:
    """Who the site owner is."""
    return await _caller(ctx)


async def list_site_owner_projects(ctx: Context) -> Sequence[Value]:
    """All projects that are for the site owner, newest first."""
    return await of_host(ctx, await _caller(ctx))


async def _caller(ctx: Context) -> Value:
    return await SITE_OWNERS.get(ctx, Caller.of(ctx).principal.user_id or "")
