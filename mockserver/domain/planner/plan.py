"""The result of planning: what happens in each slot, and what it adds up to."""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul

from mockserver.domain.planner.inputs import Horizon
from mockserver.domain.planner.programme import Path
from mockserver.domain.planner.stages import exchange

_WH_PER_KWH = 1000.0
_S_PER_H = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A schedule over equal slots and its sums; floats, not rounded.

    Per slot: `power_w` of the storage or EV on the AC side (+ charging, - discharging, 0.0 idle), `energy_wh` at the
    slot's end (stored, or for an EV charged so far), `grid_w` (+ import, - export) and `curtailed_w` of PV.

    `cost` is import at the buying price, minus export at the selling price, plus `wear_cost`, in the market's currency.
    `objective` is what the goal minimises: the cost, or for the solar goal the kWh imported; no schedule can have less
    than `bound`, which is the objective itself unless the plan is not proven the best. `shortfall_wh` is what
    misses to the energy wanted at the end or by the deadline. `equivalent_cycles` is the movement of stored energy, in
    and out, over twice the capacity; None for an EV.
    """

    slot_s: float
    power_w: tuple[float, ...]
    energy_wh: tuple[float, ...]
    grid_w: tuple[float, ...]
    curtailed_w: tuple[float, ...]
    objective: float
    bound: float
    cost: float
    wear_cost: float
    import_kwh: float
    export_kwh: float
    charged_kwh: float
    discharged_kwh: float
    load_kwh: float
    pv_kwh: float
    shortfall_wh: float
    equivalent_cycles: float | None

    @property
    def self_sufficiency(self) -> float | None:
        """The share of the load that is not imported, SSR = 1 - import / load; below 0 when the grid fills storage.

        An EV's charging is part of the load. None without load.
        """
        return 1.0 - self.import_kwh / self.load_kwh if self.load_kwh else None

    @property
    def self_consumption(self) -> float | None:
        """The share of PV used on the spot or stored, SCR = 1 - (export + curtailed) / pv; None without PV."""
        curtailed_kwh = sum(self.curtailed_w) * self.slot_s / _S_PER_H / _WH_PER_KWH
        return 1.0 - (self.export_kwh + curtailed_kwh) / self.pv_kwh if self.pv_kwh else None


def plan_of(
    horizon: Horizon,
    path: Path,
    *,
    charge_efficiency: float,
    discharge_efficiency: float = 1.0,
    wear_per_kwh: float = 0.0,
    capacity_wh: float | None = None,
    curtailed_at: Horizon | None = None,
) -> Plan:
    """The plan that follows a path, its cost as objective and bound; without a capacity it is an EV's.

    PV is turned down where that pays at the prices of `curtailed_at`, by default those of `horizon`.
    """
    w_per_wh_in = 1.0 / (horizon.slot_h * charge_efficiency)
    w_per_wh_out = discharge_efficiency / horizon.slot_h
    kwh_per_w = horizon.slot_h / _WH_PER_KWH
    power = [x * w_per_wh_in if x > 0.0 else x * w_per_wh_out if x < 0.0 else 0.0 for x in path.moves]
    net = [load - pv + p for load, pv, p in zip(horizon.load_w, horizon.pv_w, power, strict=True)]
    grid = net
    if horizon.curtailable:
        grid = [exchange(curtailed_at or horizon, slot, n) for slot, n in enumerate(net)]
    imports = [g if g > 0.0 else 0.0 for g in grid]
    exports = [-g if g < 0.0 else 0.0 for g in grid]
    charged_kwh = sum([p for p in power if p > 0.0]) * kwh_per_w
    discharged_kwh = -sum([p for p in power if p < 0.0]) * kwh_per_w
    wear_cost = wear_per_kwh / 2.0 * (charged_kwh + discharged_kwh)
    bill = (sum(map(mul, imports, horizon.buy)) - sum(map(mul, exports, horizon.sell))) * kwh_per_w
    return Plan(
        slot_s=horizon.slot_h * _S_PER_H,
        power_w=tuple(power),
        energy_wh=tuple(path.energies),
        grid_w=tuple(grid),
        curtailed_w=tuple([g - n for g, n in zip(grid, net, strict=True)]),
        objective=bill + wear_cost,
        bound=bill + wear_cost,
        cost=bill + wear_cost,
        wear_cost=wear_cost,
        import_kwh=sum(imports) * kwh_per_w,
        export_kwh=sum(exports) * kwh_per_w,
        charged_kwh=charged_kwh,
        discharged_kwh=discharged_kwh,
        load_kwh=sum(horizon.load_w) * kwh_per_w + (charged_kwh if capacity_wh is None else 0.0),
        pv_kwh=sum(horizon.pv_w) * kwh_per_w,
        shortfall_wh=path.shortfall,
        equivalent_cycles=None if capacity_wh is None else sum(map(abs, path.moves)) / (2.0 * capacity_wh),
    )
