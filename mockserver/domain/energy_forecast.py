"""How much energy a charging session will take in all, from sessions of the past and what this one has taken so far.

    p(E)      = usual weight, spread as of all sessions, and one bump of weight 1 for each past session; all lognormal
    more(q)   = quantile q of p(E | E > so far) - so far       forecast: q = 1/2, lower and upper: 1/10 and 9/10
    more     *= 1 / 2 ** (idle time / half-life)               once charging has stopped: it may be paused, or done
    more     <= power * time to departure                      observed power; for the upper bound the greatest one

A bump for each session, and not one distribution for all, because one card may top up on weekdays and fill up on
Fridays; the more sessions, the narrower the bumps. When a session has taken more than those of the past, their weight
fades and the usual spread takes over.

Figures: own. That of all sessions is fitted to the sessions of the default world (seeds 1-3, January and February
2026: median 20.0-20.6 kWh, deviation of the logarithm 0.88-0.89).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from fixtures.days import DAY_S, HOUR_S

_USUAL_WEIGHT, _USUAL_MEDIAN_WH, _USUAL_LOG_STD = 0.5, 20_000.0, 0.88
_BUMP_LOG_STD = 0.3  # how far the next session is thought to be from the only one of the past; over sqrt(sessions)
_NOTHING_WH = 100.0  # what takes less was no charging
_IDLE_W = 200.0  # below that a car keeps warm or awake, but does not charge
_IDLE_HALF_LIFE_S = HOUR_S
_OBSERVED_S = 900.0  # power is the mean of so long
_LONGEST_S = 31 * DAY_S  # beyond that, an end is not worth telling
_BISECTIONS = 60


class Basis(StrEnum):
    """What a forecast rests on."""

    HISTORY = "history"
    MEASUREMENTS = "measurements"
    DEFAULT = "default"


class Measurement(NamedTuple):
    """The energy of a session since its start, in Wh, at an aware instant."""

    at: datetime
    energy_wh: float


@dataclass(frozen=True, slots=True)
class SessionSoFar:
    """What is known of a session; measurements are in order of time and never fall, and none is from before the start.

    `max_power_w` is the most that car and connector allow, `departure_at` when the car leaves; None: not known.
    """

    started_at: datetime
    measurements: Sequence[Measurement] = ()
    max_power_w: float | None = None
    departure_at: datetime | None = None

    @property
    def energy_wh(self) -> float:
        """Energy so far; 0 before the first measurement."""
        return self.measurements[-1].energy_wh if self.measurements else 0.0

    @property
    def reached_at(self) -> datetime:
        """When the energy so far was first measured."""
        energy_wh = self.energy_wh
        return next((each.at for each in self._line if each.energy_wh >= energy_wh), self.started_at)

    @property
    def idle_s(self) -> float:
        """For how long nothing has been charged, as of the last measurement; 0 before charging began.

        Before, the car may wait for its hour. That nothing is measured at all is no sign of anything.
        """
        last, idle_s = self._line[-1], 0.0
        if last.energy_wh >= _NOTHING_WH:
            for each in reversed(self._line):
                elapsed_s = (last.at - each.at).total_seconds()
                # A register that counts in tenths of a kWh makes such a step while a car does no more than keep warm.
                if last.energy_wh - each.energy_wh > max(_NOTHING_WH, _IDLE_W * elapsed_s / HOUR_S):
                    break
                idle_s = elapsed_s
        return idle_s

    @property
    def power_w(self) -> float | None:
        """The mean power of the last quarter of an hour that was measured; None when that is no charging."""
        last, energy_wh, elapsed_s = self._line[-1], 0.0, 0.0
        for each in reversed(self._line):
            energy_wh, elapsed_s = last.energy_wh - each.energy_wh, (last.at - each.at).total_seconds()
            if elapsed_s >= _OBSERVED_S:
                break
        power_w = energy_wh * HOUR_S / elapsed_s if elapsed_s else 0.0
        return power_w if power_w >= _IDLE_W else None

    @property
    def _line(self) -> Sequence[Measurement]:
        """The measurements, after what is known without: no energy at the start."""
        return [Measurement(self.started_at, 0.0), *self.measurements]


@dataclass(frozen=True, slots=True)
class EnergyForecast:
    """The energy of a session in all, in Wh: so far <= lower <= expected <= upper."""

    energy_so_far_wh: float
    expected_wh: float
    lower_wh: float
    upper_wh: float
    basis: Basis
    expected_end_at: datetime | None
    """When `expected_wh` is reached, never after the departure; None when no power tells."""


def energy_forecast(session: SessionSoFar, history_wh: Sequence[float], now: datetime) -> EnergyForecast:
    """The forecast, as of an aware instant, of a session whose driver or charge point had sessions of so many Wh.

    A session that is ahead of the clock is looked at from its last measurement.
    """
    so_far_wh = session.energy_wh
    at = max(now, session.started_at, *(each.at for each in session.measurements[-1:]))
    past_wh = [each for each in history_wh if each >= _NOTHING_WH]
    spread = _Spread(past_wh)
    power_w = session.power_w
    if power_w is not None and session.max_power_w is not None:
        power_w = min(power_w, session.max_power_w)
    fading = 0.5 ** (session.idle_s / _IDLE_HALF_LIFE_S)
    likely_wh = _room_wh(session, at, power_w or session.max_power_w)
    possible_wh = _room_wh(session, at, session.max_power_w)
    lower_wh, more_wh, upper_wh = (
        min(fading * (spread.quantile(share, so_far_wh) - so_far_wh), room_wh)
        for share, room_wh in ((0.1, likely_wh), (0.5, likely_wh), (0.9, possible_wh))
    )
    return EnergyForecast(
        energy_so_far_wh=so_far_wh,
        lower_wh=so_far_wh + lower_wh,
        expected_wh=so_far_wh + more_wh,
        upper_wh=so_far_wh + upper_wh,
        basis=_basis(past_wh, so_far_wh),
        expected_end_at=_end(session, at, more_wh, power_w or session.max_power_w),
    )


def _basis(past_wh: Sequence[float], so_far_wh: float) -> Basis:
    if past_wh:
        return Basis.HISTORY
    return Basis.MEASUREMENTS if so_far_wh >= _NOTHING_WH else Basis.DEFAULT


def _room_wh(session: SessionSoFar, at: datetime, power_w: float | None) -> float:
    """What a power can still bring until the departure; infinite where either is not known."""
    if session.departure_at is None:
        return math.inf
    left_s = max((session.departure_at - at).total_seconds(), 0.0)
    return left_s / HOUR_S * (math.inf if power_w is None else power_w) if left_s else 0.0


def _end(session: SessionSoFar, at: datetime, more_wh: float, power_w: float | None) -> datetime | None:
    latest = session.departure_at or datetime.max.replace(tzinfo=UTC)
    if more_wh < 1.0:
        return min(session.reached_at, latest)
    if power_w is None or more_wh * HOUR_S > power_w * _LONGEST_S:
        return None
    charging = timedelta(seconds=round(more_wh / power_w * HOUR_S))
    return at + charging if charging <= latest - at else session.departure_at


class _Spread:
    """p(E) of the module's formula, as weights of bumps by the logarithm of Wh."""

    def __init__(self, past_wh: Sequence[float]) -> None:
        self._bumps = [(_USUAL_WEIGHT, math.log(_USUAL_MEDIAN_WH), _USUAL_LOG_STD)]
        self._bumps += [(1.0, math.log(each), _BUMP_LOG_STD / math.sqrt(len(past_wh))) for each in past_wh]

    def quantile(self, share: float, known_wh: float) -> float:
        """The energy that such a share of sessions does not exceed, among those of more than `known_wh`."""
        low = math.log(max(known_wh, 1.0))
        goal = (1.0 - share) * self._beyond(low)
        high = low + 1.0
        while self._beyond(high) > goal:
            high += 1.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self._beyond(middle) > goal else (low, middle)
        return max(math.exp(high), known_wh)

    def _beyond(self, log_wh: float) -> float:
        """The weight of the sessions that take more."""
        return sum(
            weight * math.erfc((log_wh - mean) / (width * math.sqrt(2.0))) for weight, mean, width in self._bumps
        )
