"""Which sessions a billing rule is for: one class per kind of condition, and the names that they go by.

Time of day and day of the week are those of the session's start, by the operator's clocks, so each session has one of
either. Source: fact sheet of the Dynamo API, 2.10; that the start decides, and that both bounds of energy are included,
is our choice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

from mockserver.domain.billing.amounts import InvalidBilling, number
from mockserver.domain.billing.session_facts import SessionFacts

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile("([0-9]{2}):([0-9]{2})[–-]([0-9]{2}):([0-9]{2})")
DAY_MINUTES = 24 * 60


class Condition(Protocol):
    """What can be asked of a session."""

    def holds(self, session: SessionFacts) -> bool:
        """Whether it is so."""


class Window(NamedTuple):
    """Minutes of the local day, from the first up to the last, which is outside; over midnight when that is earlier.

    A window that ends where it starts is the whole day.
    """

    start_minute: int
    end_minute: int

    def __contains__(self, minute: object) -> bool:
        if not isinstance(minute, int):
            return False
        if self.start_minute < self.end_minute:
            return self.start_minute <= minute < self.end_minute
        return minute >= self.start_minute or minute < self.end_minute


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """It started within one of the windows."""

    windows: tuple[Window, ...]

    def holds(self, session: SessionFacts) -> bool:
        """Whether it did, by the operator's clocks."""
        local = session.local_start
        minute = local.hour * 60 + local.minute
        return any(minute in window for window in self.windows)


@dataclass(frozen=True, slots=True)
class DayOfWeek:
    """It started on one of the days, 0 for Monday."""

    weekdays: frozenset[int]

    def holds(self, session: SessionFacts) -> bool:
        """Whether it did, by the operator's calendar."""
        return session.local_start.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class OneOf:
    """Its charger or site, by the name of the fact, is one of those."""

    fact: str
    names: frozenset[str]

    def holds(self, session: SessionFacts) -> bool:
        """Whether it is; a session without that fact is none of them."""
        return getattr(session, self.fact) in self.names


@dataclass(frozen=True, slots=True)
class OfUserType:
    """Its driver is of one of those types."""

    names: frozenset[str]

    def holds(self, session: SessionFacts) -> bool:
        """Whether they are."""
        return not self.names.isdisjoint(session.user_types)


@dataclass(frozen=True, slots=True)
class EnergyRange:
    """Its energy is within the bounds, in kWh, bounds included; None: unbounded."""

    least_kwh: Decimal | None = None
    most_kwh: Decimal | None = None

    def holds(self, session: SessionFacts) -> bool:
        """Whether it is."""
        return (self.least_kwh is None or session.energy_kwh >= self.least_kwh) and (
            self.most_kwh is None or session.energy_kwh <= self.most_kwh
        )


def condition(kind: str, value: object) -> Condition:
    """The condition of that type and value, as JSON has them; InvalidBilling says what is wrong with either.

    An object keyed by type, the billing guide's shape, is one condition for each of its members.
    """
    if kind not in CONDITIONS:
        raise InvalidBilling(f"condition type is {kind!r}; it must be one of {', '.join(CONDITIONS)}")
    return CONDITIONS[kind](kind, value)


def _time_of_day(kind: str, value: object) -> Condition:
    return TimeOfDay(tuple(window(text) for text in _texts(kind, value)))


def window(text: str) -> Window:
    """The window that a text such as `22:00–06:00` says; InvalidBilling for another text."""
    match = _WINDOW.fullmatch(text)
    if match:
        from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
        start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
        if max(from_minute, to_minute) < 60 and start < DAY_MINUTES and end <= DAY_MINUTES:
            return Window(start, end)
    raise InvalidBilling(f"time_of_day is {text!r}; it must be HH:MM–HH:MM, such as 22:00–06:00")


def _day_of_week(kind: str, value: object) -> Condition:
    names = _texts(kind, value)
    for name in names:
        if name not in DAYS:
            raise InvalidBilling(f"day_of_week has {name!r}; a day is one of {', '.join(DAYS)}")
    return DayOfWeek(frozenset(map(DAYS.index, names)))


def _one_of(kind: str, value: object) -> Condition:
    return OneOf(kind, frozenset(_texts(kind, value)))


def _texts(kind: str, value: object) -> list[str]:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise InvalidBilling(f"{kind} is {value!r}; it must be a string or a list of strings, none of them empty")
    return list(texts)


CONDITIONS: Mapping[str, Callable[[str, object], Condition]] = {
    "time_of_day": _time_of_day,
    "day_of_week": _day_of_week,
    "user_type": lambda kind, value: OfUserType(frozenset(_texts(kind, value))),
    "charger_id": _one_of,
    "site_id": _one_of,
    "min_energy_kwh": lambda kind, value: EnergyRange(least_kwh=number(kind, value)),
    "max_energy_kwh": lambda kind, value: EnergyRange(most_kwh=number(kind, value)),
}
