"""The e-mails that Dynamo sends, which are the only place where the tokens stand by which people prove to have them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mockserver import ids
from mockserver.apis.dynamo import seed, site_owners
from mockserver.apis.dynamo.installer_registry import FIRST_PASSWORD, ready_installers
from mockserver.domain.world import World
from mockserver.http.mailbox import Mail
from mockserver.store import Value

_DASHBOARD = "https://dashboard.dynamo-csms.example"


def invitation_mail(world_seed: int, org_name: str, invitation: Value) -> Mail:
    """The e-mail to whoever is invited to become a member."""
    token = ids.sealed(world_seed, invitation["org_id"], invitation["id"])
    return _mail(
        invitation["email"],
        f"Join {org_name}",
        f"You are invited to join {org_name} as {invitation['role']}, until {invitation['expires_at']}.",
        f"{_DASHBOARD}/invitations/accept?token={token}",
        token,
    )


def site_owner_mail(world_seed: int, org_name: str, owner: Value) -> Mail:
    """The e-mail to whoever is invited as a site owner."""
    token = site_owners.token(world_seed, owner)
    return _mail(
        owner["email"],
        f"Host charge points of {org_name}",
        f"You are invited to host charge points of {org_name}, until {owner['expires_at']}.",
        f"{_DASHBOARD}/site-owner/accept-invitation/{token}",
        token,
    )


def handover_mail(org_name: str, project: Value) -> Mail:
    """The e-mail to a site owner who gets one more project, which holds no token."""
    link = f"{_DASHBOARD}/site-owner/projects/{project['id']}"
    text = f"{org_name} has handed {project['name']} over to you.\nFollow {link} to see it."
    return Mail(to=project["site_owner_email"], subject=f"{project['name']} is yours", text=text, token="", link=link)


def confirmation_mail(world_seed: int, origin: str, installer: Value) -> Mail:
    """The e-mail to an installer whose address is to be confirmed, with a link that the mock serves at its origin."""
    token = ids.sealed(world_seed, installer["installer_id"])
    return _mail(
        installer["email"],
        "Confirm your e-mail address",
        f"Welcome, {installer['first_name']}. You can log in once you have confirmed your e-mail address.",
        f"{origin}/_mock/dynamo/installer-confirmations/{token}",
        token,
        do="confirm it",
    )


def password_mail(world_seed: int, installer: Value, reset: Value) -> Mail:
    """The e-mail to an installer who has forgotten the password."""
    token = ids.sealed(world_seed, reset["id"])
    return _mail(
        installer["email"],
        "Set a new password",
        f"Somebody has asked for a new password for you. Until {reset['expires_at']} you can set one.",
        f"{_DASHBOARD}/installer/reset-password?token={token}",
        token,
        do="set it",
    )


def first_password_mail(org_name: str, installer: Value) -> Mail:
    """The e-mail to an installer who was signed up by an organization."""
    return _mail(
        installer["email"],
        f"Install charge points for {org_name}",
        f"{org_name} has signed you up, {installer['first_name']}, as {installer['email']}.",
        f"{_DASHBOARD}/installer/login",
        FIRST_PASSWORD,
        do="log in",
        by="password",
    )


def _mail(to: str, subject: str, sentence: str, link: str, token: str, do: str = "accept", by: str = "token") -> Mail:
    text = f"{sentence}\nFollow {link} or {do} with the {by} {token}."
    return Mail(to=to, subject=subject, text=text, token=token, link=link)


def ready_mail(world: World, at: datetime) -> Iterator[tuple[datetime, Mail]]:
    """What was sent before anybody called, as of an aware instant: when, and the e-mail."""
    installers = ready_installers(world.seed)
    for organization in seed.ORGANIZATIONS:
        org_id = organization.id(world.seed)
        yield seed.FOUNDED_AT, first_password_mail(organization.name, installers[organization.installer_id(world.seed)])
        for invitation in seed.weekly_invitations(world.seed, org_id, at).values():
            sent_at = datetime.fromisoformat(invitation["created_at"])
            yield sent_at, invitation_mail(world.seed, organization.name, invitation)
        for owner in site_owners.seed_owners(world.seed, org_id, at).values():
            if owner["status"] == "pending":
                sent_at = datetime.fromisoformat(owner["created_at"])
                yield sent_at, site_owner_mail(world.seed, organization.name, owner)
