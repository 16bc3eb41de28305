"""Charge points: registered by installers, put into service as declared, and stations like those of the world."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fixtures.chargers import models
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINT
from mockserver.apis.dynamo.seed import ORGANIZATIONS, sites
from mockserver.apis.dynamo.site_registry import site_id
from mockserver.apis.dynamo.stations.chargers import chargers
from tests.asgi import Response
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, refused, said, send

POINT = "CP-QUAY-03"
RUN = timedelta(minutes=5)
"""Longer than a run of checks takes."""


def project(office: Office) -> str:
    made = {"name": "Quay", "address": "1 Quay, Bristol", "site_owner_email": "quay@example.com"}
    return str(said(send(office.installer, "POST", "/installer/projects", made), 201)["id"])


def register(office: Office, point: str = POINT, **others: Any) -> Response:
    body = {"charge_point_id": point, "model": "Terra AC W22", "vendor": "ABB", "serial_number": "TACW1"}
    place = {} if "project_id" in others else {"project_id": project(office)}
    return send(office.installer, "POST", "/installer/charge-points", body | place | others)


def check(office: Office, point: str = POINT) -> Response:
    return send(office.installer, "POST", f"/installer/commissioning/{point}/start", {})


def commission(office: Office, point: str = POINT) -> Response:
    return send(office.installer, "POST", f"/installer/charge-points/{point}/commission")


def got(office: Office, point: str = POINT) -> Wire:
    found: Wire = said(send(office.key, "GET", f"/cpo/charge-points/{point}"))
    return found


def listed(office: Office, **query: Any) -> list[Wire]:
    page = said(office.viewer.get(f"{BASE}/cpo/charge-points", query={"limit": 200, **query}))
    assert page["total"] == len(page["charge_points"])
    found: list[Wire] = page["charge_points"]
    return found


def patch(office: Office, body: Any, point: str = POINT) -> Response:
    return send(office.admin, "PATCH", f"/cpo/charge-points/{point}", body)


def connect(office: Office, online: bool | None, point: str = POINT) -> None:
    said(office.anonymous.put(f"/_mock/dynamo/charge-points/{point}", json={"online": online}))


def put_into_service(office: Office, point: str = POINT) -> None:
    said(check(office, point), 202)
    office.advance(RUN)
    said(commission(office, point))


def reach(office: Office, state: str) -> None:
    """Have a new charge point come to a state."""
    said(register(office), 201)
    steps = CHARGE_POINT.states.index(state)
    if steps > 0:
        said(check(office), 202)
        office.advance(RUN)
    if steps > 1:
        said(commission(office))
    if steps > 2:
        office.advance(timedelta(minutes=6))
    if steps > 3:
        connect(office, online=False)
        office.advance(timedelta(minutes=11))


@pytest.mark.parametrize("state", CHARGE_POINT.states)
@pytest.mark.parametrize("name", CHARGE_POINT.transitions)
def test_charge_points_go_as_declared(office: Office, state: str, name: str) -> None:
    reach(office, state)
    assert got(office)["status"] == state
    transition, before = CHARGE_POINT.transitions[name], office.written()
    response = check(office) if name == "check" else commission(office)
    if state in transition.sources:
        said(response, 202 if name == "check" else 200)
        after = got(office)
        assert after["status"] == transition.target
        assert (after["commissioned_at"] is not None) == (transition.stamp == "commissioned_at")
    else:
        refused(response, 409, transition.refusals[state].code)
        assert office.written() == before


def test_a_new_one_is_where_it_says_and_knows_its_connectors_once_it_is_connected(office: Office) -> None:
    place = {"latitude": 51.4479, "longitude": -2.6009}
    response = register(office, "CP-1", location=place)
    registered = said(response, 201)
    assert response.headers["location"].endswith("/cpo/charge-points/CP-1")
    assert registered["ocpp_endpoint"].endswith("/CP-1")
    assert registered["location"] == {**place, "address": None}
    new = got(office, "CP-1")
    shared = registered.keys() & new.keys()
    assert {name: new[name] for name in shared} == {name: registered[name] for name in shared}
    assert (new["name"], new["site_id"], new["connectors"]) == ("CP-1", None, [])
    assert (new["firmware_version"], new["last_heartbeat_at"], new["commissioned_at"]) == (None, None, None)
    assert listed(office)[0] == new
    connect(office, online=True, point="CP-1")
    known = got(office, "CP-1")
    assert known["connectors"] == [{"connector_id": 1, "type": "Type2", "status": "Available"}]
    assert known["firmware_version"].startswith("v")
    assert known["last_heartbeat_at"] == "2026-03-18T12:00:00Z"


@pytest.mark.parametrize(
    ("vendor", "model", "like"),
    [
        ("ABB", "Terra AC W22-T-RD-M-0", "abb_terra_ac"),
        ("abb", "Terra 54", "abb_terra_54"),
        ("Alfen BV", "Eve Double PG", "alfen_eve_double"),
        ("alpitronic", "HYC400 V2", "alpitronic_hyc400"),
        ("Nobody", "Box", "alfen_eve_single"),
    ],
)
def test_connectors_are_those_of_the_model_that_is_most_like_it(
    office: Office, vendor: str, model: str, like: str
) -> None:
    said(register(office, "CP-1", vendor=vendor, model=model), 201)
    connect(office, online=True, point="CP-1")
    found, known = got(office, "CP-1"), models()[like]
    assert (found["vendor"], found["model"]) == (vendor, model)
    assert len(found["connectors"]) == known.evses
    kinds = {"type2_socket": "Type2", "ccs2": "CCS2"}
    assert {each["type"] for each in found["connectors"]} == {kinds[known.connectors[0]]}


def test_the_chargers_of_the_world_are_charge_points(office: Office) -> None:
    world = office.mock.runtime.world
    found = listed(office)
    assert {each["charge_point_id"] for each in found} == {*chargers(world, office.harbour)}
    registered = [each["registered_at"] for each in found]
    assert registered == sorted(registered, reverse=True)
    assert all(each["registered_at"] < each["commissioned_at"] < each["last_heartbeat_at"] for each in found)
    assert {each["ocpp_version"] for each in found} == {"1.6", "2.0.1"}
    assert {each["status"] for each in found} <= {"online", "offline"}
    for site in sites(world, office.harbour)[:3]:
        there = listed(office, site_id=site_id(site))
        assert {each["charge_point_id"] for each in there} == {each.identity for each in site.chargers}
        for project_id in {each["project_id"] for each in there} - {None}:
            assert listed(office, project_id=project_id) == there
    for status in CHARGE_POINT.states:
        assert listed(office, status=status) == [each for each in found if each["status"] == status]
    assert listed(office, site_id=f"site_{NOBODY}") == []


def test_whether_it_is_heard_of_follows_its_heartbeats(office: Office) -> None:
    said(register(office), 201)
    put_into_service(office)
    assert got(office)["status"] == "commissioned"
    connect(office, online=False)
    office.advance(timedelta(hours=1))
    assert got(office)["status"] == "commissioned"  # it has sent none since
    connect(office, online=True)
    back = got(office)
    assert (back["status"], back["last_heartbeat_at"]) == ("online", "2026-03-18T13:05:00Z")
    office.advance(timedelta(minutes=5))
    assert back["last_heartbeat_at"] < (beat := got(office)["last_heartbeat_at"]) <= "2026-03-18T13:10:00Z"
    connect(office, online=False)
    office.advance(timedelta(minutes=4))
    assert (got(office)["status"], got(office)["last_heartbeat_at"]) == ("online", beat)
    office.advance(timedelta(minutes=11))
    assert (got(office)["status"], got(office)["last_heartbeat_at"]) == ("offline", beat)
    connect(office, online=None)
    assert got(office)["status"] == "online"
    said(
        send(
            office.key,
            "POST",
            "/ocpp16/change_configuration",
            {"charge_point_id": POINT, "key": "HeartbeatInterval", "value": "3600"},
        )
    )
    connect(office, online=False)
    office.advance(timedelta(hours=1, minutes=59))
    assert got(office)["status"] == "online"


def test_it_takes_commands_reservations_and_tariffs_like_any_other(office: Office) -> None:
    said(register(office), 201)
    body = {"charge_point_id": POINT, "connector_id": 1, "id_tag": "04A1", "expires_at": "2026-03-18T15:00:00Z"}
    refused(send(office.key, "POST", "/reservations", body), 409, "charge_point_offline")
    put_into_service(office)
    said(send(office.key, "POST", "/reservations", body), 201)
    assert got(office)["connectors"][0]["status"] == "Reserved"
    start = {"command": "start_session", "parameters": {"connector_id": 1, "id_tag": "04A1"}}
    assert said(send(office.key, "POST", f"/cpo/commands/{POINT}", start))["status"] == "Accepted"
    assert got(office)["connectors"][0]["status"] == "Charging"
    other = {"name": "Other", "currency": "GBP", "components": [{"type": "energy", "price": 1}]}
    tariff_id = said(send(office.key, "POST", "/billing/tariffs", other), 201)["tariff_id"]
    assigned = send(office.key, "POST", f"/billing/tariffs/{tariff_id}/assign", {"charge_point_ids": [POINT]})
    assert said(assigned)["charge_point_ids"] == [POINT]
    said(office.anonymous.get(f"/_mock/dynamo/charge-points/{POINT}"))


def test_no_vehicle_of_the_world_comes_to_it(office: Office) -> None:
    said(register(office, vendor="alpitronic", model="HYC400"), 201)
    put_into_service(office)
    seen = set()
    for _ in range(12):
        office.advance(timedelta(hours=5))
        seen |= {each["status"] for each in got(office)["connectors"]}
    assert seen == {"Available"}


def test_it_is_named_placed_and_linked(office: Office) -> None:
    said(register(office), 201)
    first, second = (site_id(site) for site in sites(office.mock.runtime.world, office.harbour)[:2])
    before = got(office)
    place = {"latitude": -33.9, "longitude": 18.4, "address": "Dock Road"}
    changed = said(patch(office, {"name": "Bay 3", "location": place, "model": "another", "project_id": "proj_1"}))
    assert changed == before | {"name": "Bay 3", "location": place}
    assert said(patch(office, {"location": None, "site_id": first}))["location"] is None
    assert POINT in {each["charge_point_id"] for each in listed(office, site_id=first)}
    assert said(patch(office, {"site_id": second}))["name"] == "Bay 3"
    assert POINT not in {each["charge_point_id"] for each in listed(office, site_id=first)}
    assert said(patch(office, {"site_id": None}))["site_id"] is None
    assert said(patch(office, {"serial_number": "9"})) == got(office)
    assert said(patch(office, {"name": "Hub one"}, "london-hub-001"))["site_id"] is not None
    assert got(office, "london-hub-001")["name"] == "Hub one"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"name": ""}, "name"),
        ({"site_id": "quay"}, "site_id"),
        ({"location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
    ],
)
def test_bad_changes_are_refused(office: Office, body: Any, field: str) -> None:
    error = refused(patch(office, body, "london-hub-001"), 422, "validation_error")
    assert {each["field"] for each in error["details"]} == {field}


def test_what_is_not_there_is_not_found_and_nothing_is_changed(office: Office) -> None:
    said(register(office), 201)
    theirs = said(send(office.polder_key, "GET", "/sites"))["sites"][0]["site_id"]
    before = office.written()
    for unknown in (f"site_{NOBODY}", theirs):
        refused(patch(office, {"site_id": unknown}), 404, "not_found")
    for client in (office.polder_key, office.polder_owner):
        refused(send(client, "GET", f"/cpo/charge-points/{POINT}"), 404, "charge_point_not_found")
        refused(send(client, "PATCH", f"/cpo/charge-points/{POINT}", {"name": "x"}), 404, "charge_point_not_found")
    commissioning = send(office.polder_installer, "POST", f"/installer/charge-points/{POINT}/commission")
    refused(commissioning, 404, "charge_point_not_found")
    refused(commission(office, "nowhere"), 404, "charge_point_not_found")
    refused(patch(office, {"name": "x"}, "nowhere"), 404, "charge_point_not_found")
    refused(register(office, "CP-2", project_id=f"proj_{NOBODY}"), 404, "not_found")
    assert office.written() == before


def test_an_id_is_taken_once_by_anybody(office: Office) -> None:
    said(register(office), 201)
    theirs = send(
        office.polder_installer,
        "POST",
        "/installer/projects",
        {"name": "Dok", "address": "Kade 1, Utrecht", "site_owner_email": "dok@example.com"},
    )
    body = {"model": "HYC400", "vendor": "alpitronic", "serial_number": "1", "project_id": said(theirs, 201)["id"]}
    of_world = [next(iter(chargers(office.mock.runtime.world, each.id(office.seed)))) for each in ORGANIZATIONS]
    before = office.written()
    for taken in (POINT, *of_world, "utrecht-home-001"):
        mine = body | {"charge_point_id": taken}
        refused(send(office.polder_installer, "POST", "/installer/charge-points", mine), 409, "charge_point_exists")
    assert office.written() == before
    error = refused(register(office, "bulk"), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == ["charge_point_id"]
    error = refused(register(office, "CP QUAY 3"), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == ["charge_point_id"]


def test_a_project_that_was_handed_over_takes_no_more(office: Office) -> None:
    over = said(office.installer.get(f"{BASE}/installer/projects", query={"status": "handed_over"}))["projects"][0]
    error = refused(register(office, project_id=over["id"]), 409, "project_already_handed_over")
    assert over["handed_over_at"] in error["message"]


def test_it_is_commissioned_when_its_last_run_has_passed(office: Office) -> None:
    said(register(office), 201)
    said(check(office), 202)
    refused(commission(office), 409, "commissioning_running")
    connect(office, online=False)
    office.advance(RUN)
    said(check(office), 202)
    office.advance(RUN)
    error = refused(commission(office), 409, "commissioning_not_passed")
    assert "connectivity" in error["message"]
    connect(office, online=True)
    put_into_service(office)
    error = refused(commission(office), 409, "already_commissioned")
    assert got(office)["commissioned_at"] in error["message"]
