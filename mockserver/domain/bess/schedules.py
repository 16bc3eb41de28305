"""Schedules for a battery behind a grid connection, and the numbers that go over the wire.

The battery trades at the market price, so what the site uses and produces by itself only takes up room on the grid
connection. Without a target the cash schedule ends with what it began with: energy that is merely emptied was paid for
before. The solar schedule may end empty.

Powers are rounded to the microwatt and never beyond a limit; at that resolution the revenue, which is made of the
rounded powers, is that of the optimum to a millionth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import floor, sqrt
from typing import NamedTuple

from fixtures.days import HOUR_S
from mockserver.domain.planner import (
    GridLimitExceeded,
    InvalidInput,
    Market,
    Plan,
    PlannerError,
    Premises,
    Storage,
    StorageExhausted,
    plan_cash,
    plan_solar,
)

_W = 1000.0  # per kW, and Wh per kWh, and kWh per MWh
_POWER_DIGITS, _SOC_DIGITS, _MONEY_DIGITS, _ENERGY_DIGITS = 9, 6, 9, 6
_WITHIN_PERCENT = 1e-6


class Strategy(StrEnum):
    """What a schedule is the best for."""

    CASH = "cash_optimized"
    SOLAR = "solar_optimized"


class NoSchedule(Exception):
    """There is no schedule that keeps the limits; `slot` is where, None when it is about the whole."""

    def __init__(self, message: str, slot: int | None = None) -> None:
        super().__init__(message)
        self.slot = slot


class TargetOutOfReach(NoSchedule):
    """The state of charge wanted at the end cannot be had; `reachable_percent` can."""

    def __init__(self, target_percent: float, reachable_percent: float) -> None:
        super().__init__(f"is out of reach: {target_percent:g} %, where at most {reachable_percent:g} % can be had")
        self.reachable_percent = reachable_percent


class TargetOutsideLimits(NoSchedule):
    """The state of charge wanted at the end is not one that the battery may have."""

    def __init__(self, target_percent: float, low_percent: float, high_percent: float) -> None:
        super().__init__(
            f"is {target_percent:g} %, outside the limits of the battery, {low_percent:g} to {high_percent:g} %"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """Energy in kWh at the cells, power in kW at the side of the grid, state of charge in percent."""

    capacity_kwh: float
    max_charge_power_kw: float
    max_discharge_power_kw: float
    min_soc_percent: float
    max_soc_percent: float
    round_trip_efficiency: float

    @property
    def storage(self) -> Storage:
        """The battery as the planner sees it: each way has the square root of the efficiency."""
        one_way = sqrt(self.round_trip_efficiency)
        return Storage(
            capacity_wh=self.capacity_kwh * _W,
            min_energy_wh=self.energy_wh(self.min_soc_percent),
            max_energy_wh=self.energy_wh(self.max_soc_percent),
            charge_limit_w=self.max_charge_power_kw * _W,
            discharge_limit_w=self.max_discharge_power_kw * _W,
            charge_efficiency=one_way,
            discharge_efficiency=one_way,
        )

    def energy_wh(self, soc_percent: float) -> float:
        """What it holds at a state of charge."""
        return soc_percent / 100.0 * self.capacity_kwh * _W


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Prices per MWh and, where known, what the site produces and uses (kW), a value for each period; limits in kW."""

    interval_s: int
    prices_per_mwh: Sequence[float]
    import_limit_kw: float
    export_limit_kw: float
    solar_kw: Sequence[float] | None = None
    consumption_kw: Sequence[float] | None = None


