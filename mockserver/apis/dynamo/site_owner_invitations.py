"""How people become site owners: an operator enters them, or a project is handed over to their address."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mockserver.apis.dynamo.mail import handover_mail, site_owner_mail
from mockserver.apis.dynamo.registry import INVITATION, ORGANIZATIONS, to_the_second
from mockserver.apis.dynamo.seed import INVITED_FOR
from mockserver.apis.dynamo.site_owners import ONBOARDING, SITE_OWNERS, STEPS
from mockserver.http.exchange import Context
from mockserver.store import Value


async def invite(ctx: Context, org_id: str, body: Mapping[str, Any], done: Collection[str] = STEPS) -> Value:
    """Enter somebody, of whose onboarding these steps are done once it begins, and send the token."""
    organization, now = await ORGANIZATIONS.get(ctx, org_id), to_the_second(ctx.at)
    owner = await SITE_OWNERS.of(org_id).create(
        ctx,
        body=body,
        org_id=org_id,
        phone=None,
        address=None,
        payout=None,
        status=INVITATION.states[0],
        onboarding_stage=ONBOARDING.states[0],
        steps={name: now if name in done else None for name in STEPS},
        expires_at=to_the_second(ctx.at + INVITED_FOR),
        accepted_at=None,
        completed_at=None,
    )
    await ctx.runtime.mailbox.send(ctx.at, site_owner_mail(ctx.world.seed, organization["name"], owner))
    return owner


async def hand_to(ctx: Context, org_id: str, project: Value) -> None:
    """Tell the site owner of a project that it is theirs now; whoever is none yet is invited to become one."""
    email, by_status = project["site_owner_email"], {}
    for owner in await SITE_OWNERS.of(org_id).list(ctx):
        if owner["email"].lower() == email.lower():
            by_status[INVITATION.now(owner, ctx.at)["status"]] = owner
    organization = await ORGANIZATIONS.get(ctx, org_id)
    if "accepted" in by_status:
        await ctx.runtime.mailbox.send(ctx.at, handover_mail(organization["name"], project))
    elif "pending" in by_status:
        again = site_owner_mail(ctx.world.seed, organization["name"], by_status["pending"])
        await ctx.runtime.mailbox.send(ctx.at, again)
    else:
        await invite(ctx, org_id, {"email": email, "contact_name": email})
