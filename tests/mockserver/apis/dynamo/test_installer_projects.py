"""Projects of installers: begun, completed by their charge points, handed over, and seen by their site owners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mockserver.apis.dynamo.project_registry import PROJECT
from mockserver.apis.dynamo.seed import INVITED_FOR, POLDER
from tests.asgi import Client, Response
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, put_up, refused, said, send

HOST = "Estates@quayside.example"
NEW = {"name": "Quayside phase 2", "address": "Albion Road, Bristol BS1 6XN", "site_owner_email": HOST}
PROJECTS = "/installer/projects"


class Hosts:
    """Site owners, who accept the newest invitation that they got."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.made: list[Client] = []

    def accept(self) -> Client:
        token = self.office.mail(HOST)["token"]
        accepted = said(send(self.office.anonymous, "POST", f"/site-owner/accept-invitation/{token}"))
        self.made.append(Client(self.office.mock.app, {"authorization": f"Bearer {accepted['access_token']}"}))
        return self.made[-1]


@pytest.fixture
def hosts(office: Office) -> Iterator[Hosts]:
    """Closed behind the test."""
    hosts = Hosts(office)
    yield hosts
    for client in hosts.made:
        client.close()


def begin(office: Office, **others: str) -> Wire:
    made: Wire = said(send(office.installer, "POST", PROJECTS, {**NEW, **others}), 201)
    return made


def hand_over(office: Office, project: Wire) -> Response:
    return send(office.installer, "POST", f"{PROJECTS}/{project['id']}/handover")


def shown(office: Office, project: Wire) -> Wire:
    found: Wire = said(send(office.installer, "GET", f"{PROJECTS}/{project['id']}"))
    return found


def completed(office: Office, charge_point_id: str = "CP-QUAY-03") -> Wire:
    project = begin(office)
    put_up(office, project["id"], charge_point_id)
    return project


def test_a_project_is_begun_by_an_installer(office: Office) -> None:
    answer = send(office.installer, "POST", PROJECTS, {**NEW, "status": "handed_over", "installer_id": "ins_0"})
    made = said(answer, 201)
    assert made == {
        **NEW,
        "id": made["id"],
        "status": "in_progress",
        "charge_point_count": 0,
        "created_at": "2026-03-18T12:00:00Z",
        "handed_over_at": None,
    }
    assert answer.headers["location"] == f"http://localhost:8080{BASE}{PROJECTS}/{made['id']}"
    assert shown(office, made) == made
    assert said(send(office.installer, "GET", PROJECTS))["projects"][0] == made


@pytest.mark.parametrize("state", PROJECT.states)
def test_a_project_goes_as_declared(office: Office, state: str) -> None:
    project = begin(office) if state == "in_progress" else completed(office)
    if state == "handed_over":
        said(hand_over(office, project))
    before, kept = shown(office, project), office.written()
    assert before["status"] == state
    rule, response = PROJECT.transitions["hand_over"], hand_over(office, project)
    if state in rule.sources:
        after = said(response)
        assert (after["status"], after["handed_over_at"]) == (rule.target, "2026-03-18T12:03:00Z")
        assert shown(office, project) == after
    else:
        refused(response, 409, rule.refusals[state].code)
        assert (shown(office, project), office.written()) == (before, kept)


def test_a_project_is_completed_once_every_charge_point_is_commissioned(office: Office) -> None:
    project = begin(office)
    assert refused(hand_over(office, project), 409, "project_not_completed")["message"].endswith("no charge point yet.")
    put_up(office, project["id"], "CP-QUAY-03")
    assert (shown(office, project)["status"], shown(office, project)["charge_point_count"]) == ("completed", 1)
    put_up(office, project["id"], "CP-QUAY-04", commissioned=False)
    assert (shown(office, project)["status"], shown(office, project)["charge_point_count"]) == ("in_progress", 2)
    told = refused(hand_over(office, project), 409, "project_not_completed")["message"]
    assert told == "Not commissioned yet: CP-QUAY-04."


def test_a_handover_invites_the_site_owner_who_then_sees_the_project(office: Office, hosts: Hosts) -> None:
    project = completed(office)
    said(hand_over(office, project))
    listed = said(send(hosts.accept(), "GET", "/site-owner/projects"))["data"]
    names = ("id", "name", "address", "created_at")
    seen = {"status": "active", "charge_point_count": 1, **{name: project[name] for name in names}}
    assert listed == [seen]
    ready = said(send(office.site_owner, "GET", "/site-owner/projects"))["data"]
    assert project["id"] not in {each["id"] for each in ready}


