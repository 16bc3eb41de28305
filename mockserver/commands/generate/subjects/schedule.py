"""The best schedule of a battery, or of a car, against prices that are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import click
from click.core import ParameterSource

from fixtures.days import unix_s, utc
from mockserver.clock import timestamp
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.schedule import SchedulePicture
from mockserver.commands.generate.subject import Source, Subject
from mockserver.commands.generate.subjects.battery import (
    OF_BATTERIES,
    OF_CARS,
    battery_options,
    in_w,
    load_w,
    one_way,
    prices_of,
    pv_w,
    starts_of,
)
from mockserver.commands.generate.subjects.options import END, START
from mockserver.commands.generate.window import Window, instant
from mockserver.commands.options import fail
from mockserver.domain.planner import (
    ChargingNeed,
    GridLimitExceeded,
    Market,
    Plan,
    PlannerError,
    Premises,
    Storage,
    plan_cash,
    plan_ready_by,
    plan_solar,
)

_MOST_SLOTS = 10_000
_CAR_SOC_END = 80.0
_PERCENT = 100.0
_WH_PER_KWH = 1000.0


class Schedule(Source):
    """One schedule over the whole window; what is ahead is known, so it is the best that could be."""

    def __init__(self, *, seed: int, resolution: int, **options: Any) -> None:
        self._seed = seed
        self._step_s = resolution
        self._options = options
        self._is_car = options["strategy"] == "ready-by"
        if options["min_soc"] > options["max_soc"]:
            said = f"{options['min_soc']:g} is above --max-soc {options['max_soc']:g}"
            raise click.BadParameter(said, param_hint="'--min-soc'")
        if self._is_car:
            _refuse_given(OF_BATTERIES, "does not go with --strategy ready-by")
        else:
            _refuse_given(OF_CARS, "only goes with --strategy ready-by")
        if options["strategy"] == "solar" and not options["pv_kwp"]:
            raise click.BadParameter("there is no sun to store: add --pv-kwp", param_hint="'--strategy'")
        self._prices = prices_of(seed, options["area"], options["tariff"], resolution)
        self.zone = self._prices.zone
        leaves = options["ready_by"]
        self._departure = None if leaves is None else instant(leaves, self.zone, "--ready-by")
        self._capacity_wh = options["capacity_kwh"] * _WH_PER_KWH
        self._soc_start = options["soc_start"]
        usual = max(_CAR_SOC_END, self._soc_start) if self._is_car else self._soc_start
        self._soc_end = usual if options["soc_end"] is None else options["soc_end"]
        self._remarks: list[str] = []

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`; ends the process with 2 when there is no schedule."""
        slots = window.slots(self._step_s)
        if not 0 < len(slots) <= _MOST_SLOTS:
            fail(
                f"a schedule has 1 to {_MOST_SLOTS:,} slots, and this window has {len(slots):,}: "
                f"{'begin on a whole slot' if not slots else 'choose a shorter one, or a longer --resolution'}"
            )
        starts = starts_of(slots)
        buy, sell = [[*map(each, starts)] for each in (self._prices.buy, self._prices.sell)]
        pv = pv_w(self._seed, self._options["area"], self._options["pv_kwp"], slots)
        load = load_w(self._seed, self._options["load_kind"], self._options["load_kwh_per_year"], self.zone, slots)
        premises = Premises(
            load_w=load,
            pv_w=pv,
            import_limit_w=in_w(self._options["import_limit_kw"]),
            export_limit_w=in_w(self._options["export_limit_kw"]),
            curtailable=self._options["curtailable"],
        )
        market = Market(buy_per_kwh=buy, sell_per_kwh=sell)
        try:
            plan = self._plan(market, premises, slots)
        except PlannerError as error:
            fail(f"there is no such schedule: {error}")
        self._remarks = [*self._said(plan, "" if self._is_car else self._without(market, premises, slots))]
        before_wh = self._soc_start / _PERCENT * self._capacity_wh if self._is_car else 0.0
        hours = self._step_s / 3600.0
        for at, start in enumerate(starts):
            energy_wh, grid_w = before_wh + plan.energy_wh[at], plan.grid_w[at]
            cost = grid_w / 1000.0 * hours * float(buy[at] if grid_w > 0 else sell[at])
            yield (
                start,
                utc(slots[at] + self._step_s),
                buy[at],
                sell[at],
                self._prices.currency,
                round(plan.power_w[at]),
                round(energy_wh),
                round(energy_wh / self._capacity_wh * _PERCENT, 2),
                round(load[at]),
                round(pv[at]),
                round(plan.curtailed_w[at]),
                round(grid_w),
                round(cost, 6) + 0.0,  # not -0.0
            )

    def _plan(self, market: Market, premises: Premises, slots: range) -> Plan:
        options = self._options
        charge_w = options["charge_kw"] * 1000.0
        discharge_w = charge_w if options["discharge_kw"] is None else options["discharge_kw"] * 1000.0
        efficiency = one_way(options["efficiency"])
        wanted_wh, there_wh = (soc / _PERCENT * self._capacity_wh for soc in (self._soc_end, self._soc_start))
        if self._is_car:
            need = ChargingNeed(
                energy_wh=max(0.0, wanted_wh - there_wh),
                deadline=self._deadline(slots),
                max_power_w=charge_w,
                min_power_w=options["min_charge_kw"] * 1000.0,
                efficiency=efficiency,
            )
            return plan_ready_by(need, market, premises, slot_s=self._step_s)
        storage = Storage(
            capacity_wh=self._capacity_wh,
            min_energy_wh=options["min_soc"] / _PERCENT * self._capacity_wh,
            max_energy_wh=options["max_soc"] / _PERCENT * self._capacity_wh,
            charge_limit_w=charge_w,
            discharge_limit_w=discharge_w,
            charge_efficiency=efficiency,
            discharge_efficiency=efficiency,
            wear_per_kwh=options["wear_per_kwh"],
        )
        return self._planned(
            storage,
            market,
            premises,
            slot_s=self._step_s,
            initial_wh=there_wh,
            final_wh=wanted_wh,
            max_cycles=options["max_cycles"],
        )

    @property
    def _planned(self) -> Callable[..., Plan]:
        return plan_cash if self._options["strategy"] == "cash" else plan_solar

    def _without(self, market: Market, premises: Premises, slots: range) -> str:
        """What the same connection costs with a battery that has no power."""
        none = Storage(capacity_wh=1.0, min_energy_wh=0.0, max_energy_wh=1.0, charge_limit_w=0.0, discharge_limit_w=0.0)
        try:
            plan = self._planned(none, market, premises, slot_s=self._step_s, initial_wh=0.5)
        except GridLimitExceeded as error:
            first = timestamp(utc(slots[error.slot]))
            return (
                f"; without the battery the exchange would pass its limit, first at {first} by {error.excess_w:.6g} W"
            )
        return f"; without the battery {_amount(plan.cost, 4)} {self._prices.currency}"

    def _deadline(self, slots: range) -> int:
        """The first slot that does not end by the time the car leaves."""
        if self._departure is None:
            return len(slots)
        leaves_s = unix_s(self._departure)
        if not slots.start < leaves_s <= slots.start + len(slots) * self._step_s:
            fail("--ready-by has to be in the window: move it, or --to")
        return (leaves_s - slots.start) // self._step_s

    def _said(self, plan: Plan, without: str) -> Iterator[str]:
        currency = self._prices.currency
        worn = f", of which wear {_amount(plan.wear_cost, 6)} {currency}" if plan.wear_cost else ""
        if self._options["strategy"] == "solar":
            cost = _amount(plan.cost, 4)
            yield f"objective {_amount(plan.objective, 6)} kWh imported; cost {cost} {currency}{worn}{without}"
        else:
            yield f"objective {_amount(plan.objective, 6)} {currency}{worn}{without}"
        if not self._prices.can_sell:
            yield f"no export rate of {self._prices.name} is known: what is fed in earns nothing"
        cycles = "" if plan.equivalent_cycles is None else f", {plan.equivalent_cycles:.2f} cycles"
        yield (
            f"import {plan.import_kwh:.3f} kWh, export {plan.export_kwh:.3f} kWh, charged {plan.charged_kwh:.3f} kWh, "
            f"discharged {plan.discharged_kwh:.3f} kWh{cycles}"
        )
        shares = (("sufficiency", plan.self_sufficiency), ("consumption", plan.self_consumption))
        for name, share in shares if self._options["strategy"] == "solar" else ():
            if share is not None:
                yield f"self-{name} {share:.1%}"
        if plan.shortfall_wh > 0.5:
            yield f"out of reach: {plan.shortfall_wh / _WH_PER_KWH:.3f} kWh are missing at the end"

    def picture(self, window: Window) -> SchedulePicture:
        """See `Source.picture`."""
        noun = "Car" if self._is_car else "Battery"
        title = f"{noun} of {self._options['capacity_kwh']:g} kWh, {self._options['strategy']}, {self._prices.name}"
        limits = None if self._is_car else (self._options["min_soc"], self._options["max_soc"])
        return SchedulePicture(window, title, self._soc_start, limits, self._departure)

    def remarks(self) -> Sequence[str]:
        """See `Source.remarks`."""
        return self._remarks


