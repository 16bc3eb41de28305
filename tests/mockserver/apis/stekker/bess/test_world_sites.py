"""The northern organization finds the world's own sites registered; the others start with nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.domain.energy import Flow
from mockserver.domain.sites import Site
from tests.mock import CONTROL, NOON, Mock
from tests.mockserver.apis.stekker.bess.steps import (
    Wire,
    battery,
    delete,
    get,
    grid_connection,
    items,
    patch,
    refused,
    send,
    sensor,
    submit,
)

KINDS = ("grid", "consumption", "solar", "battery")
A_DAY = {"from": "2026-03-16T00:00:00Z", "to": "2026-03-17T00:00:00Z"}


def registered(mock: Mock, path: str, **equal: Any) -> dict[str, Wire]:
    """What the northern organization has, by external id."""
    return {each["external_id"]: each for each in items(mock.north, path, **equal)}


def office(mock: Mock) -> Site:
    return next(each for each in mock.runtime.world.sites if each.key == "amsterdam-office")


def history(mock: Mock, of: Wire, **query: Any) -> list[Wire]:
    return items(mock.north, f"/sensors/{of['id']}/measurements", per_page=1000, **query)


def test_a_site_is_a_grid_connection_with_its_battery_and_sensors(mock: Mock) -> None:
    connection, site = registered(mock, "/grid_connections")["amsterdam-office"], office(mock)
    assert (connection["name"], connection["market_region"]) == (site.name, "NL")
    assert (connection["fuse_limit_amperes"], connection["number_of_phases"]) == (250, 3)
    assert connection["location"] == {
        "latitude": site.latitude,
        "longitude": site.longitude,
        "address": "Amsterdam",
        "country_code": "NL",
        "time_zone": "Europe/Amsterdam",
    }
    assert datetime.fromisoformat(connection["created_at"]).date() == site.opened_on
    (cell,) = items(mock.north, "/batteries", grid_connection_id=connection["id"])
    assert (cell["capacity_kwh"], cell["max_charge_power_kw"], cell["max_discharge_power_kw"]) == (215, 100, 100)
    assert cell["round_trip_efficiency"] == pytest.approx(0.95**2)
    soc = mock.runtime.world.soc(site, NOON)
    assert soc is not None
    assert cell["current_soc_percent"] == pytest.approx(100 * soc)
    meters = {each["kind"]: each for each in items(mock.north, "/sensors", grid_connection_id=connection["id"])}
    assert meters.keys() == {*KINDS}
    assert meters["battery"]["battery_id"] == cell["id"]
    assert {each["last_measurement_at"] for each in meters.values()} == {"2026-03-18T11:45:00Z"}


def test_only_sites_with_something_to_plan_on_a_known_market_are_there(mock: Mock) -> None:
    connections = registered(mock, "/grid_connections")
    assert {"amsterdam-office", "utrecht-home", "berlin-depot"} <= connections.keys()
    assert connections.keys().isdisjoint({"london-hub", "los-angeles-campus", "utrecht-street", "warsaw-retail"})
    sites = {each.key: each for each in mock.runtime.world.sites}
    for key, connection in connections.items():
        kinds = {each["kind"] for each in items(mock.north, "/sensors", grid_connection_id=connection["id"])}
        assert ("solar" in kinds) == (sites[key].solar is not None)
        assert ("battery" in kinds) == (sites[key].battery is not None)
        assert {"grid", "consumption"} <= kinds


@pytest.mark.parametrize("path", ["/grid_connections", "/batteries", "/sensors"])
def test_other_organizations_start_with_nothing_and_see_none_of_it(mock: Mock, path: str) -> None:
    assert items(mock.south, path) == []
    for each in items(mock.north, path):
        assert refused(send(mock.south, "GET", f"{path}/{each['id']}"), 404)


@pytest.mark.parametrize(
    ("kind", "flows"),
    [("grid", "grid"), ("consumption", "load charging"), ("solar", "solar"), ("battery", "battery")],
)
def test_sensors_measured_what_flowed_at_the_site(mock: Mock, kind: str, flows: str) -> None:
    meter = registered(mock, "/sensors")[f"amsterdam-office-{kind}"]
    found = history(mock, meter, **A_DAY)
    start, end = (datetime.fromisoformat(A_DAY[name]) for name in ("from", "to"))
    energies = [mock.runtime.world.energy(office(mock), Flow(name), start, end).values for name in flows.split()]
    assert [each["power_kw"] for each in found] == pytest.approx(
        [4 * sum(wh) / 1000 for wh in zip(*energies, strict=True)]
    )
    assert [each["timestamp"] for each in found] == [
        (start + timedelta(minutes=15 * number)).isoformat().replace("+00:00", "Z") for number in range(96)
    ]
    assert any(each["power_kw"] for each in found)


def test_what_flows_at_a_site_adds_up(mock: Mock) -> None:
    meters = registered(mock, "/sensors")
    grid, consumption, solar, cell = (history(mock, meters[f"amsterdam-office-{kind}"], **A_DAY) for kind in KINDS)
    for at_grid, use, sun, stored in zip(grid, consumption, solar, cell, strict=True):
        assert at_grid["power_kw"] == pytest.approx(use["power_kw"] - sun["power_kw"] + stored["power_kw"], abs=1e-6)


def test_a_site_measures_up_to_the_last_whole_quarter_hour(mock: Mock) -> None:
    mock.runtime.clock.set(NOON + timedelta(minutes=14, seconds=59))
    meter = registered(mock, "/sensors")["amsterdam-office-grid"]
    assert history(mock, meter)[-1]["timestamp"] == meter["last_measurement_at"] == "2026-03-18T11:45:00Z"
    mock.runtime.clock.advance(timedelta(seconds=1))
    meter = registered(mock, "/sensors")["amsterdam-office-grid"]
    assert history(mock, meter)[-1]["timestamp"] == meter["last_measurement_at"] == "2026-03-18T12:00:00Z"


def test_history_begins_where_the_site_did(mock: Mock) -> None:
    meter = registered(mock, "/sensors")["amsterdam-office-grid"]
    opened_at = datetime.fromisoformat(meter["created_at"])
    query = {"from": (opened_at - timedelta(days=2)).isoformat(), "to": (opened_at + timedelta(days=1)).isoformat()}
    found = history(mock, meter, **query)
    assert (found[0]["timestamp"], len(found)) == (meter["created_at"], 96)


def test_a_site_is_not_there_before_it_opened(mock: Mock) -> None:
    last = max(registered(mock, "/grid_connections").values(), key=lambda each: each["created_at"])
    mock.runtime.clock.set(datetime.fromisoformat(last["created_at"]) - timedelta(seconds=1))
    assert last["external_id"] not in registered(mock, "/grid_connections")
    assert refused(send(mock.north, "GET", f"/grid_connections/{last['id']}"), 404)
    mock.runtime.clock.advance(timedelta(seconds=1))
    assert registered(mock, "/grid_connections")[last["external_id"]] == last


def test_intervals_are_means_of_the_quarter_hours(mock: Mock) -> None:
    meter = registered(mock, "/sensors")["amsterdam-office-grid"]
    quarters, hours = history(mock, meter, **A_DAY), history(mock, meter, **A_DAY, interval=3600)
    assert len(hours) == 24
    for number, hour in enumerate(hours):
        mean = sum(each["power_kw"] for each in quarters[4 * number : 4 * number + 4]) / 4
        assert hour["power_kw"] == pytest.approx(mean, abs=1e-6)


def test_the_sensors_can_be_forecast(mock: Mock) -> None:
    for meter in items(mock.north, "/sensors"):
        found = get(mock.north, f"/sensors/{meter['id']}/forecast", interval=3600)
        assert len(found["periods"]) == 24


# What a client changes of it


def test_a_change_is_laid_over_what_the_world_goes_on_to_say(mock: Mock) -> None:
    cell = next(each for each in items(mock.north, "/batteries") if each["capacity_kwh"] == 215)
    changed = patch(mock.north, f"/batteries/{cell['id']}", {"name": "Ours", "max_soc_percent": 80})
    assert changed == {**cell, "name": "Ours", "max_soc_percent": 80, "updated_at": "2026-03-18T12:00:00Z"}
    mock.runtime.clock.advance(timedelta(hours=6))
    now = get(mock.north, f"/batteries/{cell['id']}")
    soc = mock.runtime.world.soc(office(mock), mock.runtime.clock.now())
    assert soc is not None
    assert now == {**changed, "current_soc_percent": pytest.approx(100 * soc)}
    assert now["current_soc_percent"] != changed["current_soc_percent"]


def test_what_the_world_has_keeps_its_place_in_the_list(mock: Mock) -> None:
    before = items(mock.north, "/grid_connections")
    made = grid_connection(mock.north)
    patch(mock.north, f"/grid_connections/{before[1]['id']}", {"name": "Changed"})
    after = items(mock.north, "/grid_connections", per_page=4)
    assert [each["id"] for each in after] == [*(each["id"] for each in before), made["id"]]


def test_what_was_removed_stays_away(mock: Mock) -> None:
    connection = registered(mock, "/grid_connections")["utrecht-home"]
    path = f"/grid_connections/{connection['id']}"
    assert "1 battery and 4 sensors" in refused(send(mock.north, "DELETE", path), 409)
    for root in ("batteries", "sensors"):
        for each in items(mock.north, f"/{root}", grid_connection_id=connection["id"]):
            delete(mock.north, f"/{root}/{each['id']}")
            assert refused(send(mock.north, "PATCH", f"/{root}/{each['id']}", {}), 404)
        assert items(mock.north, f"/{root}", grid_connection_id=connection["id"]) == []
    delete(mock.north, path)
    mock.runtime.clock.advance(timedelta(days=1))
    assert "utrecht-home" not in registered(mock, "/grid_connections")
    assert refused(send(mock.north, "DELETE", path), 404)
    assert grid_connection(mock.north, external_id="utrecht-home")["external_id"] == "utrecht-home"


def test_the_external_ids_of_the_world_are_taken(mock: Mock) -> None:
    body = {"name": "x", "location": {"latitude": 0, "longitude": 0}, "fuse_limit_amperes": 1}
    assert refused(send(mock.north, "POST", "/grid_connections", {**body, "external_id": "utrecht-home"}), 409)


def test_a_client_s_measurements_stand_among_those_of_the_world(mock: Mock) -> None:
    meter = registered(mock, "/sensors")["amsterdam-office-grid"]
    before = history(mock, meter)
    replaced, between, ahead = (
        {"timestamp": text, "power_kw": power}
        for text, power in (
            (before[-4]["timestamp"], 1234.5),
            ("2026-03-18T11:50:00Z", -1.0),
            ("2026-03-18T12:03:00Z", 2.0),
        )
    )
    submit(mock.north, meter, [replaced, between, ahead])
    found = history(mock, meter)
    assert [(each["timestamp"], each["power_kw"]) for each in found[-6:]] == [
        (before[-4]["timestamp"], 1234.5),
        *((each["timestamp"], each["power_kw"]) for each in before[-3:]),
        ("2026-03-18T11:50:00Z", -1.0),
        ("2026-03-18T12:03:00Z", 2.0),
    ]
    assert found[:-6] == before[:-4]
    path = f"/sensors/{meter['id']}"
    assert get(mock.north, path)["last_measurement_at"] == "2026-03-18T12:03:00Z"
    mock.runtime.clock.advance(timedelta(hours=1))
    assert get(mock.north, path)["last_measurement_at"] == "2026-03-18T12:45:00Z"


def test_a_battery_and_a_sensor_can_be_added_to_a_site(mock: Mock) -> None:
    connection = registered(mock, "/grid_connections")["berlin-depot"]
    cell = battery(mock.north, connection)
    meter = sensor(mock.north, connection, kind="battery", battery_id=cell["id"])
    assert items(mock.north, "/batteries", grid_connection_id=connection["id"])[-1] == cell
    assert items(mock.north, "/sensors", grid_connection_id=connection["id"])[-1] == meter
    assert meter["last_measurement_at"] is None


# The state as a whole


def test_the_world_costs_no_document_until_somebody_writes(mock: Mock) -> None:
    for path in ("/grid_connections", "/batteries", "/sensors"):
        assert items(mock.north, path)
    assert mock.anonymous.get(f"{CONTROL}/state").json()["collections"] == {}


def test_a_reset_takes_back_all_that_was_written(mock: Mock) -> None:
    before = {path: items(mock.north, path) for path in ("/grid_connections", "/batteries", "/sensors")}
    cell = before["/batteries"][0]
    patch(mock.north, f"/batteries/{cell['id']}", {"name": "Changed"})
    delete(mock.north, f"/sensors/{before['/sensors'][0]['id']}")
    grid_connection(mock.north)
    mock.reset()
    assert {path: items(mock.north, path) for path in before} == before


def test_another_seed_has_the_same_sites_under_other_ids(mock: Mock) -> None:
    one = registered(mock, "/grid_connections")
    assert mock.anonymous.post(f"{CONTROL}/reset", json={"seed": mock.settings.seed + 1}).status == 200
    token = next(
        text for text, grant in (mock.runtime.ready.tokens or {}).items() if grant["client_id"] == "stekker-north"
    )
    mock.north.headers["authorization"], before = f"Bearer {token}", mock.north.headers["authorization"]
    try:
        other = registered(mock, "/grid_connections")
    finally:
        mock.north.headers["authorization"] = before
    shared = one.keys() & other.keys()
    assert "amsterdam-office" in shared
    assert all(one[key]["id"] != other[key]["id"] for key in shared)


def test_an_exported_state_brings_everything_along(mock: Mock) -> None:
    meter = sensor(mock.south)
    submit(mock.south, meter, [{"timestamp": "2026-03-18T11:00:00.25Z", "power_kw": 1.5, "energy_import_kwh": 3}])
    cell = registered(mock, "/batteries")
    state = mock.anonymous.get(f"{CONTROL}/state").json()
    before = items(mock.south, f"/sensors/{meter['id']}/measurements"), get(mock.south, f"/sensors/{meter['id']}")
    mock.reset()
    assert items(mock.south, "/sensors") == []
    assert mock.anonymous.put(f"{CONTROL}/state", json=state).status == 200
    after = items(mock.south, f"/sensors/{meter['id']}/measurements"), get(mock.south, f"/sensors/{meter['id']}")
    assert after == before
    assert registered(mock, "/batteries") == cell
