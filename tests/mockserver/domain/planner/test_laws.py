"""Laws of planning (realism sheet, 9.6): how plans relate to each other, whatever the numbers."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from fixtures.prices import day_ahead
from mockserver.domain.planner import (
    ChargingNeed,
    Market,
    Plan,
    Premises,
    Storage,
    cycles,
    plan_cash,
    plan_ready_by,
    relaxed_bound,
)
from tests.mockserver.domain.planner.cases import charging_case, features, solved, storage_case
from tests.mockserver.domain.planner.laws import check_storage
from tests.mockserver.domain.planner.oracle import Case, Site, least_cost

SEEDS = range(5_000, 5_400)
BATTERY = Storage(
    capacity_wh=10_000,
    min_energy_wh=1_000,
    max_energy_wh=9_000,
    charge_limit_w=5_000,
    discharge_limit_w=4_000,
    charge_efficiency=0.95,
    discharge_efficiency=0.93,
)
LOSSLESS = replace(BATTERY, charge_efficiency=1.0, discharge_efficiency=1.0, discharge_limit_w=5_000)


def pairs(change: str) -> Iterator[tuple[Case, Plan, Plan]]:
    """Cases with their plan and the plan after tightening something, where both exist and promise the same end."""
    for seed in SEEDS:
        case = storage_case(seed)
        battery, premises = case.storage, case.premises
        if change == "power":
            tighter = replace(case, storage=halved(battery, "charge_limit_w", "discharge_limit_w"))
        elif change == "connection":
            tighter = replace(
                case,
                premises=replace(
                    premises,
                    import_limit_w=premises.import_limit_w or 6_000,
                    export_limit_w=premises.export_limit_w or 3_000,
                ),
            )
        elif change == "band":
            tighter = replace(case, storage=halved(battery, "max_energy_wh"))
        elif change == "efficiency":
            tighter = replace(case, storage=replace(battery, charge_efficiency=battery.charge_efficiency * 0.9))
        else:
            tighter = replace(case, max_cycles=(case.max_cycles or 1.0) / 2.0)
        if tighter.storage.max_energy_wh < max(battery.min_energy_wh, case.initial_wh):
            continue
        first, second = solved(case), solved(tighter)
        if first and second and abs(first.shortfall_wh - second.shortfall_wh) < 1e-6:
            yield case, first, second


def halved(storage: Storage, *names: str) -> Storage:
    changes = {name: getattr(storage, name) / 2.0 for name in names}
    changes["min_energy_wh"] = min(storage.min_energy_wh, changes.get("max_energy_wh", storage.max_energy_wh))
    return replace(storage, **changes)


@pytest.mark.parametrize("change", ["power", "connection", "band", "cycles"])
def test_a_tighter_limit_never_lowers_the_cost(change: str) -> None:
    compared = [*pairs(change)]
    assert len(compared) > 50
    for case, loose, tight in compared:
        if not {"outside the band"} & features(case):  # there the way back is prescribed, cost what it may
            assert tight.cost >= loose.cost - 1e-9


def test_losses_never_lower_the_cost_at_prices_that_are_not_negative() -> None:
    for case, better, worse in pairs("efficiency"):
        if not {"negative prices", "outside the band", "limit forces charge", "cycle limit"} & features(case):
            site = Site.of(case.market, case.premises)
            if min(site.sell) >= 0.0:
                assert worse.cost >= better.cost - 1e-9


def test_cash_costs_least_and_solar_imports_least() -> None:
    count = 0
    for seed in SEEDS:
        case = storage_case(seed)
        cash, solar = solved(case), solved(case, "solar")
        assert (cash is None) == (solar is None)
        if cash and solar:
            check_storage(case, solar)
            assert cash.cost <= solar.cost + 1e-9
            assert solar.import_kwh <= cash.import_kwh + 1e-6
            count += 1
    assert count > 200


def test_cash_costs_no_more_than_doing_nothing() -> None:
    count = 0
    for seed in SEEDS:
        case = replace(storage_case(seed), final_wh=0.0)
        off = replace(case.storage, charge_limit_w=0, discharge_limit_w=0)
        cash, idle = solved(case), solved(replace(case, storage=off))
        if cash and idle and "outside the band" not in features(case):
            assert cash.cost <= idle.cost + 1e-9
            count += 1
    assert count > 200


def test_the_relaxation_is_a_bound_and_tight_where_burning_does_not_pay() -> None:
    tight = 0
    for seed in SEEDS:
        case = replace(storage_case(seed), premises=Premises(), max_cycles=None)
        cash = solved(case)
        assert cash is not None
        bound = relaxed_bound(
            case.storage, case.market, slot_s=case.slot_s, initial_wh=case.initial_wh, final_wh=case.final_wh
        )
        energy_cost = bound - cash.cost
        assert energy_cost <= 1e-6
        if not {"negative prices", "buy below sell"} & features(case):
            assert energy_cost >= -1e-6
            tight += 1
    assert tight > 50


def test_scaling_the_prices_scales_the_cost_and_changes_no_plan() -> None:
    for seed in SEEDS:
        case = storage_case(seed)
        factor = 4.0  # a power of two, so that the floats scale exactly and ties stay ties
        scaled = Market(
            buy_per_kwh=[float(price) * factor for price in case.market.buy_per_kwh],
            sell_per_kwh=case.market.sell_per_kwh and [float(price) * factor for price in case.market.sell_per_kwh],
        )
        worn = replace(case.storage, wear_per_kwh=case.storage.wear_per_kwh * factor)
        plan, other = solved(case), solved(replace(case, market=scaled, storage=worn))
        assert (plan is None) == (other is None)
        if plan and other:
            assert other.cost == pytest.approx(factor * plan.cost, rel=1e-9, abs=1e-9)
            assert other.power_w == pytest.approx(plan.power_w, abs=1e-3)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_a_site_of_another_size_has_the_same_plan(factor: float) -> None:
    for seed in SEEDS[:200]:
        case = storage_case(seed)
        names = ("capacity_wh", "min_energy_wh", "max_energy_wh", "charge_limit_w", "discharge_limit_w")
        big = replace(case.storage, **{name: getattr(case.storage, name) * factor for name in names})

        def resized(value: object) -> object:
            if value is None or isinstance(value, bool):
                return value
            return [each * factor for each in value] if isinstance(value, list) else value * factor

        premises = Premises(**{name: resized(getattr(case.premises, name)) for name in Premises.__slots__})
        plan = solved(case)
        other = solved(
            replace(
                case,
                storage=big,
                premises=premises,
                initial_wh=case.initial_wh * factor,
                final_wh=case.final_wh * factor,
            )
        )
        assert (plan is None) == (other is None)
        if plan and other:
            assert other.cost == pytest.approx(factor * plan.cost, rel=1e-6, abs=1e-7 * factor)


def test_a_constant_on_all_prices_changes_no_ev_plan() -> None:
    for seed in SEEDS:
        need, market, _, slot_s = charging_case(seed)
        dearer = Market(buy_per_kwh=[float(price) + 0.25 for price in market.buy_per_kwh])
        plan = plan_ready_by(need, Market(buy_per_kwh=market.buy_per_kwh), slot_s=slot_s)
        other = plan_ready_by(need, dearer, slot_s=slot_s)
        assert other.charged_kwh == pytest.approx(plan.charged_kwh, abs=1e-9)
        assert other.cost == pytest.approx(plan.cost + 0.25 * plan.charged_kwh, abs=1e-9)


@pytest.mark.parametrize("price", [0.25, 0.0])
def test_a_flat_price_leaves_the_battery_idle(price: float) -> None:
    for battery in (BATTERY, LOSSLESS):
        plan = plan_cash(battery, Market(buy_per_kwh=[price] * 96), slot_s=900, initial_wh=1_000)
        assert {*plan.power_w} == {0.0}
        assert {*plan.energy_wh} == {1_000}


def test_what_earns_nothing_is_not_moved() -> None:
    wear = 0.02
    prices = [0.10, 0.10 + wear] * 4  # what buying low and selling high brings is just what it wears
    plan = plan_cash(replace(LOSSLESS, wear_per_kwh=wear), Market(buy_per_kwh=prices), slot_s=3600, initial_wh=1_000)
    assert {*plan.power_w} == {0.0}


def test_among_equals_the_earlier_wins() -> None:
    flat = Market(buy_per_kwh=[0.3] * 8)
    need = ChargingNeed(energy_wh=5_000, deadline=8, available_from=1, max_power_w=2_000, min_power_w=1_000)
    assert plan_ready_by(replace(need, min_power_w=0), flat, slot_s=3600).power_w[:5] == (0, 2_000, 2_000, 1_000, 0)
    assert plan_ready_by(need, flat, slot_s=3600).power_w[:5] == (0, 2_000, 2_000, 1_000, 0)
    two_peaks = Market(buy_per_kwh=[0.1, 0.1, 0.3, 0.3])
    assert plan_cash(LOSSLESS, two_peaks, slot_s=3600, initial_wh=1_000).power_w == (5_000, 3_000, -5_000, -3_000)


def test_the_solar_schedule_follows_surplus_and_deficit() -> None:
    moved = 0
    for seed in SEEDS:
        case = replace(storage_case(seed), final_wh=0.0)
        limits = replace(case.premises, import_limit_w=None, export_limit_w=None)
        case = replace(case, premises=limits)
        if "outside the band" in features(case):
            continue
        plan = solved(case, "solar")
        assert plan is not None
        site = Site.of(case.market, limits)
        for power_w, load, pv in zip(plan.power_w, site.load, site.pv, strict=True):
            surplus = pv - load
            assert power_w / 1000.0 <= max(0.0, surplus) + 1e-6, "charges from the grid"
            assert -power_w / 1000.0 <= max(0.0, -surplus) + 1e-6, "exports from the battery"
            moved += power_w != 0.0
    assert moved > 500


def test_the_cash_schedule_sells_dearer_than_it_bought() -> None:
    rng = random.Random(1)
    for _ in range(100):
        prices = [rng.uniform(0.01, 0.4) for _ in range(48)]
        plan = plan_cash(BATTERY, Market(buy_per_kwh=prices), slot_s=900, initial_wh=1_000)
        paid = sum(power * price for power, price in zip(plan.power_w, prices, strict=True) if power > 0)
        earned = -sum(power * price for power, price in zip(plan.power_w, prices, strict=True) if power < 0)
        if plan.charged_kwh:
            round_trip = BATTERY.charge_efficiency * BATTERY.discharge_efficiency
            assert earned / plan.discharged_kwh >= paid / plan.charged_kwh / round_trip


def test_from_outside_the_band_it_returns_as_fast_as_it_can() -> None:
    falling = Market(buy_per_kwh=[0.1, 0.2, 0.3, 0.4, 0.5])  # waiting would earn more
    high = plan_cash(replace(BATTERY, discharge_limit_w=400), falling, slot_s=3600, initial_wh=9_800)
    assert high.power_w[0] == pytest.approx(-400)
    assert high.power_w[1] <= -0.93 * (high.energy_wh[0] - 9_000) + 1e-6
    assert high.energy_wh[1] <= 9_000
    low = plan_cash(BATTERY, Market(buy_per_kwh=[0.5, 0.1, 0.1]), slot_s=900, initial_wh=0)
    assert low.energy_wh[0] == pytest.approx(1_000)
    too_low = plan_cash(replace(BATTERY, charge_limit_w=100), falling, slot_s=900, initial_wh=0, final_wh=5_000)
    assert too_low.power_w == pytest.approx([100] * 5)
    assert too_low.shortfall_wh == pytest.approx(5_000 - 5 * 100 * 0.25 * 0.95)


def test_it_makes_room_in_time_even_where_that_costs() -> None:
    """Discharging at a negative price pays nothing here but keeps a later limit; so does charging at a high one."""
    sunny = Premises(pv_w=[0, 4_000], export_limit_w=3_000)
    cheap = Market(buy_per_kwh=[-0.1, 0.1])
    full = Case(storage=BATTERY, market=cheap, premises=sunny, slot_s=3600, initial_wh=9_000)
    dark = Premises(load_w=[0, 4_000], import_limit_w=3_000)
    dear = Market(buy_per_kwh=[0.3, 0.1], sell_per_kwh=[0.4, 0.4])
    empty = Case(storage=BATTERY, market=dear, premises=dark, slot_s=3600, initial_wh=1_000)
    for case in (full, empty):
        plan = solved(case)
        assert plan is not None
        check_storage(case, plan)
        assert plan.cost == pytest.approx(least_cost(case, 0.0))


def test_energy_wanted_at_the_end_is_a_wish() -> None:
    prices = Market(buy_per_kwh=[0.3, 0.2])
    plan = plan_cash(BATTERY, prices, slot_s=900, initial_wh=1_000, final_wh=9_000)
    assert plan.shortfall_wh == pytest.approx(8_000 - 2 * 1250 * 0.95)
    within = plan_cash(BATTERY, prices, slot_s=900, initial_wh=1_000, final_wh=2_500, max_cycles=0.05)
    assert within.shortfall_wh == pytest.approx(500)
    assert within.equivalent_cycles == pytest.approx(0.05)


def test_without_a_proof_the_bound_says_how_good_the_plan_is(monkeypatch: pytest.MonkeyPatch) -> None:
    unproven = 0
    for seed in range(3_000):
        case = storage_case(seed)
        if case.max_cycles is None:
            continue
        best = solved(case)
        monkeypatch.setattr(cycles, "NODE_LIMIT", 1)
        first = solved(case)
        monkeypatch.undo()
        assert (best is None) == (first is None)
        if best and first:
            check_storage(case, first)
            assert best.bound == pytest.approx(best.cost, abs=1e-9)
            assert first.bound - 1e-9 <= best.cost <= first.cost + 1e-9
            unproven += first.bound < best.cost - 1e-6
    assert unproven > 5


def test_an_amount_below_the_minimum_power_takes_one_slot_of_it() -> None:
    need = ChargingNeed(energy_wh=100, deadline=4, max_power_w=3_680, min_power_w=1_380)
    plan = plan_ready_by(need, Market(buy_per_kwh=[0.3, 0.1, 0.2, 0.3]), slot_s=900)
    assert plan.power_w == (0, 1_380, 0, 0)
    assert plan.shortfall_wh == 0


def test_surplus_goes_first_into_the_ev() -> None:
    market = Market(buy_per_kwh=[0.10, 0.40, 0.40, 0.10], sell_per_kwh=[0.05] * 4)
    need = ChargingNeed(energy_wh=3_000, deadline=4, max_power_w=4_000)
    plan = plan_ready_by(need, market, Premises(load_w=500, pv_w=[0, 2_500, 1_000, 0]), slot_s=3600)
    assert plan.power_w == pytest.approx([500, 2_000, 500, 0])
    assert plan.self_consumption == pytest.approx(1.0)
    assert plan.self_sufficiency == pytest.approx(3.5 / (2.0 + 3.0))  # what it charges is consumption too


def test_the_same_inputs_give_the_same_floats() -> None:
    for seed in SEEDS[:100]:
        case = storage_case(seed)
        exact = Market(buy_per_kwh=[Decimal(float(price)) for price in case.market.buy_per_kwh])
        market = Market(buy_per_kwh=case.market.buy_per_kwh)
        plans = [solved(replace(case, market=each)) for each in (market, market, exact)]
        assert plans[0] == plans[1] == plans[2]


def test_a_year_of_hours_is_as_good_as_the_linear_programme() -> None:
    days = (date(2025, 1, 1) + timedelta(days=day) for day in range(365))
    hourly: list[float] = []
    for day in days:
        prices = day_ahead(7, "NL", day)
        step = max(1, len(prices) // 24)
        hourly += [float(sum(prices[at : at + step])) / step / 1000.0 for at in range(0, len(prices), step)]
    assert min(hourly) < 0.0
    case = Case(storage=BATTERY, market=Market(buy_per_kwh=hourly), slot_s=3600, initial_wh=5_000)
    plan = solved(case)
    assert plan is not None
    check_storage(case, plan)
    relaxed = least_cost(case, 0.0, binaries=False)
    assert relaxed is not None
    assert relaxed == pytest.approx(relaxed_bound(BATTERY, case.market, slot_s=3600, initial_wh=5_000), rel=1e-6)
    assert relaxed <= plan.cost + 1e-6
    positive = replace(case, market=Market(buy_per_kwh=[max(price, 0.0) for price in hourly]))
    again = solved(positive)
    assert again is not None
    assert again.cost == pytest.approx(least_cost(positive, 0.0, binaries=False), rel=1e-6)
