"""The demo app: every operation, and how it refuses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.asgi import Client, Response
from tests.mock import APP, CONTROL, NOON, Mock
from tests.mockserver.apis.stekker.steps import CALLBACK, KEY, THREE_PHASES, Operator, said, state_of

NORTH = f"{APP}/organizations/stekker-north"


def problem(response: Response, status: int) -> Any:
    """A refusal has to be a problem that says why."""
    assert response.headers["content-type"] == "application/problem+json"
    found = said(response, status)
    assert (found["status"], bool(found["detail"])) == (status, True)
    return found


def test_organizations_are_those_with_a_scope_of_the_provider(mock: Mock) -> None:
    found = said(mock.anonymous.get(f"{APP}/organizations"))
    assert [each["organization_id"] for each in found] == ["stekker-north", "stekker-prices", "stekker-south"]
    assert [each["auto_link"] for each in found] == [True, False, False]
    assert {(each["callback_url"], each["callback_api_key"], each["market_region"]) for each in found} == {
        (None, None, "NL")
    }
    for each in found:
        assert said(mock.anonymous.get(f"{APP}/organizations/{each['organization_id']}")) == each
    problem(mock.anonymous.get(f"{APP}/organizations/ev-energy-full"), 404)


def test_an_application_with_a_scope_is_an_organization(mock: Mock) -> None:
    body = {"name": "New", "scopes": ["events"], "redirect_uris": ["https://client.example.com/callback"]}
    new = said(mock.anonymous.post(f"{CONTROL}/applications", json=body), 201)
    issued = said(mock.anonymous.post(f"{CONTROL}/applications/{new['client_id']}/tokens", json={}), 201)
    client = Client(mock.app, {"authorization": f"Token {issued['access_token']}"})
    operator = Operator(mock, client, new["client_id"])
    said(operator.pair())
    assert operator.charge_point()["state"] == "awaiting_link"
    client.close()


def test_settings_are_changed_one_by_one(mock: Mock, north: Operator) -> None:
    said(north.change(callback_url=CALLBACK))
    changed = said(north.change(callback_api_key=KEY, auto_link=False, market_region="DE-LU"))
    assert changed == {
        "organization_id": "stekker-north",
        "name": changed["name"],
        "callback_url": CALLBACK,
        "callback_api_key": "***",
        "auto_link": False,
        "market_region": "DE-LU",
    }
    assert north.shown("") == changed
    assert said(north.change()) == changed
    assert said(north.change(callback_url=None, callback_api_key=None))["callback_api_key"] is None


@pytest.mark.parametrize(("name", "value"), [
    ("callback_url", "ftp://127.0.0.1/x"), ("callback_url", "/x"), ("callback_url", "http://example.com/x"),
    ("callback_url", "http://127.0.0.1/x?y"), ("callback_url", "http://u:p@127.0.0.1/x"), ("callback_url", 1),
    ("callback_api_key", ""), ("callback_api_key", "a\r\nb"), ("auto_link", "yes"), ("market_region", "ZZ"),
    ("market_region", "GB"), ("market_region", "NL-900"), ("market_region", None),
])  # fmt: skip
def test_settings_that_cannot_be_are_refused(mock: Mock, north: Operator, name: str, value: Any) -> None:
    before = state_of(mock)
    assert name in problem(north.change(**{name: value}), 400)["field_errors"]
    assert state_of(mock) == before


def test_codes_are_made_or_asked_for(mock: Mock) -> None:
    made = [said(mock.anonymous.post(f"{APP}/pairing-codes"), 201)["pairing_code"] for _ in range(20)]
    assert len({*made}) == 20
    assert all(re.fullmatch("[A-Z0-9]{5}", code) for code in made)
    asked = said(mock.anonymous.post(f"{APP}/pairing-codes", json={"pairing_code": "ABCD1234"}), 201)
    assert asked == {
        "pairing_code": "ABCD1234",
        "created_at": timestamp(NOON),
        "organization_id": None,
        "charge_point_id": None,
    }
    problem(mock.anonymous.post(f"{APP}/pairing-codes", json={"pairing_code": "ABCD1234"}), 409)
    problem(mock.anonymous.post(f"{APP}/pairing-codes", json={"pairing_code": "abc"}), 400)
    problem(mock.anonymous.post(f"{APP}/pairing-codes", json={"code": "ABCD"}), 400)
    listed = said(mock.anonymous.get(f"{APP}/pairing-codes"))
    assert {each["pairing_code"] for each in listed} == {*made, "ABCD1234"}


def test_codes_that_are_made_steer_clear_of_those_asked_for(mock: Mock) -> None:
    first = said(mock.anonymous.post(f"{APP}/pairing-codes"), 201)["pairing_code"]
    mock.reset()
    said(mock.anonymous.post(f"{APP}/pairing-codes", json={"pairing_code": first}), 201)
    assert said(mock.anonymous.post(f"{APP}/pairing-codes"), 201)["pairing_code"] != first


def test_charge_points_are_listed_by_id_with_their_connectors(mock: Mock, north: Operator) -> None:
    for charge_point_id in ("b", "a"):
        said(north.pair(charge_point_id))
    for connector_id in (10, 9):
        said(north.status("Available", charge_point_id="a", connectorId=connector_id))
    found = north.shown("/charge-points")
    assert [each["charge_point_id"] for each in found] == ["a", "b", "cp"]
    assert [each["connector_id"] for each in found[0]["connectors"]] == [9, 10]


@pytest.mark.parametrize(("charge_point_id", "quoted"), [("a/b c", "a%2Fb%20c"), ("ü", "%C3%BC"), ("70214", "70214")])
def test_charge_points_of_any_id_are_linked(south: Operator, charge_point_id: str, quoted: str) -> None:
    said(south.pair(charge_point_id))
    link = f"{south.app}/charge-points/{quoted}/link"
    assert said(south.mock.anonymous.post(link))["state"] == "linked"
    problem(south.mock.anonymous.post(link), 409)
    problem(south.mock.anonymous.post(f"{south.app}/charge-points/nope/link"), 404)


def test_id_tags_are_put_listed_and_deleted(north: Operator) -> None:
    put = said(north.wish("B%20%2F", departure_time="06:45", battery_wh=77_000))
    assert put == {
        "id_tag": "B /", "battery_wh": 77_000, "arrival_soc_percent": 30.0, "direct_percent": 20.0,
        "target_percent": 90.0, "departure_time": "06:45",
    }  # fmt: skip
    said(north.wish("A"))
    assert [each["id_tag"] for each in north.shown("/id-tags")] == ["A", "B /"]
    assert said(north.wish("B%20%2F"))["departure_time"] == "08:00"  # a PUT is all there is
    assert [each["battery_wh"] for each in north.shown("/id-tags")] == [60_000, 60_000]
    assert north.mock.anonymous.delete(f"{north.app}/id-tags/A").status == 204
    problem(north.mock.anonymous.delete(f"{north.app}/id-tags/A"), 404)
    assert [each["id_tag"] for each in north.shown("/id-tags")] == ["B /"]


@pytest.mark.parametrize("wishes", [
    {"departure_time": "24:00"}, {"departure_time": "8:00"}, {"battery_wh": 0}, {"battery_wh": 1e9},
    {"target_percent": 101}, {"direct_percent": -1}, {"unknown": 1}, {"battery_wh": "60000"},
])  # fmt: skip
def test_wishes_that_cannot_be_are_refused(north: Operator, wishes: dict[str, Any]) -> None:
    (name,) = problem(north.wish(**wishes), 400)["field_errors"]
    assert name in (*wishes, "body")
    assert north.shown("/id-tags") == []


def test_sites_are_put_listed_and_deleted(north: Operator) -> None:
    said(north.set_site(10_000, ["cp"], "b"))
    said(north.set_site(20_000, [], "a"))
    assert said(north.set_site(30_000, [], "b"))["power_limit_w"] == 30_000
    assert [(each["site_id"], each["power_limit_w"]) for each in north.shown("/sites")] == [
        ("a", 20_000),
        ("b", 30_000),
    ]
    assert north.mock.anonymous.delete(f"{north.app}/sites/a").status == 204
    problem(north.mock.anonymous.delete(f"{north.app}/sites/a"), 404)


@pytest.mark.parametrize("change", [
    {"power_limit_w": 0}, {"power_limit_w": 10**10}, {"power_limit_w": 1.5}, {"sensor_ids": ["x", "x"]},
    {"charge_point_ids": [""]}, {"charge_point_ids": "cp"}, {"more": 1},
])  # fmt: skip
def test_sites_that_cannot_be_are_refused(north: Operator, change: dict[str, Any]) -> None:
    body = {"power_limit_w": 1_000, "sensor_ids": [], "charge_point_ids": [], **change}
    problem(north.mock.anonymous.put(f"{north.app}/sites/x", json=body), 400)
    problem(north.mock.anonymous.put(f"{north.app}/sites/x%20y", json={**body, "power_limit_w": 1}), 404)
    assert north.shown("/sites") == []


def test_sessions_are_listed_as_they_began(mock: Mock, north: Operator) -> None:
    for number in (3, 1, 2):
        said(north.start(NOON + timedelta(minutes=number), number, connectorId=number))
    said(north.stop(NOON + timedelta(minutes=9), 1_000, 1))
    listed = north.shown("/sessions")
    assert [each["transaction_id"] for each in listed] == [3, 1, 2]
    for each in listed:
        assert north.shown(f"/sessions/{each['session_id']}") == each
    assert [each["transaction_id"] for each in north.shown("/sessions?state=completed")] == [1]
    assert north.shown("/sessions?state=stopped_unpaired") == []
    problem(mock.anonymous.get(f"{NORTH}/sessions?state=over"), 400)
    problem(mock.anonymous.get(f"{NORTH}/sessions/nope"), 404)
    problem(mock.anonymous.get(f"{APP}/organizations/stekker-south/sessions/{listed[0]['session_id']}"), 404)


@pytest.mark.parametrize(("method", "path"), [
    ("GET", ""), ("PATCH", ""), ("GET", "/charge-points"), ("POST", "/charge-points/cp/link"), ("GET", "/sites"),
    ("PUT", "/sites/a"), ("DELETE", "/sites/a"), ("GET", "/id-tags"), ("PUT", "/id-tags/A"), ("DELETE", "/id-tags/A"),
    ("GET", "/sessions"), ("GET", "/sessions/x"),
])  # fmt: skip
def test_unknown_organizations_are_not_found(mock: Mock, method: str, path: str) -> None:
    body = {"PATCH": {}, "PUT": {"power_limit_w": 1, "sensor_ids": [], "charge_point_ids": []}}.get(method)
    if "id-tags" in path and body:
        body = {}
    for unknown in ("nobody", "ev-energy-full"):
        problem(mock.anonymous.request(method, f"{APP}/organizations/{unknown}{path}", json=body), 404)


def test_the_app_needs_no_token_and_leaves_no_trace(mock: Mock, north: Operator) -> None:
    said(north.pair(**THREE_PHASES))
    before = len(said(mock.anonymous.get(f"{CONTROL}/journal")))
    north.shown("/charge-points")
    assert len(said(mock.anonymous.get(f"{CONTROL}/journal"))) == before
    stranger = Client(mock.app, client="192.0.2.7")
    problem(stranger.get(f"{APP}/organizations"), 403)
    stranger.close()
