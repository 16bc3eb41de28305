"""Values over time, thinned to what a picture can show: mean and range of each bin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from fixtures.days import DAY_S, HOUR_S, unix_s
from mockserver.commands.generate.window import Window, written

_SHORT_S, _MANY, _FEW = 32 * DAY_S, 3_100, 400
_MINUTE_S = 60
_WIDTHS_S = (
    *(1, 10, 30),
    *(minutes * _MINUTE_S for minutes in (1, 5, 15, 30)),
    *(hours * HOUR_S for hours in (1, 2, 3, 4, 6, 12)),
    *(days * DAY_S for days in (1, 2, 7, 28, 364)),
)


def bin_width_s(window: Window) -> int:
    """The width in seconds, a round one, of the bins of a window: some thousand fine ones for a month or less.

    A longer window has some hundred, so that one sees the mean between the extremes and not a carpet of lines.
    """
    most = _MANY if window.length_s <= _SHORT_S else _FEW
    return next((each for each in _WIDTHS_S if window.length_s <= each * most), _WIDTHS_S[-1])


@dataclass(slots=True)
class Bin:
    """What was seen in [start_s, end_s), Unix seconds."""

    start_s: int
    end_s: int
    count: int
    total: float
    low: float
    high: float

    @property
    def mean(self) -> float:
        """The mean of the values."""
        return self.total / self.count


class Bins:
    """Values that hold from an instant to another. Those rarer than bins keep their own edges."""

    def __init__(self, window: Window) -> None:
        self._width_s = bin_width_s(window)
        self._bins: dict[int, Bin] = {}
        self.thinned = False

    @property
    def width(self) -> str:
        """The width of a bin, as on the command line."""
        return f"{self._width_s // DAY_S}d" if self._width_s % DAY_S == 0 else written(self._width_s)

    def add(self, start: datetime, end: datetime, value: float | None) -> None:
        """A value that holds in [start, end), which belongs to the bin of its start; None is a gap."""
        if value is None:
            return
        start_s, end_s = unix_s(start), unix_s(end)
        found = self._bins.get(start_s // self._width_s)
        if found is None:
            self._bins[start_s // self._width_s] = Bin(start_s, end_s, 1, value, value, value)
            return
        self.thinned = True
        found.end_s = max(found.end_s, end_s)
        found.count += 1
        found.total += value
        found.low = min(found.low, value)
        found.high = max(found.high, value)

    def __iter__(self) -> Iterator[Bin]:
        return (self._bins[key] for key in sorted(self._bins))

    def __len__(self) -> int:
        return len(self._bins)


@dataclass(frozen=True, slots=True)
class Steps:
    """What matplotlib wants of bins: x in days since 1970, each value up to the next x, NaN in gaps."""

    x: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]

    @classmethod
    def of(cls, bins: Bins) -> Steps:
        """The steps of some bins."""
        steps = cls([], [], [], [])
        found = list(bins)
        for each, following in pairwise([*found, None]):
            assert each is not None  # noqa: S101  # only the last is None
            steps.add(each.start_s, each.mean, each.low, each.high)
            if following is None:
                steps.add(each.end_s, each.mean, each.low, each.high)
            elif each.end_s < following.start_s:
                steps.add(each.end_s, math.nan, math.nan, math.nan)
        return steps

    def add(self, at_s: int, mean: float, low: float, high: float) -> None:
        """One more step."""
        self.x.append(days(at_s))
        self.mean.append(mean)
        self.low.append(low)
        self.high.append(high)


def days(at_s: float) -> float:
    """An instant as matplotlib counts: days since 1970."""
    return at_s / DAY_S
