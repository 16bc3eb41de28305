"""Invitations: sent by e-mail, accepted once, taken back, expired; each transition from each state as declared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mockserver.apis.dynamo.registry import INVITATION
from mockserver.apis.dynamo.seed import HARBOUR, INVITED_FOR, POLDER
from tests.asgi import Client, Response
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

NEW = "new@people.example"


def invite(office: Office, email: str = NEW, role: str = "member", by: Client | None = None, org_id: str = "") -> Wire:
    path = f"/organizations/{org_id or office.harbour}/invitations"
    made: Wire = said(send(by or office.admin, "POST", path, {"email": email, "role": role}), 201)
    return made


def token(office: Office, email: str = NEW) -> str:
    return str(office.mail(email)["token"])


def accept(office: Office, text: str, by: Client | None = None) -> Response:
    return send(by or office.anonymous, "POST", "/organizations/invitations/accept", {"token": text})


def cancel(office: Office, invitation: Wire, by: Client | None = None) -> Response:
    path = f"/organizations/{invitation['org_id']}/invitations/{invitation['id']}"
    return send(by or office.admin, "DELETE", path)


def members(office: Office, org_id: str = "") -> list[Wire]:
    return list(said(send(office.key, "GET", f"/organizations/{org_id or office.harbour}/members"))["data"])


def test_who_accepts_is_a_member_with_the_role_of_the_invitation(office: Office) -> None:
    made = invite(office, "New@People.example", "viewer")
    assert made["status"] == "pending"
    assert made["invited_by"] == office.user_id("admin")
    assert (made["created_at"], made["expires_at"]) == ("2026-03-18T12:00:00Z", "2026-03-25T12:00:00Z")
    office.advance(timedelta(days=2))
    joined = said(accept(office, token(office)))
    member = {"user_id": joined["user_id"], "email": made["email"], "name": None, "role": "viewer"}
    assert members(office)[-1] == {**member, "joined_at": "2026-03-20T12:00:00Z"}
    assert (joined["org_id"], joined["org_name"], joined["invitation_id"]) == (
        office.harbour,
        HARBOUR.name,
        made["id"],
    )


def test_the_token_stands_in_the_e_mail_alone(office: Office) -> None:
    made = invite(office)
    mail = office.mail(NEW)
    assert mail["token"] in mail["text"]
    assert mail["link"].endswith(mail["token"])
    assert HARBOUR.name in mail["subject"]
    secret = mail["token"].rpartition(".")[2]
    assert secret not in str(made)
    said(accept(office, mail["token"]))
    journal = office.anonymous.get("/_mock/journal").body.decode()
    assert made["id"] in journal
    assert secret not in journal


def reach(office: Office, state: str) -> Wire:
    """An invitation in that state."""
    made = invite(office)
    if state == "accepted":
        said(accept(office, token(office)))
    if state == "cancelled":
        assert cancel(office, made).status == 204
    if state == "expired":
        office.advance(INVITED_FOR)
    return made


@pytest.mark.parametrize("state", INVITATION.states)
@pytest.mark.parametrize("transition", INVITATION.transitions)
def test_each_transition_from_each_state_is_as_declared(office: Office, state: str, transition: str) -> None:
    made = reach(office, state)
    before = office.written()
    rule = INVITATION.transitions[transition]
    answer = accept(office, token(office)) if transition == "accept" else cancel(office, made)
    if state in rule.sources:
        assert answer.status == {"accept": 200, "cancel": 204}[transition]
        stored = office.written()[f"dynamo.invitations/{office.harbour}"][made["id"]]
        assert stored["status"] == rule.target
    else:
        error = rule.refusals[state].raised()
        assert error.slug
        refused(answer, error.status, error.slug)
        assert office.written() == before


@pytest.mark.parametrize("state", ["cancelled", "expired"])
def test_who_did_not_come_can_be_invited_again(office: Office, state: str) -> None:
    made = reach(office, state)
    old = token(office)
    again = invite(office)
    assert again["id"] != made["id"]
    assert token(office) != old
    assert accept(office, old).status == 410
    said(accept(office, token(office)))


def test_who_was_removed_can_come_again(office: Office) -> None:
    viewer = f"/organizations/{office.harbour}/members/{office.user_id('viewer')}"
    assert send(office.admin, "DELETE", viewer).status == 204
    invite(office, HARBOUR.email("viewer"), "admin")
    assert said(accept(office, token(office, HARBOUR.email("viewer"))))["user_id"] == office.user_id("viewer")
    assert members(office)[-1]["role"] == "admin"
    said(send(office.viewer, "GET", f"/organizations/{office.harbour}"))


def test_one_person_is_one_user_in_two_organizations(office: Office) -> None:
    email = POLDER.email("owner")
    invite(office, email)
    said(accept(office, token(office, email), by=office.polder_owner))
    assert members(office)[-1]["name"]
    assert said(send(office.polder_owner, "GET", f"/organizations/{office.harbour}"))["id"] == office.harbour
    refused(send(office.polder_owner, "PUT", f"/organizations/{office.harbour}", {}), 403, "insufficient_role")


@pytest.mark.parametrize("email", [NEW, NEW.upper()])
def test_nobody_is_invited_twice_at_a_time(office: Office, email: str) -> None:
    invite(office)
    body = {"email": email, "role": "viewer"}
    before = office.written()
    path = f"/organizations/{office.harbour}/invitations"
    refused(send(office.owner, "POST", path, body), 409, "invitation_pending")
    refused(send(office.owner, "POST", path, {**body, "email": HARBOUR.email("Viewer")}), 409, "already_member")
    refused(send(office.owner, "POST", path, {**body, "role": "owner"}), 422, "validation_error")
    assert office.written() == before


def test_a_key_invites_in_nobody_s_name(office: Office) -> None:
    assert invite(office, by=office.key)["invited_by"] is None


@pytest.mark.parametrize("by", ["key", "admin", "polder_owner", "driver"])
def test_somebody_else_s_credential_does_not_accept(office: Office, by: str) -> None:
    invite(office)
    before = office.written()
    refused(accept(office, token(office), by=getattr(office, by)), 403, "invitation_email_mismatch")
    assert office.written() == before
    said(accept(office, token(office)))


@pytest.mark.parametrize("text", ["x", ".", "..", "org_x.inv_x.x", "é.é.é", "\u0000"])
def test_a_token_that_is_none_is_not_found(office: Office, text: str) -> None:
    refused(accept(office, text), 404, "invitation_not_found")


def test_a_token_with_another_ending_is_not_found(office: Office) -> None:
    invite(office)
    refused(accept(office, token(office)[:-1]), 404, "invitation_not_found")


def test_an_invitation_of_another_organization_is_not_found(office: Office) -> None:
    made = invite(office)
    refused(cancel(office, {**made, "org_id": office.polder}, by=office.polder_owner), 404, "invitation_not_found")
    refused(cancel(office, {**made, "id": f"inv_{NOBODY}"}), 404, "invitation_not_found")
    said(accept(office, token(office)))


def applicant(office: Office, weeks_ago: int) -> str:
    """Who is invited every week, by how long ago that was."""
    messages = said(office.anonymous.get("/_mock/mailbox"))
    return [str(each["to"]) for each in messages if each["to"].startswith("applicant-")][weeks_ago]


def test_the_seed_world_has_an_invitation_that_is_pending_and_one_that_has_expired(office: Office) -> None:
    said(accept(office, token(office, applicant(office, 0))))
    refused(accept(office, token(office, applicant(office, 1))), 410, "invitation_expired")
    kept = token(office, applicant(office, 0))
    office.advance(10 * INVITED_FOR)
    refused(accept(office, kept), 409, "invitation_already_accepted")
    said(accept(office, token(office, applicant(office, 0))))


def test_the_same_requests_bring_the_same_mail(office: Office) -> None:
    def sent() -> Wire:
        invite(office)
        return office.mail(NEW)

    first = sent()
    office.mock.reset()
    assert sent() == first
    assert office.mock.runtime.clock.now() == NOON


def test_a_new_member_can_be_given_a_token(office: Office) -> None:
    invite(office)
    joined = said(accept(office, token(office)))
    issue = f"/_mock/applications/{office.harbour}/tokens"
    issued = said(office.anonymous.post(issue, json={"user_id": joined["user_id"]}), 201)
    client = Client(office.mock.app, {"authorization": f"Bearer {issued['access_token']}"})
    try:
        assert said(send(client, "GET", f"/organizations/{office.harbour}"))["name"] == HARBOUR.name
        refused(send(client, "POST", f"/organizations/{office.harbour}/invitations", {}), 403, "insufficient_role")
    finally:
        client.close()
    assert office.anonymous.post(issue, json={"user_id": "somebody"}).status == 400