def test_a_site_owner_is_invited_once_and_then_told(office: Office, hosts: Hosts) -> None:
    one = completed(office)
    said(hand_over(office, one))
    token = office.mail(HOST)["token"]
    two = completed(office, "CP-QUAY-04")
    said(hand_over(office, two))
    assert office.mail(HOST)["token"] == token  # pending: sent again
    client = hosts.accept()
    three = completed(office, "CP-QUAY-05")
    said(hand_over(office, three))
    mail = office.mail(HOST)
    assert (mail["token"], mail["link"].rpartition("/")[2]) == ("", three["id"])
    listed = said(send(client, "GET", "/site-owner/projects"))["data"]
    assert [each["id"] for each in listed] == [three["id"], two["id"], one["id"]]


def test_a_site_owner_whose_invitation_is_over_is_invited_anew(office: Office, hosts: Hosts) -> None:
    said(hand_over(office, completed(office)))
    office.advance(INVITED_FOR)
    said(hand_over(office, completed(office, "CP-QUAY-04")))
    assert len(said(send(hosts.accept(), "GET", "/site-owner/projects"))["data"]) == 2


def test_a_site_owner_sees_what_is_under_way(office: Office, hosts: Hosts) -> None:
    said(hand_over(office, completed(office)))
    client = hosts.accept()
    begun = begin(office, site_owner_email=HOST.lower())
    listed = said(send(client, "GET", "/site-owner/projects"))["data"]
    assert {each["id"]: each["status"] for each in listed}[begun["id"]] == "in_progress"


def test_projects_are_listed_by_state_newest_first_and_page_by_page(office: Office) -> None:
    everything = said(send(office.installer, "GET", PROJECTS))
    created = [each["created_at"] for each in everything["projects"]]
    assert created == sorted(created, reverse=True)
    states = {"in_progress", "completed", "handed_over"}
    by_state = [said(send(office.installer, "GET", f"{PROJECTS}?status={state}"))["projects"] for state in states]
    assert sum(map(len, by_state)) == everything["total"]
    assert all({each["status"] for each in found} <= {state} for state, found in zip(states, by_state, strict=True))
    page = said(send(office.installer, "GET", f"{PROJECTS}?limit=1&offset=1"))
    assert page["projects"] == everything["projects"][1:2]
    refused(send(office.installer, "GET", f"{PROJECTS}?status=over"), 422, "validation_error")


def test_the_completed_project_of_the_seed_world_can_be_handed_over(office: Office) -> None:
    (project,) = said(send(office.polder_installer, "GET", f"{PROJECTS}?status=completed"))["projects"]
    after = said(send(office.polder_installer, "POST", f"{PROJECTS}/{project['id']}/handover"))
    assert after["handed_over_at"] == "2026-03-18T12:00:00Z"
    mail = office.mail(project["site_owner_email"])
    assert POLDER.name in mail["subject"]
    office.advance(timedelta(days=-500))
    listed = said(send(office.polder_installer, "GET", PROJECTS))["projects"]
    assert after["id"] in {each["id"] for each in listed}  # kept, however the clock is set


@pytest.mark.parametrize("project_id", [f"proj_{NOBODY}", "theirs", "colleague's"])
def test_projects_of_others_are_not_there(office: Office, project_id: str) -> None:
    client = office.polder_installer
    if project_id == "theirs":
        project_id = begin(office)["id"]
    elif project_id == "colleague's":
        body = {"first_name": "A", "last_name": "B", "company": "C"}
        account = {"email": "new@noordlaad.example", "password": "Groepenkast-32A"}
        said(send(office.anonymous, "POST", "/installer/signup", body | account), 201)
        token = said(send(office.anonymous, "POST", "/installer/login", account))["access_token"]
        client = Client(office.mock.app, {"authorization": f"Bearer {token}"})
        project_id = begin(office)["id"]
    before = office.written()
    refused(send(client, "GET", f"{PROJECTS}/{project_id}"), 404, "not_found")
    refused(send(client, "POST", f"{PROJECTS}/{project_id}/handover"), 404, "not_found")
    assert office.written() == before
    if client is not office.polder_installer:
        client.close()


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"address": 1}, {"site_owner_email": "nobody"}, {"site_owner_email": None}]
)
def test_a_project_that_cannot_be_is_refused(office: Office, changes: Wire) -> None:
    before = office.written()
    error = refused(send(office.installer, "POST", PROJECTS, {**NEW, **changes}), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [*changes]
    assert office.written() == before
