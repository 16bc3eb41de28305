"""Organizations: made, read and replaced; and what every request and every answer of Dynamo has in common."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver.apis.dynamo.accounts import REQUESTS_PER_MINUTE
from mockserver.apis.dynamo.seed import HARBOUR
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, refused, said, send

NEW = {"name": "Kustlader", "country": "NL", "contact_email": "post@kustlader.example"}


def test_what_is_made_can_be_read_and_replaced(office: Office) -> None:
    response = send(office.key, "POST", "/organizations", NEW)
    made = said(response, 201)
    assert {name: made[name] for name in NEW} == NEW
    assert made["updated_at"] is None
    path = f"/organizations/{made['id']}"
    assert response.headers["location"].endswith(BASE + path)
    assert said(send(office.key, "GET", path)) == made
    office.mock.runtime.clock.set(office.mock.runtime.clock.now().replace(hour=13, microsecond=250_000))
    changed = said(send(office.key, "PUT", path, {**NEW, "name": "Kust", "id": "org_x", "created_at": "x"}))
    assert changed == {**made, "name": "Kust", "updated_at": "2026-03-18T13:00:00Z"}
    assert said(send(office.key, "GET", path)) == changed


def test_the_seed_organization_can_be_changed(office: Office) -> None:
    path = f"/organizations/{office.harbour}"
    before = said(send(office.viewer, "GET", path))
    assert before["name"] == HARBOUR.name
    said(send(office.admin, "PUT", path, {**NEW, "country": "IE"}))
    assert said(send(office.viewer, "GET", path))["country"] == "IE"


def test_a_user_who_makes_one_owns_it_and_the_users_key_does_not_reach_it(office: Office) -> None:
    made = said(send(office.viewer, "POST", "/organizations", NEW), 201)
    path = f"/organizations/{made['id']}"
    assert said(send(office.viewer, "PUT", path, NEW))["id"] == made["id"]
    refused(send(office.key, "GET", path), 404, "organization_not_found")
    refused(send(office.owner, "GET", path), 404, "organization_not_found")


WRONG: dict[str, tuple[Any, list[str]]] = {
    "nothing": ({}, ["name", "country", "contact_email"]),
    "one missing": ({"name": "x", "country": "GB"}, ["contact_email"]),
    "small letters": ({**NEW, "country": "nl"}, ["country"]),
    "no such country": ({**NEW, "country": "ZZ"}, ["country"]),
    "no address": ({**NEW, "contact_email": "nobody"}, ["contact_email"]),
    "empty name": ({**NEW, "name": ""}, ["name"]),
    "a list": ([], ["body"]),
}


@pytest.mark.parametrize(("body", "fields"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_bad_value_is_told_by_its_field_and_changes_nothing(
    office: Office, method: str, body: Any, fields: list[str]
) -> None:
    own = f"/organizations/{office.harbour}"
    before = said(send(office.owner, "GET", own))
    error = refused(
        send(office.owner, method, "/organizations" if method == "POST" else own, body), 422, "validation_error"
    )
    assert sorted(each["field"] for each in error["details"]) == sorted(fields)
    assert said(send(office.owner, "GET", own)) == before


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "invalid_request"),
        ({}, 400, "invalid_request"),
        ({"content": b"a=b", "headers": {"content-type": "text/plain"}}, 415, "unsupported_media_type"),
        ({"json": NEW, "headers": {"accept": "text/html"}}, 406, "not_acceptable"),
        ({"json": {**NEW, "name": "x" * 1_100_000}}, 413, "payload_too_large"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_same_form(
    office: Office, options: dict[str, Any], status: int, code: str
) -> None:
    assert "details" in refused(office.key.post(f"{BASE}/organizations", **options), status, code)


def test_no_route_and_no_method_are_refused_in_the_same_form(office: Office) -> None:
    refused(send(office.key, "GET", "/nothing"), 404, "not_found")
    refused(send(office.key, "DELETE", "/organizations"), 405, "method_not_allowed")


def test_both_headers_open_and_the_authorization_header_wins(office: Office) -> None:
    own = f"{BASE}/organizations/{office.harbour}"
    key = office.token(HARBOUR, "API key")
    assert office.anonymous.get(own, headers={"X-API-Key": key}).status == 200
    assert office.anonymous.get(own, headers={"X-API-Key": "x", "authorization": f"Bearer {key}"}).status == 200
    refused(office.anonymous.get(own, headers={"X-API-Key": key, "authorization": "Bearer x"}), 401, "unauthorized")
    refused(office.anonymous.get(own, headers={"X-API-Key": "x"}), 401, "unauthorized")


def test_a_key_in_the_url_is_none(office: Office) -> None:
    key = office.token(HARBOUR, "API key")
    for name in ("api_key", "key", "access_token", "X-API-Key"):
        response = office.anonymous.get(f"{BASE}/organizations/{office.harbour}", query={name: key})
        assert "No credential" in refused(response, 401, "unauthorized")["message"]
        assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("org_id", [f"org_{NOBODY}", "org_", "invitations", "org_%2F"])
def test_an_unknown_organization_is_not_found(office: Office, org_id: str) -> None:
    assert send(office.key, "GET", f"/organizations/{org_id}").status == 404


def test_requests_are_numbered_and_the_same_after_a_reset(office: Office) -> None:
    def ids() -> list[str]:
        made = send(office.key, "POST", "/organizations", NEW)
        return [
            made.headers["x-request-id"],
            said(made, 201)["id"],
            send(office.key, "GET", "/x").headers["x-request-id"],
        ]

    first = ids()
    office.mock.reset()
    assert ids() == first
    assert len({*first}) == 3


def test_limits_are_told_while_they_are_enforced(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    own = f"/organizations/{office.harbour}"
    assert not [name for name in send(office.key, "GET", own).headers if name.startswith("x-ratelimit")]
    runtime = office.mock.runtime
    monkeypatch.setattr(runtime, "settings", replace(runtime.settings, enforce_rate_limits=True))
    answers = [send(office.key, "GET", own) for _ in range(REQUESTS_PER_MINUTE)]
    assert answers[0].headers["x-ratelimit-remaining"] == str(REQUESTS_PER_MINUTE - 2)
    refused(answers[-1], 429, "rate_limit_exceeded")
    assert answers[-1].headers["x-ratelimit-remaining"] == "0"
    assert answers[-1].headers["retry-after"] == "60"
    assert int(answers[-1].headers["x-ratelimit-reset"]) == int(NOON.timestamp()) + 60
    assert send(office.owner, "GET", own).status == 200


def test_a_new_organization_has_an_application_for_its_own_keys(office: Office) -> None:
    made = said(send(office.owner, "POST", "/organizations", NEW), 201)
    issued = office.anonymous.post(f"/_mock/applications/{made['id']}/tokens", json={})
    client = Client(office.mock.app, {"authorization": f"Bearer {said(issued, 201)['access_token']}"})
    try:
        assert said(send(client, "GET", f"/organizations/{made['id']}"))["name"] == "Kustlader"
        refused(send(client, "GET", f"/organizations/{office.harbour}"), 404, "organization_not_found")
    finally:
        client.close()
