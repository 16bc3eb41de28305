"""Sites: what stands there and what happens there now, and what has to be gone before they can go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.seed import sites
from mockserver.apis.dynamo.site_registry import site_id
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, OPERATIONS, Office, Wire, body_of, refused, said, send

SITE: Wire = {"name": "Quay", "address": "1 Quay, Bristol", "max_power_kw": 150, "lat": 51.4, "lng": -2.6}
HOUSE_POINT = "utrecht-home-001"


def of_world(office: Office, key: str) -> str:
    return site_id(next(site for site in office.mock.runtime.world.sites if site.key == key))


def made(office: Office, **changes: Any) -> str:
    return str(said(send(office.key, "POST", "/sites", SITE | changes), 201)["site_id"])


def got(office: Office, site: str, what: str = "") -> Any:
    return said(send(office.key, "GET", f"/sites/{site}{what}"))


def listed(office: Office, by: Client | None = None) -> Any:
    return said(send(by or office.key, "GET", "/sites"))


def link(office: Office, site: str, charge_point_id: str, by: Client | None = None) -> Any:
    return send(by or office.key, "POST", f"/sites/{site}/chargers", {"charge_point_id": charge_point_id})


def unlink(office: Office, site: str, charge_point_id: str) -> Any:
    return send(office.key, "DELETE", f"/sites/{site}/chargers/{charge_point_id}")


def backstage(office: Office, method: str, path: str, body: Any = None) -> Any:
    return office.anonymous.request(method, f"/_mock/dynamo/charge-points/{path}", json=body)


def test_the_sites_of_the_world_are_those_where_its_chargers_are(office: Office) -> None:
    world = office.mock.runtime.world
    for client, org_id in ((office.key, office.harbour), (office.polder_key, office.polder)):
        page = listed(office, client)
        there = {site_id(site): site for site in sites(world, org_id)}
        counts = {each["site_id"]: each["charger_count"] for each in page["sites"]}
        assert counts == {key: len(site.chargers) for key, site in there.items()}
        assert page["total"] == len(there)
        created = [each["created_at"] for each in page["sites"]]
        assert created == sorted(created, reverse=True)
        for each in page["sites"]:
            assert each["max_power_kw"] * 1000 == there[each["site_id"]].connection.power_limit_w
            assert said(send(client, "GET", f"/sites/{each['site_id']}")) == each


def test_one_is_created_replaced_and_removed(office: Office) -> None:
    answer = send(office.admin, "POST", "/sites", SITE)
    site = said(answer, 201)
    assert site == {**SITE, "site_id": site["site_id"], "charger_count": 0, "created_at": "2026-03-18T12:00:00Z"}
    assert answer.headers["location"].endswith(f"/sites/{site['site_id']}")
    office.advance(timedelta(hours=1))
    second = made(office, name="Second")
    assert [each["site_id"] for each in listed(office)["sites"][:2]] == [second, site["site_id"]]
    page = said(office.key.get(f"{BASE}/sites", query={"limit": 1, "offset": 1}))
    assert (page["sites"], page["limit"], page["offset"]) == ([site], 1, 1)
    now = said(send(office.key, "PUT", f"/sites/{site['site_id']}", SITE | {"max_power_kw": 250, "name": "Pier"}))
    assert now == {**site, "max_power_kw": 250, "name": "Pier"} == got(office, site["site_id"])
    assert send(office.key, "DELETE", f"/sites/{site['site_id']}").status == 204
    refused(send(office.key, "GET", f"/sites/{site['site_id']}"), 404, "not_found")
    refused(send(office.key, "DELETE", f"/sites/{site['site_id']}"), 404, "not_found")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"max_power_kw": 0}, "max_power_kw"),
        ({"lat": 90.1}, "lat"),
        ({"lng": "2"}, "lng"),
        ({"name": ""}, "name"),
        ({"address": None}, "address"),
    ],
)
def test_a_site_that_cannot_be_is_refused(office: Office, changes: Wire, field: str) -> None:
    before = listed(office)
    for method, path in (("POST", "/sites"), ("PUT", f"/sites/{of_world(office, 'london-hub')}")):
        error = refused(send(office.key, method, path, SITE | changes), 422, "validation_error")
        assert [each["field"] for each in error["details"]] == [field]
        missing = {name: value for name, value in SITE.items() if name != field}
        refused(send(office.key, method, path, missing), 422, "validation_error")
    assert listed(office) == before


def test_a_charge_point_is_on_one_site_at_most(office: Office) -> None:
    house, site = of_world(office, "utrecht-home"), made(office)
    error = refused(link(office, site, HOUSE_POINT), 409, "charge_point_linked")
    assert house in error["message"]
    assert unlink(office, house, HOUSE_POINT).status == 204
    assert got(office, house)["charger_count"] == 0
    refused(unlink(office, house, HOUSE_POINT), 404, "charge_point_not_found")
    for _ in range(2):
        assert said(link(office, site, HOUSE_POINT))["charger_count"] == 1
    refused(link(office, house, HOUSE_POINT), 409, "charge_point_linked")
    refused(unlink(office, house, HOUSE_POINT), 404, "charge_point_not_found")
    for stranger in ("CP-NOBODY", "utrecht-street-001"):
        refused(link(office, site, stranger), 404, "charge_point_not_found")
        refused(unlink(office, site, stranger), 404, "charge_point_not_found")
    assert got(office, site) == {**got(office, site), "charger_count": 1}


def test_a_session_is_where_the_charge_point_stood_when_it_began(office: Office) -> None:
    hub, site = of_world(office, "london-hub"), made(office)
    rule = {"conditions": {"site_id": [site]}, "actions": [{"type": "add_flat_fee", "value": 3}]}
    said(send(office.key, "POST", "/billing/rules", {"name": "Quay", "priority": 9, **rule}), 201)
    for there, since in ((site, "2026-03-18T12:00:00Z"), (None, "2026-03-19T12:00:00Z")):
        said(send(office.key, "PATCH", "/cpo/charge-points/london-hub-006", {"site_id": there}))
        office.advance(timedelta(days=1))
        query = {"charge_point_id": "london-hub-006", "limit": "200"}
        found = said(office.key.get(f"{BASE}/billing/sessions", query=query))["sessions"]
        assert {each["site_id"] for each in found if each["started_at"] >= since} == {there}
    assert {each["site_id"] for each in found} == {hub, site, None}
    for where in (hub, site, None):
        session = next(each for each in found if each["site_id"] == where and each["ended_at"] and each["energy_kwh"])
        bill = said(send(office.key, "GET", f"/billing/sessions/{session['session_id']}/cost-breakdown"))
        assert ("Quay" in [each["description"] for each in bill["components"]]) == (where == site)


def test_a_site_goes_with_all_that_is_its_own_once_its_charge_points_are_gone(office: Office) -> None:
    house = of_world(office, "utrecht-home")
    config = f"/smart-charging/sites/{house}/config"
    said(send(office.key, "PUT", config, {"max_power_kw": 10, "strategy": "equal"}))
    assert got(office, house, "/energy-assets")["total"] == 3
    error = refused(send(office.key, "DELETE", f"/sites/{house}"), 409, "site_has_charge_points")
    assert error["message"].startswith("1 charge point is linked")
    assert unlink(office, house, HOUSE_POINT).status == 204
    assert send(office.key, "DELETE", f"/sites/{house}").status == 204
    for path in (f"/sites/{house}", f"/sites/{house}/energy-assets", f"/sites/{house}/summary", config):
        refused(send(office.key, "GET", path), 404, "not_found")
    written = office.written()
    assert not any(name.startswith("dynamo.smart_charging/") and rows for name, rows in written.items())


def test_a_site_keeps_the_power_that_its_smart_charging_gives_out(office: Office) -> None:
    house = of_world(office, "utrecht-home")
    before, wanted = got(office, house), SITE | {"max_power_kw": 12}
    window = {"start_time": "22:00", "end_time": "06:00", "max_power_kw": 15}
    settings = {"max_power_kw": 10, "strategy": "scheduled", "schedule": [window]}
    said(send(office.key, "PUT", f"/smart-charging/sites/{house}/config", settings))
    error = refused(send(office.key, "PUT", f"/sites/{house}", wanted), 409, "smart_charging_above_site")
    assert "15 kW" in error["message"]
    assert got(office, house) == before
    assert said(send(office.key, "PUT", f"/sites/{house}", wanted | {"max_power_kw": 15}))["max_power_kw"] == 15


def summary(office: Office, key: str = "london-hub") -> Wire:
    shown: Wire = got(office, of_world(office, key), "/summary")
    assert shown["online"] + shown["offline"] == shown["total_chargers"]
    left_kw = max(shown["max_power_kw"] - shown["current_power_kw"], 0)
    assert shown["available_power_kw"] == pytest.approx(left_kw, abs=0.001)
    return shown


def test_the_summary_counts_the_stations_and_transactions_that_are_seen_elsewhere(office: Office) -> None:
    for key in ("london-hub", "amsterdam-office"):
        shown = summary(office, key)
        numbers = range(1, shown["total_chargers"] + 1)
        stations = [said(backstage(office, "GET", f"{key}-{number:03}")) for number in numbers]
        running = [each for station in stations for each in station["connectors"] if each["transaction_id"]]
        assert shown["online"] == sum(station["is_online"] for station in stations)
        assert shown["active_sessions"] == len(running) > 0
        assert shown["current_power_kw"] > 0


def test_all_sites_together_are_the_fleet(office: Office) -> None:
    said(backstage(office, "POST", "london-hub-001/connectors/1/transaction", {"id_tag": "04A1B2C3D4E580"}), 201)
    office.advance(timedelta(minutes=5))
    fleet = said(send(office.key, "GET", "/cpo/fleet/summary"))
    shown = [got(office, each["site_id"], "/summary") for each in listed(office)["sites"]]
    for name in ("total_chargers", "online", "offline", "active_sessions", "total_energy_today_kwh"):
        assert sum(each[name] for each in shown) == pytest.approx(fleet[name]), name


def test_the_summary_follows_what_clients_do(office: Office) -> None:
    before = summary(office)
    said(backstage(office, "POST", "london-hub-001/connectors/1/transaction", {"id_tag": "04A1B2C3D4E580"}), 201)
    now = summary(office)
    assert now["active_sessions"] == before["active_sessions"] + 1
    assert now["current_power_kw"] == pytest.approx(before["current_power_kw"] + 75)
    office.advance(timedelta(hours=1))
    assert summary(office)["current_power_kw"] < 75  # all have enough but for who has come since
    office.advance(-timedelta(hours=1))
    said(backstage(office, "DELETE", "london-hub-001/connectors/1/transaction"))
    said(backstage(office, "PUT", "london-hub-002", {"online": False}))
    now = summary(office)
    assert (now["online"], now["active_sessions"]) == (before["online"] - 1, before["active_sessions"])
    for number in (1, 2):
        said(backstage(office, "DELETE", f"london-hub-006/connectors/{number}/transaction"))
    now = summary(office)
    assert (now["active_sessions"], now["current_power_kw"]) == (before["active_sessions"] - 2, 0)
    assert now["total_energy_today_kwh"] == before["total_energy_today_kwh"]
    office.advance(timedelta(minutes=10))
    later = summary(office)
    assert later["total_energy_today_kwh"] >= now["total_energy_today_kwh"]


def test_the_energy_of_today_is_what_bills_have_of_it(office: Office) -> None:
    street = "warsaw-retail"

    def delivered() -> dict[str, float]:
        query = {"from": "2026-03-17T00:00:00Z", "limit": 200}
        points = [f"{street}-{number:03}" for number in range(1, 4)]
        pages = [
            said(office.key.get(f"{BASE}/billing/sessions", query={**query, "charge_point_id": each}))
            for each in points
        ]
        return {each["session_id"]: each["energy_kwh"] for page in pages for each in page["sessions"]}

    said(backstage(office, "POST", f"{street}-002/connectors/1/transaction", {"id_tag": "04A1B2C3D4E580"}), 201)
    office.advance(timedelta(minutes=20))  # 7 kWh of a client's session
    at_noon, shown = delivered(), summary(office, street)
    office.advance(-timedelta(hours=12, minutes=20))
    assert summary(office, street)["total_energy_today_kwh"] == 0
    at_midnight = delivered()
    assert any(0 < at_midnight.get(key, 0) < energy_kwh for key, energy_kwh in at_noon.items())  # over midnight
    since = sum(at_noon.values()) - sum(at_midnight.values())
    assert shown["total_energy_today_kwh"] == pytest.approx(since, abs=1e-6)


def test_energy_assets_come_and_go(office: Office) -> None:
    site, body = made(office), {"type": "solar", "name": "Canopy", "rated_power_kw": 62.4}
    path = f"/sites/{site}/energy-assets"
    solar = said(send(office.admin, "POST", path, body), 201)
    assert solar == {
        **body,
        "asset_id": solar["asset_id"],
        "site_id": site,
        "capacity_kwh": None,
        "created_at": "2026-03-18T12:00:00Z",
    }
    battery = said(send(office.key, "POST", path, {**body, "type": "battery", "capacity_kwh": 215}), 201)
    assert got(office, site, "/energy-assets") == {"energy_assets": [battery, solar], "total": 2}
    elsewhere = f"/sites/{of_world(office, 'london-hub')}/energy-assets/{solar['asset_id']}"
    refused(send(office.key, "DELETE", elsewhere), 404, "not_found")
    assert send(office.key, "DELETE", f"{path}/{solar['asset_id']}").status == 204
    refused(send(office.key, "DELETE", f"{path}/{solar['asset_id']}"), 404, "not_found")
    assert got(office, site, "/energy-assets") == {"energy_assets": [battery], "total": 1}


def test_energy_assets_of_the_world_are_what_is_behind_its_connections(office: Office) -> None:
    office_site = of_world(office, "amsterdam-office")
    shown = got(office, office_site, "/energy-assets")["energy_assets"]
    assert {(each["type"], each["rated_power_kw"], each["capacity_kwh"]) for each in shown} == {
        ("meter", 172.5, None),
        ("solar", 60.0, None),
        ("battery", 100.0, 215.0),
    }
    assert {each["site_id"] for each in shown} == {office_site}
    assert send(office.key, "DELETE", f"/sites/{office_site}/energy-assets/{shown[0]['asset_id']}").status == 204
    assert got(office, office_site, "/energy-assets")["energy_assets"] == shown[1:]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capacity_kwh": 10}, "capacity_kwh"),
        ({"type": "wind"}, "type"),
        ({"rated_power_kw": -1}, "rated_power_kw"),
        ({"type": "battery", "capacity_kwh": 0}, "capacity_kwh"),
    ],
)
def test_an_energy_asset_that_cannot_be_is_refused(office: Office, changes: Wire, field: str) -> None:
    path = f"/sites/{of_world(office, 'london-hub')}/energy-assets"
    body = {"type": "solar", "name": "Canopy", "rated_power_kw": 62.4, **changes}
    error = refused(send(office.key, "POST", path, body), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]


OF_A_SITE = [each for each in OPERATIONS.values() if "{site_id}" in each.path]


@pytest.mark.parametrize("operation", OF_A_SITE, ids=lambda operation: operation.operation_id)
def test_a_site_of_another_organization_is_not_there(office: Office, operation: Any) -> None:
    before = office.written()
    things = {"charge_point_id": "london-hub-001", "asset_id": f"ast_{NOBODY}"}
    for client, site in ((office.polder_key, of_world(office, "london-hub")), (office.key, f"site_{NOBODY}")):
        path = operation.path.format(site_id=site, **things)
        refused(send(client, operation.method, path, body_of(operation)), 404, "not_found")
    assert office.written() == before


def test_what_cannot_be_read_or_written_is_refused(office: Office) -> None:
    for path in ("/sites", f"/sites/{of_world(office, 'london-hub')}/energy-assets"):
        url, typed = BASE + path, {"content-type": "application/json"}
        for status, code, content, headers in (
            (400, "invalid_request", b"{", typed),
            (406, "not_acceptable", b"{}", {**typed, "accept": "text/csv"}),
            (413, "payload_too_large", b"[" + b" " * 20_000_000 + b"]", typed),
            (415, "unsupported_media_type", b"{}", {"content-type": "text/plain"}),
        ):
            refused(office.key.request("POST", url, content=content, headers=headers), status, code)
    refused(office.key.get(f"{BASE}/sites", query={"limit": 201}), 422, "validation_error")
    assert office.mock.runtime.clock.now() == NOON
