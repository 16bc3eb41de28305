"""Smart charging: budgets hold whatever the strategy, and stations are told what the allocation says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from mockserver.apis.dynamo.site_registry import site_id
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import Office, Wire, refused, said, send

FREE, BUSY = "london-hub-001", "london-hub-006"
"""Nobody is there at noon, 75 kW each connector; vehicles of the world charge at both of 200 kW, by OCPP 2.0.1."""
CARD = "04A1B2C3D4E580"
UPDATED_AT = "2026-03-18T12:00:00Z"


def of_world(office: Office, key: str) -> str:
    return site_id(next(site for site in office.mock.runtime.world.sites if site.key == key))


def path(office: Office, what: str, key: str = "london-hub") -> str:
    return f"/smart-charging/sites/{of_world(office, key)}/{what}"


def put(office: Office, key: str = "london-hub", by: Client | None = None, **settings: Any) -> Any:
    body = {"max_power_kw": 100, "strategy": "equal", **settings}
    return send(by or office.key, "PUT", path(office, "config", key), body)


def allocated(office: Office, key: str = "london-hub") -> Wire:
    found: Wire = said(send(office.key, "GET", path(office, "allocation", key)))
    places = [(each["charge_point_id"], each["connector_id"]) for each in found["allocations"]]
    assert places == sorted(places)
    return found


def shares(office: Office, key: str = "london-hub") -> dict[tuple[str, int], float]:
    found = allocated(office, key)["allocations"]
    return {(each["charge_point_id"], each["connector_id"]): each["allocated_kw"] for each in found}


def backstage(office: Office, method: str, path: str, body: Any = None) -> Any:
    return office.anonymous.request(method, f"/_mock/dynamo/charge-points/{path}", json=body)


def arrive(office: Office, point: str = FREE, number: int = 1) -> None:
    said(backstage(office, "POST", f"{point}/connectors/{number}/transaction", {"id_tag": CARD}), 201)


def profiles(office: Office) -> list[Wire]:
    query = {"sender": "csms", "action": "SetChargingProfile"}
    calls: list[Wire] = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query=query))
    assert all(each["answer"] == {"status": "Accepted"} for each in calls)
    return calls


def composite_w(office: Office, point: str, number: int) -> float:
    body = {"charge_point_id": point, "connector_id": number, "duration": 60, "charging_rate_unit": "W"}
    answer = said(send(office.key, "POST", "/ocpp16/get_composite_schedule", body))["response"]
    (period,) = answer["chargingSchedule"]["chargingSchedulePeriod"]
    return float(period["limit"])


def test_there_is_nothing_before_it_is_set(office: Office) -> None:
    for method, what in (("GET", "config"), ("GET", "allocation"), ("POST", "rebalance")):
        refused(send(office.key, method, path(office, what)), 404, "not_found")


def test_it_is_set_and_set_again_as_a_whole(office: Office) -> None:
    first = said(put(office, min_power_per_charger_kw=4.2, reserve_kw=20, min_charge_rate_kw=6))
    assert first == {
        "site_id": of_world(office, "london-hub"),
        "max_power_kw": 100,
        "strategy": "equal",
        "min_power_per_charger_kw": 4.2,
        "priority_order": None,
        "min_charge_rate_kw": 6,
        "reserve_kw": 20,
        "schedule": None,
        "updated_at": UPDATED_AT,
    }
    assert said(send(office.viewer, "GET", path(office, "config"))) == first
    office.advance(timedelta(minutes=1))
    second = said(put(office, strategy="priority", priority_order=[BUSY]))
    assert second == {
        **first,
        "strategy": "priority",
        "priority_order": [BUSY],
        "min_power_per_charger_kw": 1.4,
        "min_charge_rate_kw": None,
        "reserve_kw": None,
        "updated_at": "2026-03-18T12:01:00Z",
    }
    assert said(send(office.key, "GET", path(office, "config"))) == second


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"max_power_kw": 897.1}, "max_power_kw"),
        ({"reserve_kw": 100}, "max_power_kw"),
        ({"strategy": "priority"}, None),
        ({"strategy": "priority", "priority_order": [BUSY, "amsterdam-office-001"]}, "priority_order.1"),
        ({"strategy": "scheduled"}, None),
        ({"schedule": [("09:00", "18:00", 900)]}, "schedule.0.max_power_kw"),
        ({"schedule": [("09:00", "18:00", 20)], "reserve_kw": 20}, "schedule.0.max_power_kw"),
        ({"schedule": [("18:00", "09:00", 20), ("08:59", "10:00", 20)]}, "schedule.1"),
        ({"schedule": [("08:00", "08:00", 20), ("12:00", "13:00", 20)]}, "schedule.1"),
        ({"schedule": [("24:00", "08:00", 20)]}, "schedule.0.start_time"),
        ({"strategy": "fair"}, "strategy"),
        ({"max_power_kw": 0}, "max_power_kw"),
    ],
)
def test_settings_that_cannot_be_are_refused(office: Office, settings: Wire, field: str | None) -> None:
    kept = said(put(office))
    if "schedule" in settings:
        names = ("start_time", "end_time", "max_power_kw")
        settings = settings | {"schedule": [dict(zip(names, each, strict=True)) for each in settings["schedule"]]}
    error = refused(put(office, **settings), 422, "validation_error")
    assert field is None or {each["field"] for each in error["details"]} == {field}
    assert said(send(office.key, "GET", path(office, "config"))) == kept


def test_a_site_without_charge_points_in_use_shares_nothing(office: Office) -> None:
    house, point = "utrecht-home", "utrecht-home-001"
    assert put(office, house, max_power_kw=10).status == 200
    said(backstage(office, "PUT", f"{point}", {"online": False}))
    refused(put(office, house, max_power_kw=11), 409, "no_chargers_linked")
    said(backstage(office, "PUT", f"{point}", {"online": True}))
    said(backstage(office, "PUT", f"{point}/connectors/1", {"status": "Faulted"}))
    refused(put(office, house, max_power_kw=11), 409, "no_chargers_linked")
    assert said(send(office.key, "GET", path(office, "config", house)))["max_power_kw"] == 10
    created = {"name": "Quay", "address": "Bristol", "max_power_kw": 150, "lat": 51.4, "lng": -2.6}
    site = said(send(office.key, "POST", "/sites", created), 201)["site_id"]
    body = {"max_power_kw": 100, "strategy": "equal"}
    refused(send(office.key, "PUT", f"/smart-charging/sites/{site}/config", body), 409, "no_chargers_linked")


WORLDS = {(BUSY, 1): 50.0, (BUSY, 2): 50.0}


def test_shares_change_when_cars_come_and_go(office: Office) -> None:
    said(put(office))
    assert allocated(office) | {"allocations": []} == {
        "site_id": of_world(office, "london-hub"),
        "strategy": "equal",
        "budget_kw": 100,
        "allocations": [],
        "calculated_at": UPDATED_AT,
    }
    sessions = [each["session_id"] for each in allocated(office)["allocations"]]
    for session_id in sessions:
        assert said(send(office.key, "GET", f"/billing/sessions/{session_id}"))["status"] == "active"
    assert shares(office) == WORLDS
    arrive(office)
    arrive(office, number=2)
    assert shares(office) == dict.fromkeys([*WORLDS, (FREE, 1), (FREE, 2)], 25.0)
    said(backstage(office, "DELETE", f"{FREE}/connectors/1/transaction"))
    assert sum(shares(office).values()) <= 100
    assert set(shares(office).values()) == {33.333}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"max_power_kw": 897}, (75, 200, 200)),
        ({"max_power_kw": 697, "reserve_kw": 297}, (75, 162.5, 162.5)),
        ({"max_power_kw": 30, "reserve_kw": 0.3}, (9.9, 9.9, 9.9)),
        ({"strategy": "priority", "priority_order": [FREE]}, (75, 23.6, 1.4)),
        ({"strategy": "priority", "priority_order": [FREE], "min_charge_rate_kw": 30}, (40, 30, 30)),
        ({"strategy": "priority", "priority_order": [BUSY, FREE], "max_power_kw": 450}, (50, 200, 200)),
        ({"strategy": "max_throughput", "max_power_kw": 300}, (1.4, 200, 98.6)),
        ({"min_power_per_charger_kw": 50}, (50, 50, 50)),
        ({"strategy": "max_throughput", "min_power_per_charger_kw": 180}, (75, 180, 180)),
        ({"min_power_per_charger_kw": 0, "max_power_kw": 0.001}, (0, 0, 0)),
    ],
)
def test_the_strategy_says_who_gets_what(office: Office, settings: Wire, expected: tuple[float, ...]) -> None:
    arrive(office)
    said(put(office, **settings))
    assert tuple(shares(office).values()) == expected


def started_at(office: Office, session_id: str) -> str:
    return str(said(send(office.key, "GET", f"/billing/sessions/{session_id}"))["started_at"])


def test_who_came_first_is_served_first(office: Office) -> None:
    arrive(office)  # after both vehicles of the world
    said(put(office, strategy="first_come_first_served"))
    started = {
        (each["charge_point_id"], each["connector_id"]): started_at(office, each["session_id"])
        for each in allocated(office)["allocations"]
    }
    first, *others = sorted(started, key=started.__getitem__)
    assert others[-1] == (FREE, 1)
    assert shares(office) == {first: 97.2, **dict.fromkeys(others, 1.4)}


def test_a_window_has_its_own_limit_by_the_clocks_of_the_organization(office: Office) -> None:
    zone = {"timezone": "America/New_York"}  # 8 in the morning at noon UTC
    said(send(office.owner, "PUT", f"/organizations/{office.harbour}/settings", zone))
    windows = [
        {"start_time": "08:00", "end_time": "09:00", "max_power_kw": 60},
        {"start_time": "09:00", "end_time": "08:00", "max_power_kw": 80},
    ]
    said(put(office, strategy="scheduled", schedule=windows[:1], reserve_kw=10))
    budgets = []
    for minutes in (0, 59, 1):
        office.advance(timedelta(minutes=minutes))
        budgets.append(allocated(office)["budget_kw"])
    assert budgets == [50, 50, 90]
    said(put(office, strategy="scheduled", schedule=windows))
    assert allocated(office)["budget_kw"] == 80


def test_stations_know_of_the_windows_to_come(office: Office) -> None:
    site = {"name": "Quay", "address": "Albion Road, Bristol", "max_power_kw": 20, "lat": 51.4, "lng": -2.6}
    quay = said(send(office.key, "POST", "/sites", site), 201)["site_id"]
    said(send(office.key, "PATCH", f"/cpo/charge-points/{FREE}", {"site_id": quay}))
    arrive(office)
    windows = [{"start_time": "12:06", "end_time": "12:12", "max_power_kw": 5}]
    settings = {"max_power_kw": 20, "strategy": "scheduled", "schedule": windows}
    said(send(office.key, "PUT", f"/smart-charging/sites/{quay}/config", settings))
    energies_kwh = []
    for kw in (20, 5, 20):
        (share,) = said(send(office.key, "GET", f"/smart-charging/sites/{quay}/allocation"))["allocations"]
        assert share["allocated_kw"] * 1000 == composite_w(office, FREE, 1) == kw * 1000
        office.advance(timedelta(minutes=6))
        session = said(send(office.key, "GET", f"/billing/sessions/{share['session_id']}"))
        energies_kwh.append(session["energy_kwh"])
    assert energies_kwh == [2, 2.5, 4.5]


def test_windows_come_in_order_also_when_the_clocks_go_forward(office: Office) -> None:
    office.mock.runtime.clock.set(datetime(2026, 3, 29, 0, 15, tzinfo=UTC))  # London has no time from 1 to 2
    arrive(office)
    times = ["00:30", "01:30", "02:00", "03:00"]
    windows = [
        {"start_time": start, "end_time": end, "max_power_kw": 10 + number}
        for number, (start, end) in enumerate(pairwise(times))
    ]
    said(put(office, strategy="scheduled", schedule=windows))
    told = profiles(office)[-1]["payload"]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
    starts_s = [each["startPeriod"] for each in told]
    assert starts_s == sorted(starts_s)
    assert starts_s[:5] == [0, 15 * 60, 45 * 60, 75 * 60, 105 * 60]


def test_stations_are_told_at_once_and_when_power_is_shared_anew(office: Office) -> None:
    arrive(office)
    said(put(office, max_power_kw=90))
    assert len(profiles(office)) == 3
    of_201, of_16 = profiles(office)[0], profiles(office)[-1]
    assert (of_201["ocpp_version"], of_16["ocpp_version"]) == ("2.0.1", "1.6")
    profile = of_16["payload"]["csChargingProfiles"]
    assert (of_16["payload"]["connectorId"], profile["chargingProfilePurpose"]) == (1, "TxProfile")
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 30_000.0}]
    assert composite_w(office, FREE, 1) == 30_000
    point = {"charge_point_id": FREE, "connector_id": 1}
    said(send(office.key, "POST", "/ocpp16/clear_charging_profile", point))
    assert composite_w(office, FREE, 1) == 75_000
    rebalanced = send(office.member, "POST", path(office, "rebalance"))
    assert said(rebalanced, 202) == {
        "site_id": of_world(office, "london-hub"),
        "status": "accepted",
        "requested_at": UPDATED_AT,
    }
    told = {
        (each["charge_point_id"], each["payload"].get("connectorId") or each["payload"]["evseId"]): each
        for each in profiles(office)[:3]
    }
    assert told.keys() == shares(office).keys()
    assert composite_w(office, FREE, 1) == shares(office)[FREE, 1] * 1000 == 30_000
    shown = said(send(office.key, "GET", f"/sites/{of_world(office, 'london-hub')}/summary"))
    assert shown["current_power_kw"] == 90


def test_stations_are_told_when_cars_come_and_go(office: Office) -> None:
    said(put(office, max_power_kw=90))
    for number, each_w in ((1, 30_000), (2, 22_500)):
        arrive(office, number=number)
        assert composite_w(office, FREE, number) == composite_w(office, FREE, 1) == each_w
    said(backstage(office, "PUT", f"{FREE}/connectors/2", {"status": "Available"}))
    assert composite_w(office, FREE, 1) == shares(office)[FREE, 1] * 1000 == 30_000
    said(backstage(office, "DELETE", f"{BUSY}/connectors/1/transaction"))
    assert composite_w(office, FREE, 1) == shares(office)[FREE, 1] * 1000 == 45_000
    hub = of_world(office, "london-hub")
    assert send(office.key, "DELETE", f"/sites/{hub}/chargers/{BUSY}").status == 204
    assert composite_w(office, FREE, 1) == shares(office)[FREE, 1] * 1000 == 75_000
    said(send(office.key, "POST", f"/sites/{hub}/chargers", {"charge_point_id": BUSY}))
    assert composite_w(office, FREE, 1) == 45_000


def test_stations_are_told_when_one_is_put_elsewhere(office: Office) -> None:
    arrive(office)
    said(put(office, max_power_kw=90))
    for site, each_w in ((None, 75_000), (of_world(office, "london-hub"), 30_000)):
        said(send(office.key, "PATCH", f"/cpo/charge-points/{BUSY}", {"site_id": site}))
        assert composite_w(office, FREE, 1) == shares(office)[FREE, 1] * 1000 == each_w
    said(send(office.key, "PATCH", f"/cpo/charge-points/{FREE}", {"site_id": None}))
    assert composite_w(office, FREE, 1) == 75_000
    assert (FREE, 1) not in shares(office)


def test_vehicles_of_the_world_that_come_later_draw_no_more_than_their_share(office: Office) -> None:
    said(put(office, max_power_kw=40))
    loads = []
    for _ in range(12):
        office.advance(timedelta(minutes=10))
        shown = said(send(office.key, "GET", f"/sites/{of_world(office, 'london-hub')}/summary"))
        loads.append(shown["current_power_kw"])
        assert sum(shares(office).values()) <= 40
    assert 0 < max(loads) <= 40


def test_a_vehicle_that_has_enough_leaves_its_share_to_the_others(office: Office) -> None:
    arrive(office)
    said(put(office))
    assert (FREE, 1) in shares(office)
    office.advance(timedelta(hours=1))  # 75 kWh at full power
    assert (FREE, 1) not in shares(office)


def test_a_profile_goes_with_its_transaction(office: Office) -> None:
    arrive(office)
    said(put(office, max_power_kw=90))
    said(backstage(office, "DELETE", f"{FREE}/connectors/1/transaction"))
    assert composite_w(office, FREE, 1) == 75_000


def test_stations_that_cannot_be_reached_are_no_obstacle(office: Office) -> None:
    arrive(office)
    said(put(office, max_power_kw=90))
    said(backstage(office, "PUT", f"{FREE}", {"online": False}))
    said(send(office.key, "POST", path(office, "rebalance")), 202)
    assert len(profiles(office)) == 3 + 2
    assert office.mock.runtime.clock.now() == NOON
