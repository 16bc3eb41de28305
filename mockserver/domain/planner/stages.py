"""What one slot costs as a function of the energy x (Wh) that it adds to the storage: a chain of straight pieces.

The chain starts at the slot's rest, the x nearest to 0 that the limits allow, and goes outwards: `up` towards more
charging, `down` towards more discharging. With the grid's marginal price r per kWh (sell while exporting, buy while
importing, 0 while PV is being curtailed instead) a piece has the slope df/dx, per kWh stored:

    charging      (r + wear/2) / eta_c + tie
    discharging   (r - wear/2) * eta_d - tie

since an AC kWh in adds eta_c and one out takes 1/eta_d (realism sheet 9.2). `tie` is an imaginary cost of any movement
(TIE_SHARE of the largest price): what earns nothing stays idle. Costs are in currency per kWh times Wh.

Charging and discharging in one slot cannot be expressed, so it needs no binary; where burning energy would pay, the
slopes fall at x = 0 and the chain is not convex. The other such place is where the grid exchange changes sign while
selling is dearer than buying.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import NamedTuple

from mockserver.domain.planner.errors import GridLimitExceeded
from mockserver.domain.planner.inputs import ChargingNeed, Horizon, Storage, per_slot

TIE_SHARE = 1e-10
# A load may touch its limit: beyond it by less than this is rounding.
_SLACK_W = 1e-6

Pieces = tuple[tuple[float, float], ...]
"""(slope in currency per kWh, length in Wh), outwards from the rest."""

Steps = tuple[tuple[float, float], ...]
"""The grid's marginal price over net power: (upper end of the step in W, price per kWh), ascending."""


class Stage(NamedTuple):
    """One slot's cost; `rest_cost` is the cost of x = rest over x = 0, which `may_skip` allows besides the chain."""

    rest: float
    down: Pieces
    up: Pieces
    rest_cost: float = 0.0
    may_skip: bool = False

    @property
    def lowest(self) -> float:
        """The least x of the chain, in Wh."""
        return self.rest - sum(length for _, length in self.down)

    @property
    def highest(self) -> float:
        """The greatest x of the chain, in Wh."""
        return self.rest + sum(length for _, length in self.up)

    def cost(self, move: float) -> float:
        """The cost of x = `move`, which must lie on the chain or be a skip; x = 0 costs 0 where 0 is the rest."""
        if self.may_skip and move == 0.0:
            return 0.0
        cost, distance = self.rest_cost, abs(move - self.rest)
        for slope, length in self.up if move > self.rest else self.down:
            step = min(distance, length)
            cost += slope * step if move > self.rest else -slope * step
            distance -= step
        return cost

    def taxed(self, tax: float) -> Stage:
        """The same slot when every Wh moved, in or out, costs `tax` more (currency per kWh)."""
        return Stage(
            self.rest,
            tuple((slope - tax, length) for slope, length in self.down),
            tuple((slope + tax, length) for slope, length in self.up),
            self.rest_cost + tax * abs(self.rest),
            self.may_skip,
        )

    def relaxed(self) -> Stage:
        """The slot with its pieces in the order of their slopes: charging and discharging at once, as in the LP."""
        pieces = sorted((*self.down, *self.up))
        return Stage(self.lowest, (), tuple(pieces), self.cost(self.lowest), self.may_skip)


def tie_of(horizon: Horizon) -> float:
    """The imaginary cost per kWh of any movement; it scales with the prices, so that scaling them changes no plan."""
    return TIE_SHARE * (max(max(horizon.buy), -min(horizon.buy), max(horizon.sell), -min(horizon.sell)) or 1.0)


def storage_stages(storage: Storage, horizon: Horizon, tie: float) -> list[Stage]:
    """One stage per slot; GridLimitExceeded where even full power cannot keep the exchange within the limits."""
    in_wh_per_w = horizon.slot_h * storage.charge_efficiency
    out_wh_per_w = horizon.slot_h / storage.discharge_efficiency
    charge_limit, discharge_limit = storage.charge_limit_w, storage.discharge_limit_w
    per_kwh_in, per_kwh_out = 1.0 / storage.charge_efficiency, storage.discharge_efficiency
    wear = storage.wear_per_kwh / 2.0
    stages = []
    for slot, (buy, sell, load, pv, imports, exports) in enumerate(horizon.slots()):
        net = load - pv
        spare = pv if horizon.curtailable else 0.0
        most, least = min(charge_limit, imports - net), max(-discharge_limit, -exports - spare - net)
        if least > most + _SLACK_W:
            _refuse(slot, least, most, charge_limit, discharge_limit)
        if net == 0.0 == spare and least <= 0.0 <= most:  # the battery alone: the short way to the same pieces
            stages.append(
                Stage(
                    0.0,
                    (((sell - wear) * per_kwh_out - tie, -least * out_wh_per_w),) if least else (),
                    (((buy + wear) * per_kwh_in + tie, most * in_wh_per_w),) if most else (),
                )
            )
            continue
        rest = 0.0 if least <= 0.0 <= most else least if least > 0.0 else most
        steps = marginal_prices(buy, sell, spare, imports, exports)
        stages.append(
            Stage(
                rest * (in_wh_per_w if rest > 0.0 else out_wh_per_w),
                tuple(
                    ((price - wear) * per_kwh_out - tie, span * out_wh_per_w)
                    for price, span in _downwards(steps, net + rest, net + least)
                ),
                tuple(
                    ((price + wear) * per_kwh_in + tie, span * in_wh_per_w)
                    for price, span in _upwards(steps, net + rest, net + most)
                ),
            )
        )
    return stages


