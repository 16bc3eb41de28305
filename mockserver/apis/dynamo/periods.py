"""The periods that reports are about, and the buckets of time in them; all UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from fixtures.days import unix_s
from mockserver.apis.dynamo.span import Span
from mockserver.http.errors import FieldError, InvalidRequest

LONGEST_D, LONGEST_BY_HOURS_D = 366, 7
"""A report is about so many days at most; one with a bucket for each hour about fewer."""
_USUAL_D = 30
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """From an aware time to another, both included."""

    start: datetime
    end: datetime

    @classmethod
    def of_days(cls, asked: Mapping[str, date | None], today: date) -> Period:
        """The days `from` to `to`: until today, and from thirty days before, when missing.

        InvalidRequest for ends reversed, and for too many days.
        """
        last = asked["to"] or today
        first = asked["from"] or date.fromordinal(max(1, last.toordinal() - _USUAL_D))
        if first > last and asked["to"] is None:
            raise InvalidRequest([FieldError("query", "from", f"is after today, which is {today}; send to as well")])
        return cls.of_span({"from": str(first), "to": str(last)})

    @classmethod
    def of_span(cls, asked: Mapping[str, str | None], longest_d: int = LONGEST_D) -> Period:
        """See `Span.of`, of which both ends are asked for; InvalidRequest also for too many days."""
        span = Span.of(asked)
        start, end = span.start or datetime.min.replace(tzinfo=UTC), span.end or datetime.max.replace(tzinfo=UTC)
        if end - start >= longest_d * _DAY:
            raise InvalidRequest([FieldError("query", "to", f"is too late: this is about {longest_d} days at most")])
        return cls(start, end)

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at <= self.end

    @property
    def window(self) -> tuple[int, int]:
        """The same in Unix seconds, the end excluded."""
        return unix_s(self.start), unix_s(self.end) + (self.end.microsecond > 0)

    def buckets(self, granularity: str) -> list[datetime]:
        """When those begin that it touches, in order; the first may begin before it does."""
        step = _HOUR if granularity == "hour" else _DAY
        first = bucket(self.start, "hour" if granularity == "hour" else "day")
        every = (first + number * step for number in range((self.end - first) // step + 1))
        return [*dict.fromkeys(bucket(each, granularity) for each in every)]


def bucket(at: datetime, granularity: str) -> datetime:
    """When the hour, day, week (from Monday on) or month of an aware instant begins."""
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if granularity == "hour":
        return hour
    day = hour.replace(hour=0)
    if granularity == "week":
        return day - day.weekday() * _DAY
    return day.replace(day=1) if granularity == "month" else day
