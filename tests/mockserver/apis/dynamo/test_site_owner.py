"""Site owners: invited by e-mail, through onboarding step by step; each transition from each state as declared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.registry import INVITATION
from mockserver.apis.dynamo.seed import HARBOUR, INVITED_FOR
from mockserver.apis.dynamo.site_owners import ONBOARDING, STEPS
from mockserver.http.machines import Machine
from tests.asgi import Client, Response
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

NEW = {"email": "host@premises.example", "contact_name": "Joost Hoekstra"}
BACKSTAGE = "/_mock/dynamo"


@pytest.fixture
def clients(office: Office) -> Iterator[list[Client]]:
    """Clients that a test has made, to be closed behind it."""
    made: list[Client] = []
    yield made
    for client in made:
        client.close()


class Host:
    """A site owner who was invited for a test."""

    def __init__(self, office: Office, clients: list[Client], **body: Any) -> None:
        self.office = office
        self.path = f"{BACKSTAGE}/organizations/{office.harbour}/site-owners"
        self.made: Wire = said(office.anonymous.post(self.path, json={**NEW, **body}), 201)
        self.id = self.made["site_owner_id"]
        self.token = str(office.mail(NEW["email"])["token"])
        issue = f"/_mock/applications/{office.harbour}/tokens"
        access = said(office.anonymous.post(issue, json={"user_id": self.id}), 201)["access_token"]
        self.client = Client(office.mock.app, {"authorization": f"Bearer {access}"})
        clients.append(self.client)

    def accept(self) -> Response:
        return accept(self.office, self.token)

    def cancel(self) -> Response:
        return self.office.anonymous.delete(f"{self.path}/{self.id}/invitation")

    def steps(self, *names: str) -> Response:
        return self.office.anonymous.put(f"{self.path}/{self.id}/steps", json={"completed_steps": [*names]})

    def complete(self) -> Response:
        return send(self.client, "POST", "/site-owner/onboarding/complete")

    def status(self) -> Wire:
        found: Wire = said(send(self.client, "GET", "/site-owner/onboarding/status"))
        return found

    def listed(self) -> Wire:
        listed: list[Wire] = said(self.office.anonymous.get(self.path))["data"]
        return next(each for each in listed if each["site_owner_id"] == self.id)

    def reach(self, state: str) -> None:
        """Get into a state of onboarding, or of the invitation."""
        if state == "cancelled":
            assert self.cancel().status == 204
        if state == "expired":
            self.office.advance(INVITED_FOR)
        if state in ("accepted", "profile_setup", "ready_to_complete", "completed"):
            said(self.accept())
        if state == "profile_setup":
            said(self.steps("agreement"))
        if state == "completed":
            said(self.complete())


def accept(office: Office, token: str) -> Response:
    return send(office.anonymous, "POST", f"/site-owner/accept-invitation/{token}")


def code(response: Response) -> str:
    """Of a refusal, in whichever form."""
    body = response.json()
    return str(body["error"]["code"] if "error" in body else body["type"].rstrip("/").rpartition("/")[2])


def cases(machine: Machine) -> list[tuple[str, str]]:
    return [(state, name) for state in machine.states for name in machine.transitions]


def try_transition(office: Office, machine: Machine, state: str, name: str, host: Host, play: Any, now: Any) -> None:
    """Play a transition from a state: to its target or, with the declared refusal, to nowhere."""
    host.reach(state)
    assert now() == state
    transition, before = machine.transitions[name], office.written()
    response = play()
    if state in transition.sources:
        assert response.status in (200, 204), response.body
        assert now() == transition.target
    else:
        refusal = transition.refusals[state]
        assert (response.status, code(response)) == (refusal.raised().status, refusal.code), response.body
        assert office.written() == before
        assert now() == state


@pytest.mark.parametrize(("state", "name"), cases(ONBOARDING))
def test_onboarding_goes_as_declared(office: Office, clients: list[Client], state: str, name: str) -> None:
    host = Host(office, clients, completed_steps=[] if (state, name) == ("invited", "begin") else [*STEPS])
    plays = {
        "begin": host.accept,
        "hand_in": lambda: host.steps(*STEPS),
        "lack": lambda: host.steps("agreement"),
        "complete": host.complete,
    }
    try_transition(office, ONBOARDING, state, name, host, plays[name], lambda: host.status()["stage"])


@pytest.mark.parametrize(("state", "name"), cases(INVITATION))
def test_the_invitation_goes_as_declared(office: Office, clients: list[Client], state: str, name: str) -> None:
    host = Host(office, clients)
    plays = {"accept": host.accept, "cancel": host.cancel}
    try_transition(office, INVITATION, state, name, host, plays[name], lambda: host.listed()["invitation_status"])


def test_whoever_accepts_gets_a_token_and_everything_handed_in_counts(office: Office, clients: list[Client]) -> None:
    host = Host(office, clients)
    accepted = said(host.accept())
    access = accepted.pop("access_token")
    assert accepted == {
        "site_owner_id": host.id,
        "org_id": office.harbour,
        "email": NEW["email"],
        "status": "accepted",
        "onboarding_stage": "ready_to_complete",
        "accepted_at": "2026-03-18T12:00:00Z",
    }
    profile = office.anonymous.get(
        "/dynamo/api/v1/site-owner/profile", headers={"authorization": f"Bearer {access}"}
    ).json()
    assert (profile["contact_name"], profile["company_name"], profile["payout"]) == ("Joost Hoekstra", None, None)
    assert profile["onboarding_stage"] == "ready_to_complete"
    assert said(send(host.client, "GET", "/site-owner/projects")) == {"data": []}


def test_steps_have_their_times_and_completion_names_those_that_are_pending(
    office: Office, clients: list[Client]
) -> None:
    host = Host(office, clients, completed_steps=["agreement"])
    assert [step["status"] for step in host.status()["steps"]] == ["pending", "pending", "pending", "completed"]
    refusal = refused(host.complete(), 409, "onboarding_incomplete")
    assert [each["field"] for each in refusal["details"]] == ["accept_invitation", "business_details", "payout_details"]
    office.advance(timedelta(hours=1))
    assert said(host.accept())["onboarding_stage"] == "profile_setup"
    office.advance(timedelta(hours=1))
    said(host.steps("agreement", "payout_details"))
    assert refused(host.complete(), 409, "onboarding_incomplete")["details"] == [
        {"field": "business_details", "message": "is pending"}
    ]
    assert [step["completed_at"] for step in host.status()["steps"]] == [
        "2026-03-18T13:00:00Z",
        None,
        "2026-03-18T14:00:00Z",
        "2026-03-18T12:00:00Z",
    ]
    said(host.steps(*STEPS))
    office.advance(timedelta(hours=1))
    done = said(host.complete())
    assert done == host.status()
    assert (done["is_complete"], done["started_at"], done["completed_at"]) == (
        True,
        "2026-03-18T13:00:00Z",
        "2026-03-18T15:00:00Z",
    )
    assert refused(host.complete(), 409, "onboarding_already_completed")["details"] is None


def test_the_seed_world_has_one_before_and_one_after_onboarding(office: Office, clients: list[Client]) -> None:
    after = said(send(office.site_owner, "GET", "/site-owner/onboarding/status"))
    assert (after["stage"], after["is_complete"]) == ("completed", True)
    assert all(step["completed_at"] for step in after["steps"])
    before = office.client(HARBOUR, "site owner, invited")
    clients.append(before)
    assert said(send(before, "GET", "/site-owner/onboarding/status"))["stage"] == "invited"
    email = said(send(before, "GET", "/site-owner/profile"))["email"]
    assert said(accept(office, office.mail(email)["token"]))["onboarding_stage"] == "ready_to_complete"
    office.advance(timedelta(days=30))
    assert said(send(before, "POST", "/site-owner/onboarding/complete"))["started_at"] == "2026-03-18T12:00:00Z"


def test_who_is_invited_from_the_start_is_so_anew_each_week(office: Office) -> None:
    listed = said(office.anonymous.get(f"{BACKSTAGE}/organizations/{office.harbour}/site-owners"))["data"]
    email = next(each["email"] for each in listed if each["invitation_status"] == "pending")
    token = office.mail(email)["token"]
    office.advance(INVITED_FOR)
    refused(accept(office, token), 410, "invitation_expired")
    said(accept(office, office.mail(email)["token"]))


def test_projects_are_the_public_sites_of_the_operator(office: Office) -> None:
    projects = said(send(office.site_owner, "GET", "/site-owner/projects"))["data"]
    by_name = {each["name"]: each for each in projects}
    assert by_name["Wembley charging hub"]["charge_point_count"] == 8
    assert "Lombok street chargers" not in by_name  # another operator's
    assert [each["status"] for each in projects].count("in_progress") == 1
    created = [each["created_at"] for each in projects]
    assert created == sorted(created, reverse=True)
    assert len({each["id"] for each in projects}) == len(projects)


def test_the_token_is_in_the_e_mail_alone(office: Office, clients: list[Client]) -> None:
    host = Host(office, clients)
    assert host.token not in str(host.made)
    said(host.accept())
    journal = office.anonymous.get("/_mock/journal").body.decode()
    assert "accept-site-owner-invitation" in journal
    assert host.token.rpartition(".")[2] not in journal


def test_other_tokens_are_not_found(office: Office, clients: list[Client]) -> None:
    host = Host(office, clients)
    member = office.mail("applicant-114@harbourvolt.example")["token"]
    for token in ("nonsense", host.token[:-1], host.token + "x", f"a.{host.token}", member, "..", "x" * 200):
        refused(accept(office, token), 404, "invitation_not_found")
    wrong = send(office.anonymous, "POST", "/organizations/invitations/accept", {"token": host.token})
    refused(wrong, 404, "invitation_not_found")
    assert host.listed()["invitation_status"] == "pending"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", f"/organizations/org_{NOBODY}/site-owners", None, 404),
        ("POST", f"/organizations/org_{NOBODY}/site-owners", NEW, 404),
        ("POST", "/organizations/{own}/site-owners", {"email": "nobody", "contact_name": "x"}, 400),
        ("POST", "/organizations/{own}/site-owners", {**NEW, "completed_steps": ["accept_invitation"]}, 400),
        ("PUT", f"/organizations/{{own}}/site-owners/so_{NOBODY}/steps", {"completed_steps": []}, 404),
        ("PUT", f"/organizations/{{own}}/site-owners/so_{NOBODY}/steps", {}, 400),
        ("DELETE", f"/organizations/{{own}}/site-owners/so_{NOBODY}/invitation", None, 404),
    ],
)
def test_what_makes_no_sense_backstage_is_refused(
    office: Office, method: str, path: str, body: Any, status: int
) -> None:
    before = office.written()
    response = office.anonymous.request(method, BACKSTAGE + path.format(own=office.harbour), json=body)
    assert response.status == status, response.body
    assert office.written() == before
