"""The invoices of an organization: what the sessions that ended in a month cost, by the calendar of its time zone.

A month that is over is added up as a whole, which takes about a second, when somebody looks at its invoice, and kept
by all that it depends on: where the organization operates, what its clients did to prices, sessions and connectors, and
the codes that drivers entered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

from fixtures.days import DAY_S, midnight, unix_s
from fixtures.rng import unit
from fixtures.visits import MEMORY_D
from mockserver import ids
from mockserver.apis.dynamo.price_book import PriceBook, changes_of
from mockserver.apis.dynamo.price_registry import REDEMPTIONS
from mockserver.apis.dynamo.registry import ORGANIZATIONS, SETTINGS, to_the_second
from mockserver.apis.dynamo.sessions import Premises, sessions
from mockserver.apis.dynamo.stations.connectors import Windows
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.stations.visits import closures, found_free
from mockserver.domain.billing.amounts import ZERO, total
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.http.exchange import Context
from mockserver.store import Value

_MONTHS = 3
"""Invoices are there of so many months: this one, of which there is a draft, and those before."""
_LONGEST_SESSION = timedelta(days=MEMORY_D)
"""No vehicle of the world stays longer."""
_MOMENT = timedelta(microseconds=1)
_ISSUED_AFTER, _PAYABLE_FOR = timedelta(minutes=5), timedelta(days=30)
_PAID_AFTER_D = (2, 45)
"""Some pay late."""


class Sums(NamedTuple):
    """What sessions amount to: without tax but with discounts taken off, and their tax."""

    session_count: int
    subtotal: Decimal
    tax_amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """That of a month, as it is at an aware instant."""

    premises: Premises
    first_day: date
    zone: ZoneInfo
    currency: str
    deeds: bytes
    """What clients did until the month was over, as JSON."""
    at: datetime

    @property
    def id(self) -> str:
        """Its id."""
        return ids.prefixed("bill_", self.premises.seed, self.premises.org_id, str(self.first_day))

    @property
    def number(self) -> str:
        """Its number in the books."""
        return f"{self.premises.org_id.removeprefix('org_')[:4]}-{self.first_day:%Y-%m}"

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return _next_month(self.first_day) - timedelta(days=1)

    @property
    def issued_at(self) -> datetime | None:
        """When it was issued; None for a draft."""
        _, end = _month(self.first_day, self.zone)
        return self._past(end + _ISSUED_AFTER)

    @property
    def due_at(self) -> datetime | None:
        """Until when it is to be paid; None for a draft."""
        return self.issued_at and self.issued_at + _PAYABLE_FOR

    @property
    def paid_at(self) -> datetime | None:
        """When it was paid; None until then."""
        least_s, most_s = (days * DAY_S for days in _PAID_AFTER_D)
        takes_s = least_s + unit(self.premises.seed, "invoice is paid", self.id) * (most_s - least_s)
        return self.issued_at and self._past(self.issued_at + timedelta(seconds=int(takes_s)))

    @property
    def status(self) -> str:
        """Its month still runs, it is paid, it should have been, or it is to be."""
        if self.due_at is None:
            return "draft"
        if self.paid_at is not None:
            return "paid"
        return "overdue" if self.due_at <= self.at else "issued"

    @cached_property
    def sums(self) -> Sums:
        """What the sessions in its currency that have ended by now amount to."""
        start, end = _month(self.first_day, self.zone)
        if end <= self.at:
            found = _sums_of_month(self.premises, start, end, self.deeds)
        else:
            found = _sums(self.premises, start, self.at + _MOMENT, self.deeds)
        return found.get(self.currency, Sums(0, ZERO, ZERO))

    def _past(self, at: datetime) -> datetime | None:
        return at if at <= self.at else None


async def invoices_of(ctx: Context, org_id: str) -> list[Invoice]:
    """Those of an organization, the latest month first; it has none of months before it was there."""
    organization, settings = await ORGANIZATIONS.get(ctx, org_id), await SETTINGS.of(org_id).get(ctx, org_id)
    zone = ZoneInfo(settings["timezone"])
    since = datetime.fromisoformat(organization["created_at"]).astimezone(zone).date()
    first_days = [ctx.at.astimezone(zone).date().replace(day=1)]
    while len(first_days) < _MONTHS:
        first_days.append((first_days[-1] - timedelta(days=1)).replace(day=1))
    changes, transactions = await changes_of(ctx, org_id), await TRANSACTIONS.of(org_id).list(ctx)
    redemptions, closed = await REDEMPTIONS.of(org_id).list(ctx), await closures(ctx, org_id)
    return [
        Invoice(
            premises=Premises(ctx.world, ctx.world.seed, ctx.world.named, org_id),
            first_day=first_day,
            zone=zone,
            currency=settings["currency"],
            deeds=_deeds(*_month(first_day, zone), changes, transactions, redemptions, closed),
            at=ctx.at,
        )
        for first_day in first_days
        if _next_month(first_day) > since
    ]


def _deeds(
    start: datetime,
    end: datetime,
    changes: Sequence[Value],
    transactions: Sequence[Value],
    redemptions: Sequence[Value],
    closed: Mapping[str, Windows],
) -> bytes:
    """What of all that was done matters to a month: nothing that is done later does."""
    first, last = to_the_second(start - _LONGEST_SESSION), to_the_second(end)
    first_s, last_s = unix_s(start - _LONGEST_SESSION), unix_s(end)
    windows = {
        name: [
            [from_s, last_s if to_s is None else min(to_s, last_s)]
            for from_s, to_s in found
            if from_s is not None and from_s < last_s and (to_s is None or first_s < to_s)
        ]
        for name, found in closed.items()
    }
    return orjson.dumps(
        [
            [each for each in changes if datetime.fromisoformat(each["at"]) < end],
            [each for each in transactions if each["stopped_at"] is not None and first <= each["stopped_at"] < last],
            [each for each in redemptions if datetime.fromisoformat(each["entered_at"]) < end],
            {name: found for name, found in windows.items() if found},
        ]
    )


def _sums(premises: Premises, start: datetime, end: datetime, deeds: bytes) -> Mapping[str, Sums]:
    """What the sessions that ended in [start, end) amount to, with all that was done, by currency."""
    changes, transactions, redemptions, closed = orjson.loads(deeds)
    found = sessions(
        premises.world,
        premises.org_id,
        end,
        since=start - _LONGEST_SESSION,
        transactions=transactions,
        redemptions=redemptions,
        came=found_free(closed),
        book=PriceBook.shared(premises.seed, premises.org_id, changes),
    )
    bills = defaultdict[str, list[CostBreakdown]](list)
    for session in found:
        if session.ended_at is not None and start <= session.ended_at < end:
            bills[session.bill.currency].append(session.bill)
    return {
        currency: Sums(
            len(each),
            total(bill.subtotal - bill.discount_total for bill in each),
            total(bill.tax_amount for bill in each),
        )
        for currency, each in bills.items()
    }


_sums_of_month = lru_cache(maxsize=64)(_sums)


def _month(first_day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a month begins and when the next one does."""
    return midnight(zone, first_day), midnight(zone, _next_month(first_day))


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
