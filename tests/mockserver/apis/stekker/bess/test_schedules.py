"""Schedules over the API: the optimum of the prices that are shown, within every limit, kept and listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import sqrt
from random import Random
from typing import Any

import pytest

from fixtures.prices import area
from mockserver.apis.stekker.regions import MARKET_AREAS
from mockserver.domain.planner import Market, Premises, Storage
from tests.asgi import Client
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.bess.schedule_laws import check, check_cash, check_solar
from tests.mockserver.apis.stekker.bess.steps import (
    NOBODY,
    Wire,
    battery,
    delete,
    get,
    grid_connection,
    items,
    pages,
    post,
    refused,
    rows,
    send,
    sensor,
    submit,
)
from tests.mockserver.domain.planner.oracle import Case, highest_end_wh, least_cost

CASES = 200
CHUNK = 20


def request(client: Client, of: Wire, strategy: str = "cash", **body: Any) -> Wire:
    made: Wire = post(client, f"/batteries/{of['id']}/schedules/{strategy}_optimized", body)
    return made


def denied(client: Client, of: Wire, strategy: str = "cash", status: int = 422, **body: Any) -> str:
    return refused(send(client, "POST", f"/batteries/{of['id']}/schedules/{strategy}_optimized", body), status)


def case_of(schedule: Wire, cell: Wire, connection: Wire, max_cycles: float | None = None) -> Case:
    """The planning problem behind a schedule, for the oracle; powers in W, energies in Wh."""
    capacity, one_way = cell["capacity_kwh"] * 1000.0, sqrt(cell["round_trip_efficiency"])
    most = connection["max_power_kw"] * 1000.0
    periods = schedule["periods"]
    return Case(
        storage=Storage(
            capacity_wh=capacity,
            min_energy_wh=cell["min_soc_percent"] / 100.0 * capacity,
            max_energy_wh=cell["max_soc_percent"] / 100.0 * capacity,
            charge_limit_w=cell["max_charge_power_kw"] * 1000.0,
            discharge_limit_w=cell["max_discharge_power_kw"] * 1000.0,
            charge_efficiency=one_way,
            discharge_efficiency=one_way,
        ),
        market=Market(buy_per_kwh=[each["price_per_mwh"] / 1000.0 for each in periods]),
        premises=Premises(
            load_w=[(each["expected_consumption_kw"] or 0.0) * 1000.0 for each in periods],
            pv_w=[(each["expected_solar_kw"] or 0.0) * 1000.0 for each in periods],
            import_limit_w=min(most, (connection["contracted_import_kw"] or most) * 1000.0),
            export_limit_w=min(most, (connection["contracted_export_kw"] or most) * 1000.0),
        ),
        slot_s=schedule["interval_seconds"],
        initial_wh=schedule["initial_soc_percent"] / 100.0 * capacity,
        max_cycles=max_cycles,
    )


def random_battery(client: Client, chance: Random) -> tuple[Wire, Wire]:
    """A battery on its own grid connection, large or small, alone as far as sensors tell."""
    capacity = chance.choice([0.5, 10.0, 215.0, 5000.0, chance.uniform(1.0, 1000.0)])
    charge = capacity * chance.uniform(0.1, 1.5)
    connection = grid_connection(
        client,
        fuse_limit_amperes=min(6000.0, max(charge * chance.uniform(1.0, 4.0), 1.0)),
        market_region=chance.choice(MARKET_AREAS),
        contracted_import_kw=chance.choice([None, charge * chance.uniform(0.3, 1.2)]),
        contracted_export_kw=chance.choice([None, charge * chance.uniform(0.3, 1.2)]),
    )
    most = 2 * connection["max_power_kw"]
    cell = battery(
        client,
        connection,
        capacity_kwh=capacity,
        max_charge_power_kw=min(charge, most),
        max_discharge_power_kw=min(charge * chance.uniform(0.5, 2.0), most),
        min_soc_percent=chance.choice([0, 10, chance.uniform(0, 40)]),
        max_soc_percent=chance.choice([100, 90, chance.uniform(60, 100)]),
        round_trip_efficiency=chance.choice([1, 0.9, chance.uniform(0.6, 1.0)]),
    )
    return connection, cell


@pytest.mark.parametrize("chunk", range(CASES // CHUNK))
def test_the_revenue_is_that_of_an_independent_programme(mock: Mock, chunk: int) -> None:
    chance = Random(f"schedules {chunk}")
    for _ in range(CHUNK):
        mock.runtime.clock.set(NOON + timedelta(minutes=chance.randrange(365 * 24 * 60)))
        connection, cell = random_battery(mock.south, chance)
        low, high = cell["min_soc_percent"], cell["max_soc_percent"]
        initial = chance.choice([low, high, chance.uniform(low, high)])
        max_cycles = chance.choice([None, None, None, chance.uniform(0.2, 2.0)])
        schedule = request(
            mock.south,
            cell,
            current_soc_percent=initial,
            horizon_hours=chance.choice([1, 6, 24, 36]),
            interval_seconds=chance.choice([900, 3600]),
            **({} if max_cycles is None else {"max_cycles": max_cycles}),
        )
        check(schedule, cell, connection)
        check_cash(schedule, cell)
        case = case_of(schedule, cell, connection, max_cycles)
        burns = min(case.market.buy_per_kwh) < 0.0
        least = least_cost(case, case.initial_wh, binaries=burns)
        assert least is not None
        assert -schedule["expected_revenue"] == pytest.approx(least, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_a_battery_outside_its_limits_returns_into_them_first(mock: Mock, seed: int) -> None:
    chance = Random(f"outside {seed}")
    connection = grid_connection(mock.south)
    cell = battery(mock.south, connection, min_soc_percent=30, max_soc_percent=60)
    initial = chance.choice([chance.uniform(0, 29), chance.uniform(61, 100)])
    schedule = request(mock.south, cell, current_soc_percent=initial)
    check(schedule, cell, connection)
    socs = [each["soc_percent"] for each in schedule["periods"]]
    landed = next(number for number, soc in enumerate(socs) if 30 <= soc <= 60)
    sign = 1 if initial < 30 else -1
    for each in schedule["periods"][:landed]:
        assert each["power_kw"] == sign * 100
    assert landed <= 3
    case = case_of(schedule, cell, connection)
    least = least_cost(case, min(max(initial, 30), 60) / 100 * 215_000)
    assert -schedule["expected_revenue"] == pytest.approx(least, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("target", [10, 35.5, 80, 90])
def test_a_target_is_reached_at_the_least_cost(mock: Mock, target: float) -> None:
    connection = grid_connection(mock.south)
    cell = battery(mock.south, connection)
    schedule = request(mock.south, cell, current_soc_percent=50, target_soc_percent=target)
    check(schedule, cell, connection)
    assert schedule["final_soc_percent"] >= target
    least = least_cost(case_of(schedule, cell, connection), target / 100 * 215_000)
    assert -schedule["expected_revenue"] == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_a_target_out_of_reach_is_refused_with_what_can_be_reached(mock: Mock) -> None:
    connection = grid_connection(mock.south)
    cell = battery(mock.south, connection)
    some = request(mock.south, cell, current_soc_percent=20, horizon_hours=1)
    most = highest_end_wh(case_of(some, cell, connection))
    assert most is not None
    reachable = int(most / 2_150_00 * 1e4) / 1e2
    text = denied(mock.south, cell, current_soc_percent=20, horizon_hours=1, target_soc_percent=85)
    assert text.startswith("target_soc_percent is out of reach")
    assert f"at most {reachable:g} %" in text
    found = request(mock.south, cell, current_soc_percent=20, horizon_hours=1, target_soc_percent=reachable)
    assert found["final_soc_percent"] >= reachable
    assert len(items(mock.south, f"/batteries/{cell['id']}/schedules")) == 2


@pytest.mark.parametrize("target", [5, 95])
def test_a_target_outside_the_limits_is_refused(mock: Mock, target: float) -> None:
    cell = battery(mock.south)
    assert "10 to 90 %" in denied(mock.south, cell, current_soc_percent=50, target_soc_percent=target)


def test_cycles_are_limited(mock: Mock) -> None:
    connection = grid_connection(mock.south)
    cell = battery(mock.south, connection)
    free, bound = (
        request(mock.south, cell, current_soc_percent=50, horizon_hours=48, max_cycles=cycles) for cycles in (None, 0.5)
    )
    socs = [50.0, *(each["soc_percent"] for each in bound["periods"])]
    assert sum(abs(b - a) for a, b in pairwise(socs)) / 200 <= 0.5 + 1e-6
    assert 0 < bound["expected_revenue"] < free["expected_revenue"]


def test_a_price_that_stays_the_same_leaves_the_battery_idle(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    from mockserver.apis.stekker.bess.planning import Site

    monkeypatch.setattr(Site, "_prices", lambda self, slots: [80.0] * len(slots))
    schedule = request(mock.south, battery(mock.south), current_soc_percent=50)
    assert {each["mode"] for each in schedule["periods"]} == {"idle"}
    assert {each["power_kw"] for each in schedule["periods"]} == {0}
    assert (schedule["expected_revenue"], schedule["final_soc_percent"]) == (0, 50)


# Prices


@pytest.mark.parametrize("interval_s", [900, 3600])
@pytest.mark.parametrize("region", ["NL", "CH", "NO3"])
def test_prices_are_settled_ones_else_the_forecast(mock: Mock, region: str, interval_s: int) -> None:
    connection = grid_connection(mock.south, market_region=region)
    cell = battery(mock.south, connection, current_soc_percent=50)
    schedule = request(mock.south, cell, horizon_hours=48, interval_seconds=interval_s)
    start, end = (datetime.fromisoformat(schedule[name]) for name in ("starts_at", "ends_at"))
    world, where = mock.runtime.world, area(region)
    settled = world.prices(where, start, end, interval_s).values
    expected = world.price_forecasts(where, start, end, interval_s).values
    assert None in settled
    assert settled[0] is not None
    assert [each["price_per_mwh"] for each in schedule["periods"]] == [
        float(forecast.expected if price is None else price) for price, forecast in zip(settled, expected, strict=True)
    ]


def test_the_same_request_at_the_same_prices_gives_the_same_schedule(mock: Mock) -> None:
    cell = battery(mock.south)
    body = {"current_soc_percent": 42, "starts_at": "2026-03-18T15:00:00Z", "horizon_hours": 6}
    first = request(mock.south, cell, **body)
    mock.runtime.clock.advance(timedelta(minutes=50))
    second = request(mock.south, cell, **body)
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"id", "generated_at"}


# What is asked for


def test_defaults_are_a_day_of_quarter_hours_from_now(mock: Mock) -> None:
    mock.runtime.clock.set(NOON + timedelta(minutes=7, seconds=3))
    schedule = request(mock.south, battery(mock.south, current_soc_percent=50))
    assert schedule["starts_at"] == "2026-03-18T12:00:00Z"
    assert schedule["ends_at"] == "2026-03-19T12:00:00Z"
    assert (schedule["interval_seconds"], len(schedule["periods"])) == (900, 96)
    assert (schedule["currency_code"], schedule["strategy"]) == ("EUR", "cash_optimized")
    assert schedule["generated_at"] == "2026-03-18T12:07:03Z"


@pytest.mark.parametrize(
    ("asked", "interval_s", "starts_at"),
    [
        ("2026-03-18T12:14:59.123456789Z", 900, "2026-03-18T12:00:00Z"),
        ("2026-03-18T14:14:00+01:00", 3600, "2026-03-18T13:00:00Z"),
        ("2026-03-18T11:45:00Z", 900, "2026-03-18T11:45:00Z"),
        ("2026-04-01T12:00:00Z", 900, "2026-04-01T12:00:00Z"),
    ],
)
def test_a_start_is_rounded_down_to_the_interval(mock: Mock, asked: str, interval_s: int, starts_at: str) -> None:
    cell = battery(mock.south, current_soc_percent=50)
    assert request(mock.south, cell, starts_at=asked, interval_seconds=interval_s)["starts_at"] == starts_at


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"starts_at": "2026-03-18T11:44:59Z"}, 422, "starts_at"),
        ({"starts_at": "2026-04-01T12:00:01Z"}, 422, "starts_at"),
        ({"starts_at": "9999-12-31T23:59:59Z"}, 422, "starts_at"),
        ({"starts_at": "0001-01-01T00:00:00+14:00"}, 422, "starts_at"),
        ({"starts_at": "2026-03-18T23:59:60Z"}, 422, "starts_at"),
        ({"starts_at": "tomorrow"}, 400, "starts_at"),
        ({"horizon_hours": 0}, 400, "horizon_hours"),
        ({"horizon_hours": 49}, 400, "horizon_hours"),
        ({"horizon_hours": 1.5}, 400, "horizon_hours"),
        ({"interval_seconds": 1800}, 400, "interval_seconds"),
        ({"current_soc_percent": 101}, 400, "current_soc_percent"),
        ({"current_soc_percent": None}, 400, "current_soc_percent"),
        ({"target_soc_percent": -1}, 400, "target_soc_percent"),
        ({"max_cycles": 0}, 400, "max_cycles"),
        ({"max_cycles": "many"}, 400, "max_cycles"),
    ],
)
@pytest.mark.parametrize("strategy", ["cash", "solar"])
def test_what_cannot_be_asked_for_is_refused_by_name(
    mock: Mock, strategy: str, body: dict[str, Any], status: int, named: str
) -> None:
    cell = battery(mock.south, current_soc_percent=50)
    assert named in denied(mock.south, cell, strategy, status, **body)
    assert items(mock.south, f"/batteries/{cell['id']}/schedules") == []


def test_a_request_needs_a_state_of_charge_and_notes_the_one_that_it_tells(mock: Mock) -> None:
    cell = battery(mock.south)
    path = f"/batteries/{cell['id']}"
    assert "current_soc_percent" in denied(mock.south, cell)
    mock.runtime.clock.advance(timedelta(minutes=1))
    request(mock.south, cell, current_soc_percent=37.5)
    noted = {**cell, "current_soc_percent": 37.5, "updated_at": "2026-03-18T12:01:00Z"}
    assert get(mock.south, path) == noted
    assert request(mock.south, cell)["initial_soc_percent"] == 37.5
    assert get(mock.south, path) == noted


# What is kept


def test_schedules_are_kept_and_listed_newest_first(mock: Mock) -> None:
    connection = grid_connection(mock.south)
    cell, other = battery(mock.south, connection), battery(mock.south, connection)
    made = [request(mock.south, cell, current_soc_percent=50, horizon_hours=1) for _ in range(5)]
    request(mock.south, other, current_soc_percent=50, horizon_hours=1)
    path = f"/batteries/{cell['id']}/schedules"
    assert items(mock.south, path, per_page=2) == made[::-1]
    assert [len(page["data"]) for page in pages(mock.south, path, per_page=2)] == [2, 2, 1]
    assert items(mock.south, path, strategy="cash_optimized") == made[::-1]
    assert items(mock.south, path, strategy="solar_optimized") == []
    assert "strategy" in refused(send(mock.south, "GET", path, strategy="best"), 400)
    assert [get(mock.south, f"{path}/{each['id']}") for each in made] == made
    assert refused(send(mock.south, "GET", f"{path}/{NOBODY}"), 404)
    assert len({each["id"] for each in made}) == 5


def test_schedules_go_with_their_battery(mock: Mock) -> None:
    cell = battery(mock.south)
    made = request(mock.south, cell, current_soc_percent=50, horizon_hours=1)
    delete(mock.south, f"/batteries/{cell['id']}")
    assert refused(send(mock.south, "GET", f"/batteries/{cell['id']}/schedules/{made['id']}"), 404)
    assert refused(send(mock.south, "GET", f"/batteries/{cell['id']}/schedules"), 404)


# What else is on the grid connection


def site(client: Client, **powers_kw: float) -> tuple[Wire, Wire, dict[str, Wire]]:
    """A grid connection of 17.25 kW with a battery, and a sensor for each kind that measured one power for two days."""
    connection = grid_connection(client, fuse_limit_amperes=25)
    cell = battery(
        client, connection, capacity_kwh=20, max_charge_power_kw=10, max_discharge_power_kw=10, current_soc_percent=50
    )
    meters = {}
    for kind, power_kw in powers_kw.items():
        link = {"battery_id": cell["id"]} if kind == "battery" else {}
        meters[kind] = sensor(client, connection, kind=kind, **link)
        submit(client, meters[kind], rows(NOON - timedelta(days=2), [power_kw] * 192))
    return connection, cell, meters


def test_a_solar_schedule_needs_a_solar_sensor(mock: Mock) -> None:
    _, cell, _ = site(mock.south, consumption=1.0, grid=1.0)
    assert "no solar sensor" in denied(mock.south, cell, "solar")


def test_a_solar_schedule_needs_a_day_of_history(mock: Mock) -> None:
    connection, cell, _ = site(mock.south)
    meter = sensor(mock.south, connection, kind="solar")
    assert meter["id"] in denied(mock.south, cell, "solar")
    submit(mock.south, meter, rows(NOON - timedelta(days=2), [5.0] * 95))
    assert "24 hours" in denied(mock.south, cell, "solar")
    submit(mock.south, meter, rows(NOON - timedelta(days=1, minutes=15), [5.0]))
    assert request(mock.south, cell, "solar")["strategy"] == "solar_optimized"


@pytest.mark.parametrize("interval_s", [900, 3600])
def test_a_solar_schedule_keeps_the_surplus_for_the_deficit(mock: Mock, interval_s: int) -> None:
    connection, cell, _ = site(mock.south, solar=6.0, consumption=2.0)
    schedule = request(mock.south, cell, "solar", interval_seconds=interval_s)
    check(schedule, cell, connection)
    check_solar(schedule)
    by_mode = {each["mode"] for each in schedule["periods"]}
    assert by_mode == {"charge", "discharge", "idle"}
    case = case_of(schedule, cell, connection)
    least = least_cost(case, 0.0, goal="solar", binaries=False)
    hours = interval_s / 3600
    imported = sum(
        max(0.0, each["expected_consumption_kw"] - each["expected_solar_kw"] + each["power_kw"]) * hours
        for each in schedule["periods"]
    )
    assert imported == pytest.approx(least, abs=1e-6)


@pytest.mark.parametrize(
    ("powers", "expected"),
    [
        ({"consumption": 2.0, "charge_point": 9.0, "grid": 9.0}, 2.0),
        ({"charge_point": 3.0, "grid": 9.0}, 3.0),
        ({"grid": 4.0}, 4.0),
        ({"grid": 4.0, "battery": 1.5}, 2.5),
        ({"grid": -4.0}, 0.0),
        ({}, None),
    ],
    ids=str,
)
def test_consumption_is_what_the_sensors_leave_to_conclude(
    mock: Mock, powers: dict[str, float], expected: float | None
) -> None:
    _, cell, _ = site(mock.south, solar=0.0, **powers)
    schedule = request(mock.south, cell, "solar", horizon_hours=3)
    assert {each["expected_consumption_kw"] for each in schedule["periods"]} == {expected}
    assert {each["expected_solar_kw"] for each in schedule["periods"]} == {0}


def test_a_cash_schedule_leaves_room_for_the_site(mock: Mock) -> None:
    connection, cell, _ = site(mock.south, consumption=14.0)
    schedule = request(mock.south, cell, horizon_hours=48)
    check(schedule, cell, connection)
    powers = [each["power_kw"] for each in schedule["periods"]]
    assert max(powers) == pytest.approx(3.25)
    assert min(powers) == -10
    least = least_cost(case_of(schedule, cell, connection), 10_000.0)
    assert least is not None
    bill = sum((14.0 * each["price_per_mwh"] / 1000) * 0.25 for each in schedule["periods"])
    assert bill - schedule["expected_revenue"] == pytest.approx(least, rel=1e-6, abs=1e-6)


def test_a_sensor_without_history_does_not_keep_a_cash_schedule_from_being_made(mock: Mock) -> None:
    connection, cell, _ = site(mock.south)
    sensor(mock.south, connection, kind="consumption")
    schedule = request(mock.south, cell, horizon_hours=1)
    assert {each["expected_consumption_kw"] for each in schedule["periods"]} == {None}


def test_a_battery_helps_a_site_that_is_over_its_limit_for_as_long_as_it_can(mock: Mock) -> None:
    connection, cell, _ = site(mock.south, consumption=19.25)
    schedule = request(mock.south, cell, horizon_hours=3)
    check(schedule, cell, connection)
    assert all(each["power_kw"] <= -2 + 1e-9 for each in schedule["periods"])
    text = denied(mock.south, cell, horizon_hours=24)
    assert "In the period from 2026-03-18T" in text
    assert "over the limits of its grid connection" in text


def test_a_site_far_over_its_limit_has_no_schedule(mock: Mock) -> None:
    _, cell, _ = site(mock.south, consumption=30.0)
    assert "by 2.750 kW" in denied(mock.south, cell, horizon_hours=1)


@pytest.mark.parametrize("strategy", ["cash", "solar"])
def test_solar_that_cannot_be_fed_in_is_turned_down(mock: Mock, strategy: str) -> None:
    connection, cell, _ = site(mock.south, solar=30.0)
    schedule = request(mock.south, cell, strategy, current_soc_percent=90)
    check(schedule, cell, connection)
    assert max(each["expected_solar_kw"] for each in schedule["periods"]) == pytest.approx(17.25)


def test_the_world_s_batteries_are_planned_within_what_their_sites_leave(mock: Mock) -> None:
    mock.runtime.clock.set(datetime(2026, 6, 10, 7, 30, tzinfo=UTC))
    connections = {each["id"]: each for each in items(mock.north, "/grid_connections")}
    solar = {each["grid_connection_id"] for each in items(mock.north, "/sensors", kind="solar")}
    for cell in items(mock.north, "/batteries"):
        connection = connections[cell["grid_connection_id"]]
        schedule = request(mock.north, cell)
        check(schedule, cell, connection)
        assert schedule["initial_soc_percent"] == cell["current_soc_percent"]
        assert None not in {each["expected_consumption_kw"] for each in schedule["periods"]}
        if connection["id"] in solar:
            schedule = request(mock.north, cell, "solar")
            check(schedule, cell, connection)
            check_solar(schedule)
