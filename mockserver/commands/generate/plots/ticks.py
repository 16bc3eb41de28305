"""Marks of the time axis: even steps on the local clock, as many as have room, each label said once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from fixtures.days import DAY_S, HOUR_S, unix_s
from mockserver.commands.generate.window import Window

_MOST_SHORT, _MOST_LONG = 13, 9  # labels like 12:00 or Mar; labels like Sun 29 Mar
_MINUTE_S = 60
_OF_DAY_S = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE_S for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * HOUR_S for hours in (1, 2, 3, 4, 6, 12)),
)
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 2, 3, 6, *(years * 12 for years in (1, 2, 5, 10, 20, 50)))
_MONTH_S = 2_629_746  # a twelfth of the mean Gregorian year
_OFFSETS_S = 900  # what offsets of time zones differ by when clocks change
_TOO_NEAR = 0.8  # of a step


def ticks(window: Window) -> list[tuple[int, str]]:
    """Unix seconds in the window, both ends included, with what is written there; at least one."""
    found: list[tuple[int, str]] = []
    step_s, candidates = _candidates(window)
    for at_s, label in candidates:
        # When clocks change, two marks can come too near to each other to be read.
        if window.start_s <= at_s <= window.end_s and (not found or at_s - found[-1][0] >= step_s * _TOO_NEAR):
            found.append((at_s, label))
    return found or [(window.start_s, f"{window.start.astimezone(window.zone):%H:%M}")]


def _candidates(window: Window) -> tuple[int, Iterator[tuple[int, str]]]:
    """The seconds from one mark to the next, and marks somewhat beyond the window."""
    for step_s in _OF_DAY_S:
        if window.length_s <= step_s * _MOST_SHORT:
            return step_s, _times(window, step_s)
    for step in _DAYS:
        if window.length_s <= step * DAY_S * _MOST_LONG:
            return step * DAY_S, _dates(window, step)
    months = next((step for step in _MONTHS if window.length_s <= step * _MONTH_S * _MOST_SHORT), _MONTHS[-1])
    return months * _MONTH_S, _firsts(window, months)


def _times(window: Window, step_s: int) -> Iterator[tuple[int, str]]:
    """Where the clock on the wall shows a multiple of the step."""
    grid_s = math.gcd(step_s, _OFFSETS_S)
    offset_s = int((window.start.astimezone(window.zone).utcoffset() or timedelta()).total_seconds())
    first_s = -(-(window.start_s + offset_s) // grid_s) * grid_s - offset_s
    for at_s in range(first_s, window.end_s + 1, grid_s):
        wall = datetime.fromtimestamp(at_s, UTC).astimezone(window.zone)
        of_day_s = (wall.hour * 60 + wall.minute) * _MINUTE_S + wall.second
        if of_day_s % step_s == 0:
            midnight = of_day_s == 0 and step_s >= _MINUTE_S
            yield (
                at_s,
                f"{wall:%a %d %b}" if midnight else f"{wall:%H:%M:%S}" if step_s < _MINUTE_S else f"{wall:%H:%M}",
            )


def _dates(window: Window, step: int) -> Iterator[tuple[int, str]]:
    """Local midnights, `step` days apart; weeks begin on Mondays."""
    first, last = (at.astimezone(window.zone).toordinal() for at in (window.start, window.end))
    for number in range(first, last + 1):
        if (number - 1) % step == 0:  # day 1 was a Monday
            day = date.fromordinal(number)
            yield _midnight_s(day, window), f"{day:%a %d %b}"


def _firsts(window: Window, step: int) -> Iterator[tuple[int, str]]:
    """The firsts of months, `step` apart; January has the year."""
    first, last = (
        at.year * 12 + at.month - 1 for at in (each.astimezone(window.zone) for each in (window.start, window.end))
    )
    for number in range(-(-first // step) * step, last + 1, step):
        day = date(number // 12, number % 12 + 1, 1)
        yield _midnight_s(day, window), f"{day:%Y}" if day.month == 1 else f"{day:%b}"


def _midnight_s(day: date, window: Window) -> int:
    return unix_s(datetime.combine(day, time(), window.zone))
