"""What a sensor will measure, from what it measured at the same time of recent days.

    expected = sum(w v) / sum(w)                      v: mean power of the same local quarter-hour of a day of history
    w        = 0.9^days between x (1 for the same kind of day, else 0.2)      kinds: Monday to Friday, Saturday, Sunday
    margin   = 1.2816 sqrt(sum(w (v - expected)^2) / sum(w) + (expected / 10)^2)          80 % of a normal distribution

Weights, kinds and the tenth are own. What was never negative is not expected to be; the sun does not shine at night.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from fixtures.days import DAY_S
from fixtures.forecasts import DECILE, Forecast, within
from fixtures.power import SLOT_S
from fixtures.solar import Plant, clear_sky_of_day

HISTORY_D = 28
"""How far back it looks, in days."""
LEAST_HISTORY_S = DAY_S
_FADING, _OTHER_KIND, _LEAST_MARGIN = 0.9, 0.2, 0.1

_History = dict[int, list[tuple[int, int, float]]]  # by minute of the local day: day, its kind, kW


class SensorForecast:
    """The forecasts of one sensor: mean powers in kW with the bounds that hold them eight times out of ten."""

    def __init__(self, history: Mapping[int, float], zone: ZoneInfo, dark: Darkness | None = None) -> None:
        """`history`: mean kW of quarter-hours by their start, not empty; with `dark` it is the sun that is measured."""
        self._zone = zone
        self._dark = dark
        self._low = 0.0 if dark is not None or min(history.values()) >= 0.0 else -math.inf
        self._days: _History = {}
        for start_s, power_kw in history.items():
            day, kind, minute = self._local(start_s)
            self._days.setdefault(minute, []).append((day, kind, power_kw))
        self._all = [each for values in self._days.values() for each in values]

    def periods(self, slots: range) -> list[Forecast]:
        """The forecast of each slot of a range of slot starts; the step divides a quarter-hour, or the reverse."""
        if slots.step <= SLOT_S:
            return [self._quarter(start_s // SLOT_S * SLOT_S, slots.step) for start_s in slots]
        quarters = slots.step // SLOT_S
        found = []
        for start_s in slots:
            parts = [self._quarter(start_s + number * SLOT_S, SLOT_S) for number in range(quarters)]
            found.append(Forecast(*(math.fsum(values) / quarters for values in zip(*parts, strict=True))))
        return found

    def _quarter(self, start_s: int, step_s: int) -> Forecast:
        if self._dark is not None and self._dark.covers(start_s, step_s):
            return Forecast(0.0, 0.0, 0.0)
        day, kind, minute = self._local(start_s)
        weighted = [
            (_FADING ** abs(day - other) * (1.0 if kind == other_kind else _OTHER_KIND), value)
            for other, other_kind, value in self._days.get(minute, self._all)
        ]
        total = math.fsum(weight for weight, _ in weighted)
        expected = math.fsum(weight * value for weight, value in weighted) / total
        spread = math.fsum(weight * (value - expected) ** 2 for weight, value in weighted) / total
        margin = DECILE * math.sqrt(spread + (_LEAST_MARGIN * expected) ** 2)
        return within(expected, margin, self._low, math.inf)

    def _local(self, start_s: int) -> tuple[int, int, int]:
        """The day, the kind of day and the minute of the day of an instant, by the clocks of the place."""
        local = datetime.fromtimestamp(start_s, self._zone)
        day = local.toordinal()
        return day, max(local.weekday(), 4), local.hour * 60 + local.minute


class Darkness:
    """When the sun is below the horizon of a place."""

    def __init__(self, latitude: float, longitude: float) -> None:
        """Degrees north and east."""
        self._panel = Plant(name="", region="", latitude=latitude, longitude=longitude, peak_w=1)

    def covers(self, quarter_s: int, step_s: int) -> bool:
        """True when a quarter-hour is dark; for shorter slots also when a neighbour is, as the sun rises within one."""
        around = (quarter_s,) if step_s >= SLOT_S else (quarter_s - SLOT_S, quarter_s, quarter_s + SLOT_S)
        return any(self._is_dark(start_s) for start_s in around)

    def _is_dark(self, quarter_s: int) -> bool:
        day, second = divmod(quarter_s, DAY_S)
        return clear_sky_of_day(self._panel, day)[second // SLOT_S] == 0.0


def total(parts: Sequence[Sequence[float]], count: int) -> list[float]:
    """The sum of several series of `count` values each."""
    return [math.fsum(values) for values in zip(*parts, strict=True)] if parts else [0.0] * count
