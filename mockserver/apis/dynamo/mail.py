"""The e-mails that Dynamo sends, which are the only place where tokens of invitations stand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mockserver import ids
from mockserver.apis.dynamo import seed, site_owners
from mockserver.domain.world import World
from mockserver.http.mailbox import Mail
from mockserver.store import Value

_DASHBOARD = "https://dashboard.dynamo-csms.example"


def invitation_mail(world_seed: int, org_name: str, invitation: Value) -> Mail:
    """The e-mail to whoever is invited to become a member."""
    token = ids.sealed(world_seed, invitation["org_id"], invitation["id"])
    link = f"{_DASHBOARD}/invitations/accept?token={token}"
    return Mail(
        to=invitation["email"],
        subject=f"Join {org_name}",
        text=f"You are invited to join {org_name} as {invitation['role']}, until {invitation['expires_at']}.\n"
        f"Follow {link} or accept with the token {token}.",
        token=token,
        link=link,
    )


def site_owner_mail(world_seed: int, org_name: str, owner: Value) -> Mail:
    """The e-mail to whoever is invited as a site owner."""
    token = site_owners.token(world_seed, owner)
    link = f"{_DASHBOARD}/site-owner/accept-invitation/{token}"
    return Mail(
        to=owner["email"],
        subject=f"Host charge points of {org_name}",
        text=f"You are invited to host charge points of {org_name}, until {owner['expires_at']}.\n"
        f"Follow {link} or accept with the token {token}.",
        token=token,
        link=link,
    )


def ready_mail(world: World, at: datetime) -> Iterator[tuple[datetime, Mail]]:
    """What was sent before anybody called, as of an aware instant: when, and the e-mail."""
    for organization in seed.ORGANIZATIONS:
        org_id = organization.id(world.seed)
        for invitation in seed.weekly_invitations(world.seed, org_id, at).values():
            sent_at = datetime.fromisoformat(invitation["created_at"])
            yield sent_at, invitation_mail(world.seed, organization.name, invitation)
        for owner in site_owners.seed_owners(world.seed, org_id, at).values():
            if owner["status"] == "pending":
                sent_at = datetime.fromisoformat(owner["created_at"])
                yield sent_at, site_owner_mail(world.seed, organization.name, owner)
