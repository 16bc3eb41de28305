"""The charging sessions of drivers, which are those of the world: what they are by now, and what they cost.

Who charges at the n-th EVSE of a site does so on the account of the organization's n-th driver. The ids of sessions and
transactions are those of the world behind a prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice

from fixtures.days import DAY_S, unix_s, utc
from fixtures.people import Person, person
from fixtures.rng import unit
from fixtures.sessions import ChargingState, Outcome
from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.prices import promotion
from mockserver.apis.dynamo.seed import SeedOrganization
from mockserver.apis.dynamo.seed_prices import code_of
from mockserver.domain.billing.breakdown import CostBreakdown, DiscountSource, breakdown
from mockserver.domain.billing.promotions import Promotion
from mockserver.domain.billing.session_facts import SessionFacts
from mockserver.domain.sessions import Session, of_evse
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from mockserver.store import Value

HISTORY = timedelta(days=30)
"""Sessions are there that began so long ago at most, in whole days UTC."""
_BLOCK_D = 4
"""They are kept by so many days, UTC, so that those of yesterday need not be found again today."""
_CODE_SHARE = 0.25
"""Of the sessions, those for which a promotional code was used."""
_NONE: Mapping[str, Value] = {}


@dataclass(frozen=True)
class Driver:
    """The n-th driver of an organization of the seed world, from 1."""

    world: World
    organization: SeedOrganization
    number: int

    @property
    def id(self) -> str:
        """Its id."""
        return self.organization.driver_id(self.world.seed, self.number)

    @property
    def person(self) -> Person:
        """Who it is."""
        return person(self.organization.locale, self.world.seed, "dynamo driver", self.organization.key, self.number)


@dataclass(frozen=True)
class BilledSession:
    """A session as it is at an aware instant, when it has begun."""

    world: World
    organization: SeedOrganization
    driver: Driver | None
    """Who charges; None for a card of nobody who is known."""
    session: Session
    at: datetime
    book: PriceBook
    cut: Value | None = None
    """Its transaction, when somebody ended it."""

    @property
    def id(self) -> str:
        """Its id."""
        return f"sess_{self.session.id}"

    @property
    def user_id(self) -> str | None:
        """The id of its driver, or None."""
        return self.driver.id if self.driver else None

    @property
    def id_tag(self) -> str:
        """The card that began it."""
        return self.session.charging.id_token

    @property
    def started_at(self) -> datetime:
        """When its transaction began, UTC."""
        return self.session.started_at or self.session.plugged_in_at

    @property
    def ended_at(self) -> datetime | None:
        """When its transaction ended; None while it is under way."""
        ended_at = datetime.fromisoformat(self.cut["stopped_at"]) if self.cut else self.session.ended_at
        return ended_at if ended_at and ended_at <= self.at else None

    @property
    def until(self) -> datetime:
        """When it ended, or now."""
        return self.ended_at or self.at

    @property
    def status(self) -> str:
        """Under way, over, or broken off: by a fault, by another than the driver, or before anything was delivered."""
        if self.ended_at is None:
            return "active"
        outcome = self.session.charging.outcome
        is_whole = self.cut["stop_reason"] == "Local" if self.cut else outcome is Outcome.COMPLETED
        return "completed" if is_whole and self.facts.energy_wh else "stopped"

    @property
    def facts(self) -> SessionFacts:
        """What a bill has to know of it."""
        session, charging, until = self.session, self.session.charging, self.until
        stopped_s = charging.charging_ended_s
        return SessionFacts(
            session_id=self.id,
            charger_id=session.charger.identity,
            site_id=f"site_{session.site.id}",
            user_types=self.book.at(until).types_of(self.driver.id) if self.driver else frozenset(),
            timezone=self.book.at(self.started_at).time_zone,
            started_at=self.started_at,
            charging_stopped_at=None if stopped_s is None or stopped_s > unix_s(until) else utc(stopped_s),
            until=until,
            is_finished=self.ended_at is not None,
            energy_wh=self.energy_wh_at(until),
        )

    def energy_wh_at(self, at: datetime) -> int:
        """What it had delivered by an aware instant, Wh."""
        return self.session.charging.energy_wh_at(unix_s(min(at, self.until)))

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """When energy flowed, [start, end) in Unix seconds, in order."""
        charging, until_s = self.session.charging, unix_s(self.until)
        ends = [*(since_s for since_s, _ in charging.states[1:]), charging.ended_s or 0]
        for (start_s, state), end_s in zip(charging.states, ends, strict=True):
            if state is ChargingState.CHARGING and start_s < until_s:
                yield start_s, min(end_s, until_s)

    @cached_property
    def bill(self) -> CostBreakdown:
        """What it costs, or has cost so far."""
        facts = self.facts
        tariff = self.book.at(facts.started_at).tariff(facts.charger_id, facts.started_at)
        rules = self.book.at(facts.until).rules.values()
        return breakdown(facts, tariff, rules, self._code(tariff.currency))

    @property
    def code(self) -> str | None:
        """The promotional code that made it cheaper, or None."""
        codes = (each.reference for each in self.bill.discounts if each.type is DiscountSource.PROMOTIONAL_CODE)
        return next(codes, None)

    def _code(self, currency: str) -> Promotion | None:
        """The promotional code that was used for it, where one was and could be."""
        if self.ended_at is None or unit(self.world.seed, "promotional code", self.id) >= _CODE_SHARE:
            return None
        code = promotion(code_of(self.organization))
        refusal = code.refusal(at=self.ended_at, currency=currency, uses=0, uses_by_user=0)
        return code if refusal is None else None


def transaction_id(session: Session) -> str:
    """The id of the transaction of a session of the world."""
    return f"txn_{session.id}"


def sessions(
    world: World,
    org_id: str,
    at: datetime,
    *,
    of: Driver | None = None,
    since: datetime | None = None,
    cut: Mapping[str, Value] = _NONE,
    book: PriceBook | None = None,
) -> Sequence[BilledSession]:
    """All of an organization, or of a driver, that have begun by an aware instant, newest first, as they are by then.

    Without `since`, the day of the first ones, `HISTORY` says how far they go back. `cut` are the transactions that
    somebody ended, by id; `book` says what they cost, and without one they cost what they do as long as nobody changes
    a price.
    """
    organization = seed.seed_organization(world.seed, org_id)
    if organization is None:
        return ()
    book = book or PriceBook(world.seed, org_id)
    who = {each.number: each for each in drivers(world, org_id)}
    days = range(unix_s(since or at - HISTORY) // DAY_S, unix_s(at) // DAY_S + 1)
    premises = _Premises(world, world.seed, world.named, org_id)
    begun = (
        BilledSession(world, organization, who.get(number), session, at, book, cut.get(transaction_id(session)))
        for number in ([of.number] if of else _numbers(world, org_id))
        for session in _sessions(premises, number, days)
        if session.started_at and session.started_at <= at
    )
    return sorted(begun, key=lambda session: session.started_at, reverse=True)


def _numbers(world: World, org_id: str) -> range:
    """Those of the EVSEs of its sites."""
    evses = (sum(len(charger.evses) for charger in site.chargers) for site in seed.sites(world, org_id))
    return range(1, max(evses, default=0) + 1)


def driver(world: World, org_id: str, driver_id: str) -> Driver | None:
    """The driver of an organization with that id, or None."""
    return next((each for each in drivers(world, org_id) if each.id == driver_id), None)


def drivers(world: World, org_id: str) -> Sequence[Driver]:
    """The drivers of an organization; none of one that clients made."""
    organization = seed.seed_organization(world.seed, org_id)
    return [Driver(world, organization, number + 1) for number in range(organization.drivers)] if organization else []


@dataclass(frozen=True)
class _Premises:
    """Where an organization operates: the same in all worlds of a seed and a name."""

    world: World = field(compare=False)
    seed: int
    named: NamedWorld
    org_id: str


def _sessions(premises: _Premises, number: int, days: range) -> Iterator[Session]:
    """The sessions at the n-th EVSE of each site on some days in a row, since 1970."""
    for block in range(days.start // _BLOCK_D, (days.stop - 1) // _BLOCK_D + 1):
        for session in _sessions_of_block(premises, number, block):
            if session.charging.plugged_in_s // DAY_S in days:
                yield session


@lru_cache(maxsize=1024)
def _sessions_of_block(premises: _Premises, number: int, block: int) -> Sequence[Session]:
    start_s, found = block * _BLOCK_D * DAY_S, list[Session]()
    for site in seed.sites(premises.world, premises.org_id):
        evses = ((charger, evse) for charger in site.chargers for evse in charger.evses)
        for charger, evse in islice(evses, number - 1, number):
            found += of_evse(premises.seed, site, charger, evse, start_s, start_s + _BLOCK_D * DAY_S)
    return found
