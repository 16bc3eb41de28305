"""The window of time that is asked for: how `--from`, `--to` and `--resolution` are written, and what they mean.

A bare date is the local midnight at which it begins, in the time zone of the subject, and days in a duration are local
calendar days: one of them has 23 or 25 hours when the clocks change.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from fixtures.days import HOUR_S, unix_s

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(?P<fraction>\.\d+)?(?P<zone>Z|[+-]\d{2}:\d{2})?")
_SPAN = re.compile(r"(?P<count>\d{1,6})(?P<unit>[smhdw]?)")
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600}
_UNITS_D = {"d": 1, "w": 7}
_USUAL_STEPS_S = (1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, HOUR_S)
_WOULD_DO = "2026-03-29 (local midnight) or 2026-03-29T00:30:00Z"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: calendar days, or seconds."""

    days: int = 0
    seconds: int = 0

    def after(self, start: datetime, zone: ZoneInfo) -> datetime:
        """The instant, in UTC, this long after an aware one; a day later the clock on the wall shows the same."""
        wall = start.astimezone(zone).replace(tzinfo=None) + timedelta(days=self.days)
        later = wall.replace(tzinfo=zone).astimezone(UTC) if self.days else start.astimezone(UTC)
        return later + timedelta(seconds=self.seconds)


Edge = date | Span
"""An end of the window as it was written; a `datetime` is a `date` too, and aware."""


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open time [start, end), both aware, in UTC and on whole seconds; `zone` is the subject's."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def start_s(self) -> int:
        """The start in Unix seconds."""
        return unix_s(self.start)

    @property
    def end_s(self) -> int:
        """The end in Unix seconds, which is not in the window."""
        return unix_s(self.end)

    @property
    def length_s(self) -> int:
        """Seconds from start to end."""
        return self.end_s - self.start_s

    def slots(self, step_s: int) -> range:
        """The starts, in Unix seconds, of the slots of `step_s` that begin in the window; they stand on whole steps."""
        return range(-(-self.start_s // step_s) * step_s, self.end_s, step_s)

    @classmethod
    def between(cls, start: Edge, end: Edge | None, zone: ZoneInfo) -> Window:
        """The window of `--from` and `--to`; without an end one day. BadParameter says which of them is wrong."""
        first = instant(start, zone, "--from")
        last = instant(Span(days=1) if end is None else end, zone, "--to", first)
        if last <= first:
            said = f"{_shown(last)} is not after --from, {_shown(first)}: the window [from, to) would be empty"
            raise click.BadParameter(f"{said}. For one day leave --to out, or write --to 1d.", param_hint="'--to'")
        return cls(first, last, zone)


def instant(edge: Edge, zone: ZoneInfo, option: str, start: datetime | None = None) -> datetime:
    """The instant, in UTC, that was written, a span after `start`; BadParameter for `option` outside 1970 to 2200."""
    at: datetime | None
    try:
        if isinstance(edge, Span):
            if start is None:
                raise click.BadParameter(f"a duration has no beginning: write {_WOULD_DO}", param_hint=f"'{option}'")
            at = edge.after(start, zone)
        elif isinstance(edge, datetime):
            at = edge.astimezone(UTC)
        else:
            at = datetime.combine(edge, time(), zone).astimezone(UTC)
    except OverflowError:
        at = None
    if at is None or not _FIRST <= at <= _LAST:
        raise click.BadParameter("only 1970-01-01 to 2200-01-01 can be had", param_hint=f"'{option}'")
    return at


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def moment(text: str) -> Edge:
    """A date, or an RFC 3339 time with its offset, as an option has it; BadParameter says what would do."""
    return _edge(text, _WOULD_DO)


def moment_or_span(text: str) -> Edge:
    """The same, or a duration like 7d or 24h."""
    if (span := _SPAN.fullmatch(text.strip())) and span["unit"]:
        count, unit = int(span["count"]), span["unit"]
        return Span(days=count * _UNITS_D[unit]) if unit in _UNITS_D else Span(seconds=count * _UNITS_S[unit])
    return _edge(text, f"{_WOULD_DO}, or a duration like 7d or 24h")


def _edge(text: str, would_do: str) -> Edge:
    upper = text.strip().upper()
    try:
        if _DATE.fullmatch(upper):
            return date.fromisoformat(upper)
        if found := _TIME.fullmatch(upper):
            if not found["zone"]:
                raise click.BadParameter(f"{text!r} has no time zone: write {upper}Z, or an offset like +02:00")
            if found["fraction"]:
                raise click.BadParameter(f"{text!r} has a fraction of a second: write whole seconds")
            return datetime.fromisoformat(upper)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a time, {error}: write {would_do}") from None
    raise click.BadParameter(f"{text!r} is not a time: write {would_do}")


def step_of(smallest_s: int) -> Callable[[object], int]:
    """The type of an option: the length in seconds of slots, `smallest_s` at least, that an hour is cut into evenly."""

    def step(text: object) -> int:
        span = _SPAN.fullmatch(str(text).strip())
        if not span or span["unit"] in _UNITS_D:
            raise click.BadParameter(f"{text!r} is not a duration: write 15m, 1h or 900 (seconds)")
        step_s = int(span["count"]) * _UNITS_S[span["unit"]]
        if step_s < smallest_s or HOUR_S % step_s:
            would_do = ", ".join(written(each) for each in _USUAL_STEPS_S if each >= smallest_s)
            said = f"{text!r} does not cut an hour into slots of {written(smallest_s)} or more"
            raise click.BadParameter(f"{said}: {would_do} would do")
        return step_s

    return step


def written(step_s: int) -> str:
    """A step as it is written on the command line: 1h, 15m, 10s."""
    for unit_s, unit in ((3600, "h"), (60, "m")):
        if step_s % unit_s == 0:
            return f"{step_s // unit_s}{unit}"
    return f"{step_s}s"
