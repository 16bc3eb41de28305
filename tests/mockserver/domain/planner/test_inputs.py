"""What cannot be planned is refused with the parameter, the slot and the amount."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from mockserver.domain.planner import (
    ChargingNeed,
    CycleLimitExceeded,
    GridLimitExceeded,
    Infeasible,
    InvalidInput,
    Market,
    Plan,
    PlannerError,
    Premises,
    Storage,
    StorageExhausted,
    plan_cash,
    plan_ready_by,
)

BATTERY = {
    "capacity_wh": 10_000,
    "min_energy_wh": 1_000,
    "max_energy_wh": 9_000,
    "charge_limit_w": 5_000,
    "discharge_limit_w": 5_000,
}
NEED = {"energy_wh": 5_000, "deadline": 4, "max_power_w": 3_000}
FLAT = Market(buy_per_kwh=[0.1] * 4)


def cash(market: Market = FLAT, premises: Premises | None = None, **how: Any) -> Plan:
    return plan_cash(
        Storage(**BATTERY), market, premises or Premises(), **({"slot_s": 3600, "initial_wh": 5_000} | how)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacity_wh": 0}, "capacity_wh is 0"),
        ({"capacity_wh": math.nan}, "capacity_wh is nan"),
        ({"max_energy_wh": 500}, "band .* is empty"),
        ({"max_energy_wh": 10_001}, "beyond capacity_wh"),
        ({"min_energy_wh": -1}, "min_energy_wh is -1; it must be at least 0"),
        ({"charge_limit_w": -1}, "charge_limit_w is -1"),
        ({"discharge_limit_w": math.inf}, "discharge_limit_w is inf; it must be a finite number"),
        ({"charge_efficiency": 0}, "charge_efficiency is 0; it must be greater than 0"),
        ({"discharge_efficiency": 1.01}, r"discharge_efficiency is 1\.01"),
        ({"wear_per_kwh": -0.01}, "wear_per_kwh"),
    ],
)
def test_a_storage_that_makes_no_sense(change: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Storage(**BATTERY | change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"energy_wh": -1}, "energy_wh is -1"),
        ({"available_from": 5}, "deadline 4 lies before available_from 5"),
        ({"direct_wh": 6_000}, "direct_wh 6000 is more than energy_wh 5000"),
        ({"efficiency": 0.0}, "efficiency"),
        ({"max_power_w": -3_000}, "max_power_w"),
        ({"min_power_w": math.nan}, "min_power_w is nan"),
    ],
)
def test_a_need_that_makes_no_sense(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        ChargingNeed(**NEED | change)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"market": Market(buy_per_kwh=[])}, "buy_per_kwh is empty"),
        ({"market": Market(buy_per_kwh=[0.1, math.nan])}, r"buy_per_kwh\[1\] is nan"),
        ({"market": Market(buy_per_kwh=[0.1], sell_per_kwh=[0.1, 0.1])}, "sell_per_kwh has 2 values, and .* 1 slots"),
        ({"market": Market(buy_per_kwh=[0.1, 0.1], sell_per_kwh=[0.1, -math.inf])}, r"sell_per_kwh\[1\] is -inf"),
        ({"premises": Premises(load_w=[1, 2])}, "load_w has 2 values, and the horizon 4 slots"),
        ({"premises": Premises(load_w=[1, 2, -3, 4])}, r"load_w\[2\] is -3"),
        ({"premises": Premises(pv_w=-1)}, r"pv_w\[0\] is -1"),
        ({"premises": Premises(import_limit_w=-1)}, "import_limit_w"),
        ({"premises": Premises(export_limit_w=[1, 2, 3])}, "export_limit_w has 3 values"),
        ({"slot_s": 0}, "slot_s is 0"),
        ({"initial_wh": 10_001}, "initial_wh is 10001; it must be at most 10000"),
        ({"initial_wh": -1}, "initial_wh is -1"),
        ({"final_wh": math.nan}, "final_wh is nan"),
        ({"max_cycles": -1}, "max_cycles is -1"),
    ],
)
def test_a_horizon_that_makes_no_sense(how: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        cash(**how)


def test_an_ev_beyond_the_horizon() -> None:
    with pytest.raises(InvalidInput, match="deadline 4 lies beyond the horizon of 3 slots"):
        plan_ready_by(ChargingNeed(**NEED), Market(buy_per_kwh=[0.1] * 3), slot_s=3600)
    with pytest.raises(InvalidInput, match="max_power_w has 3 values"):
        plan_ready_by(ChargingNeed(**NEED | {"max_power_w": [1, 2, 3]}), FLAT, slot_s=3600)


@pytest.mark.parametrize(
    ("premises", "slot", "excess_w", "direction"),
    [
        (Premises(load_w=[0, 9_000, 0, 0], import_limit_w=3_500), 1, 500, "import"),
        (Premises(pv_w=[0, 0, 9_000, 0], export_limit_w=3_000), 2, 1_000, "export"),
    ],
)
def test_a_limit_that_even_full_power_cannot_keep(
    premises: Premises, slot: int, excess_w: float, direction: str
) -> None:
    with pytest.raises(GridLimitExceeded, match=f"slot {slot}: {direction} .* by {excess_w} W") as caught:
        cash(premises=premises)
    assert (caught.value.slot, caught.value.excess_w) == (slot, pytest.approx(excess_w))
    assert cash(premises=replace(premises, pv_w=0, import_limit_w=4_000))


@pytest.mark.parametrize(
    ("premises", "lacking"),
    [
        (Premises(load_w=[0, 6_000, 6_000, 0], import_limit_w=1_800), "energy"),
        (Premises(pv_w=[0, 6_000, 6_000, 0], export_limit_w=1_800), "room"),
    ],
)
def test_a_limit_that_asks_for_more_than_is_stored(premises: Premises, lacking: str) -> None:
    with pytest.raises(StorageExhausted, match=rf"slot 2: .* 2600 Wh more {lacking}") as caught:
        cash(premises=replace(premises, load_w=premises.load_w), initial_wh=5_000)
    assert caught.value.slot == 2
    assert caught.value.excess_wh == pytest.approx(2_600)


def test_a_cycle_limit_that_the_fuse_breaks() -> None:
    fuse = Premises(load_w=[0, 6_000, 0, 0], import_limit_w=3_000)
    with pytest.raises(CycleLimitExceeded, match="2000 Wh, and the other limits force 3000 Wh"):
        cash(premises=fuse, max_cycles=0.1)
    assert cash(premises=fuse, max_cycles=0.15).equivalent_cycles == pytest.approx(0.15)


def test_from_outside_the_band_limits_may_push_it_on_to_the_capacity_but_not_beyond() -> None:
    sunny = Premises(pv_w=[4_000, 0, 0, 0], export_limit_w=3_500)
    assert cash(premises=sunny, initial_wh=9_500).energy_wh[0] == pytest.approx(10_000)
    with pytest.raises(StorageExhausted, match=r"slot 0: .* 100 Wh more room"):
        cash(premises=sunny, initial_wh=9_600)


def test_one_root_for_all_errors() -> None:
    assert issubclass(InvalidInput, PlannerError)
    assert issubclass(InvalidInput, ValueError)
    for error in (GridLimitExceeded, StorageExhausted, CycleLimitExceeded):
        assert issubclass(error, Infeasible)
    assert issubclass(Infeasible, PlannerError)


def test_sums_without_load_and_pv() -> None:
    plan = cash()
    assert plan.self_sufficiency is None
    assert plan.self_consumption is None
    both = cash(premises=Premises(load_w=1_000, pv_w=[2_000, 0, 0, 0], curtailable=True), initial_wh=1_000)
    assert both.self_sufficiency == pytest.approx(1 - both.import_kwh / 4)
    assert both.self_consumption == pytest.approx(1 - both.export_kwh / 2)


def test_an_unattainable_deadline_is_a_shortfall() -> None:
    plan = plan_ready_by(ChargingNeed(**NEED | {"energy_wh": 15_000}), FLAT, slot_s=3600)
    assert plan.power_w == (3_000,) * 4
    assert plan.shortfall_wh == pytest.approx(3_000)
    assert plan_ready_by(ChargingNeed(**NEED | {"deadline": 0}), FLAT, slot_s=3600).shortfall_wh == 5_000


def test_decimals_are_numbers() -> None:
    assert cash(Market(buy_per_kwh=[Decimal("0.1"), Decimal("0.4"), Decimal("0.2"), Decimal(0)])).cost == (
        cash(Market(buy_per_kwh=[0.1, 0.4, 0.2, 0.0])).cost
    )
