"""Schedules that earn on the market: within the battery, period by period, and worth what they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker_bess.measurements import require_tiles
from contract_tests.laws.stekker_bess.registered import battery, time

CASH = "POST /batteries/{id}/schedules/cash_optimized"
SCHEDULES, SCHEDULE = "GET /batteries/{id}/schedules", "GET /batteries/{id}/schedules/{schedule_id}"
EPSILON_KW = 0.001
_SOC_PERCENT = 0.02
_MONEY = 0.011
_WORTHWHILE = 5.0
"""EUR/MWh; below that, rounding may eat it."""
_REQUESTS: tuple[dict[str, Any], ...] = (
    {"current_soc_percent": 50},
    {"current_soc_percent": 20, "interval_seconds": 3600, "horizon_hours": 36},
)


@dataclass(frozen=True)
class Planned:
    """A schedule, the battery that it is for, and the answer that it came in."""

    exchange: Exchange
    battery: Any
    schedule: Any

    @property
    def hours(self) -> float:
        """Length of a period."""
        return float(self.schedule["interval_seconds"] / 3600)


@law("inferred", "critical", CASH)
def schedule_keeps_to_the_power_of_the_battery(stage: Stage) -> None:
    """A schedule neither charges nor discharges with more power than the battery has."""

    def holds(plan: Planned, period: Any) -> tuple[bool, str]:
        low, high = -plan.battery["max_discharge_power_kw"], plan.battery["max_charge_power_kw"]
        return low - EPSILON_KW <= period["power_kw"] <= high + EPSILON_KW, f"power from {low} to {high} kW"

    _each_period(stage, holds, "SchedulePeriod.power_kw")


@law("inferred", "critical", CASH)
def schedule_keeps_to_the_limits_of_charge(stage: Stage) -> None:
    """A schedule that begins within the limits of the state of charge stays within them."""

    def holds(plan: Planned, period: Any) -> tuple[bool, str]:
        low, high = plan.battery["min_soc_percent"], plan.battery["max_soc_percent"]
        within = low - _SOC_PERCENT <= period["soc_percent"] <= high + _SOC_PERCENT
        return within, f"state of charge from {low} to {high} %"

    _each_period(stage, holds, "SchedulePeriod.soc_percent")


@law("inferred", "critical", CASH)
def charge_follows_from_power(stage: Stage) -> None:
    """The state of charge after each period follows from the one before, the power and the efficiency."""
    for plan in _plans(stage):
        before = plan.schedule["initial_soc_percent"]
        one_way = math.sqrt(plan.battery["round_trip_efficiency"])
        for period in plan.schedule["periods"]:
            power = period["power_kw"]
            stored_kw = power * one_way if power > 0 else power / one_way
            wanted = before + 100 * plan.hours * stored_kw / plan.battery["capacity_kwh"]
            came = period["soc_percent"]
            says = f"{before} % and {power} kW give {wanted:.3f} % at the end of {period['period_start']}"
            near = abs(came - wanted) <= _SOC_PERCENT
            stage.require(near, plan.exchange, says, f"it is {came} %", "SchedulePeriod.soc_percent")
            before = came
        final = plan.schedule["final_soc_percent"]
        says = f"final_soc_percent is that of the last period, {before}"
        stage.require(abs(final - before) <= _SOC_PERCENT, plan.exchange, says, f"it is {final}", "Schedule")


@law("inferred", "major", CASH)
def schedule_is_whole(stage: Stage) -> None:
    """The periods of a schedule follow one another from its start to its end, as long as was asked for."""
    for plan, request in zip(_plans(stage), _REQUESTS, strict=True):
        schedule, hours = plan.schedule, request.get("horizon_hours", 24)
        start, end = time(schedule["starts_at"]), time(schedule["ends_at"])
        says = f"{hours} hours from starts_at to ends_at"
        stage.require(end - start == timedelta(hours=hours), plan.exchange, says, f"{end - start}", "Schedule.ends_at")
        require_tiles(stage, plan.exchange, schedule["periods"], start, end, schedule["interval_seconds"])
        asked = request["current_soc_percent"]
        came = schedule["initial_soc_percent"]
        says = f"initial_soc_percent is {asked}"
        stage.require(came == asked, plan.exchange, says, f"it is {came}", "Schedule.initial_soc_percent")


@law("inferred", "minor", CASH)
def mode_is_the_sign_of_the_power(stage: Stage) -> None:
    """The mode of a period is the sign of its power in a word."""

    def holds(_: Planned, period: Any) -> tuple[bool, str]:
        power = period["power_kw"]
        mode = "charge" if power > 0 else "discharge" if power < 0 else "idle"
        return period["mode"] == mode, f"mode is {mode} at {power} kW"

    _each_period(stage, holds, "SchedulePeriod.mode")


@law("inferred", "critical", CASH)
def revenue_is_the_sum_of_its_periods(stage: Stage) -> None:
    """The revenue is minus the sum of power times hours times price, and never negative without a target."""
    for plan in _plans(stage):
        periods = plan.schedule["periods"]
        prices = [period["price_per_mwh"] for period in periods]
        priced = None not in prices
        stage.require(priced, plan.exchange, "each period has a price", "null", "SchedulePeriod.price_per_mwh")
        wanted = -sum(one["power_kw"] * plan.hours * one["price_per_mwh"] / 1000 for one in periods)
        came, member = plan.schedule["expected_revenue"], "Schedule.expected_revenue"
        near = abs(came - wanted) <= _MONEY
        stage.require(near, plan.exchange, f"the periods earn {wanted:.4f}", f"it is {came}", member)
        stage.require(came >= -_MONEY, plan.exchange, "idling would earn 0", f"it is {came}", member)


@law("inferred", "critical", CASH)
def cycle_pays_for_its_losses(stage: Stage) -> None:
    """Energy is sold, on average, for at least what it cost, losses included; a flat price leaves the battery idle."""
    for plan in _plans(stage):
        periods = plan.schedule["periods"]
        bought, paid = _traded(periods, 1)
        sold, earned = _traded(periods, -1)
        if not bought or not sold or paid < 0:
            continue
        buying, selling = paid / bought, earned / sold
        least = buying / plan.battery["round_trip_efficiency"]
        says = f"bought at {buying:.2f} on average, sold at {least:.2f} or more"
        stage.require(selling >= least - 0.05, plan.exchange, says, f"sold at {selling:.2f}", "Schedule.periods")


@law("inferred", "critical", CASH)
def profit_is_taken(stage: Stage) -> None:
    """Where buying in one period and selling in a later one pays for the losses, a schedule earns something."""
    for plan in _plans(stage):
        prices = [period["price_per_mwh"] for period in plan.schedule["periods"]]
        if None in prices:
            continue
        efficiency = plan.battery["round_trip_efficiency"]
        gain = max(after * efficiency - min(prices[: n + 1]) for n, after in enumerate(prices))
        came = plan.schedule["expected_revenue"]
        says = f"a MWh bought and sold later earns up to {gain:.2f}: the revenue is above 0"
        stage.require(gain < _WORTHWHILE or came > 0, plan.exchange, says, f"it is {came}", "Schedule.expected_revenue")


@law("inferred", "critical", CASH)
def battery_does_not_end_emptier(stage: Stage) -> None:
    """Without a target, a battery does not end with less than it began with; with one, it ends there or above."""
    thing = battery(stage)
    for request, least in (
        ({"current_soc_percent": 50}, 50),
        ({"current_soc_percent": 30, "target_soc_percent": 80}, 80),
    ):
        exchange = stage.done(CASH, request, id=thing["id"])
        came = stage.fitting(exchange)["final_soc_percent"]
        says = f"final_soc_percent is {least} or more"
        stage.require(came >= least - _SOC_PERCENT, exchange, says, f"it is {came}", "Schedule.final_soc_percent")


@law("inferred", "major", CASH)
def cycles_are_limited(stage: Stage) -> None:
    """With max_cycles, no more energy goes through the cells than so many full cycles."""
    thing = battery(stage, capacity_kwh=40)
    exchange = stage.done(CASH, {"current_soc_percent": 50, "max_cycles": 0.25}, id=thing["id"])
    schedule = stage.fitting(exchange)
    levels = [schedule["initial_soc_percent"], *(period["soc_percent"] for period in schedule["periods"])]
    moved = sum(abs(after - before) for before, after in pairwise(levels)) / 200
    says = "0.25 full cycles at most"
    stage.require(moved <= 0.25 + 0.01, exchange, says, f"{moved:.3f} cycles", "ScheduleRequest.max_cycles")


@law("inferred", "major", CASH)
def unreachable_target_is_refused(stage: Stage) -> None:
    """A target out of reach, a start in the past and an unknown state of charge are refused with 422."""
    thing = battery(stage, capacity_kwh=1000)
    past = (stage.now - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "422: the state of charge was never told"),
        ({"current_soc_percent": 10, "target_soc_percent": 90, "horizon_hours": 1}, "422: 800 kWh within an hour"),
        ({"current_soc_percent": 50, "starts_at": past}, "422: five hours ago"),
    )
    for request, says in wrong:
        stage.refuses(stage.call(CASH, request, id=thing["id"]), (422,), says, "ScheduleRequest")


@law("inferred", "major", CASH, SCHEDULES, SCHEDULE)
def schedules_are_kept_newest_first(stage: Stage) -> None:
    """Schedules can be read again, by themselves and in a list with the newest first."""
    thing = battery(stage)
    made = [stage.got(CASH, {"current_soc_percent": soc, "horizon_hours": 2}, id=thing["id"]) for soc in (40, 60)]
    for schedule in made:
        exchange = stage.call(SCHEDULE, id=thing["id"], schedule_id=schedule["id"])
        stage.succeeds(exchange, "a schedule can be read again", "Schedule")
        same = stage.fitting(exchange) == schedule
        stage.require(same, exchange, "as it was when it was made", "it is another", "Schedule")
    exchange = stage.done(SCHEDULES, id=thing["id"])
    came = [schedule["id"] for schedule in stage.fitting(exchange)["data"]]
    wanted = [schedule["id"] for schedule in reversed(made)]
    stage.require(came == wanted, exchange, f"newest first: {wanted}", f"{came}", "SchedulePage.data")
    exchange = stage.done(SCHEDULES, query={"strategy": "solar_optimized"}, id=thing["id"])
    came = stage.fitting(exchange)["data"]
    stage.require(not came, exchange, "no solar schedule was made", f"{len(came)} are listed", "SchedulePage.data")


@law("inferred", "major", CASH)
def same_question_has_the_same_answer(stage: Stage) -> None:
    """The same request at the same prices gives the same schedule."""
    thing = battery(stage)
    start = (stage.now + timedelta(hours=2)).replace(minute=0, second=0).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = {"current_soc_percent": 50, "starts_at": start, "horizon_hours": 12}
    periods = [stage.got(CASH, request, id=thing["id"])["periods"] for _ in range(2)]
    says = "the same request, the same periods"
    stage.require(periods[0] == periods[1], stage.exchanges[-1], says, "others", "Schedule.periods")


@law("inferred", "major", CASH, "GET /batteries/{id}")
def request_tells_the_state_of_charge(stage: Stage) -> None:
    """A state of charge that a request tells is that of the battery from then on, for later requests too."""
    thing = battery(stage)
    stage.done(CASH, {"current_soc_percent": 62.5, "horizon_hours": 2}, id=thing["id"])
    exchange = stage.done("GET /batteries/{id}", id=thing["id"])
    came = stage.fitting(exchange)["current_soc_percent"]
    stage.require(came == 62.5, exchange, "current_soc_percent is 62.5", f"it is {came}", "Battery")
    exchange = stage.call(CASH, {"horizon_hours": 2}, id=thing["id"])
    stage.succeeds(exchange, "the state of charge is known", "ScheduleRequest.current_soc_percent")
    came = stage.fitting(exchange)["initial_soc_percent"]
    stage.require(came == 62.5, exchange, "it begins at 62.5 %", f"at {came} %", "Schedule.initial_soc_percent")


def _plans(stage: Stage) -> list[Planned]:
    """A schedule for each of `_REQUESTS`, of a battery of its own."""
    thing = battery(stage, round_trip_efficiency=0.81, min_soc_percent=15, max_soc_percent=85)
    exchanges = [stage.done(CASH, request, id=thing["id"]) for request in _REQUESTS]
    return [Planned(exchange, thing, stage.fitting(exchange)) for exchange in exchanges]


def _each_period(stage: Stage, holds: Callable[[Planned, Any], tuple[bool, str]], member: str) -> None:
    for plan in _plans(stage):
        for period in plan.schedule["periods"]:
            fits, says = holds(plan, period)
            stage.require(fits, plan.exchange, f"{says}, at {period['period_start']}", f"{period}", member)


def _traded(periods: Any, sign: int) -> tuple[float, float]:
    """Energy and money of the periods in which the power has a sign, in units that cancel out."""
    chosen = [(period["power_kw"], period["price_per_mwh"]) for period in periods if period["power_kw"] * sign > 0]
    return sum(abs(power) for power, _ in chosen), sum(abs(power) * price for power, price in chosen)


LAWS = (
    schedule_is_whole,
    schedule_keeps_to_the_power_of_the_battery,
    schedule_keeps_to_the_limits_of_charge,
    charge_follows_from_power,
    mode_is_the_sign_of_the_power,
    revenue_is_the_sum_of_its_periods,
    cycle_pays_for_its_losses,
    profit_is_taken,
    battery_does_not_end_emptier,
    cycles_are_limited,
    unreachable_target_is_refused,
    schedules_are_kept_newest_first,
    same_question_has_the_same_answer,
    request_tells_the_state_of_charge,
)
