"""What holds for every schedule, recomputed from its powers alone."""

from __future__ import annotations

import math

from mockserver.domain.planner import ChargingNeed, Market, Plan, Premises
from tests.mockserver.domain.planner.oracle import Case, Site, series, stored_bands

# kW and kWh; the planner computes in floats.
SLACK = 1e-6


def near(a: float, b: float, tolerance: float = 1e-6) -> bool:
    """Equal within a tolerance, relative where numbers are greater than 1."""
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def check_storage(case: Case, plan: Plan) -> None:
    """Assert that the schedule keeps every limit and that its sums are those of its powers."""
    battery, site, hours = case.storage, Site.of(case.market, case.premises), case.slot_s / 3600.0
    stored, throughput = case.initial_wh / 1000.0, 0.0
    powers, energies = series(plan.power_w, len(site.buy)), series(plan.energy_wh, len(site.buy))
    assert len(powers) == len(site.buy)
    for t, (power, (low, high)) in enumerate(zip(powers, stored_bands(case, site), strict=True)):
        assert -battery.discharge_limit_w / 1000.0 - SLACK <= power <= battery.charge_limit_w / 1000.0 + SLACK
        gain = max(power, 0.0) * battery.charge_efficiency + min(power, 0.0) / battery.discharge_efficiency
        stored += gain * hours
        throughput += abs(gain) * hours
        assert low - SLACK <= stored <= high + SLACK, f"slot {t}: {stored} kWh is outside {low} to {high}"
        assert abs(stored - energies[t]) <= SLACK, f"slot {t}"
    if case.max_cycles is None:
        assert all(power == 0.0 or abs(power) > 1e-9 for power in powers), "idle is 0, not almost 0"
    assert stored >= (case.final_wh - plan.shortfall_wh) / 1000.0 - SLACK
    cycles = throughput / (2.0 * battery.capacity_wh / 1000.0)
    assert plan.equivalent_cycles is not None
    assert near(cycles, plan.equivalent_cycles)
    assert case.max_cycles is None or cycles <= case.max_cycles + SLACK
    wear = battery.wear_per_kwh / 2.0 * sum(map(abs, powers)) * hours
    assert near(plan.wear_cost, wear)
    check_meter(plan, site, hours, wear)


def check_meter(plan: Plan, site: Site, hours: float, wear: float, *, overload: bool = False) -> None:
    """Assert exchange, curtailment and bill; with `overload`, load and PV by themselves may pass the limits."""
    count = len(site.buy)
    powers, grids, curtailed = (series(each, count) for each in (plan.power_w, plan.grid_w, plan.curtailed_w))
    imported = exported = bill = 0.0
    for t, (power, grid, turned_down) in enumerate(zip(powers, grids, curtailed, strict=True)):
        net = site.load[t] - site.pv[t]
        assert abs(grid - (net + power + turned_down)) <= SLACK, f"slot {t}"
        assert -SLACK <= turned_down <= site.spare[t] + SLACK, f"slot {t}"
        if not overload:
            assert -site.most_out[t] - SLACK <= grid <= site.most_in[t] + SLACK, f"slot {t}: {grid} kW"
        imported += max(grid, 0.0) * hours
        exported += max(-grid, 0.0) * hours
        bill += hours * (site.buy[t] * max(grid, 0.0) - site.sell[t] * max(-grid, 0.0))
    assert near(plan.import_kwh, imported)
    assert near(plan.export_kwh, exported)
    assert near(plan.charged_kwh, sum(max(p, 0.0) for p in powers) * hours)
    assert near(plan.discharged_kwh, sum(max(-p, 0.0) for p in powers) * hours)
    assert near(plan.cost, bill + wear)
    assert plan.bound <= plan.objective


def check_charging(need: ChargingNeed, market: Market, premises: Premises, slot_s: float, plan: Plan) -> None:
    """Assert that an EV's schedule keeps window, limits and minimum, and that its sums are those of its powers."""
    site, hours = Site.of(market, premises), slot_s / 3600.0
    count = len(site.buy)
    limits, charged = series(need.max_power_w, count), 0.0
    for t, power in enumerate(series(plan.power_w, count)):
        net = site.load[t] - site.pv[t]
        if power:
            assert need.available_from <= t < need.deadline, f"slot {t} is outside the window"
            assert need.min_power_w / 1000.0 - SLACK <= power <= limits[t] + SLACK, f"slot {t}: {power} kW"
            assert net + power <= site.most_in[t] + SLACK, f"slot {t}"
        charged += power * need.efficiency * hours
        assert abs(charged - plan.energy_wh[t] / 1000.0) <= SLACK, f"slot {t}"
    assert near(plan.shortfall_wh, max(0.0, need.energy_wh - charged * 1000.0), 1e-3)
    check_meter(plan, site, hours, 0.0, overload=True)
