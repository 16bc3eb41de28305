"""Accounts of installers: signing up, logging in and out, new passwords, and that no password is ever shown."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from mockserver.apis.dynamo.installer_registry import FIRST_PASSWORD, INSTALLER, RESET, RESET_HOLDS
from mockserver.apis.dynamo.passwords import fits, kept
from mockserver.apis.dynamo.seed import HARBOUR, POLDER
from tests.asgi import Client, Response
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, OPERATIONS, Office, Wire, body_of, refused, said, send

PASSWORD, ANOTHER = "Groepenkast-32A", "Aardlek-30mA-b"
NEW = {
    "email": "Sanne.deBoer@noordlaad.example",
    "password": PASSWORD,
    "first_name": "Sanne",
    "last_name": "de Boer",
    "company": "Noord Laadtechniek",
}
OF_INSTALLERS = [each for each in OPERATIONS.values() if each.tag in ("Installer accounts", "Installer projects")]

SignIn = Callable[[str, str], Client]


@pytest.fixture
def sign_in(office: Office) -> Iterator[SignIn]:
    """Logs in by address and password."""
    made: list[Client] = []

    def log_in(email: str, password: str) -> Client:
        token = said(login(office, email, password))["access_token"]
        made.append(Client(office.mock.app, {"authorization": f"Bearer {token}"}))
        return made[-1]

    yield log_in
    for client in made:
        client.close()


def sign_up(office: Office, *, confirmed: bool = True, **others: str) -> Wire:
    path = "/installer/signup" if confirmed else "/installer/signup-with-confirmation"
    made: Wire = said(send(office.anonymous, "POST", path, {**NEW, **others}), 201)
    return made


def login(office: Office, email: str, password: str) -> Response:
    return send(office.anonymous, "POST", "/installer/login", {"email": email, "password": password})


def open_link(office: Office, link: str) -> Response:
    assert link.startswith("http://localhost:8080/_mock/dynamo/")
    return office.anonymous.get(urlsplit(link).path)


def reset_token(office: Office, email: str) -> str:
    said(send(office.anonymous, "POST", "/installer/forgot-password", {"email": email}))
    return str(office.mail(email)["token"])


def reset(office: Office, token: str, password: str = ANOTHER) -> Response:
    body = {"token": token, "new_password": password}
    return send(office.anonymous, "POST", "/installer/reset-password", body)


def status_of(client: Client) -> int:
    return send(client, "GET", "/installer/projects").status


def test_whoever_signs_up_can_log_in_at_once_and_works_for_the_first_organization(
    office: Office, sign_in: SignIn
) -> None:
    made = sign_up(office)
    assert made == {
        **{name: NEW[name] for name in ("email", "first_name", "last_name", "company")},
        "installer_id": made["installer_id"],
        "status": "active",
        "created_at": "2026-03-18T12:00:00Z",
    }
    client = sign_in(NEW["email"].upper(), PASSWORD)
    assert said(send(client, "GET", "/installer/projects"))["total"] == 0
    project = {"name": "Depot", "address": "Kade 1", "site_owner_email": "host@premises.example"}
    project_id = said(send(client, "POST", "/installer/projects", project), 201)["id"]
    assert said(send(client, "GET", "/installer/projects"))["projects"][0]["id"] == project_id


def test_a_token_that_has_expired_is_in_nobodys_way_to_a_new_one(office: Office, sign_in: SignIn) -> None:
    sign_up(office)
    client = sign_in(NEW["email"], PASSWORD)
    office.advance(timedelta(hours=1))
    assert status_of(client) == 401
    said(send(client, "POST", "/installer/login", {"email": NEW["email"], "password": PASSWORD}))


def test_a_token_says_whose_it_is_and_holds_for_an_hour(office: Office, sign_in: SignIn) -> None:
    made = sign_up(office)
    answer = said(login(office, NEW["email"], PASSWORD))
    assert {**answer, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "installer_id": made["installer_id"],
    }
    head, claims, _ = answer["access_token"].split(".")
    assert decoded(head) == {"alg": "HS256", "typ": "JWT"}
    assert decoded(claims)["sub"] == made["installer_id"]
    assert decoded(claims)["exp"] - decoded(claims)["iat"] == 3600
    client = sign_in(NEW["email"], PASSWORD)
    assert client.headers["authorization"] != f"Bearer {answer['access_token']}"
    office.advance(timedelta(seconds=3599))
    assert status_of(client) == 200
    office.advance(timedelta(seconds=1))
    refused(send(client, "GET", "/installer/projects"), 401, "unauthorized")


def decoded(part: str) -> Wire:
    value: Wire = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


@pytest.mark.parametrize("organization", [HARBOUR, POLDER], ids=lambda each: each.key)
def test_each_organization_has_an_installer_whose_mail_says_how_to_log_in(
    office: Office, sign_in: SignIn, organization: Any
) -> None:
    mail = office.mail(organization.email("installer"))
    assert (mail["token"], FIRST_PASSWORD in mail["text"]) == (FIRST_PASSWORD, True)
    client = sign_in(mail["to"], mail["token"])
    ready = office.installer if organization is HARBOUR else office.polder_installer
    mine = said(send(client, "GET", "/installer/projects"))
    assert mine == said(send(ready, "GET", "/installer/projects"))
    assert "in_progress" in {each["status"] for each in mine["projects"]}


@pytest.mark.parametrize("email", [NEW["email"], NEW["email"].lower(), HARBOUR.email("Installer")])
@pytest.mark.parametrize("path", ["/installer/signup", "/installer/signup-with-confirmation"])
def test_an_address_has_one_account(office: Office, email: str, path: str) -> None:
    sign_up(office)
    before = office.written()
    refused(send(office.anonymous, "POST", path, {**NEW, "email": email}), 409, "email_taken")
    assert office.written() == before


@pytest.mark.parametrize("state", INSTALLER.states)
def test_a_link_confirms_an_address_once(office: Office, state: str) -> None:
    assert sign_up(office, confirmed=False)["status"] == "pending_verification"
    mail = office.mail(NEW["email"])
    refused(login(office, NEW["email"], ANOTHER), 401, "invalid_credentials")
    refused(login(office, NEW["email"], PASSWORD), 403, "email_not_verified")
    if state == "active":
        said(open_link(office, mail["link"]))
    rule, response = INSTALLER.transitions["confirm"], open_link(office, mail["link"])
    if state in rule.sources:
        assert said(response)["status"] == rule.target
    else:
        assert said(response, 409)["type"].endswith(f"/{rule.refusals[state].code}/")
    said(login(office, NEW["email"], PASSWORD))


def test_no_other_token_confirms_an_address(office: Office) -> None:
    sign_up(office, confirmed=False)
    token = office.mail(NEW["email"])["token"]
    others = (reset_token(office, NEW["email"]), office.mail("applicant-114@harbourvolt.example")["token"])
    for wrong in ("nonsense", token[:-1], f"x.{token}", *others):
        said(office.anonymous.get(f"/_mock/dynamo/installer-confirmations/{wrong}"), 404)
    refused(login(office, NEW["email"], PASSWORD), 403, "email_not_verified")


def test_a_wrong_password_and_an_unknown_address_are_told_apart_by_nothing(office: Office) -> None:
    sign_up(office)
    wrong, unknown = login(office, NEW["email"], ANOTHER), login(office, "nobody@noordlaad.example", PASSWORD)
    errors = [refused(each, 401, "invalid_credentials") for each in (wrong, unknown)]
    assert errors[0]["message"] == errors[1]["message"]
    assert [each.headers["www-authenticate"] for each in (wrong, unknown)] == ["Bearer", "Bearer"]


def test_logging_out_ends_that_token_alone(office: Office, sign_in: SignIn) -> None:
    sign_up(office)
    one, other = sign_in(NEW["email"], PASSWORD), sign_in(NEW["email"], PASSWORD)
    assert send(one, "POST", "/installer/logout").status == 204
    refused(send(one, "POST", "/installer/logout"), 401, "unauthorized")
    assert status_of(other) == 200


def test_a_new_password_ends_the_old_one_and_every_login(office: Office, sign_in: SignIn) -> None:
    sign_up(office)
    sign_up(office, email="colleague@noordlaad.example")
    clients = [sign_in(NEW["email"], PASSWORD) for _ in range(2)]
    colleague = sign_in("colleague@noordlaad.example", PASSWORD)
    said(reset(office, reset_token(office, NEW["email"])))
    assert [status_of(client) for client in (*clients, colleague)] == [401, 401, 200]
    refused(login(office, NEW["email"], PASSWORD), 401, "invalid_credentials")
    assert status_of(sign_in(NEW["email"], ANOTHER)) == 200


def test_asking_for_a_new_password_does_not_say_who_has_an_account(office: Office) -> None:
    sign_up(office)
    before, paths = office.written(), "/installer/forgot-password"
    unknown = said(send(office.anonymous, "POST", paths, {"email": "nobody@noordlaad.example"}))
    assert office.written() == before
    assert said(office.anonymous.get("/_mock/mailbox", query={"to": "nobody@noordlaad.example"})) == []
    assert said(send(office.anonymous, "POST", paths, {"email": NEW["email"]})) == unknown


@pytest.mark.parametrize("state", RESET.states)
def test_a_token_permits_one_new_password_for_an_hour(office: Office, state: str) -> None:
    sign_up(office)
    token = reset_token(office, NEW["email"])
    if state == "used":
        said(reset(office, token))
    office.advance(RESET_HOLDS if state == "expired" else RESET_HOLDS - timedelta(seconds=1))
    rule, before, response = RESET.transitions["use"], office.written(), reset(office, token, "Schakelkast-16A")
    if state in rule.sources:
        said(response)
        said(login(office, NEW["email"], "Schakelkast-16A"))
    else:
        error = refused(response, 410, rule.refusals[state].code)
        assert ("2026-03-18T13:00:00Z" in error["message"]) == (state == "expired")
        assert office.written() == before


def test_no_other_token_permits_a_new_password(office: Office) -> None:
    sign_up(office, confirmed=False)
    confirmation, before = office.mail(NEW["email"])["token"], office.written()
    invitation = office.mail("applicant-114@harbourvolt.example")["token"]
    for wrong in (confirmation, invitation, "x", f"rst_{NOBODY}.x", "é"):
        refused(reset(office, wrong), 400, "invalid_reset_token")
    assert office.written() == before


@pytest.mark.parametrize(
    ("password", "lacks"),
    [
        ("Kort-1", "10 characters"),
        ("groepenkast-32a", "an upper-case letter"),
        ("GROEPENKAST-32A", "a lower-case letter"),
        ("Groepenkast-xyz", "a digit"),
        ("geheimgeheim", "an upper-case letter and a digit"),
        ("Groepenkast-32A" * 9, "128"),
        ("", "128"),
        (123_456_789_012, "no text"),
        (["Groepenkast-32A"], "no text"),
    ],
)
def test_a_bad_password_is_refused_and_not_repeated(office: Office, password: Any, lacks: str) -> None:
    sign_up(office, email="before@noordlaad.example")
    token = reset_token(office, "before@noordlaad.example")
    before = office.written()
    for path, field, body in (
        ("/installer/signup", "password", NEW),
        ("/installer/signup-with-confirmation", "password", NEW),
        ("/installer/reset-password", "new_password", {"token": token}),
    ):
        error = refused(send(office.anonymous, "POST", path, {**body, field: password}), 422, "validation_error")
        assert [each["field"] for each in error["details"]] == [field]
        assert lacks in error["message"]
        assert not password or str(password) not in str(error)
    assert office.written() == before
    if not isinstance(password, str):
        error = refused(login(office, NEW["email"], password), 422, "validation_error")
        assert str(password) not in str(error)


def test_with_a_bad_password_the_rest_is_told_too(office: Office) -> None:
    body = {"password": "short", "email": "nobody", "company": "", "first_name": "Sanne"}
    error = send(office.anonymous, "POST", "/installer/signup", body).json()["error"]
    assert (error["code"], {each["field"] for each in error["details"]}) == (
        "validation_error",
        {"password", "email", "company", "last_name"},
    )
    assert "short" not in {word.strip('"') for word in error["message"].split()}


def test_no_password_and_no_token_is_shown_anywhere(office: Office, sign_in: SignIn) -> None:
    sign_up(office)
    sign_up(office, email="second@noordlaad.example")
    client = sign_in(NEW["email"], PASSWORD)
    token = reset_token(office, NEW["email"])
    said(reset(office, token))
    journal = office.anonymous.get("/_mock/journal").body.decode()
    state = said(office.anonymous.get("/_mock/state"))["collections"]
    assert "reset-installer-password" in journal
    mailbox = state.pop("mailbox")
    assert token in str(mailbox)
    access = client.headers["authorization"].removeprefix("Bearer ")
    for secret in (PASSWORD, ANOTHER, token, access):
        assert secret not in journal
        assert secret not in str(state)
    assert len({each["password"] for each in map(dict, state["dynamo.installers/"].values())}) == 2


def test_what_is_kept_of_a_password_depends_on_its_salt() -> None:
    assert fits(PASSWORD, kept(PASSWORD, "a"))
    assert not fits(ANOTHER, kept(PASSWORD, "a"))
    assert kept(PASSWORD, "a").partition(".")[2] != kept(PASSWORD, "b").partition(".")[2]


def test_the_token_of_an_installer_opens_nothing_else_and_no_other_token_opens_this(office: Office) -> None:
    refused(send(office.installer, "GET", "/org/api-keys"), 403, "forbidden")
    refused(send(office.installer, "GET", "/reservations"), 403, "forbidden")
    for client in (office.key, office.owner, office.driver, office.site_owner):
        refused(send(client, "POST", "/installer/logout"), 403, "forbidden")
    by_header = {"x-api-key": office.token(HARBOUR, "installer")}
    refused(office.anonymous.get(f"{BASE}/installer/projects", headers=by_header), 401, "unauthorized")


def test_an_installer_works_for_one_organization(office: Office) -> None:
    for org_id, status in ((office.harbour, 200), (office.polder, 401)):
        issue = f"/_mock/applications/{org_id}/tokens"
        body = {"user_id": HARBOUR.installer_id(office.seed)}
        token = said(office.anonymous.post(issue, json=body), 201)["access_token"]
        answer = office.anonymous.get(f"{BASE}/installer/projects", headers={"authorization": f"Bearer {token}"})
        assert answer.status == status


@pytest.mark.parametrize("operation", OF_INSTALLERS, ids=lambda operation: operation.operation_id)
def test_what_cannot_be_read_or_written_is_refused(office: Office, operation: Any) -> None:
    url = BASE + operation.path.format(project_id=f"proj_{NOBODY}")
    before = office.written()
    if operation.operation_id != "log-out-installer":
        headers = {"accept": "text/csv", "content-type": "application/json"}
        content = json.dumps(body_of(operation)).encode()
        answer = office.installer.request(operation.method, url, content=content, headers=headers)
        refused(answer, 406, "not_acceptable")
    if operation.request_body is not None:
        for status, code, content, headers in (
            (400, "invalid_request", b"{", {"content-type": "application/json"}),
            (413, "payload_too_large", b"{}", {"content-type": "application/json", "content-length": "99999999"}),
            (415, "unsupported_media_type", b"{}", {"content-type": "text/plain"}),
            (422, "validation_error", b"{}", {"content-type": "application/json"}),
        ):
            answer = office.installer.request(operation.method, url, content=content, headers=headers)
            refused(answer, status, code)
    assert office.written() == before
