"""Health, reset, seed, people, and the state as a document."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from mockserver import __version__
from mockserver.settings import Settings
from tests.asgi import Client
from tests.mock import CONTROL, NOON, OAUTH, V2, Mock

STATE = f"{CONTROL}/state"


def _issued(control: Client, client_id: str = "ev-energy-full", **asked: Any) -> dict[str, str]:
    """An Authorization header with a token made for this test."""
    token = control.post(f"{CONTROL}/applications/{client_id}/tokens", json=asked).json()["access_token"]
    return {"authorization": f"Bearer {token}"}


def _tariffs(control: Client, headers: dict[str, str]) -> int:
    return control.get(f"{V2}/tariffs", headers=headers).status


def test_health_says_what_is_served(control: Client) -> None:
    health = control.get(f"{CONTROL}/health").json()

    assert (health["status"], health["version"], health["seed"], health["speed"]) == ("ok", __version__, 1, 0)
    assert {api["name"]: api["base_url"] for api in health["apis"]} == {
        "ev-energy": "http://127.0.0.1:8080/ev-energy/v2",
        "ev-energy-oauth": "http://127.0.0.1:8080/ev-energy/o",
        "stekker": "http://127.0.0.1:8080/stekker/api/v1",
        "stekker-app": "http://127.0.0.1:8080/_mock/stekker",
        "stekker-bess": "http://127.0.0.1:8080/stekker/api/bess/v1",
        "dynamo": "http://127.0.0.1:8080/dynamo/api/v1",
        "dynamo-ocpi": "http://127.0.0.1:8080/dynamo/ocpi",
        "dynamo-backstage": "http://127.0.0.1:8080/_mock/dynamo",
        "control": "http://127.0.0.1:8080/_mock",
    }
    assert all(api["operations"] > 0 for api in health["apis"])


def test_every_refusal_is_a_problem(control: Client) -> None:
    for method, path, status in [
        ("GET", "/nope", 404),
        ("PATCH", "/clock", 405),
        ("GET", "/faults/fault000001", 405),
        ("GET", "/health?x=1", 400),
        ("GET", "/journal?limit=0", 400),
        ("GET", "/journal/nope", 404),
        ("DELETE", "/faults/1", 404),
    ]:
        response = control.request(method, CONTROL + path)
        assert (response.status, response.headers["content-type"]) == (status, "application/problem+json"), path
        assert {"status", "title", "detail"} <= response.json().keys()
    assert control.request("PATCH", f"{CONTROL}/clock").headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize(("method", "path"), [
    ("PUT", "/clock"), ("POST", "/clock/advance"), ("PUT", "/seed"), ("PUT", "/state"), ("POST", "/applications"),
    ("POST", "/faults"),
])  # fmt: skip
def test_a_body_is_needed_in_json_and_below_the_limit(control: Client, method: str, path: str) -> None:
    json = {"content-type": "application/json"}
    for content, headers, status in [
        (None, {}, 400),
        (b"", json, 400),
        (b"{", json, 400),
        (b"\xff", json, 400),
        (b"null", json, 400),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"content-type": "application/json; charset=utf-16"}, 415),
        (b"{}", {**json, "accept": "text/html"}, 406),
        (b" " * 1_048_577, json, 413),
    ]:
        response = control.request(method, CONTROL + path, content=content, headers=headers)
        assert response.status == status, (content and content[:20], headers, response.body)
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/reset", "/clock/freeze", "/clock/run", "/applications/ev-energy-full/tokens"])
def test_an_optional_body_may_be_left_out_but_not_be_anything(control: Client, path: str) -> None:
    assert control.post(CONTROL + path).status in (200, 201)
    assert control.post(CONTROL + path, json={}).status in (200, 201)
    for content in (b"[]", b"null", b"{", b'"x"', b'{"nope": 1}'):
        response = control.post(CONTROL + path, content=content, headers={"content-type": "application/json"})
        assert response.status == 400, content


def test_people_follow_from_the_seed_and_can_give_consent(control: Client) -> None:
    users = control.get(f"{CONTROL}/users").json()

    assert len({user["user_id"] for user in users}) == len(users) > 1
    assert all((user["gsp_group"] is not None) == (user["country"] == "GB") for user in users)
    assert _tariffs(control, _issued(control, user_id=users[0]["user_id"])) == 200
    control.put(f"{CONTROL}/seed", json={"seed": 2})
    assert {user["user_id"] for user in control.get(f"{CONTROL}/users").json()}.isdisjoint(
        user["user_id"] for user in users
    )


# --- reset and seed


def test_reset_forgets_what_clients_wrote_or_caused_and_keeps_the_clock(mock: Mock, control: Client) -> None:
    control.put(f"{CONTROL}/clock", json={"now": "2026-06-01T00:00:00Z", "speed": 0})
    created = control.post(f"{CONTROL}/applications", json={"name": "x", "rate_limit_per_hour": 5}).json()
    issued = _issued(control)
    theirs = _issued(control, created["client_id"])
    control.delete(f"{CONTROL}/applications/ev-energy-basic")
    control.post(f"{CONTROL}/faults", json={"match": {"method": "DELETE"}, "action": {"status": 503}})
    assert _tariffs(control, issued) == _tariffs(control, theirs) == 200
    used = mock.get("/tariffs").headers["x-ratelimit-remaining"]

    response = control.post(f"{CONTROL}/reset")

    assert (response.status, response.json()) == (200, {"seed": 1, "world": "city", "now": "2026-06-01T00:00:00Z"})
    assert _tariffs(control, issued) == _tariffs(control, theirs) == 401
    assert control.get(f"{CONTROL}/applications/{created['client_id']}").status == 404
    assert mock.basic.get(f"{V2}/tariffs").status == 200, "what exists from the start is back"
    assert control.get(f"{CONTROL}/faults").json() == []
    assert [entry["client_id"] for entry in control.get(f"{CONTROL}/journal").json()] == ["ev-energy-basic", None, None]
    assert int(mock.get("/tariffs").headers["x-ratelimit-remaining"]) == int(used) + 1, "quotas are full again"


def test_after_a_reset_the_same_steps_give_the_same_answers(control: Client) -> None:
    def steps() -> list[Any]:
        application = control.post(f"{CONTROL}/applications", json={"name": "x"}).json()
        fault = control.post(f"{CONTROL}/faults", json={"match": {}, "action": {"delay_ms": 1}}).json()
        control.delete(f"{CONTROL}/faults")
        bearer = _issued(control, application["client_id"])
        answer = control.get(f"{V2}/tariffs?page_size=3", headers=bearer)
        return [application, fault, bearer, answer.body, answer.raw_headers]

    first = steps()
    control.post(f"{CONTROL}/reset")

    assert steps() == first


def test_another_seed_is_another_world_with_tokens_of_its_own(mock: Mock, control: Client) -> None:
    before = {tariff["id"] for tariff in mock.get("/tariffs?page_size=100").json()}
    written = _issued(control)
    secret = control.get(f"{CONTROL}/applications/ev-energy-full").json()["client_secret"]

    assert control.put(f"{CONTROL}/seed", json={"seed": 42}).json() == {"seed": 42}

    assert control.get(f"{CONTROL}/seed").json() == {"seed": 42}
    assert mock.get("/tariffs").status == 401
    assert _tariffs(control, written) == 401
    token = next(iter(mock.runtime.ready.tokens))
    answer = control.get(f"{V2}/tariffs?page_size=100", headers={"authorization": f"Bearer {token}"})
    assert before.isdisjoint(tariff["id"] for tariff in answer.json())
    application = control.get(f"{CONTROL}/applications/ev-energy-full").json()
    assert application["client_secret"] != secret
    assert control.post(f"{CONTROL}/reset", json={"seed": 1}).json()["seed"] == 1
    assert {tariff["id"] for tariff in mock.get("/tariffs?page_size=100").json()} == before


def test_reset_without_a_seed_stays_in_the_world_of_now(control: Client) -> None:
    control.put(f"{CONTROL}/seed", json={"seed": 7})

    assert control.post(f"{CONTROL}/reset", json={}).json()["seed"] == 7


def test_reset_goes_on_in_a_named_world_which_an_export_remembers(control: Client) -> None:
    assert control.post(f"{CONTROL}/reset", json={"world": "home"}).json()["world"] == "home"
    assert control.post(f"{CONTROL}/reset", json={}).json()["world"] == "home"
    state = control.get(STATE).json()
    assert state["world"] == "home"
    control.post(f"{CONTROL}/reset", json={"world": "fleet:7"})
    assert control.get(f"{CONTROL}/health").json()["world"] == "fleet:7"
    assert control.put(STATE, json={key: state[key] for key in state if key != "world"}).json()["world"] == "fleet:7"
    assert control.put(STATE, json=state).json()["world"] == "home"


@pytest.mark.parametrize("world", ["nowhere", "home:3", "fleet:0", "fleet:1000000", "fleet:", "City", 5, None])
def test_a_world_that_there_is_not_is_refused_with_those_that_there_are(control: Client, world: object) -> None:
    response = control.post(f"{CONTROL}/reset", json={"world": world})
    assert response.status == 400
    assert b"world" in response.body
    state = {**control.get(STATE).json(), "world": world}
    assert control.put(STATE, json=state).status == 400
    assert control.get(f"{CONTROL}/health").json()["world"] == "city"


@pytest.mark.parametrize("seed", [0, 1, 2**53 + 1, 2**63 - 1])
def test_every_seed_is_kept_as_it_is(control: Client, seed: int) -> None:
    assert control.put(f"{CONTROL}/seed", json={"seed": seed}).json() == {"seed": seed}
    assert control.get(f"{CONTROL}/health").json()["seed"] == seed


def test_an_integer_is_one_however_json_writes_it(mock: Mock, control: Client) -> None:
    # JSON Schema 2020-12, section 6.1.1: 42.0 is of type integer.
    def world(seed: bytes) -> tuple[bytes, bytes]:
        answer = control.put(
            f"{CONTROL}/seed", content=b'{"seed": %b}' % seed, headers={"content-type": "application/json"}
        )
        token = next(iter(mock.runtime.ready.tokens))
        return answer.body, control.get(f"{V2}/tariffs", headers={"authorization": f"Bearer {token}"}).body

    assert world(b"42.0") == world(b"42")


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", None, True, [1]])
def test_what_is_no_seed_is_400_and_changes_nothing(control: Client, seed: Any) -> None:
    for method, path in [("PUT", "/seed"), ("POST", "/reset")]:
        assert control.request(method, CONTROL + path, json={"seed": seed}).status == 400
    assert control.get(f"{CONTROL}/seed").json() == {"seed": 1}


# --- export and import


def test_tokens_and_applications_survive_export_reset_import(mock: Mock, control: Client) -> None:
    created = control.post(f"{CONTROL}/applications", json={"name": "x", "scopes": ["tariff:read"]}).json()
    tokens = [_issued(control), _issued(control, created["client_id"], lifetime_s=60)]
    control.delete(f"{CONTROL}/applications/ev-energy-basic")
    control.post(f"{CONTROL}/faults", json={"match": {"method": "DELETE"}, "action": {"status": 503}})
    state = control.get(STATE).json()
    control.put(f"{CONTROL}/seed", json={"seed": 9})
    control.put(f"{CONTROL}/clock", json={"now": "2030-01-01T00:00:00Z", "speed": 5})

    response = control.put(STATE, json=state)

    assert response.status == 200
    documents = sum(len(rows) for rows in state["collections"].values())
    assert response.json() == {"seed": 1, "world": "city", "now": "2026-03-18T12:00:00Z", "documents": documents}
    assert [_tariffs(control, token) for token in tokens] == [200, 200]
    assert control.get(f"{CONTROL}/applications/{created['client_id']}").json() == created
    assert mock.basic.get(f"{V2}/tariffs").status == 401, "that application was removed"
    assert mock.get("/tariffs").status == 200
    assert control.get(f"{CONTROL}/faults").json() == [], "faults are no part of it"
    control.post(f"{CONTROL}/clock/advance", json={"duration_s": 60})
    assert [_tariffs(control, token) for token in tokens] == [200, 401]
    control.post(f"{CONTROL}/clock/advance", json={"duration_s": -60})
    assert control.get(STATE).json() == state


def test_an_import_goes_on_numbering_where_the_export_stood(control: Client) -> None:
    first = control.post(f"{CONTROL}/applications", json={"name": "a"}).json()
    state = control.get(STATE).json()
    second = control.post(f"{CONTROL}/applications", json={"name": "b"}).json()
    control.put(STATE, json=state)

    again = control.post(f"{CONTROL}/applications", json={"name": "b"}).json()

    assert again == second != first


def test_a_state_goes_into_another_mock(control: Client) -> None:
    control.put(f"{CONTROL}/seed", json={"seed": 11})
    token = _issued(control)
    control.put(f"{CONTROL}/clock", json={"now": "2027-01-01T00:00:00Z"})
    other = Mock(replace(Settings(), at=NOON, seed=3, speed=1.0))
    other.anonymous.headers["host"] = "127.0.0.1:8080"

    assert other.anonymous.put(STATE, json=control.get(STATE).json()).status == 200
    assert _tariffs(other.anonymous, token) == _tariffs(control, token) == 401, "ten hours have passed"
    for client in (other.anonymous, control):
        client.put(f"{CONTROL}/clock", json={"now": "2026-03-18T13:00:00Z"})
    ours, theirs = (
        client.get(f"{V2}/tariffs", headers=token, query={"page_size": 50}) for client in (control, other.anonymous)
    )
    assert ours.status == 200
    assert ours.body == theirs.body
    other.close()


def test_oauth_codes_and_refresh_tokens_are_part_of_the_state(control: Client) -> None:
    application = control.get(f"{CONTROL}/applications/ev-energy-full").json()
    user_id = control.get(f"{CONTROL}/users").json()[0]["user_id"]
    consent = {
        "client_id": application["client_id"],
        "redirect_uri": "https://example.com/callback",
        "response_type": "code",
        "user_id": user_id,
        "decision": "allow",
    }
    location = control.post(f"{OAUTH}/authorize/", form=consent).headers["location"]
    state = control.get(STATE).json()
    control.post(f"{CONTROL}/reset")
    exchange = {
        "grant_type": "authorization_code",
        "code": location.partition("code=")[2],
        "redirect_uri": "https://example.com/callback",
        "client_id": application["client_id"],
        "client_secret": application["client_secret"],
    }
    assert control.post(f"{OAUTH}/token/", form=exchange).status == 400
    control.put(STATE, json=state)

    assert control.post(f"{OAUTH}/token/", form=exchange).status == 200


def _without(state: dict[str, Any], *path: str) -> dict[str, Any]:
    inner = state
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return state


GRANT = {
    "kind": "access",
    "client_id": "ev-energy-full",
    "user_id": None,
    "scopes": [],
    "expires_at_us": None,
    "family": "t",
}
GARBAGE: dict[str, Any] = {
    "another version": lambda s: {**s, "version": 2},
    "version as text": lambda s: {**s, "version": "1"},
    "no version": lambda s: _without(s, "version"),
    "no seed": lambda s: _without(s, "seed"),
    "no clock": lambda s: _without(s, "clock"),
    "no collections": lambda s: _without(s, "collections"),
    "no now": lambda s: _without(s, "clock", "now"),
    "no speed": lambda s: _without(s, "clock", "speed"),
    "more": lambda s: {**s, "more": 1},
    "negative seed": lambda s: {**s, "seed": -1},
    "seed as text": lambda s: {**s, "seed": "1"},
    "clock as text": lambda s: {**s, "clock": "noon"},
    "clock before 1970": lambda s: {**s, "clock": {"now": "1969-01-01T00:00:00Z", "speed": 1}},
    "clock after 2200": lambda s: {**s, "clock": {"now": "2201-01-01T00:00:00Z", "speed": 1}},
    "clock beyond the calendar": lambda s: {**s, "clock": {"now": "9999-12-31T23:59:59-23:59", "speed": 1}},
    "clock without zone": lambda s: {**s, "clock": {"now": "2026-01-01T00:00:00", "speed": 1}},
    "clock on no day": lambda s: {**s, "clock": {"now": "2026-02-30T00:00:00Z", "speed": 1}},
    "clock at a leap second": lambda s: {**s, "clock": {"now": "2016-12-31T23:59:60Z", "speed": 1}},
    "negative speed": lambda s: {**s, "clock": {"now": "2026-01-01T00:00:00Z", "speed": -1}},
    "excessive speed": lambda s: {**s, "clock": {"now": "2026-01-01T00:00:00Z", "speed": 1e7}},
    "collections as list": lambda s: {**s, "collections": []},
    "collection as list": lambda s: {**s, "collections": {"grants": []}},
    "document as text": lambda s: {**s, "collections": {"grants": {"t": "x"}}},
    "document as null": lambda s: {**s, "collections": {"grants": {"t": None}}},
    "a list": lambda s: [s],
    "empty": lambda s: {},
    "empty grant": lambda s: {**s, "collections": {"grants": {"t": {}}}},
    "grant without scopes": lambda s: {**s, "collections": {"grants": {"t": {**GRANT, "scopes": None}}}},
    "grant that ends at no time": lambda s: {**s, "collections": {"grants": {"t": {**GRANT, "expires_at_us": "soon"}}}},
    "empty application": lambda s: {**s, "collections": {"applications": {"a": {}}}},
    "application with more": lambda s: {**s, "collections": {"applications": {"a": {
        "client_id": "a", "client_secret": "s", "name": "n", "scopes": [], "redirect_uris": [], "contract_fields": True,
        "rate_limit_per_hour": 1, "created_at": "2026-01-01T00:00:00Z", "more": 1}}}},
    "application without limit": lambda s: {**s, "collections": {"applications": {"a": {
        "client_id": "a", "client_secret": "s", "name": "n", "scopes": [], "redirect_uris": [], "contract_fields": True,
        "rate_limit_per_hour": None, "created_at": "2026-01-01T00:00:00Z"}}}},
    "empty counter": lambda s: {**s, "collections": {"counters": {"application": {}}}},
    "counter as text": lambda s: {**s, "collections": {"counters": {"grant": {"last": "x"}}}},
}  # fmt: skip


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_400_and_changes_nothing(mock: Mock, control: Client, kind: str) -> None:
    token = _issued(control)
    control.post(f"{CONTROL}/faults", json={"match": {"method": "DELETE"}, "action": {"status": 503}})
    assert mock.get("/tariffs").status == 200
    before = control.get(STATE).json()

    response = control.put(STATE, json=GARBAGE[kind](deepcopy(before)))

    assert response.status == 400, "what is taken over would break what comes after"
    assert response.headers["content-type"] == "application/problem+json"
    assert control.get(STATE).json() == before
    assert _tariffs(control, token) == 200
    assert len(control.get(f"{CONTROL}/faults").json()) == 1
    assert control.get(f"{CONTROL}/journal/calls").json()["count"] == 2


def test_an_empty_state_is_a_fresh_world(control: Client) -> None:
    token = _issued(control)
    state = {"version": 1, "seed": 7, "clock": {"now": "2026-01-14T17:30:00Z", "speed": 0}, "collections": {}}

    assert control.put(STATE, json=state).json() == {
        "seed": 7,
        "world": "city",
        "now": "2026-01-14T17:30:00Z",
        "documents": 0,
    }
    assert _tariffs(control, token) == 401


def test_numbers_of_an_imported_state_mean_what_json_says(control: Client) -> None:
    state = control.get(f"{CONTROL}/state").json()
    written = {"things": {"a": {"share": 1.0, "count": 1}}}
    body = {**state, "seed": 7.0, "collections": {**state["collections"], **written}}

    assert control.put(f"{CONTROL}/state", json=body).status == 200

    exported = control.get(f"{CONTROL}/state")
    assert exported.json()["seed"] == 7
    assert b'"a":{"share":1.0,"count":1}' in exported.body