def _refuse_given(names: Sequence[str], said: str) -> None:
    """BadParameter for the first of these options that was given, by whatever way."""
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.BadParameter(said, param_hint=f"'--{name.replace('_', '-')}'")


def _amount(value: float, decimals: int) -> str:
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # not -0.00


SCHEDULE = Subject(
    name="schedule",
    summary="The best schedule of a battery or a car.",
    explanation=(
        "One row for each slot, of 10 000 at most. The planner knows all prices, the sun and the load of the window in "
        "advance, so no schedule is better. What it comes to is said on standard error. Local midnight is that of the "
        "tariff, or of the area."
    ),
    columns=(
        START,
        END,
        Column("import_price_per_kwh", Kind.MONEY, "What a kWh from the grid costs, in `currency`.", decimals=12),
        Column("export_price_per_kwh", Kind.MONEY, "What a kWh into the grid earns.", decimals=12),
        Column("currency", Kind.TEXT, "ISO 4217."),
        Column("power_w", Kind.INTEGER, "Of the battery, AC, W: positive charges, negative discharges."),
        Column("energy_wh", Kind.INTEGER, "Stored at the end of the slot, Wh."),
        Column("soc_percent", Kind.NUMBER, "The same as a share of the capacity."),
        Column("load_w", Kind.INTEGER, "Mean use of the rest, W."),
        Column("pv_w", Kind.INTEGER, "Mean solar output before curtailment, W."),
        Column("curtailed_w", Kind.INTEGER, "What of it is turned down, W."),
        Column("grid_w", Kind.INTEGER, "Exchange with the grid, W: positive import, negative export."),
        Column("cost", Kind.NUMBER, "Of the exchange in the slot, in `currency`, without wear; negative is earned."),
    ),
    options=battery_options(),
    source=Schedule,
    example="--capacity-kwh 10 --charge-kw 5 --pv-kwp 5 --load-kwh-per-year 3500 --from 2026-06-15 --plot s.svg",
)
