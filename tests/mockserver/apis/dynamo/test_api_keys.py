"""API keys: shown once, limited to their scopes, ended by time or by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.seed import HARBOUR, SCOPES
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

PATH = "/org/api-keys"
NEW = {"name": "Reporting", "scopes": ["read:analytics", "write:api_keys"]}


def make(office: Office, by: Client | None = None, **others: Any) -> Wire:
    made: Wire = said(send(by or office.owner, "POST", PATH, {**NEW, **others}), 201)
    return made


def keys(office: Office) -> list[Wire]:
    found = said(send(office.owner, "GET", PATH))
    assert found["total"] == len(found["keys"])
    return list(found["keys"])


@contextmanager
def using(office: Office, made: Wire) -> Iterator[Client]:
    client = Client(office.mock.app, {"x-api-key": made["key"]})
    try:
        yield client
    finally:
        client.close()


def test_a_key_is_shown_once_and_opens_what_its_organization_has(office: Office) -> None:
    made = make(office)
    listed = keys(office)
    assert [each["name"] for each in listed] == ["Reporting", "Ready-made key"]
    assert {**listed[0], "key": made["key"]} == made
    assert (made["created_at"], made["last_used_at"], made["expires_at"]) == ("2026-03-18T12:00:00Z", None, None)
    with using(office, made) as client:
        assert said(send(client, "GET", f"/organizations/{office.harbour}"))["name"] == HARBOUR.name
        refused(send(client, "GET", f"/organizations/{office.polder}"), 404, "organization_not_found")


def test_the_text_of_a_key_is_nowhere_else(office: Office) -> None:
    made = make(office)
    with using(office, made) as client:
        assert made["key"] not in str(said(send(client, "GET", PATH)))
    assert made["key"] not in office.anonymous.get("/_mock/journal").body.decode()


def test_the_last_use_is_noted_also_of_what_is_refused(office: Office) -> None:
    made = make(office)
    with using(office, made) as client:
        office.advance(timedelta(seconds=90, milliseconds=400))
        refused(send(client, "POST", "/organizations", {}), 422, "validation_error")
    assert keys(office)[0]["last_used_at"] == "2026-03-18T12:01:30Z"
    assert keys(office)[1]["last_used_at"] is None


def test_a_key_ends_at_its_time(office: Office) -> None:
    made = make(office, expires_at="2026-03-18T14:00:00+01:00")
    assert made["expires_at"] == "2026-03-18T13:00:00Z"
    with using(office, made) as client:
        office.advance(timedelta(minutes=59))
        assert send(client, "GET", PATH).status == 200
        office.advance(timedelta(minutes=1))
        refused(send(client, "GET", PATH), 401, "unauthorized")
    assert made["id"] in [each["id"] for each in keys(office)]


def test_a_key_ends_at_the_second_that_it_shows(office: Office) -> None:
    made = make(office, expires_at="2026-03-18T12:01:00.9Z")
    assert made["expires_at"] == "2026-03-18T12:01:00Z"
    with using(office, made) as client:
        office.advance(timedelta(minutes=1))
        refused(send(client, "GET", PATH), 401, "unauthorized")


@pytest.mark.parametrize(
    "expires_at", ["2026-03-18T12:00:00Z", "2026-03-18T12:00:00.9Z", "2020-01-01T00:00:00Z", "tomorrow", 7]
)
def test_a_key_begins_with_a_time_ahead_of_it(office: Office, expires_at: Any) -> None:
    error = refused(send(office.owner, "POST", PATH, {**NEW, "expires_at": expires_at}), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == ["expires_at"]
    assert len(keys(office)) == 1


def test_a_key_gives_only_what_it_has(office: Office) -> None:
    made = make(office)
    with using(office, made) as client:
        error = refused(send(client, "POST", PATH, {**NEW, "scopes": ["write:billing"]}), 403, "insufficient_scope")
        assert "write:billing" in error["message"]
        child = make(office, client, scopes=["read:analytics"])
    with using(office, child) as client:
        refused(send(client, "POST", PATH, NEW), 403, "insufficient_scope")
    assert len(keys(office)) == 3


def test_a_revoked_key_ends_at_once_and_the_others_go_on(office: Office) -> None:
    first, second = make(office), make(office)
    assert first["id"] != second["id"]
    assert send(office.owner, "DELETE", f"{PATH}/{first['id']}").status == 204
    with using(office, first) as client:
        refused(send(client, "GET", PATH), 401, "unauthorized")
    with using(office, second) as client:
        assert send(client, "GET", PATH).status == 200
        assert send(client, "DELETE", f"{PATH}/{second['id']}").status == 204
        refused(send(client, "GET", PATH), 401, "unauthorized")
    refused(send(office.owner, "DELETE", f"{PATH}/{first['id']}"), 404, "api_key_not_found")
    assert [each["name"] for each in keys(office)] == ["Ready-made key"]


def test_the_ready_made_key_can_be_revoked_and_is_back_after_a_reset(office: Office) -> None:
    ready = keys(office)[0]
    assert ready["scopes"] == [*SCOPES]
    assert send(office.key, "DELETE", f"{PATH}/{ready['id']}").status == 204
    refused(send(office.key, "GET", PATH), 401, "unauthorized")
    assert keys(office) == []
    office.mock.reset()
    assert send(office.key, "GET", PATH).status == 200


def test_another_organization_s_keys_are_not_there(office: Office) -> None:
    made = make(office)
    assert made["id"] not in str(said(send(office.polder_key, "GET", PATH)))
    refused(send(office.polder_key, "DELETE", f"{PATH}/{made['id']}"), 404, "api_key_not_found")
    refused(send(office.owner, "DELETE", f"{PATH}/key_{NOBODY}"), 404, "api_key_not_found")
    assert office.mock.runtime.clock.now() == NOON


@pytest.mark.parametrize(
    "body",
    [{}, {**NEW, "scopes": []}, {**NEW, "scopes": ["x"]}, {**NEW, "name": ""}, {**NEW, "scopes": ["read:billing"] * 2}],
)
def test_a_bad_body_makes_no_key(office: Office, body: Any) -> None:
    refused(send(office.owner, "POST", PATH, body), 422, "validation_error")
    assert len(keys(office)) == 1
