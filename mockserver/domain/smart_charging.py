"""Smart charging of one session: from what a driver wants and what power costs to limits over time.

    direct phase   at once and whatever the price, until `direct_wh` are in
    smart phase    the rest in the cheapest periods before departure, the earliest of equal ones
    too late       full power until departure

Source: fact sheet of the Stekker API, section 5, and its mock planner. The choice of periods is `plan_ready_by`'s;
within a period a car charges at full power or not at all, as cars do, for as long as its share of energy takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fixtures.days import HOUR_S, QUARTER_HOUR_S
from mockserver.domain.planner import ChargingNeed, Market, plan_ready_by

SLOT_S = QUARTER_HOUR_S
MIN_CURRENT_A, PHASE_VOLTAGE_V = 6, 230
"""Below 6 A a car does not charge (IEC 61851-1); a charger that never gives as much is taken at its word."""
DIFFERENCE_S = 60
"""Plans that agree for all but so many seconds are the same plan."""


class Period(NamedTuple):
    """At most `limit_w` from `start_s` (Unix seconds) until the next period."""

    start_s: int
    limit_w: int


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a driver wants of every session; defaults: fact sheet of the Stekker API, section 5."""

    battery_wh: int = 60_000
    arrival_soc_percent: float = 30.0
    """Assumed where the car does not tell."""
    direct_percent: float = 20.0
    """Share of the battery that is charged at once."""
    target_percent: float = 90.0
    departure: time = time(8, 0)
    """Local."""

    @property
    def target_wh(self) -> float:
        """Energy from the assumed arrival to the target."""
        return max(self.target_percent - self.arrival_soc_percent, 0.0) / 100.0 * self.battery_wh

    @property
    def direct_wh(self) -> float:
        """Energy that is charged at once."""
        return min(self.direct_percent / 100.0 * self.battery_wh, self.target_wh)

    def departure_after(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first departure after an aware instant."""
        local = at.astimezone(zone)
        for days in range(3):  # a clock change may skip one
            day = local.date() + timedelta(days=days)
            departure = datetime.combine(day, self.departure, zone).astimezone(at.tzinfo)
            if departure > at:
                return departure
        raise AssertionError("every third day has a departure")


@dataclass(frozen=True, slots=True)
class Need:
    """What a session still needs from `at_s` on: energy in Wh, `direct_wh` of it at once, by `departure_s`.

    `drawn_w` is the power that the vehicle has been seen to draw when it might have drawn more.
    """

    at_s: int
    departure_s: int
    energy_wh: float
    direct_wh: float
    max_power_w: int
    phases: int
    drawn_w: float | None = None

    @property
    def slots(self) -> range:
        """The slots from now to departure, of which the first and the last may be cut."""
        return range(self.at_s - self.at_s % SLOT_S, self.departure_s, SLOT_S)


def periods(need: Need, price_at: Callable[[int], float], room_w: Callable[[int], int] | None = None) -> list[Period]:
    """The limits from `at_s` on, the last one 0, neighbours never equal.

    `price_at` gives the price of the slot that starts at an instant, in any unit; `room_w` the power that the site
    leaves in it.
    """
    slots = need.slots
    if not slots or need.energy_wh < 1.0:
        return [Period(need.at_s, 0)]
    least_w = min(MIN_CURRENT_A * PHASE_VOLTAGE_V * need.phases, need.max_power_w)
    limits_w = [min(need.max_power_w, room_w(start) if room_w else need.max_power_w) for start in slots]
    limits_w = [limit if limit >= least_w else 0 for limit in limits_w]
    drawn_w = [min(limit, need.drawn_w or limit) for limit in limits_w]
    spans = [(max(start, need.at_s), min(start + SLOT_S, need.departure_s)) for start in slots]
    plan = plan_ready_by(
        ChargingNeed(
            energy_wh=need.energy_wh,
            direct_wh=min(need.direct_wh, need.energy_wh),
            deadline=len(slots),
            max_power_w=[power * (end - start) / SLOT_S for power, (start, end) in zip(drawn_w, spans, strict=True)],
        ),
        Market(buy_per_kwh=[price_at(start) for start in slots]),
        slot_s=SLOT_S,
    )
    on_s = [
        min(round(mean_w * SLOT_S / power), end - start) if power else 0
        for mean_w, power, (start, end) in zip(plan.power_w, drawn_w, spans, strict=True)
    ]
    return _merged(spans, limits_w, on_s, need.departure_s)


def _merged(spans: Sequence[tuple[int, int]], limits_w: Sequence[int], on_s: Sequence[int], end_s: int) -> list[Period]:
    """One period per stretch of equal limits; part of a slot joins the charging after it, else begins the slot."""
    steps: list[Period] = []
    for index, ((start, end), limit_w, seconds) in enumerate(zip(spans, limits_w, on_s, strict=True)):
        if seconds == 0:
            steps.append(Period(start, 0))
            continue
        before_on = bool(steps) and steps[-1].limit_w > 0
        after_on = index + 1 < len(spans) and on_s[index + 1] > 0
        if seconds < end - start and after_on and not before_on and index:
            steps += [Period(start, 0), Period(end - seconds, limit_w)]
        else:
            steps.append(Period(start, limit_w))
            if seconds < end - start:
                steps.append(Period(start + seconds, 0))
    steps.append(Period(end_s, 0))
    return [steps[0], *(step for before, step in pairwise(steps) if step.limit_w != before.limit_w)]


def limit_at(plan: Sequence[Period], at_s: int) -> int:
    """The limit that a plan sets at an instant, W; 0 before it begins."""
    limit_w = 0
    for period in plan:
        if period.start_s > at_s:
            break
        limit_w = period.limit_w
    return limit_w


def planned_wh(plan: Sequence[Period], start_s: int, end_s: int, drawn_w: float | None = None) -> float:
    """The energy of a plan in [start_s, end_s), Wh, if all that it allows is drawn, or at most `drawn_w`."""
    total = 0.0
    for period, following in zip(plan, [*plan[1:], Period(end_s, 0)], strict=True):
        seconds = min(following.start_s, end_s) - max(period.start_s, start_s)
        total += min(period.limit_w, drawn_w or period.limit_w) * max(seconds, 0)
    return total / HOUR_S


def is_other(before: Sequence[Period], after: Sequence[Period], tolerance_s: int = DIFFERENCE_S) -> bool:
    """Whether a plan sets other limits than the one before, from its beginning on, for more than `tolerance_s`."""
    begin = after[0].start_s
    edges = sorted({begin, *(period.start_s for period in (*before, *after) if period.start_s > begin)})
    if limit_at(before, edges[-1]) != limit_at(after, edges[-1]):
        return True
    differing_s = sum(
        end - start for start, end in pairwise(edges) if limit_at(before, start) != limit_at(after, start)
    )
    return differing_s > tolerance_s
