"""What a plan is made from: storage or charging need, market, premises; and their form as one list per quantity.

Numbers may be int, float or Decimal; the planner computes in floats. Power is on the AC side in W, energy in Wh at the
battery, prices in any currency per kWh.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal

from mockserver.domain.planner.errors import InvalidInput

Number = float | Decimal
PerSlot = Number | Sequence[Number]
"""One value for every slot, or one for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A battery as the planner sees it; InvalidInput when a limit is negative, the band empty or outside the capacity.

    `charge_efficiency` is stored per AC energy in, `discharge_efficiency` AC energy out per stored energy, both in
    (0, 1]. `wear_per_kwh` is the cost of a kWh cycled: half of it is charged on every AC kWh in and half on every
    one out.
    """

    capacity_wh: float
    min_energy_wh: float
    max_energy_wh: float
    charge_limit_w: float
    discharge_limit_w: float
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    wear_per_kwh: float = 0.0

    def __post_init__(self) -> None:
        _require_numbers(self)
        _require_fraction("charge_efficiency", self.charge_efficiency)
        _require_fraction("discharge_efficiency", self.discharge_efficiency)
        if self.capacity_wh <= 0:
            raise InvalidInput("capacity_wh is 0; it must be greater")
        if not self.min_energy_wh <= self.max_energy_wh <= self.capacity_wh:
            raise InvalidInput(
                f"the band from min_energy_wh {self.min_energy_wh} to max_energy_wh {self.max_energy_wh} is empty or "
                f"reaches beyond capacity_wh {self.capacity_wh}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingNeed:
    """An EV that wants `energy_wh` into its battery before slot `deadline` begins; InvalidInput when it makes no sense.

    It is plugged in from slot `available_from` on. Power is 0 or at least `min_power_w` and at most `max_power_w`; a
    slot whose limit is below the minimum is not used. Until `direct_wh` are in, it charges as fast as it can whatever
    the price.
    """

    energy_wh: float
    deadline: int
    max_power_w: PerSlot
    available_from: int = 0
    min_power_w: float = 0.0
    efficiency: float = 1.0
    direct_wh: float = 0.0

    def __post_init__(self) -> None:
        _require_numbers(self)
        _require_fraction("efficiency", self.efficiency)
        if not self.available_from <= self.deadline:
            raise InvalidInput(f"deadline {self.deadline} lies before available_from {self.available_from}")
        if self.direct_wh > self.energy_wh:
            raise InvalidInput(f"direct_wh {self.direct_wh} is more than energy_wh {self.energy_wh}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What a kWh from the grid costs and what one into it earns, per slot; without `sell_per_kwh` they are the same.

    The length of `buy_per_kwh` is the horizon. Any sign is allowed, and so is selling dearer than buying.
    """

    buy_per_kwh: Sequence[Number]
    sell_per_kwh: Sequence[Number] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Premises:
    """What shares the grid connection, and what the connection can carry; None is no limit.

    `load_w` and `pv_w` are mean powers of each slot. With `curtailable` the plan may turn PV down, to 0 if need be.
    """

    load_w: PerSlot = 0.0
    pv_w: PerSlot = 0.0
    import_limit_w: PerSlot | None = None
    export_limit_w: PerSlot | None = None
    curtailable: bool = False


@dataclass(frozen=True, slots=True)
class Horizon:
    """Market and premises resolved: slots of `slot_h` hours and one float per slot of each quantity."""

    slot_h: float
    buy: list[float]
    sell: list[float]
    load_w: list[float]
    pv_w: list[float]
    import_limit_w: list[float]
    export_limit_w: list[float]
    curtailable: bool

    def __len__(self) -> int:
        return len(self.buy)

    def slots(self) -> Iterator[tuple[float, float, float, float, float, float]]:
        """Slot by slot: buy, sell, load, PV, import limit, export limit."""
        return zip(self.buy, self.sell, self.load_w, self.pv_w, self.import_limit_w, self.export_limit_w, strict=True)


def horizon_of(market: Market, premises: Premises, slot_s: float) -> Horizon:
    """The horizon of those inputs; InvalidInput names the one that has a wrong length or value."""
    if not (math.isfinite(slot_s) and slot_s > 0):
        raise InvalidInput(f"slot_s is {slot_s}; it must be greater than 0")
    count = len(market.buy_per_kwh)
    if not count:
        raise InvalidInput("buy_per_kwh is empty; there is nothing to plan")
    buy = per_slot("buy_per_kwh", market.buy_per_kwh, count, least=-math.inf)
    sell = buy if market.sell_per_kwh is None else per_slot("sell_per_kwh", market.sell_per_kwh, count, least=-math.inf)
    unlimited = [math.inf] * count

    def limit(name: str, value: PerSlot | None) -> list[float]:
        return unlimited if value is None else per_slot(name, value, count)

    return Horizon(
        slot_h=float(slot_s) / 3600.0,
        buy=buy,
        sell=sell,
        load_w=per_slot("load_w", premises.load_w, count),
        pv_w=per_slot("pv_w", premises.pv_w, count),
        import_limit_w=limit("import_limit_w", premises.import_limit_w),
        export_limit_w=limit("export_limit_w", premises.export_limit_w),
        curtailable=premises.curtailable,
    )


def per_slot(name: str, value: PerSlot, count: int, *, least: float = 0.0) -> list[float]:
    """One float per slot; InvalidInput names the first slot that is not finite or below `least`, or a wrong length."""
    if isinstance(value, Sequence):
        if len(value) != count:
            raise InvalidInput(f"{name} has {len(value)} values, and the horizon {count} slots")
        values = [*map(float, value)]
    else:
        values = [float(value)] * count
    # One sum finds inf and nan anywhere, at a fraction of the price of asking each number.
    if not math.isfinite(sum(values)) or min(values) < least:
        for slot, number in enumerate(values):
            _require_number(f"{name}[{slot}]", number, least)
    return values


def check_amount(name: str, value: float, most: float = math.inf) -> None:
    """InvalidInput unless the value is finite and in [0, most]."""
    _require_number(name, value, 0.0)
    if value > most:
        raise InvalidInput(f"{name} is {value}; it must be at most {most}")


def _require_numbers(record: Storage | ChargingNeed) -> None:
    for field in fields(record):
        value = getattr(record, field.name)
        if not isinstance(value, Sequence):
            _require_number(field.name, value, 0.0)


def _require_number(name: str, value: Number, least: float) -> None:
    if not math.isfinite(value):
        raise InvalidInput(f"{name} is {value}; it must be a finite number")
    if value < least:
        raise InvalidInput(f"{name} is {value}; it must be at least {least:g}")


def _require_fraction(name: str, value: float) -> None:
    if not 0.0 < value <= 1.0:
        raise InvalidInput(f"{name} is {value}; it must be greater than 0 and at most 1")
