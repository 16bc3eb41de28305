"""When sessions are planned anew and pushed, and when they are not."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.mock import CONTROL, NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    CALLBACK,
    Operator,
    Receiver,
    energy_wh,
    limit_at,
    plan_of,
    reading,
    said,
    steps,
)

EVENING = NOON + timedelta(hours=5)
MORNING = datetime.fromisoformat("2026-03-19T07:00:00Z")
SOC = "SoC"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def soc(percent: float) -> dict[str, str]:
    return {"value": str(percent), "measurand": SOC, "unit": "Percent"}


def test_a_start_brings_a_plan_for_all_that_is_needed(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    (profile,) = receiver.settle()
    plan = steps(profile)
    assert plan == plan_of(north.session())
    assert plan[0] == (EVENING, 11_040)
    assert plan[1] == (EVENING + timedelta(seconds=3_913), 0)  # the direct phase: 12 kWh
    assert plan[-1][0] <= MORNING
    assert energy_wh(plan) == pytest.approx(36_000, abs=10)


def test_plans_use_the_cheapest_quarters_that_the_api_tells(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(mock.anonymous.post(f"{CONTROL}/clock/advance", json={"duration_s": 3600}))  # tomorrow's prices are out
    said(north.start(EVENING))
    plan = steps(receiver.settle()[0])
    told = said(mock.prices.get("/stekker/api/v1/market_price_forecast?region=NL-900"))["prices"]
    prices = {datetime.fromisoformat(each["period_start"]): each["price_per_mwh"] for each in told}
    smart = [at for at in prices if EVENING + minutes(75) <= at < MORNING]
    used = [prices[at] for at in smart if any(limit_at(plan, at + minutes(part)) for part in (0.5, 7, 14.5))]
    left = [prices[at] for at in smart if not any(limit_at(plan, at + minutes(part)) for part in (0.5, 7, 14.5))]
    assert len(used) >= 8
    assert max(used) <= min(left)


def test_readings_on_plan_are_no_news(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    plan = steps(receiver.settle()[0])
    edges = [*plan, (MORNING, 0)]
    register, at = 1000.0, EVENING
    while at < MORNING:
        later = at + minutes(5)
        for (start, limit), (end, _) in pairwise(edges):
            seconds = (min(end, later) - max(start, at)).total_seconds()
            register += limit * max(seconds, 0) / 3600 * 0.99
        said(north.meter(reading(later, round(register, 1))))
        at = later
    # A percent less than planned all night is caught up with twice or so, never at each reading.
    assert len(receiver.settle()) <= 2
    assert north.session()["energy_wh"] == pytest.approx(36_000, rel=0.02)


@pytest.mark.parametrize(("register", "is_pushed"), [
    (1000 + 2_760, False), (1000 + 2_400, False), (1000 + 2_200, True), (1000, True), (1000 + 3_300, True),
])  # fmt: skip
def test_a_car_that_takes_more_or_less_is_planned_anew(
    north: Operator, receiver: Receiver, register: int, is_pushed: bool
) -> None:
    """A quarter-hour at 11 040 W is 2 760 Wh; half a kilowatt-hour is let pass."""
    said(north.start(EVENING))
    receiver.settle()
    at = EVENING + minutes(15)
    said(north.meter(reading(at, register)))
    pushed = receiver.settle()
    assert bool(pushed) == is_pushed
    if is_pushed:
        plan = steps(pushed[0])
        assert plan[0] == (at, 11_040)
        assert plan == plan_of(north.session())


def test_a_car_that_draws_half_gets_twice_the_time(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(15), 1000 + 1_380)))  # 5.52 kW
    plan = steps(receiver.settle()[0])
    assert energy_wh(plan) / 2 == pytest.approx(36_000 - 1_380, abs=10)
    on_plan = 1000 + 1_380 + 5_520 * 0.25
    said(north.meter(reading(EVENING + minutes(30), on_plan)))
    assert receiver.settle() == []


@pytest.mark.parametrize(("minute", "register"), [
    (15, 1000 + 2_622),  # 95 % of what it may
    (90, 1000 + 12_000),  # as planned, with a pause in between
])  # fmt: skip
def test_a_car_that_draws_what_it_may_has_no_limit_of_its_own(
    north: Operator, receiver: Receiver, minute: float, register: int
) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(minute), register)))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(minute + 0.1), register, soc(70))))
    plan = steps(receiver.settle()[0])
    assert energy_wh(plan) == pytest.approx(12_000, abs=10)


def test_a_state_of_charge_is_believed_at_once(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(1), 1184, soc(80))))
    plan = steps(receiver.settle()[0])
    assert energy_wh(plan) == pytest.approx(6_000, abs=10)  # from 80 to 90 % of 60 kWh

    said(north.meter(reading(EVENING + minutes(2), soc(90))))  # by itself
    assert steps(receiver.settle()[0]) == [(EVENING + minutes(2), 0)]


def test_a_state_of_charge_as_expected_is_no_news(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(15), 1000 + 2_760, soc(34.6))))
    assert receiver.settle() == []


def test_what_is_not_told_does_not_add_up(north: Operator, receiver: Receiver) -> None:
    """States of charge that creep away are told of before they are far off."""
    said(north.start(EVENING))
    told = steps(receiver.settle()[0])
    register, percent = 1000.0, 30.0
    for minute in range(15, 60, 1):
        register, percent = register + 184.0, percent - 0.25
        said(north.meter(reading(EVENING + minutes(minute), register, soc(percent))))
        for profile in receiver.settle():
            told = steps(profile)
        planned = plan_of(north.session())
        now = EVENING + minutes(minute)
        assert [step for step in told if step[0] > now] == [step for step in planned if step[0] > now]


def test_late_events_take_no_plan_back_to_the_past(north: Operator, receiver: Receiver) -> None:
    said(north.pair("other", maxPower=11_000))
    said(north.set_site(11_040, ["cp", "other"]))
    said(north.start(EVENING, 1, "other", idTag="A"))
    said(north.start(EVENING, 2, "cp", idTag="B"))
    said(north.meter(reading(EVENING + minutes(60), 9_000), transaction_id=2))
    receiver.settle()
    said(north.stop(EVENING + minutes(10), 2_000, 1, "other"))  # was held up for an hour
    (profile,) = receiver.settle()
    assert steps(profile)[0][0] == EVENING + minutes(60)
    assert energy_wh(steps(profile)) == pytest.approx(36_000 - 8_000, abs=10)


def test_prices_that_come_out_change_plans(mock: Mock, north: Operator, receiver: Receiver) -> None:
    """Until 13:00 in Amsterdam, noon here, what is beyond midnight is a forecast."""
    said(mock.anonymous.put(f"{CONTROL}/clock", json={"now": "2026-03-18T11:00:00Z"}))
    said(north.start(EVENING))
    said(north.start(EVENING, 78, connectorId=2))
    before = {body["csChargingProfiles"]["transactionId"]: steps(body) for body in receiver.settle()}
    assert before.keys() == {77, 78}

    assert receiver.settle(3_599) == []
    pushed = receiver.settle(1)
    assert {body["csChargingProfiles"]["transactionId"] for body in pushed} == {77, 78}
    for body in pushed:
        plan = steps(body)
        assert plan[0] == (EVENING, 11_040)
        assert plan != before[77]
        assert energy_wh(plan) == pytest.approx(36_000, abs=10)
    assert receiver.settle(3_600 * 22) == []


def test_prices_are_no_news_to_those_who_leave_before(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(mock.anonymous.put(f"{CONTROL}/clock", json={"now": "2026-03-18T11:00:00Z"}))
    said(north.wish("CARD", departure_time="23:00"))
    said(north.start(EVENING))
    receiver.settle()
    assert receiver.settle(7_200) == []


def test_prices_of_a_site_are_told_once(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(mock.anonymous.put(f"{CONTROL}/clock", json={"now": "2026-03-18T11:00:00Z"}))
    said(north.pair("other", maxPower=11_000))
    said(north.set_site(40_000, ["cp", "other"]))
    for number, charge_point_id in enumerate(("cp", "other")):
        said(north.start(EVENING, number, charge_point_id))
    receiver.settle()
    receiver.settle(3_600)
    deliveries = said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries"))
    assert [each["status"] for each in deliveries if each["created_at"].startswith("2026-03-18T12")] == [
        "delivered"
    ] * 2


def test_prices_that_came_before_a_reading_are_used_by_it(mock: Mock, north: Operator, receiver: Receiver) -> None:
    """Nobody has to wait for the hour: a reading after a jump of the clock, or an import, sees them too."""
    said(mock.anonymous.put(f"{CONTROL}/clock", json={"now": "2026-03-18T11:00:00Z"}))
    said(north.start(EVENING))
    receiver.settle()
    mock.runtime.scheduler.clear()
    mock.runtime.clock.set(NOON)
    said(north.meter(reading(EVENING + minutes(15), 1000 + 2_760)))
    assert len(receiver.settle()) == 1


def test_a_price_forecast_is_waited_for_day_after_day(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(mock.anonymous.put(f"{CONTROL}/clock", json={"now": "2026-03-18T13:00:00Z"}))
    said(north.start(EVENING + timedelta(days=2)))  # the day after tomorrow, by the charger's clock
    receiver.settle()
    receiver.settle(3_600 * 23)  # tomorrow's publication tells nothing of that night
    assert receiver.settle(3_600 * 24 - 1) == []
    assert len(receiver.settle(1)) == 1


def test_nothing_is_pushed_after_the_end(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(60), 1000)))
    said(north.stop(EVENING + minutes(61), 1000))
    assert receiver.settle(86_400) == []
    (newest, _) = said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries"))
    assert newest["status"] == "cancelled"


def test_nothing_is_pushed_for_who_made_way_for_another(north: Operator, receiver: Receiver) -> None:
    receiver.status = 503
    said(north.start(EVENING))
    receiver.settle()
    receiver.status = 200
    said(north.start(EVENING + minutes(5), 78))
    assert [body["csChargingProfiles"]["transactionId"] for body in receiver.settle(86_400)] == [78]


def test_nothing_is_pushed_to_nowhere(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.change(callback_url=None))
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(60), 1000)))
    assert receiver.settle(86_400) == []
    assert said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries")) == []
    assert north.session()["plan"]["periods"]

    said(north.change(callback_url=CALLBACK))
    said(north.meter(reading(EVENING + minutes(120), 1000)))
    assert len(receiver.settle()) == 1


def test_a_refused_event_pushes_nothing(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    assert north.meter(reading(EVENING + minutes(60), 1000), reading(EVENING, "9" * 30)).status == 422
    assert receiver.settle() == []


def test_a_newer_profile_takes_the_place_of_one_that_waits(mock: Mock, north: Operator, receiver: Receiver) -> None:
    receiver.status = 503
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(EVENING + minutes(60), 1000)))
    receiver.status = 200
    (profile,) = receiver.settle(60)
    assert steps(profile)[0][0] == EVENING + minutes(60)
    assert [each["status"] for each in said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries"))] == [
        "delivered", "superseded"
    ]  # fmt: skip


@pytest.mark.parametrize(("start", "departure"), [
    ("2026-03-28T20:00:00Z", "2026-03-29T06:00:00Z"), ("2026-10-24T20:00:00Z", "2026-10-25T07:00:00Z"),
    ("2018-01-01T00:00:00Z", "2018-01-01T07:00:00Z"), ("2198-12-31T23:59:59Z", "2199-01-01T07:00:00Z"),
    ("2100-07-01T05:59:59Z", "2100-07-01T06:00:00Z"),
])  # fmt: skip
def test_plans_of_every_season_and_year(north: Operator, receiver: Receiver, start: str, departure: str) -> None:
    said(north.start(start))
    plan = steps(receiver.settle()[0])
    assert (plan[0][0], north.session()["departure_at"]) == (datetime.fromisoformat(start), departure)
    assert plan[-1][0] <= datetime.fromisoformat(departure)
    available_s = (datetime.fromisoformat(departure) - datetime.fromisoformat(start)).total_seconds()
    assert energy_wh(plan) == pytest.approx(min(36_000, 11_040 * available_s / 3600), abs=10)


def test_who_stays_past_departure_is_not_charged(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    said(north.meter(reading(MORNING + minutes(1), 5_000)))
    assert receiver.settle() == []  # as it was told before
    assert limit_at(plan_of(north.session()), MORNING + minutes(2)) == 0
