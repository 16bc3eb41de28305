"""The range of time that many lists are asked for, by `from` and `to`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from mockserver.http.errors import FieldError, InvalidRequest
from mockserver.http.parameters import instant


@dataclass(frozen=True)
class Span:
    """From an aware time to another, both included; None: open."""

    start: datetime | None
    end: datetime | None

    @classmethod
    def of(cls, asked: Mapping[str, str | None]) -> Span:
        """What `from` and `to` ask for: a bare date is its start or its end, UTC.

        InvalidRequest for what is not in the calendar, and for ends reversed.
        """
        start, end = _instant(asked, "from", time.min), _instant(asked, "to", time.max)
        if start and end and end < start:
            raise InvalidRequest([FieldError("query", "to", "is earlier than from")])
        return cls(start, end)

    def __contains__(self, at: datetime) -> bool:
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


def _instant(asked: Mapping[str, str | None], name: str, of_day: time) -> datetime | None:
    text = asked[name]
    if text is None:
        return None
    try:
        return instant(text) if "T" in text.upper() else datetime.combine(date.fromisoformat(text), of_day, UTC)
    except ValueError:
        raise InvalidRequest([FieldError("query", name, "is not in the calendar")]) from None
