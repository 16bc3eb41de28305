"""Sites: sessions share what their grid connection leaves, whatever else draws from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.clock import timestamp
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    CALLBACK,
    KEY,
    THREE_PHASES,
    Operator,
    Receiver,
    energy_wh,
    limit_at,
    plan_of,
    reading,
    said,
    state_of,
    steps,
)

EVENING = NOON + timedelta(hours=5)
NAMES = ("cp", "b", "c")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def equip(operator: Operator) -> None:
    for name in NAMES:
        said(operator.pair(name, **THREE_PHASES))


def now_allowed(operator: Operator, at: datetime, transaction_id: int = 77, charge_point_id: str = "cp") -> int:
    return limit_at(plan_of(operator.session(transaction_id, charge_point_id)), at)


def test_without_a_site_there_is_no_limit_but_the_charge_point_s(north: Operator) -> None:
    equip(north)
    for number, name in enumerate(NAMES):
        said(north.start(EVENING, number, name))
    assert [now_allowed(north, EVENING, number, name) for number, name in enumerate(NAMES)] == [11_040] * 3


def test_a_site_shares_its_limit(north: Operator) -> None:
    equip(north)
    said(north.set_site(16_000, NAMES))
    for number, name in enumerate(NAMES):
        said(north.start(EVENING, number, name))
    # 4 960 W are left for the second, and nothing for the third.
    assert [now_allowed(north, EVENING, number, name) for number, name in enumerate(NAMES)] == [11_040, 4_960, 0]


def test_who_leaves_first_charges_first(north: Operator) -> None:
    equip(north)
    said(north.set_site(11_040, NAMES))
    said(north.wish("HURRY", departure_time="20:00"))
    said(north.start(EVENING, 1, "b"))
    said(north.start(EVENING + minutes(1), 2, "c", idTag="HURRY"))
    assert now_allowed(north, EVENING + minutes(1), 1, "b") == 0
    assert now_allowed(north, EVENING + minutes(1), 2, "c") == 11_040


@pytest.mark.parametrize(("values", "limit_w"), [
    ([("total_active_power", 6.0, "kW")], 11_000),
    ([("total_active_power", 6.04, "kW")], 10_900),  # room comes in steps of 100 W
    ([("total_active_power", -3.0, "kW")], 11_040),  # feed-in leaves no more than the limit
    ([("total_active_power", 14.0, "kW")], 0),  # less than 6 A in each phase
    ([("total_active_power", 99.0, "kW")], 0),
    ([(f"active_power_l{line}", 2.5, "kW") for line in (1, 2, 3)], 9_500),
    ([("active_power_l1", 7.5, "kW")], 9_500),
    ([(f"active_current_l{line}", 10.0, "A") for line in (1, 2, 3)], 10_100),
    ([("active_current_l1", 30.0, "A"), ("active_voltage_l1", 240.0, "V")], 9_800),
    ([("active_voltage_l1", 230.0, "V")], 11_040),  # tells nothing of power
    ([("total_active_power", 6.0, "kW"), ("active_power_l1", 1.0, "kW")], 11_000),
])  # fmt: skip
def test_sensors_leave_room(north: Operator, values: list[tuple[str, float, str]], limit_w: int) -> None:
    said(north.set_site(17_000, ["cp"]))
    at = timestamp(EVENING)
    measured = [{"name": name, "value": value, "unit": unit, "timestamp": at} for name, value, unit in values]
    said(north.post({"event": "MeasurementValues", "sensorId": "grid", "values": measured}))
    said(north.start(EVENING + minutes(1)))
    assert now_allowed(north, EVENING + minutes(1)) == limit_w


def test_sensors_of_a_site_add_up(north: Operator) -> None:
    body = {"power_limit_w": 17_000, "sensor_ids": ["west", "east", "silent"], "charge_point_ids": ["cp"]}
    said(north.mock.anonymous.put(f"{north.app}/sites/yard", json=body))
    said(north.measure(EVENING, 5.0, "west"))
    said(north.measure(EVENING, 4.0, "east"))
    said(north.measure(EVENING, 4.0, "elsewhere"))
    said(north.start(EVENING))
    assert now_allowed(north, EVENING) == 8_000


@pytest.mark.parametrize(("age", "limit_w"), [(0, 11_000), (5, 11_000), (5.1, 11_040)])
def test_old_sensor_values_say_nothing(north: Operator, age: float, limit_w: int) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.measure(EVENING, 6.0))
    said(north.start(EVENING + minutes(age)))
    assert now_allowed(north, EVENING + minutes(age)) == limit_w


def test_sensor_values_that_change_the_room_are_pushed(north: Operator, receiver: Receiver) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    receiver.settle()
    said(north.measure(EVENING + minutes(1), 11.0 + 8.0))  # the car's own power is in it
    (profile,) = receiver.settle()
    assert steps(profile)[0] == (EVENING + minutes(1), 9_000)
    assert energy_wh(steps(profile)) == pytest.approx(36_000 - 184, abs=20)


def test_sensor_values_that_leave_the_room_are_not(north: Operator, receiver: Receiver) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    receiver.settle()
    for minute in range(1, 60):
        said(north.measure(EVENING + minutes(minute), 11.0 + minute % 5))
    assert receiver.settle() == []


def test_sensor_values_that_leave_the_room_as_it_was_touch_no_session(north: Operator) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    said(north.measure(EVENING + minutes(1), 12.0))
    before = state_of(north.mock)["stekker.sessions/stekker-north"]
    for minute in range(2, 60):
        said(north.measure(EVENING + minutes(minute), 12.02))
    assert state_of(north.mock)["stekker.sessions/stekker-north"] == before


def test_a_reading_on_plan_is_measured_from_when_the_plan_was_gone_over(north: Operator) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    said(north.measure(EVENING + minutes(20), 11.0 + 3.0))  # another room, but none that the car needs
    said(north.meter(reading(EVENING + minutes(30), 1000 + 11_040 // 2)))
    (session,) = state_of(north.mock)["stekker.sessions/stekker-north"].values()
    assert session["plan"]["checked_s"] == (EVENING + minutes(20)).timestamp()


def test_a_connector_of_one_phase_needs_less_room(north: Operator) -> None:
    said(north.pair(**THREE_PHASES, connectors=[{"connectorId": 2, "powerType": "AC_1_PHASE"}]))
    said(north.set_site(2_000, ["cp"]))
    said(north.start(EVENING))
    said(north.start(EVENING, 78, connectorId=2))
    assert [now_allowed(north, EVENING, number) for number in (77, 78)] == [0, 2_000]


def test_what_is_charged_between_readings_is_not_planned_twice(north: Operator, receiver: Receiver) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    said(north.measure(EVENING + minutes(30), 11.0 + 9.0))
    said(north.measure(EVENING + minutes(36), 8.0 + 8.0))
    profile = receiver.settle()[-1]
    charged_wh = 11_040 * 30 / 60 + 8_000 * 6 / 60
    assert steps(profile)[0] == (EVENING + minutes(36), 9_000)
    assert energy_wh(steps(profile)) == pytest.approx(36_000 - charged_wh, abs=10)


def test_a_car_that_resumes_is_no_other_load(north: Operator, receiver: Receiver) -> None:
    """The last reading tells of the pause, a minute before the plan ended it."""
    said(north.set_site(13_000, ["cp"]))
    said(north.start(EVENING))
    resumes = plan_of(north.session())[2][0]
    said(north.meter(reading(resumes - minutes(30), 13_000)))
    said(north.meter(reading(resumes - minutes(1), 13_000)))
    receiver.settle()
    said(north.measure(resumes + minutes(1), 12.0))
    assert receiver.settle() == []


def test_a_car_that_came_after_the_sensor_spoke_is_not_in_its_value(north: Operator) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.measure(EVENING, 8.0))
    said(north.start(EVENING + minutes(1)))
    said(north.meter(reading(EVENING + minutes(2), {"value": "70", "measurand": "SoC"})))
    assert plan_of(north.session())[0] == (EVENING + minutes(2), 9_000)


def test_charging_that_is_seen_before_it_is_read_is_no_other_load(north: Operator, receiver: Receiver) -> None:
    """A sensor tells each minute, the charge point each quarter-hour: the room stays as it is."""
    said(north.set_site(13_000, ["cp"]))
    said(north.measure(EVENING, 1.0))
    said(north.start(EVENING + minutes(0.5)))
    (profile,) = receiver.settle()
    assert limit_at(steps(profile), EVENING + minutes(1)) == 11_040
    register = 1000.0
    for minute in range(1, 63):
        register += 184.0
        said(north.measure(EVENING + minutes(minute + 0.5), 12.0))
        if minute % 15 == 0:
            said(north.meter(reading(EVENING + minutes(minute + 0.5), register)))
    assert receiver.settle() == []


def test_a_pause_is_not_taken_for_charging(north: Operator, receiver: Receiver) -> None:
    said(north.set_site(13_000, ["cp"]))
    said(north.start(EVENING))
    plan = plan_of(north.session())
    pause = plan[1][0] + minutes(10)
    said(north.meter(reading(pause, 13_000)))
    receiver.settle()
    said(north.measure(pause + minutes(1), 9.0))  # all of it something else's
    said(north.measure(pause + minutes(20), 9.0))
    assert north.shown("/sites")[0]["load_at"] is None  # by the mock's own clock these are of the future
    said(north.pair("b", **THREE_PHASES))
    said(north.set_site(13_000, ["cp", "b"]))
    said(north.start(pause + minutes(21), 2, "b"))
    assert now_allowed(north, pause + minutes(21), 2, "b") == 0  # 4 000 W are less than 6 A


def test_another_session_at_the_site_takes_its_share_and_gives_it_back(north: Operator, receiver: Receiver) -> None:
    equip(north)
    said(north.set_site(13_000, NAMES))
    said(north.wish("HURRY", departure_time="20:00"))
    said(north.start(EVENING, 1, "b"))
    receiver.settle()
    said(north.start(EVENING + minutes(10), 2, "c", idTag="HURRY"))
    pushed = {body["csChargingProfiles"]["transactionId"]: steps(body) for body in receiver.settle()}
    assert pushed[1][0] == (EVENING + minutes(10), 0)
    assert pushed[2][0] == (EVENING + minutes(10), 11_040)

    said(north.stop(EVENING + minutes(20), 2_000, 2, "c"))
    (profile,) = receiver.settle()
    assert (profile["csChargingProfiles"]["transactionId"], steps(profile)[0][1]) == (1, 11_040)

    said(north.start(EVENING + minutes(30), 3, "c", idTag="HURRY"))
    assert {body["csChargingProfiles"]["transactionId"] for body in receiver.settle()} == {1, 3}
    said(north.unpair("c"))
    (profile,) = receiver.settle()
    assert (profile["csChargingProfiles"]["transactionId"], steps(profile)[0][1]) == (1, 11_040)
    assert steps(profile)[0][0] >= EVENING + minutes(30)  # though the mock's clock is at noon


def sums_w(operator: Operator) -> list[int]:
    """What the sessions of the operator may draw together, whenever that changes."""
    plans = [plan_of(each) for each in operator.shown("/sessions")]
    begin = max(plan[0][0] for plan in plans)
    edges = {begin, *(start for plan in plans for start, _ in plan if start > begin)}
    return [sum(limit_at(plan, edge) for plan in plans) for edge in sorted(edges)]


@pytest.mark.parametrize("power_limit_w", [11_040, 12_000, 16_000, 20_000, 30_000])
@pytest.mark.parametrize("apart", [0, 4, 31])
def test_a_night_of_three_cars_keeps_the_limit(north: Operator, power_limit_w: int, apart: float) -> None:
    equip(north)
    said(north.set_site(power_limit_w, NAMES))
    for number, name in enumerate(NAMES):
        said(north.start(EVENING + minutes(apart * number), number, name))
    assert max(sums_w(north)) <= power_limit_w


def test_a_plan_that_ends_a_little_earlier_is_told_before_another_takes_its_room(north: Operator) -> None:
    equip(north)
    said(north.set_site(11_040, NAMES))
    wishes = {"arrival_soc_percent": 0, "target_percent": 100, "direct_percent": 100, "departure_time": "20:00"}
    said(north.wish("HURRY", battery_wh=13_831, **wishes))
    said(north.start(EVENING, 1, "b", idTag="HURRY"))
    assert plan_of(north.session(1, "b"))[1] == (EVENING + timedelta(seconds=4_510), 0)  # ten into a quarter-hour
    said(north.start(EVENING + minutes(1), 2, "c"))
    said(north.meter(reading(EVENING + minutes(30), 6_612), transaction_id=1, charge_point_id="b"))  # 30 s ahead
    soc = {"value": "35", "measurand": "SoC"}
    said(north.meter(reading(EVENING + minutes(31), soc), transaction_id=2, charge_point_id="c"))
    assert max(sums_w(north)) == 11_040


def test_a_changed_site_is_pushed(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    for limit_w in (8_000, 6_000):
        said(north.set_site(limit_w, ["cp"]))
        (profile,) = receiver.settle()
        assert steps(profile)[0] == (EVENING, limit_w)
    said(north.set_site(6_000, ["cp"]))
    assert receiver.settle() == []
    assert north.mock.anonymous.delete(f"{north.app}/sites/site").status == 204
    assert receiver.settle() == []  # what goes on there keeps its plan
    assert now_allowed(north, EVENING) == 6_000


@pytest.mark.parametrize("power_limit_w", [1, 1_379, 4_139])
def test_a_site_too_small_for_any_car(north: Operator, receiver: Receiver, power_limit_w: int) -> None:
    said(north.set_site(power_limit_w, ["cp"]))
    said(north.start(EVENING))
    assert steps(receiver.settle()[0]) == [(EVENING, 0)]


def test_a_charge_point_has_one_grid_connection(north: Operator) -> None:
    said(north.set_site(10_000, ["cp"], "a"))
    problem = said(north.set_site(10_000, ["x", "cp"], "b"), 409)
    assert "site a" in problem["field_errors"]["charge_point_ids.1"][0]
    assert [each["site_id"] for each in north.shown("/sites")] == ["a"]
    said(north.set_site(12_000, ["cp"], "a"))


def test_a_site_shows_its_load(north: Operator) -> None:
    assert said(north.set_site(10_000, ["cp"]))["load_w"] is None
    said(north.measure(NOON - minutes(2), 6.5))
    (site,) = north.shown("/sites")
    assert site == {
        "site_id": "site", "power_limit_w": 10_000, "sensor_ids": ["grid"], "charge_point_ids": ["cp"],
        "load_w": 6_500, "load_at": timestamp(NOON - minutes(2)),
    }  # fmt: skip


Deed = Callable[[Operator, datetime, dict[str, float]], Any]


def starts(name: str, wish: str) -> Deed:
    def deed(operator: Operator, at: datetime, registers: dict[str, float]) -> None:
        registers[name] = 1_000
        said(operator.start(at, int(at.timestamp()), name, idTag=wish))

    return deed


def reads(name: str, power_w: int) -> Deed:
    def deed(operator: Operator, at: datetime, registers: dict[str, float]) -> None:
        if active := going_on(operator).get(name):
            registers[name] += power_w / 4
            said(operator.meter(reading(at, registers[name]), transaction_id=active, charge_point_id=name))

    return deed


def stops(name: str) -> Deed:
    def deed(operator: Operator, at: datetime, registers: dict[str, float]) -> None:
        if active := going_on(operator).get(name):
            said(operator.stop(at, int(registers[name]) + 1, active, name))

    return deed


def measures(kilowatts: float) -> Deed:
    return lambda operator, at, registers: said(operator.measure(at, kilowatts))


def going_on(operator: Operator) -> dict[str, int]:
    return {
        each["charge_point_id"]: each["transaction_id"] for each in operator.shown("/sessions") if not each["ended_at"]
    }


deeds = st.one_of(
    st.builds(starts, st.sampled_from(NAMES), st.sampled_from(["CARD", "HURRY", "SMALL"])),
    st.builds(reads, st.sampled_from(NAMES), st.sampled_from([0, 3_000, 11_040])),
    st.builds(stops, st.sampled_from(NAMES)),
    st.builds(measures, st.sampled_from([-4.0, 0.0, 5.0, 11.0, 16.0])),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([6_000, 13_000, 17_000, 25_000]), st.lists(deeds, min_size=2, max_size=14))
def test_limits_of_a_site_never_sum_to_more_than_its_room(mock: Mock, power_limit_w: int, doings: list[Deed]) -> None:
    """What was pushed is played as the charge points would: the newest profile of each session counts."""
    mock.reset()
    north, receiver = Operator(mock, mock.north, "stekker-north"), Receiver(mock)
    before, mock.runtime.outbox.transport = mock.runtime.outbox.transport, receiver
    try:
        equip(north)
        said(north.change(callback_url=CALLBACK, callback_api_key=KEY))
        said(north.set_site(power_limit_w, NAMES))
        said(north.wish("HURRY", departure_time="20:00"))
        said(north.wish("SMALL", battery_wh=20_000, direct_percent=50))
        registers: dict[str, float] = {}
        newest: dict[int, list[tuple[datetime, int]]] = {}
        for number, deed in enumerate(doings):
            deed(north, EVENING + minutes(15 * number), registers)
            for body in receiver.settle():
                newest[body["csChargingProfiles"]["transactionId"]] = steps(body)
            active = going_on(north).values()
            plans = [newest[transaction_id] for transaction_id in active]
            assert [plan_of(each) for each in north.shown("/sessions") if each["transaction_id"] in active] == plans
            now = EVENING + minutes(15 * number)
            edges = {now, *(start for plan in plans for start, _ in plan if start > now)}
            assert all(sum(limit_at(plan, edge) for plan in plans) <= power_limit_w for edge in edges)
    finally:
        mock.runtime.outbox.transport = before
