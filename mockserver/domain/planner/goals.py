"""The three goals: cheapest operation of a storage, most use of one's own PV, and an EV charged by a deadline.

The formulation is that of the realism sheet, 9.2. The same inputs give the same floats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mockserver.domain.planner.cycles import cheapest_path_within
from mockserver.domain.planner.envelope import SLIVER_WH
from mockserver.domain.planner.errors import InvalidInput, StorageExhausted
from mockserver.domain.planner.inputs import (
    ChargingNeed,
    Horizon,
    Market,
    Premises,
    Storage,
    check_amount,
    horizon_of,
)
from mockserver.domain.planner.plan import Plan, plan_of
from mockserver.domain.planner.programme import Path, cheapest_path
from mockserver.domain.planner.stages import Stage, charging_stages, storage_stages, tie_of

_ALONE = Premises()
_WH_PER_KWH = 1000.0


def plan_cash(
    storage: Storage,
    market: Market,
    premises: Premises = _ALONE,
    *,
    slot_s: float,
    initial_wh: float,
    final_wh: float = 0.0,
    max_cycles: float | None = None,
) -> Plan:
    """The schedule that costs least: import minus export plus wear, over the market's slots of `slot_s` seconds.

    Stored energy starts at `initial_wh` and ends at `final_wh` or more (the same number for a cyclic plan, 0 for a free
    end), as far as it can be reached. It stays in the storage's band; from outside it first returns as fast as the
    limits allow. `max_cycles` limits the equivalent full cycles: movement of stored energy, in and out, over twice the
    capacity.

    Exact, whatever the signs of the prices; with `max_cycles` and stages that are not convex (see `stages`) up to the
    difference between the plan's `objective` and `bound`. Of equally cheap schedules it is one that moves less, and
    earlier.

    Raises InvalidInput, or Infeasible when the limits contradict each other.
    """
    horizon = horizon_of(market, premises, slot_s)
    path, gap = _path(storage, horizon, initial_wh, final_wh, max_cycles)
    plan = _storage_plan(storage, horizon, path, horizon)
    return replace(plan, bound=plan.objective - gap)


def plan_solar(
    storage: Storage,
    market: Market,
    premises: Premises,
    *,
    slot_s: float,
    initial_wh: float,
    final_wh: float = 0.0,
    max_cycles: float | None = None,
) -> Plan:
    """The schedule that imports least: surplus PV into the storage, deficits out of it; parameters as for `plan_cash`.

    Solved as a cash plan with buy = 1, sell = 0 and no wear, so it is always exact; the sheet's small wear against idle
    movement is the `tie` of `stages`. It charges at most the surplus and discharges at most the deficit, unless
    `final_wh` or a limit leaves no other way. The market only decides the plan's `cost`.
    """
    horizon = horizon_of(market, premises, slot_s)
    slots = len(horizon)
    own_use = replace(horizon, buy=[1.0] * slots, sell=[0.0] * slots)
    path, gap = _path(replace(storage, wear_per_kwh=0.0), own_use, initial_wh, final_wh, max_cycles)
    plan = _storage_plan(storage, horizon, path, own_use)
    return replace(plan, objective=plan.import_kwh, bound=plan.import_kwh - gap)


def plan_ready_by(need: ChargingNeed, market: Market, premises: Premises = _ALONE, *, slot_s: float) -> Plan:
    """The cheapest way to charge an EV by its deadline, on the premises' bill: surplus PV counts at its selling price.

    It charges exactly `energy_wh`; if minimum power leaves no sum of slots that is exact, the least amount above it;
    if time does not suffice, as much as can be, with the rest as `shortfall_wh`. Exact for any signs of the prices.
    Among equals, earlier.

    Raises InvalidInput.
    """
    horizon = horizon_of(market, premises, slot_s)
    if need.deadline > len(horizon):
        raise InvalidInput(f"deadline {need.deadline} lies beyond the horizon of {len(horizon)} slots")
    stages = charging_stages(need, horizon)
    amount = _attainable(stages, need.energy_wh)
    path = cheapest_path(stages, low=0.0, high=amount, initial=0.0, final=amount)
    path = path._replace(shortfall=max(0.0, need.energy_wh - amount))
    return plan_of(horizon, path, charge_efficiency=need.efficiency)


def relaxed_bound(
    storage: Storage, market: Market, *, slot_s: float, initial_wh: float, final_wh: float = 0.0
) -> float:
    """The least cost of a storage by itself if it could charge and discharge at once, in the market's currency.

    The linear relaxation of the cash plan (realism sheet 9.2 without binaries): never above `plan_cash`'s cost, and
    equal to it unless burning energy pays.
    """
    horizon = horizon_of(market, _ALONE, slot_s)
    stages = [stage.relaxed() for stage in storage_stages(storage, horizon, tie=0.0)]
    path = cheapest_path(
        stages, low=storage.min_energy_wh, high=storage.max_energy_wh, initial=initial_wh, final=final_wh
    )
    return sum(stage.cost(move) for stage, move in zip(stages, path.moves, strict=True)) / _WH_PER_KWH


def _path(
    storage: Storage, horizon: Horizon, initial_wh: float, final_wh: float, max_cycles: float | None
) -> tuple[Path, float]:
    """The best path of stored energy, and the most by which its cost may exceed the least possible, in currency."""
    check_amount("initial_wh", initial_wh, storage.capacity_wh)
    check_amount("final_wh", final_wh, storage.capacity_wh)
    stages = storage_stages(storage, horizon, tie_of(horizon))
    low, high = storage.min_energy_wh, storage.max_energy_wh
    gap = 0.0
    if max_cycles is None:
        path = cheapest_path(stages, low=low, high=high, initial=initial_wh, final=final_wh)
    else:
        check_amount("max_cycles", max_cycles)
        budget = max_cycles * 2.0 * storage.capacity_wh
        path, gap = cheapest_path_within(stages, low=low, high=high, initial=initial_wh, final=final_wh, budget=budget)
    for slot, energy in enumerate(path.energies):  # can leave the capacity only where the band was left from the start
        if low <= energy <= high:
            break
        if not -SLIVER_WH <= energy <= storage.capacity_wh + SLIVER_WH:
            lacks_room = energy > high
            raise StorageExhausted(
                slot, energy - storage.capacity_wh if lacks_room else -energy, "room" if lacks_room else "energy"
            )
    return path, gap / _WH_PER_KWH


def _storage_plan(storage: Storage, horizon: Horizon, path: Path, curtailed_at: Horizon) -> Plan:
    return plan_of(
        horizon,
        path,
        charge_efficiency=storage.charge_efficiency,
        discharge_efficiency=storage.discharge_efficiency,
        wear_per_kwh=storage.wear_per_kwh,
        capacity_wh=storage.capacity_wh,
        curtailed_at=curtailed_at,
    )


def _attainable(stages: Sequence[Stage], wanted: float) -> float:
    """The sum of moves nearest to what is wanted (Wh): itself, else the least above it, else the greatest there is.

    The sums that the slots so far can make are intervals; all those of k slots at least at minimum power begin at k
    times that, so there are no more intervals than slots. Of those beyond what is wanted only the least matters.
    """
    sums = [(0.0, 0.0)]
    for stage in stages:
        if stage.highest <= 0.0:
            continue
        moved = [(low + stage.rest, high + stage.highest) for low, high in sums]
        merged: list[tuple[float, float]] = []
        for low, high in sorted([*sums, *moved] if stage.may_skip else moved):
            if merged and low <= merged[-1][1] + SLIVER_WH:
                merged[-1] = merged[-1][0], max(high, merged[-1][1])
            elif not merged or merged[-1][1] < wanted:
                merged.append((low, high))
        sums = merged
    for low, high in sums:
        if wanted <= high + SLIVER_WH:
            return max(low, wanted)
    return sums[-1][1]