def charging_stages(need: ChargingNeed, horizon: Horizon) -> list[Stage]:
    """One stage per slot for an EV: x >= 0, and x = 0 by a skip where the power has a minimum.

    The import limit caps the charging; what load and PV do to the limits by themselves is not the EV's to mend. The
    direct phase, as fast as possible from the first slot on, takes the skip away and raises the minimum.
    """
    wh_per_w, per_kwh = horizon.slot_h * need.efficiency, 1.0 / need.efficiency
    limits = per_slot("max_power_w", need.max_power_w, len(horizon))
    tie, direct = tie_of(horizon), need.direct_wh
    stages = [Stage(0.0, (), ())] * len(horizon)
    for slot in range(need.available_from, need.deadline):
        net, imports = horizon.load_w[slot] - horizon.pv_w[slot], horizon.import_limit_w[slot]
        most, least = min(limits[slot], imports - net), need.min_power_w
        if most <= 0.0 or most < least:
            continue
        may_skip = direct <= 0.0 < least
        if direct > 0.0:
            least = min(most, max(least, direct / wh_per_w))
            direct -= least * wh_per_w
        spare = horizon.pv_w[slot] if horizon.curtailable else 0.0
        steps = marginal_prices(horizon.buy[slot], horizon.sell[slot], spare, imports, horizon.export_limit_w[slot])
        stages[slot] = Stage(
            rest=least * wh_per_w,
            down=(),
            up=tuple(
                (price * per_kwh + tie, span * wh_per_w) for price, span in _upwards(steps, net + least, net + most)
            ),
            rest_cost=sum(
                (price * per_kwh + tie) * span * wh_per_w for price, span in _upwards(steps, net, net + least)
            ),
            may_skip=may_skip,
        )
    return stages


def marginal_prices(buy: float, sell: float, spare_w: float, import_limit_w: float, export_limit_w: float) -> Steps:
    """The price per kWh of one W more of net power, when up to `spare_w` of PV is turned down wherever that pays.

    Let g be the exchange, n the net power before curtailment, n <= g <= n + spare, and phi(g) the bill. PV is turned
    down to avoid exporting at a negative price (until g = 0), to import more at a negative price (until the limit),
    or because the export limit asks for it.
    """
    if not spare_w:
        return ((math.inf, buy),) if buy == sell else ((0.0, sell), (math.inf, buy))
    if buy >= 0.0 and sell >= 0.0:
        return ((-export_limit_w, 0.0), (0.0, sell), (math.inf, buy))
    if buy >= 0.0:
        return ((-spare_w, sell), (0.0, 0.0), (math.inf, buy))
    if sell < 0.0:
        return ((-spare_w, sell), (import_limit_w - spare_w, buy), (math.inf, 0.0))
    # Selling earns and buying earns: either all PV is sold or as much as possible turned down, whichever is better.
    # phi(kept) - phi(turned) rises with n from <= 0 to >= 0 at n = 0, so the two lines cross once.
    ends = sorted({-spare_w, 0.0, *(end for end in (-export_limit_w, import_limit_w - spare_w) if -spare_w < end < 0)})

    def excess(net: float) -> float:
        return sell * max(net, -export_limit_w) - buy * min(net + spare_w, import_limit_w)

    crossing = 0.0
    for start, end in itertools.pairwise(ends):
        if excess(end) >= 0.0:
            low, high = excess(start), excess(end)
            crossing = start if low >= 0.0 else start + (end - start) * low / (low - high)
            break
    kept = [(min(end, crossing), price) for end, price in ((-export_limit_w, 0.0), (0.0, sell))]
    turned = [(end, price) for end, price in ((import_limit_w - spare_w, buy), (math.inf, 0.0)) if end > crossing]
    return (*kept, *turned)


def exchange(horizon: Horizon, slot: int, net_w: float) -> float:
    """The grid exchange (W, + import) that is cheapest for a net power, with the least PV turned down."""
    spare = horizon.pv_w[slot] if horizon.curtailable else 0.0
    if not spare:
        return net_w
    kept = min(max(net_w, -horizon.export_limit_w[slot]), net_w + spare)
    turned = max(kept, min(net_w + spare, horizon.import_limit_w[slot]))
    options = [kept, 0.0, turned] if kept < 0.0 < turned else [kept, turned]
    return min(options, key=lambda g: g * (horizon.buy[slot] if g > 0.0 else horizon.sell[slot]))


def _upwards(steps: Steps, start: float, end: float) -> Iterator[tuple[float, float]]:
    """(price, span in W) of the steps from `start` up to `end`."""
    for limit, price in steps:
        if limit > start and end > start:
            yield price, min(limit, end) - start
            start = min(limit, end)


def _downwards(steps: Steps, start: float, end: float) -> Iterator[tuple[float, float]]:
    """(price, span in W) of the steps from `start` down to `end`."""
    floors = [-math.inf, *(limit for limit, _ in steps)]
    for floor, (_, price) in zip(reversed(floors[:-1]), reversed(steps), strict=True):
        if floor < start and end < start:
            yield price, start - max(floor, end)
            start = max(floor, end)


def _refuse(slot: int, least: float, most: float, charge_limit: float, discharge_limit: float) -> None:
    """Say which of the two directions it is whose limit cannot be kept."""
    if most < -discharge_limit:
        raise GridLimitExceeded(slot, -discharge_limit - most, "import")
    if least > charge_limit:
        raise GridLimitExceeded(slot, least - charge_limit, "export")
    raise GridLimitExceeded(slot, least - most, "the exchange in both directions")
