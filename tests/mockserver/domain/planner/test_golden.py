"""The golden cases of the realism sheet, 9.5: optima that HiGHS found there, to 1e-6."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from mockserver.domain.planner import (
    ChargingNeed,
    Market,
    Plan,
    Premises,
    Storage,
    plan_cash,
    plan_ready_by,
    plan_solar,
    relaxed_bound,
)
from tests.mockserver.domain.planner.laws import check_charging, check_storage
from tests.mockserver.domain.planner.oracle import Case

NL25 = [
    price / 1000
    for price in (88, 83, 80, 78, 78, 83, 96, 110, 110, 91, 71, 57, 47, 42, 45, 58, 73, 98, 119, 131, 128, 115, 104, 93)
]


def battery(power_kw: float, low_kwh: float, high_kwh: float, efficiency: float, wear: float = 0.0) -> Storage:
    return Storage(
        capacity_wh=10_000,
        min_energy_wh=low_kwh * 1000,
        max_energy_wh=high_kwh * 1000,
        charge_limit_w=power_kw * 1000,
        discharge_limit_w=power_kw * 1000,
        charge_efficiency=efficiency,
        discharge_efficiency=efficiency,
        wear_per_kwh=wear,
    )


def cash(storage: Storage, market: Market, premises: Premises | None = None, **how: Any) -> Plan:
    case = Case(**{"storage": storage, "market": market, "premises": premises or Premises(), "slot_s": 3600} | how)
    given = {name: value for name, value in case.__dict__.items() if name not in ("storage", "market", "premises")}
    plan = plan_cash(case.storage, case.market, case.premises, **given)
    check_storage(case, plan)
    return plan


def test_g1_by_hand() -> None:
    plan = cash(battery(1, 0, 2, 0.9), Market(buy_per_kwh=[0.10, 0.30, 0.05, 0.40]), initial_wh=0)
    assert plan.cost == pytest.approx(-0.436, abs=1e-9)
    assert plan.power_w == pytest.approx((1000, -620, 1000, -1000), abs=1e-6)


@pytest.mark.parametrize(
    ("efficiency", "wear", "limit_w", "edge_wh", "cost", "charged", "discharged"),
    [
        (0.95, 0.0, None, 0, -0.99415789, 21.0526, 19.0),
        (0.95, 0.0, None, 5000, -0.92009474, 25.7895, 23.275),
        (1.0, 0.0, None, 0, -1.18, 20.0, 20.0),
        (0.95, 0.0, 3000, 0, -0.86179917, 20.4986, 18.5),
        (0.95, 0.01, None, 0, -0.79389474, None, None),
        (0.95, 0.02, None, 0, -0.59363158, None, None),
        (0.95, 0.04, None, 0, -0.37073684, None, None),
        (0.95, 0.06, None, 0, -0.17047368, None, None),
        (0.95, 0.10, None, 0, 0.0, 0.0, 0.0),
    ],
)
def test_g2_mean_day(
    efficiency: float,
    wear: float,
    limit_w: float | None,
    edge_wh: float,
    cost: float,
    charged: float | None,
    discharged: float | None,
) -> None:
    limits = Premises(import_limit_w=limit_w, export_limit_w=limit_w)
    storage = battery(5, 0, 10, efficiency, wear)
    plan = cash(storage, Market(buy_per_kwh=NL25), limits, initial_wh=edge_wh, final_wh=edge_wh)
    assert plan.cost == pytest.approx(cost, abs=1e-6)
    if charged is not None:
        assert plan.charged_kwh == pytest.approx(charged, abs=1e-4)
        assert plan.discharged_kwh == pytest.approx(discharged, abs=1e-4)


def test_g2_in_quarter_hours_is_worth_the_same() -> None:
    quarters = [price for price in NL25 for _ in range(4)]
    plan = cash(battery(5, 0, 10, 0.95), Market(buy_per_kwh=quarters), slot_s=900, initial_wh=0)
    assert plan.cost == pytest.approx(-0.99415789, abs=1e-6)


def household(count: int) -> tuple[Market, Premises]:
    """G3's quarter-hours."""
    buy, sell, load, pv = [], [], [], []
    for t in range(count):
        hour, quarter, x = t // 4 % 24, t % 4, t % 96 / 4 + 0.125
        sign = 1 if 8 <= hour <= 13 or hour >= 19 or hour <= 2 else -1
        spot = round(NL25[hour] + sign * 0.006 * (1.5 - quarter), 6)
        buy.append(round((spot + 0.02) * 1.21 + 0.1228, 6))
        sell.append(round(spot - 0.01, 6))
        evening = 1.50 * math.exp(-(((x - 18.75) / 1.8) ** 2))
        load.append(round(0.40 + 0.40 * math.exp(-(((x - 7.5) / 1.2) ** 2)) + evening, 6))
        sun = 1.8 * math.sin(math.pi * (x - 5.5) / 15) ** 1.6 if 5.5 < x < 20.5 else 0.0
        pv.append(round(max(0.0, sun), 6))
    premises = Premises(
        load_w=[kw * 1000 for kw in load],
        pv_w=[kw * 1000 for kw in pv],
        import_limit_w=5750,
        export_limit_w=5750,
    )
    return Market(buy_per_kwh=buy, sell_per_kwh=sell), premises


