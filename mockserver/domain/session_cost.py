"""What the energy of a session costs at bare market prices, from readings of a cumulative register.

    cost = sum over market periods of energy_kwh(period) * price_per_mwh(period) / 1000

The register rises evenly between two readings, so a period's energy is the difference of the register interpolated at
its borders. A period is what was auctioned as one on its day (`World.auction_prices`): an hour on the continent until
2025-09-30, a quarter-hour from then on. All arithmetic is exact until the cost is rounded, once, to four decimals, half
to even: that favours neither the buyer nor the seller, whichever sign a price has.
Source: fact sheet of the Stekker API, 7.3; periods and rounding are our choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from fixtures.days import unix_us, utc_of_us
from mockserver.domain.series import Slot

DECIMALS = 4
_WH_PER_MWH = 1_000_000


class Reading(NamedTuple):
    """What a cumulative register shows, in exact Wh, at an instant in Unix microseconds."""

    at_us: int
    register_wh: int | Decimal | Fraction


@dataclass(frozen=True, slots=True)
class Cdr:
    """What a session cost: times in UTC, the amount in `currency` (ISO 4217) without VAT."""

    id: str
    currency: str
    started_at: datetime
    ended_at: datetime
    last_updated_at: datetime
    cost_excl_vat: Decimal


class BadReading(ValueError):
    """A reading that cannot follow the one before it; the message says why, without a subject."""

    def __init__(self, index: int, *, is_time: bool, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.is_time = is_time
        """Whether it is the time that is wrong, and not the register."""


class UnsettledPeriod(ValueError):
    """A market period without a settled price, which a session can therefore not be priced in."""

    def __init__(self, start: datetime) -> None:
        super().__init__(f"the market period from {start.isoformat()} has no settled price yet")
        self.start = start


def session_cost(readings: Sequence[Reading], periods: Iterable[Slot[Decimal | None]]) -> Decimal:
    """The cost between the first reading and the last, in currency units with four decimals.

    `periods` are market periods in order and without gaps, from the one of the first reading on, with prices per MWh;
    those beyond the last reading are not looked at. Raises `BadReading`; and `UnsettledPeriod` for the first period
    that readings reach into and that has no price, whether energy flowed in it or not.
    """
    return Decimal(round(exact_cost(readings, periods) * 10**DECIMALS)).scaleb(-DECIMALS)


def exact_cost(readings: Sequence[Reading], periods: Iterable[Slot[Decimal | None]]) -> Fraction:
    """The same before it is rounded."""
    check_order(readings)
    remaining = iter(periods)
    period: Slot[Decimal | None] | None = None
    end_us, price, total = 0, Fraction(0), Fraction(0)
    for before, after in pairwise(readings):
        weight, at_us = Fraction(0), before.at_us  # weight: of the time between readings, each microsecond its price
        while at_us < after.at_us:
            while period is None or end_us <= at_us:
                period = next(remaining, None)
                if period is None:
                    raise ValueError(f"no market period covers {utc_of_us(at_us).isoformat()}")
                end_us, price = unix_us(period.end), Fraction(period.value or 0)
            if period.value is None:
                raise UnsettledPeriod(period.start)
            until_us = min(end_us, after.at_us)
            weight += (until_us - at_us) * price
            at_us = until_us
        if weight:
            total += (Fraction(after.register_wh) - Fraction(before.register_wh)) * weight / (at_us - before.at_us)
    return total / _WH_PER_MWH


def check_order(readings: Iterable[Reading]) -> None:
    """`BadReading` for the first reading that goes back in time or energy, or contradicts the one before it.

    Two readings of one instant that agree are one reading reported twice, as a meter's last value often is.
    """
    for index, (before, after) in enumerate(pairwise(readings), start=1):
        if after.at_us < before.at_us:
            raise BadReading(index, is_time=True, message="is before the time of the reading before it")
        if after.register_wh < before.register_wh:
            raise BadReading(index, is_time=False, message="is less than the reading before it")
        if after.at_us == before.at_us and after.register_wh != before.register_wh:
            raise BadReading(index, is_time=True, message="is the time of the reading before it, which shows less")