class Period(NamedTuple):
    """Power in kW (+ charging), the state of charge at its end in percent, and what was counted with."""

    power_kw: float
    soc_percent: float
    price_per_mwh: float
    solar_kw: float | None
    consumption_kw: float | None

    @property
    def mode(self) -> str:
        """The sign of the power in a word."""
        return "charge" if self.power_kw > 0 else "discharge" if self.power_kw < 0 else "idle"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a battery is best told to do; the revenue in the currency of the prices."""

    strategy: Strategy
    periods: tuple[Period, ...]
    revenue: float
    solar_used_kwh: float | None
    """Solar energy that stays on site; None for the cash strategy."""


def schedule(
    strategy: Strategy,
    battery: Battery,
    surroundings: Surroundings,
    *,
    initial_soc_percent: float,
    target_soc_percent: float | None = None,
    max_cycles: float | None = None,
) -> Schedule:
    """The best schedule.

    Raises TargetOutsideLimits, TargetOutOfReach, or NoSchedule when limits contradict each other.
    """
    storage, count = battery.storage, len(surroundings.prices_per_mwh)
    low, high = battery.min_soc_percent, battery.max_soc_percent
    if target_soc_percent is not None and not low <= target_soc_percent <= high:
        raise TargetOutsideLimits(target_soc_percent, low, high)
    final_percent = target_soc_percent
    if final_percent is None:
        final_percent = min(max(initial_soc_percent, low), high) if strategy is Strategy.CASH else low
    consumption = surroundings.consumption_kw or [0.0] * count
    solar = surroundings.solar_kw or [0.0] * count
    if strategy is Strategy.CASH:  # what cannot be fed in is turned down whatever the battery does
        most = surroundings.export_limit_kw
        solar = [_turned_down(sun, sun - use - most) for sun, use in zip(solar, consumption, strict=True)]
    plan_it = plan_cash if strategy is Strategy.CASH else plan_solar
    try:
        plan = plan_it(
            storage,
            Market(buy_per_kwh=[price / _W for price in surroundings.prices_per_mwh]),
            Premises(
                load_w=[use * _W for use in consumption],
                pv_w=[sun * _W for sun in solar],
                import_limit_w=surroundings.import_limit_kw * _W,
                export_limit_w=surroundings.export_limit_kw * _W,
                curtailable=strategy is Strategy.SOLAR,
            ),
            slot_s=surroundings.interval_s,
            initial_wh=battery.energy_wh(initial_soc_percent),
            final_wh=battery.energy_wh(final_percent),
            max_cycles=max_cycles,
        )
    except PlannerError as error:
        raise _refusal(error) from error
    lacking_percent = plan.shortfall_wh / storage.capacity_wh * 100.0
    if target_soc_percent is not None and lacking_percent > _WITHIN_PERCENT:
        raise TargetOutOfReach(target_soc_percent, int((target_soc_percent - lacking_percent) * 100.0) / 100.0)
    return _told(strategy, battery, surroundings, plan, solar, consumption)


def _told(
    strategy: Strategy,
    battery: Battery,
    around: Surroundings,
    plan: Plan,
    solar: Sequence[float],
    consumption: Sequence[float],
) -> Schedule:
    """The plan in round numbers that keep every limit."""
    periods: list[Period] = []
    hours = around.interval_s / HOUR_S
    revenue = solar_used = 0.0
    is_inside = False
    for slot, price in enumerate(around.prices_per_mwh):
        sun, use = _turned_down(solar[slot], plan.curtailed_w[slot] / _W), consumption[slot]
        power = round(plan.power_w[slot] / _W, _POWER_DIGITS)
        power = max(-around.export_limit_kw - use + sun, min(around.import_limit_kw - use + sun, power))
        power = max(-battery.max_discharge_power_kw, min(battery.max_charge_power_kw, power)) + 0.0
        soc = plan.energy_wh[slot] / (battery.capacity_kwh * _W) * 100.0
        low, high = battery.min_soc_percent, battery.max_soc_percent
        is_inside = is_inside or low - _WITHIN_PERCENT <= soc <= high + _WITHIN_PERCENT
        low, high = (low, high) if is_inside else (0.0, 100.0)
        soc = min(max(round(soc, _SOC_DIGITS), low), high)
        told_sun = None if around.solar_kw is None else sun
        periods.append(Period(power, soc, price, told_sun, None if around.consumption_kw is None else use))
        revenue -= power * hours * price / _W
        solar_used += hours * max(0.0, sun - max(0.0, sun - use - power))
    is_solar = strategy is Strategy.SOLAR
    return Schedule(
        strategy,
        tuple(periods),
        round(revenue, _MONEY_DIGITS) + 0.0,
        round(solar_used, _ENERGY_DIGITS) if is_solar else None,
    )


def _turned_down(sun_kw: float, excess_kw: float) -> float:
    """Solar power less what is too much of it, rounded so that it is not too much again."""
    if excess_kw <= 0.0:
        return sun_kw
    return max(0.0, floor((sun_kw - excess_kw) * 10.0**_ENERGY_DIGITS) / 10.0**_ENERGY_DIGITS)


def _refusal(error: PlannerError) -> NoSchedule:
    if isinstance(error, GridLimitExceeded):
        return NoSchedule(
            f"the site alone is over the limits of its grid connection by {error.excess_w / _W:.3f} kW, "
            "even with the battery at full power",
            error.slot,
        )
    if isinstance(error, StorageExhausted):
        return NoSchedule(
            "the site alone is over the limits of its grid connection, and by the end of this period the battery has "
            "helped for as long as it can",
            error.slot,
        )
    if isinstance(error, InvalidInput):
        return NoSchedule(str(error))
    return NoSchedule(f"the limits contradict each other: {error}")
