"""Timestamps of events: read leniently, and within the years for which there are prices."""

from __future__ import annotations

from datetime import UTC, datetime

from mockserver.http.errors import Unprocessable
from mockserver.http.parameters import instant

FIRST, LAST = datetime(2018, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
"""Prices are held from 2018 on: fact sheet of the Stekker API, 7.3."""


def moment(text: str, field: str) -> datetime:
    """An RFC 3339 timestamp, to the microsecond, in UTC; Unprocessable, naming the field, for one that cannot be."""
    try:
        at = instant(text)
    except ValueError:
        raise Unprocessable(f"{text[:60]} is not a time that the calendar has", field) from None
    if not FIRST <= at < LAST:
        raise Unprocessable(f"{text[:60]} is outside {FIRST:%Y} to {LAST:%Y}", field)
    return at
