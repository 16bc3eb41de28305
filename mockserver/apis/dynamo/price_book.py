"""What an organization charged at any time, and where: how it was from the start, and each change with its instant.

A session keeps the tariff that held where it began, and is closed by the rules that hold when it ends. Whoever changes
prices says so by `note`; `PriceBook.of(ctx)` then knows all that was said.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from mockserver.apis.dynamo import prices, seed, seed_prices
from mockserver.apis.dynamo.prices import Schedule, UserType
from mockserver.apis.dynamo.registry import resource
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.domain.billing.promotions import Promotion
from mockserver.domain.billing.rules import BillingRule
from mockserver.domain.billing.session_facts import SessionFacts
from mockserver.domain.billing.tariffs import Tariff
from mockserver.http.exchange import Context
from mockserver.http.resources import prefixed
from mockserver.store import Value

_CHANGES = resource(
    name="change of prices",
    plural="changes of prices",
    collection="dynamo.price_changes",
    members={},
    id_form=prefixed("chg_"),
    stamps={"at": True},
)
"""`kind` is the member of an `Edition`, `thing` an id there, and `value` what is there now as JSON; null: nothing.

`at` is in whole seconds as the times of sessions are, so that what begins in the same second goes by it.
"""
_READ: Mapping[str, Callable[[Any], Any]] = {
    "tariffs": prices.tariff,
    "schedules": prices.schedule,
    "rules": prices.rule,
    "user_types": prices.user_type,
    "assigned": str,
    "sites": str,
    "time_zones": ZoneInfo,
}
TIME_ZONE = "organization"
"""The only key of `time_zones`."""
NOWHERE = ""
"""The site of a charge point that stands on none."""


async def note(ctx: Context, kind: str, key: str, value: Any, *, org_id: str | None = None) -> None:
    """Say that something is charged otherwise from now on, by the calling organization or another one."""
    changes = _CHANGES if org_id is None else _CHANGES.of(org_id)
    await changes.create(ctx, body={}, kind=kind, thing=key, value=value)


async def changes_of(ctx: Context, org_id: str) -> Sequence[Value]:
    """What an organization has said so, in the order of its saying; `at` is when."""
    return await _CHANGES.of(org_id).list(ctx)


@dataclass(frozen=True)
class Edition:
    """What is charged from an instant on, each thing by its id."""

    since: datetime
    tariffs: Mapping[str, Tariff]
    rules: Mapping[str, BillingRule]
    time_zones: Mapping[str, ZoneInfo]
    schedules: Mapping[str, Schedule]
    user_types: Mapping[str, UserType]
    assigned: Mapping[str, str]
    """The tariffs of charge points, as far as they have one of their own."""
    sites: Mapping[str, str]
    """Where charge points stand that were moved, or `NOWHERE`."""
    otherwise: str | None
    """The tariff of charge points without one of their own; None where there is none."""

    @property
    def time_zone(self) -> ZoneInfo:
        """Where its hours are meant."""
        return self.time_zones[TIME_ZONE]

    def tariff_id(self, charger_id: str) -> str | None:
        """The tariff of a charge point."""
        return self.assigned.get(charger_id, self.otherwise)

    def site_id(self, charger_id: str, otherwise: str | None) -> str | None:
        """The site of a charge point, of which that is the site if it was never moved."""
        return self.sites.get(charger_id, otherwise) or None

    def tariff(self, charger_id: str, at: datetime) -> Tariff:
        """By what a session is priced that begins there at an aware instant."""
        tariff_id, local = self.tariff_id(charger_id), at.astimezone(self.time_zone)
        assert tariff_id is not None, "a charge point without a tariff"  # noqa: S101  # a defect, not an input
        for schedule in self.schedules.values():
            if schedule.tariff_id == tariff_id and local in schedule.hours:
                return replace(self.tariffs[tariff_id], components=schedule.components)
        return self.tariffs[tariff_id]

    def types_of(self, user_id: str) -> frozenset[str]:
        """The names of the types that a user is of."""
        return frozenset(each.name for each in self.user_types.values() if user_id in each.user_ids)

    def changed(self, change: Value) -> Edition:
        """What is charged from a change on."""
        kind, value = change["kind"], change["value"]
        now = {**getattr(self, kind), change["thing"]: value and _READ[kind](value)}
        kept: dict[str, Any] = {kind: {key: each for key, each in now.items() if each is not None}}
        return replace(self, since=datetime.fromisoformat(change["at"]), **kept)


class PriceBook:
    """The editions of an organization; `changes` in the order of their making."""

    def __init__(self, world_seed: int, org_id: str, changes: Sequence[Value] = ()) -> None:
        self._editions = [_first(world_seed, org_id)]
        for change in changes:
            edition = self._editions[-1].changed(change)
            while self._editions[-1].since > edition.since:  # the clock was set back meanwhile: the last word counts
                self._editions.pop()
            self._editions.append(edition)
        self.bills: dict[tuple[SessionFacts, Promotion | None], CostBreakdown] = {}
        """Of sessions that are over, by the code entered too, as somebody worked them out: no change touches them."""

    @classmethod
    async def of(cls, ctx: Context, org_id: str) -> PriceBook:
        """All that is known by now."""
        return cls.shared(ctx.world.seed, org_id, await changes_of(ctx, org_id))

    @staticmethod
    def shared(world_seed: int, org_id: str, changes: Sequence[Value]) -> PriceBook:
        """One for all who ask between two changes, with the bills that they worked out."""
        return _book(world_seed, org_id, orjson.dumps(changes))

    def at(self, at: datetime) -> Edition:
        """What is charged at an aware instant."""
        return self._editions[bisect_right(self._editions, at, lo=1, key=lambda each: each.since) - 1]

    def changed_at(self, read: Callable[[Edition], Any], at: datetime) -> datetime | None:
        """When what is read of an edition came to be what it is at an aware instant; None: it was so from the start."""
        known = [each for each in self._editions if each.since <= at]
        return next((now.since for before, now in [*pairwise(known)][::-1] if read(now) != read(before)), None)


@lru_cache(maxsize=8)
def _book(world_seed: int, org_id: str, changes: bytes) -> PriceBook:
    return PriceBook(world_seed, org_id, orjson.loads(changes))


@lru_cache(maxsize=8)
def _first(world_seed: int, org_id: str) -> Edition:
    organization = seed.seed_organization(world_seed, org_id)
    tariffs = seed_prices.tariffs_of(world_seed, org_id)
    return Edition(
        since=datetime.min.replace(tzinfo=UTC),
        tariffs={key: prices.tariff(value) for key, value in tariffs.items()},
        rules={key: prices.rule(value) for key, value in seed_prices.rules_of(world_seed, org_id).items()},
        time_zones={TIME_ZONE: ZoneInfo(seed.first_time_zone(organization.country if organization else ""))},
        schedules={},
        user_types={},
        assigned={},
        sites={},
        otherwise=next(iter(tariffs), None),
    )
