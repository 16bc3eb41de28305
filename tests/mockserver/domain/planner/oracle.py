"""The planning problems of the realism sheet, 9.2, as mixed-integer programmes solved by HiGHS. Units: kW, kWh.

Nothing here knows how the planner works: the oracle reads the inputs and writes the textbook formulation, with binaries
for the direction of storage and of grid exchange where the relaxation could use both at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np

from mockserver.domain.planner import ChargingNeed, Market, Premises, Storage

INFINITY = highspy.kHighsInf


@dataclass(frozen=True, kw_only=True)
class Case:
    """One problem with a storage."""

    storage: Storage
    market: Market
    premises: Premises = field(default_factory=Premises)
    slot_s: float
    initial_wh: float
    final_wh: float = 0.0
    max_cycles: float | None = None


@dataclass
class Model:
    """Columns and rows of a mixed-integer programme to be minimised."""

    costs: list[float] = field(default_factory=list)
    bounds: list[tuple[float, float]] = field(default_factory=list)
    integral: list[bool] = field(default_factory=list)
    rows: list[tuple[float, Mapping[int, float], float]] = field(default_factory=list)

    def column(self, low: float, high: float, cost: float = 0.0, *, integral: bool = False) -> int:
        self.costs.append(cost)
        self.bounds.append((low, high))
        self.integral.append(integral)
        return len(self.costs) - 1

    def row(self, low: float, terms: Mapping[int, float], high: float) -> None:
        self.rows.append((low, terms, high))

    def least(self) -> float | None:
        """The optimal objective; None when the problem is infeasible."""
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.costs), len(self.rows)
        lp.col_cost_ = np.array(self.costs)
        lp.col_lower_, lp.col_upper_ = (np.array(side) for side in zip(*self.bounds, strict=True))
        lp.row_lower_ = np.array([low for low, _, _ in self.rows])
        lp.row_upper_ = np.array([high for _, _, high in self.rows])
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.cumsum([0, *(len(terms) for _, terms, _ in self.rows)])
        lp.a_matrix_.index_ = np.array([at for _, terms, _ in self.rows for at in terms])
        lp.a_matrix_.value_ = np.array([value for _, terms, _ in self.rows for value in terms.values()])
        if any(self.integral):
            kinds = highspy.HighsVarType
            lp.integrality_ = [kinds.kInteger if whole else kinds.kContinuous for whole in self.integral]
        solver = highspy.Highs()
        for option, value in {
            "output_flag": False,
            "threads": 1,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": 1e-9,
            "mip_feasibility_tolerance": 1e-9,
            "primal_feasibility_tolerance": 1e-9,
            "dual_feasibility_tolerance": 1e-9,
        }.items():
            solver.setOptionValue(option, value)
        solver.passModel(lp)
        solver.run()
        status = solver.getModelStatus()
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            return None
        assert status == highspy.HighsModelStatus.kOptimal, status
        return float(solver.getInfo().objective_function_value)


def series(value: object, count: int, default: float = 0.0) -> list[float]:
    """A quantity per slot, in thousands of its unit."""
    if value is None:
        return [default] * count
    values = value if isinstance(value, list | tuple) else [value] * count
    return [float(each) / 1000.0 for each in values]


@dataclass(frozen=True)
class Site:
    """Market and premises per slot, in kW and per kWh."""

    buy: list[float]
    sell: list[float]
    load: list[float]
    pv: list[float]
    spare: list[float]
    most_in: list[float]
    most_out: list[float]

    @classmethod
    def of(cls, market: Market, premises: Premises) -> Site:
        count = len(market.buy_per_kwh)
        pv = series(premises.pv_w, count)
        return cls(
            buy=[float(price) for price in market.buy_per_kwh],
            sell=[float(price) for price in market.sell_per_kwh or market.buy_per_kwh],
            load=series(premises.load_w, count),
            pv=pv,
            spare=pv if premises.curtailable else [0.0] * count,
            most_in=series(premises.import_limit_w, count, INFINITY),
            most_out=series(premises.export_limit_w, count, INFINITY),
        )


def least_cost(case: Case, final_wh: float, *, goal: str = "cash", binaries: bool = True) -> float | None:
    """The least cost of a storage problem, or kWh imported for the solar goal; None when it is infeasible."""
    model, _, _ = storage_model(case, final_wh, goal, binaries)
    return model.least()


def highest_end_wh(case: Case) -> float | None:
    """The most energy that a storage can hold at the end, price no object; None when the limits cannot be kept."""
    model, stored, _ = storage_model(case, 0.0, "cash", binaries=False)
    model.costs = [0.0] * len(model.costs)
    model.costs[stored[-1]] = -1.0
    least = model.least()
    return None if least is None else -least * 1000.0


def least_throughput_wh(case: Case, final_wh: float) -> float | None:
    """The least energy that has to move through the storage, in and out, whatever `max_cycles` says."""
    unlimited = Case(**{**case.__dict__, "max_cycles": None})
    model, _, throughput = storage_model(unlimited, final_wh, "cash", binaries=False)
    model.costs = [throughput.get(column, 0.0) for column in range(len(model.costs))]
    least = model.least()
    return None if least is None else least * 1000.0


def storage_model(case: Case, final_wh: float, goal: str, binaries: bool) -> tuple[Model, list[int], dict[int, float]]:
    """The model, the columns of stored energy, and the row of throughput."""
    battery, site, hours = case.storage, Site.of(case.market, case.premises), case.slot_s / 3600.0
    count = len(site.buy)
    most_c, most_d = battery.charge_limit_w / 1000.0, battery.discharge_limit_w / 1000.0
    wear = (battery.wear_per_kwh if goal == "cash" else 0.0) / 2.0
    bands = stored_bands(case, site)
    model, stored = Model(), []
    throughput: dict[int, float] = {}
    for t in range(count):
        buy, sell = (site.buy[t], site.sell[t]) if goal == "cash" else (1.0, 0.0)
        # A limit that cannot bind, so that the binaries have a finite one.
        ample = site.load[t] + site.pv[t] + most_c + most_d
        most_in, most_out = min(site.most_in[t], ample), min(site.most_out[t], ample)
        grid_in = model.column(0.0, most_in, hours * buy)
        grid_out = model.column(0.0, most_out, -hours * sell)
        charge = model.column(0.0, most_c, hours * wear)
        discharge = model.column(0.0, most_d, hours * wear)
        curtailed = model.column(0.0, site.spare[t])
        energy = model.column(bands[t][0], bands[t][1])
        net = site.load[t] - site.pv[t]
        model.row(net, {grid_in: 1.0, grid_out: -1.0, charge: -1.0, discharge: 1.0, curtailed: -1.0}, net)
        gain = {charge: battery.charge_efficiency * hours, discharge: -hours / battery.discharge_efficiency}
        throughput |= {column: abs(value) for column, value in gain.items()}
        before = case.initial_wh / 1000.0 if t == 0 else 0.0
        model.row(before, {energy: 1.0} | {c: -v for c, v in gain.items()} | ({stored[-1]: -1.0} if t else {}), before)
        stored.append(energy)
        if binaries:
            charging = model.column(0.0, 1.0, integral=True)
            importing = model.column(0.0, 1.0, integral=True)
            model.row(-INFINITY, {charge: 1.0, charging: -most_c}, 0.0)
            model.row(-INFINITY, {discharge: 1.0, charging: most_d}, most_d)
            model.row(-INFINITY, {grid_in: 1.0, importing: -most_in}, 0.0)
            model.row(-INFINITY, {grid_out: 1.0, importing: most_out}, most_out)
    model.row(final_wh / 1000.0, {stored[-1]: 1.0}, INFINITY)
    if case.max_cycles is not None:
        model.row(-INFINITY, throughput, 2.0 * battery.capacity_wh / 1000.0 * case.max_cycles)
    return model, stored, throughput


def stored_bands(case: Case, site: Site) -> list[tuple[float, float]]:
    """What may be stored at the end of each slot (kWh): the band, or on the way back to it just the fastest return."""
    battery, hours = case.storage, case.slot_s / 3600.0
    low, high, energy = battery.min_energy_wh / 1000.0, battery.max_energy_wh / 1000.0, case.initial_wh / 1000.0
    bands: list[tuple[float, float]] = []
    for t in range(len(site.buy)):
        net = site.load[t] - site.pv[t]
        if energy > high:
            power = max(-battery.discharge_limit_w / 1000.0, -site.most_out[t] - site.spare[t] - net)
        elif energy < low:
            power = min(battery.charge_limit_w / 1000.0, site.most_in[t] - net)
        else:
            return bands + [(low, high)] * (len(site.buy) - t)
        after = energy + power * hours * (
            battery.charge_efficiency if power > 0 else 1.0 / battery.discharge_efficiency
        )
        if (energy > high) != (after > high) or (energy < low) != (after < low):
            return bands + [(low, high)] * (len(site.buy) - t)
        # Beyond the capacity there is nothing: an empty band makes the problem infeasible.
        bands.append((max(after, 0.0), min(after, battery.capacity_wh / 1000.0)))
        energy = after
    return bands


def charging_model(
    need: ChargingNeed, market: Market, premises: Premises, slot_s: float
) -> tuple[Model, dict[int, float]]:
    """The EV's model without an amount, and the row of energy charged (kWh)."""
    site, hours = Site.of(market, premises), slot_s / 3600.0
    count = len(site.buy)
    limits = series(need.max_power_w, count)
    least = need.min_power_w / 1000.0
    model = Model()
    charged: dict[int, float] = {}
    direct = need.direct_wh / 1000.0
    for t in range(count):
        net = site.load[t] - site.pv[t]
        ample = site.load[t] + site.pv[t] + limits[t]
        most = min(limits[t], site.most_in[t] - net) if need.available_from <= t < need.deadline else 0.0
        most = most if most > 0.0 and most >= least else 0.0
        at_once = min(most, max(least, direct / hours / need.efficiency)) if direct > 1e-12 else 0.0
        direct -= at_once * hours * need.efficiency
        grid_in = model.column(0.0, ample, hours * site.buy[t])
        grid_out = model.column(0.0, ample, -hours * site.sell[t])
        curtailed = model.column(0.0, site.spare[t])
        charge = model.column(at_once, most)
        on = model.column(0.0, 1.0, integral=True)
        importing = model.column(0.0, 1.0, integral=True)
        model.row(net, {grid_in: 1.0, grid_out: -1.0, charge: -1.0, curtailed: -1.0}, net)
        model.row(-INFINITY, {charge: 1.0, on: -most}, 0.0)
        model.row(0.0, {charge: 1.0, on: -min(least, most)}, INFINITY)
        model.row(-INFINITY, {grid_in: 1.0, importing: -ample}, 0.0)
        model.row(-INFINITY, {grid_out: 1.0, importing: ample}, ample)
        if site.most_in[t] < INFINITY:
            model.row(-INFINITY, {grid_in: 1.0}, max(site.most_in[t], net))
        charged[charge] = hours * need.efficiency
    return model, charged


def attainable_wh(need: ChargingNeed, market: Market, premises: Premises, slot_s: float) -> float:
    """What the EV gets: the energy needed, else the least possible above it, else the most possible."""
    wanted = need.energy_wh / 1000.0
    for sign, low in ((1.0, wanted), (-1.0, 0.0)):
        model, charged = charging_model(need, market, premises, slot_s)
        model.costs = [sign * charged.get(column, 0.0) for column in range(len(model.costs))]
        model.row(low, charged, INFINITY)
        least = model.least()
        if least is not None:
            return abs(least) * 1000.0
    raise AssertionError("an EV can always stay idle")


def least_charging_cost(
    need: ChargingNeed, market: Market, premises: Premises, slot_s: float, amount_wh: float
) -> float | None:
    """The least cost of charging just that amount."""
    model, charged = charging_model(need, market, premises, slot_s)
    model.row(amount_wh / 1000.0, charged, amount_wh / 1000.0)
    return model.least()
