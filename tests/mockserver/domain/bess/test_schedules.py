"""Schedules in round numbers: whatever the figures, no limit is passed and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from mockserver.clock import timestamp
from mockserver.domain.bess.schedules import (
    Battery,
    NoSchedule,
    Schedule,
    Strategy,
    Surroundings,
    TargetOutOfReach,
    TargetOutsideLimits,
    schedule,
)
from tests.mock import NOON
from tests.mockserver.apis.stekker.bess.schedule_laws import check, check_cash, check_solar


def battery(**members: Any) -> Battery:
    return Battery(
        **{
            "capacity_kwh": 10.0,
            "max_charge_power_kw": 5.0,
            "max_discharge_power_kw": 5.0,
            "min_soc_percent": 10.0,
            "max_soc_percent": 90.0,
            "round_trip_efficiency": 0.9,
            **members,
        }
    )


def around(prices: list[float], **members: Any) -> Surroundings:
    limits = {"interval_s": 3600, "import_limit_kw": 17.25, "export_limit_kw": 17.25}
    return Surroundings(prices_per_mwh=prices, **{**limits, **members})


def on_the_wire(made: Schedule, cell: Battery, site: Surroundings, initial: float) -> tuple[Any, Any, Any]:
    """Schedule, battery and grid connection as the API shows them, as far as the laws look."""
    step = timedelta(seconds=site.interval_s)
    starts = [NOON + number * step for number in range(len(made.periods) + 1)]
    wire = {
        "starts_at": timestamp(starts[0]),
        "ends_at": timestamp(starts[-1]),
        "interval_seconds": site.interval_s,
        "initial_soc_percent": initial,
        "final_soc_percent": made.periods[-1].soc_percent,
        "expected_revenue": made.revenue,
        "expected_solar_self_consumption_kwh": made.solar_used_kwh,
        "periods": [
            {
                "period_start": timestamp(start),
                "power_kw": each.power_kw,
                "mode": each.mode,
                "soc_percent": each.soc_percent,
                "price_per_mwh": each.price_per_mwh,
                "expected_solar_kw": each.solar_kw,
                "expected_consumption_kw": each.consumption_kw,
            }
            for start, each in zip(starts, made.periods, strict=False)
        ],
    }
    connection = {
        "max_power_kw": 1e9,
        "contracted_import_kw": site.import_limit_kw,
        "contracted_export_kw": site.export_limit_kw,
    }
    return wire, {name: getattr(cell, name) for name in Battery.__slots__}, connection


@pytest.mark.parametrize("chunk", range(10))
def test_round_numbers_keep_every_limit(chunk: int) -> None:
    chance = Random(f"round {chunk}")
    made = 0
    for _ in range(30):
        low = chance.choice([0.0, 10.0, chance.uniform(0, 50)])
        cell = battery(
            capacity_kwh=10 ** chance.uniform(-1, 4),
            min_soc_percent=low,
            max_soc_percent=chance.choice([100.0, chance.uniform(low + 1, 100)]),
            round_trip_efficiency=chance.choice([1.0, chance.uniform(0.3, 1.0)]),
            max_charge_power_kw=10 ** chance.uniform(-2, 3),
            max_discharge_power_kw=10 ** chance.uniform(-2, 3),
        )
        count, scale = chance.choice([1, 4, 24, 48]), cell.max_charge_power_kw
        site = around(
            [round(chance.gauss(60, 60), 2) for _ in range(count)],
            interval_s=chance.choice([900, 3600]),
            import_limit_kw=scale * chance.uniform(0.5, 4),
            export_limit_kw=scale * chance.uniform(0.5, 4),
            solar_kw=[round(max(0.0, chance.gauss(0, scale)), 6) for _ in range(count)],
            consumption_kw=chance.choice([None, [round(chance.uniform(0, scale), 6) for _ in range(count)]]),
        )
        initial = chance.uniform(cell.min_soc_percent, cell.max_soc_percent)
        for strategy in Strategy:
            try:
                found = schedule(strategy, cell, site, initial_soc_percent=initial)
            except NoSchedule:
                continue
            made += 1
            wire, cell_wire, connection = on_the_wire(found, cell, site, initial)
            check(wire, cell_wire, connection)
            net = [
                use - sun for sun, use in zip(site.solar_kw or [], site.consumption_kw or [0.0] * count, strict=True)
            ]
            if max(net) <= site.import_limit_kw and strategy is Strategy.CASH:
                check_cash(wire, cell_wire)
            if max(net) <= site.import_limit_kw and min(net) >= -site.export_limit_kw and strategy is Strategy.SOLAR:
                check_solar(wire)
    assert made > 20


@pytest.mark.parametrize("price", [0.0, 0.01, 80.0, 4000.0])
def test_a_flat_price_leaves_the_battery_idle(price: float) -> None:
    made = schedule(Strategy.CASH, battery(), around([price] * 24), initial_soc_percent=55)
    assert {each.power_kw for each in made.periods} == {0.0}
    assert {each.soc_percent for each in made.periods} == {55.0}
    assert (made.revenue, made.solar_used_kwh) == (0.0, None)


def test_what_is_idle_is_zero_without_a_sign() -> None:
    made = schedule(Strategy.CASH, battery(), around([50.0] * 4), initial_soc_percent=50)
    assert {str(each.power_kw) for each in made.periods} == {"0.0"}
    assert str(made.revenue) == "0.0"


def test_it_buys_cheap_and_sells_dear() -> None:
    made = schedule(Strategy.CASH, battery(), around([10.0, 100.0]), initial_soc_percent=50)
    charged, discharged = made.periods
    assert (charged.mode, charged.soc_percent) == ("charge", 90.0)
    assert charged.power_kw == pytest.approx(4.0 / 0.9**0.5, abs=1e-9)
    assert (discharged.mode, discharged.soc_percent) == ("discharge", 50.0)
    assert discharged.power_kw == pytest.approx(-4.0 * 0.9**0.5, abs=1e-9)
    assert made.revenue == pytest.approx(4.0 * 0.9**0.5 * 0.1 - 4.0 / 0.9**0.5 * 0.01, abs=1e-8)


def test_a_spread_below_the_losses_is_left_alone() -> None:
    made = schedule(Strategy.CASH, battery(), around([90.5, 100.0]), initial_soc_percent=50)
    assert made.revenue == 0.0


def test_the_sun_is_kept_for_the_evening() -> None:
    site = around([50.0] * 3, solar_kw=[6.0, 1.0, 0.0], consumption_kw=[2.0, 1.0, 3.0])
    made = schedule(Strategy.SOLAR, battery(), site, initial_soc_percent=10)
    assert [each.power_kw for each in made.periods] == pytest.approx([3.0 / 0.9, 0.0, -3.0], abs=1e-9)
    assert made.solar_used_kwh == pytest.approx(3.0 + 3.0 / 0.9, abs=1e-6)
    socs = [10.0, *(each.soc_percent for each in made.periods)]
    assert [b > a for a, b in pairwise(socs)] == [True, False, False]


def test_a_target_is_an_end_that_costs_what_it_must() -> None:
    made = schedule(Strategy.CASH, battery(), around([100.0, 50.0]), initial_soc_percent=50, target_soc_percent=60)
    assert made.periods[-1].soc_percent == 60.0
    solar = around([50.0] * 2, solar_kw=[0.0, 0.0])
    made = schedule(Strategy.SOLAR, battery(), solar, initial_soc_percent=50, target_soc_percent=60)
    assert made.periods[-1].soc_percent == 60.0


@pytest.mark.parametrize("target", [9.9, 90.1])
def test_a_target_outside_the_limits_is_none(target: float) -> None:
    with pytest.raises(TargetOutsideLimits, match="10 to 90 %"):
        schedule(Strategy.CASH, battery(), around([1.0]), initial_soc_percent=50, target_soc_percent=target)


def test_a_target_out_of_reach_says_what_is_not() -> None:
    cell = battery(max_charge_power_kw=1.0)
    with pytest.raises(TargetOutOfReach) as caught:
        schedule(Strategy.CASH, cell, around([1.0]), initial_soc_percent=50, target_soc_percent=80)
    reachable = caught.value.reachable_percent
    assert reachable == pytest.approx(50 + 10 * 0.9**0.5, abs=0.01)
    made = schedule(Strategy.CASH, cell, around([1.0]), initial_soc_percent=50, target_soc_percent=reachable)
    assert made.periods[-1].soc_percent >= reachable


@pytest.mark.parametrize(
    ("consumption_kw", "initial", "slot", "words"),
    [([10.0, 30.0], 50, 1, "by 7.750 kW"), ([20.0, 20.0], 12, 0, "as long as it can")],
)
def test_a_site_over_its_limit_is_told_where(
    consumption_kw: list[float], initial: float, slot: int, words: str
) -> None:
    site = around([50.0] * 2, consumption_kw=consumption_kw)
    with pytest.raises(NoSchedule, match=words) as caught:
        schedule(Strategy.CASH, battery(), site, initial_soc_percent=initial)
    assert caught.value.slot == slot


def test_too_few_cycles_to_get_back_into_the_limits_are_told() -> None:
    with pytest.raises(NoSchedule, match="max_cycles"):
        schedule(Strategy.CASH, battery(), around([50.0] * 4), initial_soc_percent=0, max_cycles=0.01)
