"""Applications and tokens without the round trips of OAuth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mockserver.apis.dynamo.seed import ORGANIZATIONS
from mockserver.settings import DEFAULT_SEED, Settings
from tests.asgi import Client, Response
from tests.mock import CONTROL, NOON, OAUTH, V2, Mock

APPLICATIONS = f"{CONTROL}/applications"
READY = (
    *("ev-energy-basic", "ev-energy-full", "stekker-north", "stekker-prices", "stekker-south"),
    *(organization.id(DEFAULT_SEED) for organization in ORGANIZATIONS),
)


@pytest.fixture(scope="module")
def enforcing() -> Iterator[Mock]:
    """A mock that refuses with 429."""
    mock = Mock(replace(Settings(), at=NOON, speed=0.0, enforce_rate_limits=True))
    mock.anonymous.headers["host"] = "127.0.0.1:8080"
    yield mock
    mock.close()


def _create(control: Client, **asked: Any) -> dict[str, Any]:
    response = control.post(APPLICATIONS, json={"name": "Test", **asked})
    assert response.status == 201, response.body
    return response.json()


def _token(control: Client, client_id: str, **asked: Any) -> Response:
    return control.post(f"{APPLICATIONS}/{client_id}/tokens", json=asked)


def _get(control: Client, token: Response, path: str) -> Response:
    return control.get(V2 + path, headers={"authorization": f"Bearer {token.json()['access_token']}"})


def test_those_of_the_start_and_those_created_are_listed_by_id(control: Client) -> None:
    created = _create(control)

    listed = control.get(APPLICATIONS).json()

    assert [application["client_id"] for application in listed] == sorted([*READY, created["client_id"]])
    assert created in listed
    assert control.get(f"{APPLICATIONS}/{created['client_id']}").json() == created


def test_defaults_are_everything_a_test_needs(mock: Mock, control: Client) -> None:
    created = _create(control)

    assert created["scopes"] == sorted({scope for mounted in mock.runtime.apis for scope in mounted.spec.scopes})
    assert (created["redirect_uris"], created["contract_fields"]) == ([], True)
    assert (created["rate_limit_per_hour"], created["created_at"]) == (1000, "2026-03-18T12:00:00Z")


def test_what_is_asked_for_is_what_it_gets(control: Client) -> None:
    asked = {
        "scopes": ["tariff:read"],
        "redirect_uris": ["http://127.0.0.1:8765/callback"],
        "contract_fields": False,
        "rate_limit_per_hour": 10,
    }
    created = _create(control, **asked)

    assert {name: created[name] for name in asked} == asked
    token = _token(control, created["client_id"])
    assert _get(control, token, "/tariffs").headers["x-ratelimit-limit"] == "10"
    assert _get(control, token, "/tariffs?expand=prices").status == 403


def test_contract_fields_are_shown_to_those_who_have_a_contract(control: Client) -> None:
    with_contract, without = (
        _get(control, _token(control, _create(control, contract_fields=shown)["client_id"]), "/tariffs").json()
        for shown in (True, False)
    )

    assert {frozenset(tariff) for tariff in without} != {frozenset(tariff) for tariff in with_contract}
    assert all(set(less) <= set(more) for less, more in zip(without, with_contract, strict=True))


def test_the_limit_of_an_application_is_its_own(enforcing: Mock) -> None:
    control = enforcing.anonymous
    token = _token(control, _create(control, rate_limit_per_hour=2)["client_id"])

    assert [_get(control, token, "/tariffs").status for _ in range(3)] == [200, 200, 429]
    control.post(f"{CONTROL}/clock/advance", json={"duration_s": 3600})
    assert _get(control, token, "/tariffs").status == 200
    control.post(f"{CONTROL}/reset")


def test_the_secret_of_a_new_application_works_with_oauth(control: Client) -> None:
    created = _create(control, scopes=["tariff:read"])
    form = {
        "grant_type": "client_credentials",
        "client_id": created["client_id"],
        "client_secret": created["client_secret"],
    }

    answer = control.post(f"{OAUTH}/token/", form=form)

    assert (answer.status, answer.json()["scope"]) == (200, "tariff:read")


def test_without_redirect_uris_the_code_flow_is_refused(control: Client) -> None:
    created = _create(control)
    for query in ({}, {"redirect_uri": "https://example.com/callback"}):
        asked = {"client_id": created["client_id"], "response_type": "code", **query}
        assert control.get(f"{OAUTH}/authorize/", query=asked).status == 400
        assert control.post(f"{OAUTH}/authorize/", form={**asked, "decision": "allow"}).status == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": 1}, "name"),
        ({"name": "x", "scopes": ["nope:read"]}, "scopes"),
        ({"name": "x", "scopes": ["tariff:read", "tariff:read"]}, "scopes"),
        ({"name": "x", "scopes": "tariff:read"}, "scopes"),
        ({"name": "x", "scopes": ["two words"]}, "scopes.0"),
        ({"name": "x", "redirect_uris": ["not a uri"]}, "redirect_uris.0"),
        ({"name": "x", "redirect_uris": [f"https://example.com/{i}" for i in range(21)]}, "redirect_uris"),
        ({"name": "x", "contract_fields": "yes"}, "contract_fields"),
        ({"name": "x", "rate_limit_per_hour": 0}, "rate_limit_per_hour"),
        ({"name": "x", "rate_limit_per_hour": 1_000_001}, "rate_limit_per_hour"),
        ({"name": "x", "rate_limit_per_hour": 1.5}, "rate_limit_per_hour"),
        ({"name": "x", "client_id": "mine"}, "body"),
    ],
)
def test_a_bad_application_is_400_and_says_where(control: Client, body: Any, field: str) -> None:
    response = control.post(APPLICATIONS, json=body)

    assert response.status == 400
    assert list(response.json()["field_errors"]) == [field]
    assert len(control.get(APPLICATIONS).json()) == len(READY)


def test_a_limit_with_a_point_is_the_integer_it_is(control: Client) -> None:
    created = _create(control, rate_limit_per_hour=10.0)
    token = _token(control, created["client_id"], lifetime_s=300.0)

    assert _get(control, token, "/tariffs").headers["x-ratelimit-limit"] == "10"


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_removed_application_is_gone_with_its_tokens(mock: Mock, control: Client, from_the_start: bool) -> None:
    client_id = "ev-energy-full" if from_the_start else _create(control)["client_id"]
    token = _token(control, client_id)

    response = control.delete(f"{APPLICATIONS}/{client_id}")

    assert (response.status, response.body) == (204, b"")
    assert _get(control, token, "/tariffs").status == 401
    if from_the_start:
        assert mock.get("/tariffs").status == 401
    for again in (control.get(f"{APPLICATIONS}/{client_id}"), control.delete(f"{APPLICATIONS}/{client_id}")):
        assert again.status == 404
    assert _token(control, client_id).status == 404
    assert client_id not in [application["client_id"] for application in control.get(APPLICATIONS).json()]


@pytest.mark.parametrize("client_id", ["nope", "x" * 101, "%00", "%2F", "a%20b", "..", "ev-energy-full%0A"])
def test_an_unknown_application_is_404(control: Client, client_id: str) -> None:
    assert control.get(f"{APPLICATIONS}/{client_id}").status == 404
    assert control.delete(f"{APPLICATIONS}/{client_id}").status == 404
    assert control.post(f"{APPLICATIONS}/{client_id}/tokens").status == 404


# --- tokens


def test_a_token_has_all_scopes_and_ten_hours_unless_asked_otherwise(control: Client) -> None:
    response = _token(control, "ev-energy-basic")

    assert response.status == 201
    assert response.headers["cache-control"] == "no-store"
    token = response.json()
    assert token == {
        "access_token": token["access_token"],
        "token_type": "Bearer",
        "scope": token["scope"],
        "expires_at": "2026-03-18T22:00:00Z",
        "user_id": None,
    }
    assert set(token["scope"].split()) == {"tariff:read", "user:read"}
    assert token["access_token"] != _token(control, "ev-energy-basic").json()["access_token"]


@pytest.mark.parametrize("asked", [{"scopes": ["tariff:read"]}, {"scopes": []}])
def test_scopes_can_be_narrowed(control: Client, asked: dict[str, Any]) -> None:
    token = _token(control, "ev-energy-full", **asked)

    assert _get(control, token, "/tariffs").status == 200
    assert _get(control, token, "/tariffs?expand=prices").status == (403 if asked["scopes"] else 200)


@pytest.mark.parametrize("lifetime_s", [1, 300, 315_360_000])
def test_a_token_lives_as_long_as_asked_on_the_virtual_clock(control: Client, lifetime_s: int) -> None:
    control.put(f"{CONTROL}/clock", json={"now": "2100-01-01T00:00:00Z"})
    token = _token(control, "ev-energy-full", lifetime_s=lifetime_s)

    control.post(f"{CONTROL}/clock/advance", json={"duration_s": lifetime_s - 0.001})
    assert _get(control, token, "/tariffs").status == 200
    control.put(f"{CONTROL}/clock", json={"now": token.json()["expires_at"]})
    assert _get(control, token, "/tariffs").status == 401


def test_a_token_may_outlive_the_clock(control: Client) -> None:
    control.put(f"{CONTROL}/clock", json={"now": "2200-01-01T00:00:00Z"})
    token = _token(control, "ev-energy-full", lifetime_s=315_360_000)

    assert (token.status, _get(control, token, "/tariffs").status) == (201, 200)


def test_a_token_of_a_user_acts_for_that_user(control: Client) -> None:
    user_id = control.get(f"{CONTROL}/users").json()[0]["user_id"]
    token = _token(control, "ev-energy-full", user_id=user_id)

    assert token.json()["user_id"] == user_id
    answer = _get(control, token, "/tariffs")
    entry = control.get(f"{CONTROL}/journal/{answer.headers['gridmock-request-id']}").json()
    assert (entry["client_id"], entry["user_id"]) == ("ev-energy-full", user_id)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_id": "nobody"}, "user_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": None}, "user_id"),
        ({"scopes": ["tariff:prices:read"]}, "scopes"),
        ({"scopes": ["nope"]}, "scopes"),
        ({"scopes": "tariff:read"}, "scopes"),
        ({"scopes": [1]}, "scopes.0"),
        ({"lifetime_s": 0}, "lifetime_s"),
        ({"lifetime_s": 315_360_001}, "lifetime_s"),
        ({"lifetime_s": "1"}, "lifetime_s"),
        ({"expires_in": 1}, "body"),
    ],
)
def test_a_bad_token_request_is_400_and_issues_nothing(control: Client, body: Any, field: str) -> None:
    response = _token(control, "ev-energy-basic", **body)

    assert response.status == 400
    assert list(response.json()["field_errors"]) == [field]
    assert control.get(f"{CONTROL}/state").json()["collections"] == {}
