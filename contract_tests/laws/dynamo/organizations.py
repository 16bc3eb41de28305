"""Organizations: what belongs to one, who runs it, and how others are invited."""

from __future__ import annotations

from contract_tests.exchange import Exchange
from contract_tests.laws.dynamo.things import BAD_REQUEST, Made, organization
from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage

READ, REPLACE = "GET /organizations/{org_id}", "PUT /organizations/{org_id}"
SETTINGS, SET = "GET /organizations/{org_id}/settings", "PUT /organizations/{org_id}/settings"
MEMBERS, MEMBER = "GET /organizations/{org_id}/members", "DELETE /organizations/{org_id}/members/{user_id}"
ROLE = "PUT /organizations/{org_id}/members/{user_id}/role"
INVITE = "POST /organizations/{org_id}/invitations"
CANCEL = "DELETE /organizations/{org_id}/invitations/{invitation_id}"
_CONFLICT = (*BAD_REQUEST, 409)
_SAID = ("name", "country", "contact_email")


@law("published", "major", REPLACE)
def organization_is_replaced_as_a_whole(stage: Stage) -> None:
    """A new version of an organization has its name, country and contact_email: without one of them it is refused."""
    org_id = organization(stage)
    before = {name: stage.got(READ, org_id=org_id)[name] for name in _SAID}
    stage.later(lambda: stage.aside(REPLACE, before, org_id=org_id))
    for name in _SAID:
        exchange = stage.call(REPLACE, {key: before[key] for key in _SAID if key != name}, org_id=org_id)
        stage.refuses(exchange, BAD_REQUEST, f"422: {name} is missing", "Organization")
    after = {name: stage.got(READ, org_id=org_id)[name] for name in _SAID}
    stage.require(after == before, exchange, "what was refused changes nothing", f"{after} after {before}")


@law("inferred", "major", SET)
def settings_keep_what_is_not_sent(stage: Stage) -> None:
    """A change of settings leaves what it does not name, each of the notification preferences included."""
    org_id = organization(stage)
    before = stage.got(SETTINGS, org_id=org_id)
    preferences = before["notification_preferences"]
    writable = ("currency", "timezone", "billing_email", "notification_preferences")
    restored = {name: before[name] for name in writable}
    stage.later(lambda: stage.aside(SET, restored, org_id=org_id))
    changed = {"weekly_summary": not preferences["weekly_summary"]}
    exchange = stage.call(SET, {"notification_preferences": changed}, org_id=org_id)
    stage.succeeds(exchange, "one preference may be changed by itself", "OrganizationSettings")
    expected = {**restored, "notification_preferences": {**preferences, **changed}}
    after = stage.got(SETTINGS, org_id=org_id)
    for name in writable:
        says = f"{name} is {expected[name]} then"
        stage.require(after[name] == expected[name], exchange, says, f"{after[name]}", "OrganizationSettings")


@law("published", "critical", ROLE, MEMBER)
def owner_is_protected(stage: Stage) -> None:
    """The owner of an organization can neither be given another role nor be removed."""
    org_id = organization(stage)
    owner = _owner(stage, org_id) or _owner(stage, stage.value("org_id"))
    if not owner:
        raise NotPlayed("no member of the organization is its owner")
    user_id, org_id = owner
    # Removal comes second, since nothing could undo it: where the role is not protected, it is not tried.
    exchange = stage.call(ROLE, {"role": "admin"}, org_id=org_id, user_id=user_id)
    if exchange.succeeded:
        stage.later(lambda: stage.aside(ROLE, {"role": "owner"}, org_id=org_id, user_id=user_id))
    stage.refuses(exchange, _CONFLICT, "409: an organization has one owner, who hands this over", "Member")
    exchange = stage.call(MEMBER, org_id=org_id, user_id=user_id)
    stage.refuses(exchange, _CONFLICT, "409: the owner cannot be removed", "Member")


def _owner(stage: Stage, org_id: str) -> tuple[str, str] | None:
    """The owner with the organization; none where nobody has joined yet."""
    members = stage.got(MEMBERS, org_id=org_id)["data"]
    return next(((each["user_id"], org_id) for each in members if each["role"] == "owner"), None)


@law("inferred", "major", INVITE)
def address_is_invited_once(stage: Stage) -> None:
    """An address that is invited is not invited again, until that invitation is cancelled."""
    email = f"{stage.name()}@example.com"
    first = _invited(stage, email)
    first_id = first.id
    second = _invited(stage, email.upper().replace("@EXAMPLE.COM", "@example.com"))
    stage.refuses(second.exchange, (409,), "409: the address is invited already", "Invitation")
    stage.succeeds(first.delete(), "a pending invitation can be cancelled", "Invitation")
    third = _invited(stage, email)
    stage.succeeds(third.exchange, "who was invited in vain may be invited again", "Invitation")
    stage.require(third.id != first_id, third.exchange, "it is another invitation", "the id is the same", "Invitation")


@law("published", "critical", INVITE)
def nobody_is_invited_as_owner(stage: Stage) -> None:
    """An invitation gives the role admin, member or viewer, and never that of the owner."""
    made = _invited(stage, f"{stage.name()}@example.com", "owner")
    stage.refuses(made.exchange, BAD_REQUEST, "422: an organization has one owner", "Invitation.role")


@law("inferred", "minor", CANCEL)
def invitation_is_cancelled_once(stage: Stage) -> None:
    """A cancelled invitation is not there any more: cancelling it again is refused with 404."""
    made = _invited(stage, f"{stage.name()}@example.com")
    stage.succeeds(made.delete(), "a pending invitation can be cancelled", "Invitation")
    stage.refuses(made.delete(), (404,), "404: it was cancelled before", "Invitation")


@law("inferred", "critical", INVITE)
def invitation_token_is_only_mailed(stage: Stage) -> None:
    """The token of an invitation goes to the invited by e-mail, and never to who invites."""
    exchange = _invited(stage, f"{stage.name()}@example.com").exchange
    told = [name for name in _names(stage, exchange) if any(word in name.lower() for word in ("token", "link", "url"))]
    stage.require(not told, exchange, "no token, and no link with one", f"the answer has {', '.join(told)}")


def _names(stage: Stage, exchange: Exchange) -> list[str]:
    body = exchange.json()
    if exchange.status != 201 or not isinstance(body, dict):
        raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(stage.run.credentials)}")
    return [*body]


def _invited(stage: Stage, email: str, role: str = "viewer") -> Made:
    return Made(stage, INVITE, {"email": email, "role": role}, CANCEL, org_id=organization(stage))


LAWS = (
    organization_is_replaced_as_a_whole,
    settings_keep_what_is_not_sent,
    owner_is_protected,
    address_is_invited_once,
    nobody_is_invited_as_owner,
    invitation_is_cancelled_once,
    invitation_token_is_only_mailed,
)
