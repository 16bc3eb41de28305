"""What holds for every schedule, computed from what went over the wire alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt

import pytest

from tests.mockserver.apis.stekker.bess.steps import Wire

SOC_TOLERANCE = 0.01
"""Percent: fact sheet of the Stekker API, 8.2."""
SLACK = 1e-9


def check(schedule: Wire, battery: Wire, connection: Wire) -> None:
    """Assert every invariant of the fact sheet that a schedule keeps whatever was asked for."""
    starts_at, ends_at = (datetime.fromisoformat(schedule[name]) for name in ("starts_at", "ends_at"))
    step = timedelta(seconds=schedule["interval_seconds"])
    hours = schedule["interval_seconds"] / 3600
    periods = schedule["periods"]
    assert [datetime.fromisoformat(each["period_start"]) for each in periods] == [
        starts_at + number * step for number in range((ends_at - starts_at) // step)
    ]
    assert schedule["final_soc_percent"] == periods[-1]["soc_percent"]
    one_way = sqrt(battery["round_trip_efficiency"])
    most_in = min(connection["max_power_kw"], connection["contracted_import_kw"] or connection["max_power_kw"])
    most_out = min(connection["max_power_kw"], connection["contracted_export_kw"] or connection["max_power_kw"])
    soc, revenue, is_inside = schedule["initial_soc_percent"], 0.0, False
    for each in periods:
        power = each["power_kw"]
        assert -battery["max_discharge_power_kw"] <= power <= battery["max_charge_power_kw"]
        assert each["mode"] == ("charge" if power > 0 else "discharge" if power < 0 else "idle")
        site = (each["expected_consumption_kw"] or 0.0) - (each["expected_solar_kw"] or 0.0)
        assert -most_out - SLACK <= site + power <= most_in + SLACK, each
        gain = hours * (max(power, 0.0) * one_way + min(power, 0.0) / one_way)
        assert each["soc_percent"] == pytest.approx(soc + 100 * gain / battery["capacity_kwh"], abs=SOC_TOLERANCE)
        soc = each["soc_percent"]
        is_inside = is_inside or battery["min_soc_percent"] <= soc <= battery["max_soc_percent"]
        if is_inside:
            assert battery["min_soc_percent"] <= soc <= battery["max_soc_percent"]
        revenue -= power * hours * each["price_per_mwh"] / 1000
    assert schedule["expected_revenue"] == pytest.approx(revenue, abs=1e-8)


def mean_price(schedule: Wire, sign: int) -> float | None:
    """The mean price (per MWh) of what was charged (+1) or discharged (-1), by energy; None when nothing was."""
    moved = [
        (abs(each["power_kw"]), each["price_per_mwh"]) for each in schedule["periods"] if each["power_kw"] * sign > 0
    ]
    energy = sum(power for power, _ in moved)
    return sum(power * price for power, price in moved) / energy if energy else None


def check_cash(schedule: Wire, battery: Wire) -> None:
    """Assert what holds for a cash schedule without a target that began within the limits."""
    assert schedule["expected_revenue"] >= 0.0
    assert schedule["final_soc_percent"] >= schedule["initial_soc_percent"] - 1e-6
    assert schedule["expected_solar_self_consumption_kwh"] is None
    paid, earned = mean_price(schedule, 1), mean_price(schedule, -1)
    if paid is not None and earned is not None:
        assert earned >= paid / battery["round_trip_efficiency"] - 1e-6


def check_solar(schedule: Wire) -> None:
    """Assert what holds for a solar schedule without a target that began within the limits."""
    hours = schedule["interval_seconds"] / 3600
    used = 0.0
    for each in schedule["periods"]:
        sun, use = each["expected_solar_kw"], each["expected_consumption_kw"] or 0.0
        assert max(use - sun, 0.0) * -1 - SLACK <= each["power_kw"] <= max(sun - use, 0.0) + SLACK, each
        used += hours * min(sun, use + each["power_kw"])
    assert schedule["expected_solar_self_consumption_kwh"] == pytest.approx(used, abs=1e-5)
