"""Hours of the week in which a tariff has other prices.

Source: fact sheet of the Dynamo API, 2.10, which only says that there are such; how they are written is our choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mockserver.domain.billing.conditions import DAY_MINUTES, DAYS, Window

_WEEK_MINUTES = len(DAYS) * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """A window that begins on some days of the week, 0 for Monday."""

    weekdays: frozenset[int]
    window: Window

    def __contains__(self, local: datetime) -> bool:
        """Whether an instant, by the local clocks, is within."""
        minute = local.weekday() * DAY_MINUTES + local.hour * 60 + local.minute
        return any((minute - begin) % _WEEK_MINUTES < self._length for begin in self._begins())

    def shared_day(self, other: WeeklyHours) -> int | None:
        """The first day whose hours have some in common with the other's, or None."""
        for begin in self._begins():
            for theirs in other._begins():
                begins_within = (theirs - begin) % _WEEK_MINUTES < self._length
                if begins_within or (begin - theirs) % _WEEK_MINUTES < other._length:
                    return begin // DAY_MINUTES
        return None

    def _begins(self) -> Iterator[int]:
        return (day * DAY_MINUTES + self.window.start_minute for day in sorted(self.weekdays))

    @property
    def _length(self) -> int:
        return (self.window.end_minute - self.window.start_minute) % DAY_MINUTES or DAY_MINUTES
