"""Tag Invitations: how people become members."""

from __future__ import annotations

from typing import Any

from mockserver import ids
from mockserver.apis.dynamo.mail import invitation_mail
from mockserver.apis.dynamo.registry import INVITATION, INVITATIONS, MEMBERS, ORGANIZATIONS, to_the_second
from mockserver.apis.dynamo.seed import INVITED_FOR, user_id
from mockserver.http.errors import Conflict, Forbidden
from mockserver.http.exchange import Context
from mockserver.store import Value


async def create_invitation(ctx: Context, *, org_id: str) -> Value:
    """Invite somebody who is neither a member nor invited already, by e-mail."""
    email, invitations, seed = ctx.body["email"].lower(), INVITATIONS.of(org_id), ctx.world.seed
    if await MEMBERS.of(org_id).find(ctx, user_id(seed, email)):
        raise Conflict(f"{ctx.body['email']} is a member already.", slug="already_member")
    for other in await invitations.list(ctx):
        if other["email"].lower() == email and INVITATION.now(other, ctx.at)["status"] == "pending":
            raise Conflict(f"{ctx.body['email']} is invited already.", slug="invitation_pending")
    invitation = await invitations.create(
        ctx,
        org_id=org_id,
        status=INVITATION.states[0],
        invited_by=ctx.user_id,
        expires_at=to_the_second(ctx.at + INVITED_FOR),
        accepted_at=None,
    )
    organization = await ORGANIZATIONS.get(ctx, org_id)
    await ctx.runtime.mailbox.send(ctx.at, invitation_mail(seed, organization["name"], invitation))
    return invitation


async def cancel_invitation(ctx: Context, *, org_id: str, invitation_id: str) -> None:
    """Take an invitation back that is still pending."""
    await _move(ctx, await INVITATIONS.of(org_id).get(ctx, invitation_id), "cancel")


async def accept_invitation(ctx: Context) -> dict[str, Any]:
    """Become a member, by the token of the e-mail."""
    seed = ctx.world.seed
    names = ids.unsealed(seed, ctx.body["token"]) or ("", "")
    invitation = await INVITATIONS.of(names[0]).find(ctx, names[-1])
    if invitation is None:
        raise INVITATIONS.unknown("with this token")
    joining = user_id(seed, invitation["email"])
    if ctx.principal is not None and ctx.user_id != joining:
        text = "The credential is not that of whoever is invited; send theirs, or none."
        raise Forbidden(text, slug="invitation_email_mismatch")
    await _move(ctx, invitation, "accept")
    org_id, email = invitation["org_id"], invitation["email"]
    known = ctx.principal and await MEMBERS.of(ctx.principal.client_id).find(ctx, joining)
    member = await MEMBERS.of(org_id).create(
        ctx, key=joining, body={}, email=email, name=known["name"] if known else None, role=invitation["role"]
    )
    return {
        "org_id": org_id,
        "org_name": (await ORGANIZATIONS.get(ctx, org_id))["name"],
        "user_id": member["user_id"],
        "email": email,
        "role": member["role"],
        "invitation_id": invitation["id"],
        "status": "accepted",
        "joined_at": member["joined_at"],
    }


async def _move(ctx: Context, invitation: Value, transition: str) -> None:
    changes = INVITATION.move(invitation, transition, ctx.at)
    # As a whole, since the weekly ones of the seed world are known for a while only.
    await INVITATIONS.of(invitation["org_id"]).set(ctx, invitation, **invitation | changes)