HOME = battery(5, 1, 9.5, 0.95, wear=0.02)
MIDDLE = {"slot_s": 900, "initial_wh": 5000, "final_wh": 5000}


def test_g3_is_the_sheets_household() -> None:
    market, premises = household(192)
    assert sum(market.buy_per_kwh) == pytest.approx(48.33904, abs=1e-9)
    assert sum(premises.load_w) / 1000 == pytest.approx(121.890534, abs=1e-9)
    assert sum(premises.pv_w) / 1000 == pytest.approx(117.428468, abs=1e-9)


@pytest.mark.parametrize(
    ("count", "without", "cost", "imported", "exported", "charged", "discharged"),
    [
        (96, 2.11382080, 0.55755763, 1.5491, 0.1791, 8.3303, 7.5181),
        (192, 4.22764161, 1.04462569, 2.9792, 0.1791, 17.2776, 15.5931),
    ],
)
def test_g3_cash(
    count: int, without: float, cost: float, imported: float, exported: float, charged: float, discharged: float
) -> None:
    market, premises = household(count)
    idle = cash(replace(HOME, charge_limit_w=0, discharge_limit_w=0), market, premises, **MIDDLE)
    assert idle.cost == pytest.approx(without, abs=1e-6)
    plan = cash(HOME, market, premises, **MIDDLE)
    assert plan.cost == pytest.approx(cost, abs=1e-6)
    assert plan.import_kwh == pytest.approx(imported, abs=1e-4)
    assert plan.export_kwh == pytest.approx(exported, abs=1e-4)
    assert plan.charged_kwh == pytest.approx(charged, abs=1e-4)
    assert plan.discharged_kwh == pytest.approx(discharged, abs=1e-4)


@pytest.mark.parametrize(
    ("storage", "how", "cost"),
    [
        (HOME, MIDDLE | {"final_wh": 1000}, -0.10752270),
        (battery(5, 1, 9.5, 1.0, wear=0.02), MIDDLE, 0.43543583),
        (battery(5, 1, 9.5, 0.95), MIDDLE, 0.39721700),
        (battery(5, 0.5, 4.75, 0.95, wear=0.02), MIDDLE | {"initial_wh": 2500, "final_wh": 2500}, 1.19906169),
    ],
    ids=["end free", "no losses", "no wear", "small battery"],
)
def test_g3_variants(storage: Storage, how: dict[str, Any], cost: float) -> None:
    assert cash(storage, *household(96), **how).cost == pytest.approx(cost, abs=1e-6)


def test_g3_solar() -> None:
    market, premises = household(192)
    plan = plan_solar(HOME, market, premises, **MIDDLE)
    check_storage(Case(storage=HOME, market=market, premises=premises, **MIDDLE), plan)
    assert plan.objective == plan.import_kwh == pytest.approx(2.93649595, abs=1e-6)
    assert plan.self_sufficiency == pytest.approx(0.9036, abs=1e-4)
    assert plan.self_consumption == pytest.approx(0.9939, abs=1e-4)
    assert plan.cost >= 1.04462569
    worn = plan_solar(replace(HOME, wear_per_kwh=5.0), market, premises, **MIDDLE)
    assert worn.import_kwh == plan.import_kwh, "the goal is kWh, not money"


def test_g4_negative_prices_are_not_an_invitation_to_burn_energy() -> None:
    storage, market = battery(5, 0, 10, 0.95), Market(buy_per_kwh=[0.05, 0.02, -0.10, -0.15, -0.08, 0.04, 0.12, 0.20])
    assert cash(storage, market, initial_wh=0).cost == pytest.approx(-2.83210526, abs=1e-6)
    assert relaxed_bound(storage, market, slot_s=3600, initial_wh=0) == pytest.approx(-2.867, abs=1e-6)


def test_g6_an_ev_overnight() -> None:
    market, _ = household(192)
    need = ChargingNeed(energy_wh=22_000, available_from=74, deadline=124, max_power_w=11_000)
    plan = plan_ready_by(need, market, slot_s=900)
    check_charging(need, market, Premises(), 900, plan)
    assert plan.cost == pytest.approx(5.17726, abs=1e-6)
    assert [slot for slot, power in enumerate(plan.power_w) if power] == [103, 106, 107, 108, 109, 112, 113, 116]
    at_once = plan_ready_by(replace(need, direct_wh=22_000), market, slot_s=900)
    assert at_once.cost == pytest.approx(6.701255, abs=1e-6)
    assert [slot for slot, power in enumerate(at_once.power_w) if power] == [*range(74, 82)]
