"""Tag Site owners: invited, and what they have handed in."""

from __future__ import annotations

from mockserver.apis.dynamo.registry import INVITATION, ORGANIZATIONS, to_the_second
from mockserver.apis.dynamo.site_owner_invitations import invite
from mockserver.apis.dynamo.site_owners import SITE_OWNERS, STEPS, note, with_steps
from mockserver.apis.dynamo.views import onboarding_status
from mockserver.apis.dynamo.wire import Wire
from mockserver.http.exchange import Context
from mockserver.store import Value


async def list_site_owners(ctx: Context, *, org_id: str) -> Wire:
    """All of an organization, in the order in which they were entered."""
    await ORGANIZATIONS.get(ctx, org_id)
    return {"data": [_shown(INVITATION.now(owner, ctx.at)) for owner in await SITE_OWNERS.of(org_id).list(ctx)]}


async def invite_site_owner(ctx: Context, *, org_id: str) -> Wire:
    """Enter somebody, and send the token."""
    return _shown(await invite(ctx, org_id, ctx.body, ctx.body.get("completed_steps", STEPS)))


async def cancel_site_owner_invitation(ctx: Context, *, org_id: str, site_owner_id: str) -> None:
    """Take the invitation back."""
    owner = await _owner(ctx, org_id, site_owner_id)
    await note(ctx, owner, INVITATION.move(owner, "cancel", ctx.at))


async def set_onboarding_steps(ctx: Context, *, org_id: str, site_owner_id: str) -> Wire:
    """Say which steps are done; those that were before keep their time."""
    owner = await _owner(ctx, org_id, site_owner_id)
    now, done = to_the_second(ctx.at), ctx.body["completed_steps"]
    steps = {name: (since or now) if name in done else None for name, since in owner["steps"].items()}
    changed = await note(ctx, owner, with_steps(owner, steps, ctx.at))
    return onboarding_status(changed, ctx, ctx.expansion)


def _shown(owner: Value) -> Wire:
    names = ("site_owner_id", "email", "contact_name", "company_name", "expires_at", "onboarding_stage")
    shown = {name: owner[name] for name in names}
    return {**shown, "invitation_status": owner["status"], "invited_at": owner["created_at"]}


async def _owner(ctx: Context, org_id: str, site_owner_id: str) -> Value:
    await ORGANIZATIONS.get(ctx, org_id)
    return await SITE_OWNERS.of(org_id).get(ctx, site_owner_id)
