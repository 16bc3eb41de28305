"""The charging sessions of an organization, of the world and of clients: what they are by now, and what they cost.

Who of the world charges at the n-th EVSE of a site does so on the account of the organization's n-th driver. The ids of
sessions and transactions are the same behind a prefix, and those of the world are the world's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from itertools import islice

from fixtures.days import DAY_S, unix_s
from fixtures.people import Person, person
from fixtures.rng import unit
from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.charges import Charge, ChargeOfClient, ChargeOfWorld
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
_REMEMBERED = 50_000
"""Bills, at most: of more than half a year."""
_CODE_SHARE = 0.25
"""Of the sessions, those for which a promotional code was used."""
Came = Callable[[Session], bool]


def _always(session: Session) -> bool:
    return True


@dataclass(frozen=True)
class Driver:
    """The n-th driver of an organization of the seed world, from 1."""

    world: World
    organization: SeedOrganization
    number: int

    @cached_property
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

    seed: int
    organization: SeedOrganization | None
    """Whose codes are used for it; None: nobody's."""
    driver: Driver | None
    """Who charges; None for a card of nobody who is known."""
    charge: Charge
    at: datetime
    book: PriceBook
    entered: Promotion | None = None
    """The promotional code that its driver entered, which was accepted then."""

    @property
    def id(self) -> str:
        """Its id."""
        return self.charge.session_id

    @property
    def transaction_id(self) -> str:
        """The id of its transaction."""
        return self.charge.transaction_id

    @property
    def charge_point_id(self) -> str:
        """Where it is."""
        return self.charge.charge_point_id

    @property
    def connector_id(self) -> int:
        """Its connector."""
        return self.charge.connector_id

    @property
    def site_id(self) -> str | None:
        """The site where the charge point stood."""
        return self.charge.site_id

    @property
    def user_id(self) -> str | None:
        """The id of its driver, or None."""
        return self.driver.id if self.driver else None

    @property
    def id_tag(self) -> str:
        """The card that began it."""
        return self.charge.id_tag

    @property
    def started_at(self) -> datetime:
        """When its transaction began, UTC."""
        return self.charge.started_at

    @property
    def ended_at(self) -> datetime | None:
        """When its transaction ended; None while it is under way."""
        ended_at = self.charge.ended_at
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
        return "completed" if self.charge.is_whole and self.energy_wh_at(self.until) else "stopped"

    @property
    def facts(self) -> SessionFacts:
        """What a bill has to know of it."""
        charge, until = self.charge, self.until
        stopped_at = charge.charging_stopped_at
        return SessionFacts(
            session_id=self.id,
            charger_id=charge.charge_point_id,
            site_id=charge.site_id,
            user_types=self.book.at(until).types_of(self.driver.id) if self.driver else frozenset(),
            timezone=self.book.at(self.started_at).time_zone,
            started_at=self.started_at,
            charging_stopped_at=None if stopped_at is None or stopped_at > until else stopped_at,
            until=until,
            is_finished=self.ended_at is not None,
            energy_wh=self.energy_wh_at(until),
        )

    def energy_wh_at(self, at: datetime) -> int:
        """What it had delivered by an aware instant, Wh."""
        return self.charge.energy_wh_at(min(at, self.until))

    @property
    def energy_today_wh(self) -> int:
        """What it has delivered since midnight UTC, Wh."""
        midnight = self.at.replace(hour=0, minute=0, second=0, microsecond=0)
        return self.energy_wh_at(self.at) - self.energy_wh_at(midnight) if self.until > midnight else 0

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """When energy flowed, [start, end) in Unix seconds, in order."""
        until_s = unix_s(self.until)
        return ((start_s, min(end_s, until_s)) for start_s, end_s in self.charge.deliveries if start_s < until_s)

    @cached_property
    def bill(self) -> CostBreakdown:
        """What it costs, or has cost so far."""
        facts = self.facts
        if not facts.is_finished:
            return self._billed(facts)
        known, key = self.book.bills, (facts, self.entered)
        if key not in known:
            if len(known) >= _REMEMBERED:
                known.clear()
            known[key] = self._billed(facts)
        return known[key]

    def _billed(self, facts: SessionFacts) -> CostBreakdown:
        tariff = self.book.at(facts.started_at).tariff(facts.charger_id, facts.started_at)
        rules = self.book.at(facts.until).rules.values()
        return breakdown(facts, tariff, rules, self._code(tariff.currency))

    @property
    def code(self) -> str | None:
        """The promotional code that made it cheaper, or None."""
        codes = (each.reference for each in self.bill.discounts if each.type is DiscountSource.PROMOTIONAL_CODE)
        return next(codes, None)

    def _code(self, currency: str) -> Promotion | None:
        """The promotional code that was used for it, where one was and could be; one that was entered goes before."""
        if self.entered is not None:
            return self.entered if self.entered.fits(currency) else None
        if self.organization is None or self.ended_at is None:
            return None
        if unit(self.seed, "promotional code", self.id) >= _CODE_SHARE:
            return None
        code = promotion(code_of(self.organization))
        refusal = code.refusal(at=self.ended_at, currency=currency, uses=0, uses_by_user=0)
        return code if refusal is None else None


def sessions(
    world: World,
    org_id: str,
    at: datetime,
    *,
    of: Driver | None = None,
    since: datetime | None = None,
    only: str | None = None,
    transactions: Sequence[Value] = (),
    redemptions: Sequence[Value] = (),
    came: Came = _always,
    book: PriceBook | None = None,
) -> Sequence[BilledSession]:
    """All of an organization, or of a driver, that have begun by an aware instant, newest first, as they are by then.

    Without `since`, the day of the first ones of the world, `HISTORY` says how far these go back; `only` is the id of
    one of them. `transactions` are those that clients began or ended, `redemptions` the promotional codes that drivers
    entered, and `came` says whether a vehicle of the world found its connector free; `book` says what they cost, and
    without one they cost what they do as long as nobody changes a price.
    """
    organization = seed.seed_organization(world.seed, org_id)
    book = book or PriceBook(world.seed, org_id)
    known = drivers(world, org_id)
    who, by_id = {each.number: each for each in known}, {each.id: each for each in known}
    days = range(unix_s(since or at - HISTORY) // DAY_S, unix_s(at) // DAY_S + 1)
    cut = {each["id"]: each for each in transactions if each["is_of_world"]}
    entered = {each["session_id"]: promotion(each["promotion"]) for each in redemptions}
    begun = [
        BilledSession(world.seed, organization, who.get(number), charge, at, book, entered.get(charge.session_id))
        for number, session in _visits(world, org_id, [of.number] if of else _numbers(world, org_id), days, only)
        if session.started_at and session.started_at <= at and came(session)
        for charge in [ChargeOfWorld.of(session, cut.get(f"txn_{session.id}"), book)]
    ]
    begun += [
        BilledSession(world.seed, None, by_id.get(each["user_id"]), charge, at, book, entered.get(charge.session_id))
        for each in transactions
        if not each["is_of_world"] and (of is None or of.id == each["user_id"])
        for charge in [ChargeOfClient.of(each)]
        if only in (None, charge.session_id) and charge.started_at <= at
    ]
    return sorted(begun, key=lambda session: session.started_at, reverse=True)


def _numbers(world: World, org_id: str) -> range:
    """Those of the EVSEs of its sites."""
    evses = (sum(len(charger.evses) for charger in site.chargers) for site in seed.sites(world, org_id))
    return range(1, max(evses, default=0) + 1)


def driver(world: World, org_id: str, driver_id: str) -> Driver | None:
    """The driver of an organization with that id, or None."""
    return next((each for each in drivers(world, org_id) if each.id == driver_id), None)


def holder(world: World, org_id: str, id_tag: str, at: datetime) -> Driver | None:
    """The driver of an organization who is behind a tag: their id, or a card of theirs that they have used lately."""
    wanted = id_tag.casefold()
    for each in drivers(world, org_id):
        cards = {session.id_tag.casefold() for session in sessions(world, org_id, at, of=each)}
        if wanted in {each.id.casefold(), *cards}:
            return each
    return None


def drivers(world: World, org_id: str) -> Sequence[Driver]:
    """The drivers of an organization; none of one that clients made."""
    organization = seed.seed_organization(world.seed, org_id)
    return [Driver(world, organization, number + 1) for number in range(organization.drivers)] if organization else []


def _visits(
    world: World, org_id: str, numbers: Sequence[int], days: range, only: str | None
) -> Iterator[tuple[int, Session]]:
    """The sessions of the world at the n-th EVSEs of the sites, or the one of them with that id, each with its n."""
    if only is None:
        premises = Premises(world, world.seed, world.named, org_id)
        yield from ((number, session) for number in numbers for session in _sessions(premises, number, days))
        return
    session = world.session(only.removeprefix("sess_"))
    if session and session.site in seed.sites(world, org_id) and session.charging.plugged_in_s // DAY_S in days:
        number = [*session.site.evses].index(session.evse) + 1
        if number in numbers:
            yield number, session


@dataclass(frozen=True)
class Premises:
    """Where an organization operates: the same in all worlds of a seed and a name."""

    world: World = field(compare=False)
    seed: int
    named: NamedWorld
    org_id: str


def _sessions(premises: Premises, number: int, days: range) -> Iterator[Session]:
    """The sessions at the n-th EVSE of each site on some days in a row, since 1970."""
    for block in range(days.start // _BLOCK_D, (days.stop - 1) // _BLOCK_D + 1):
        for session in _sessions_of_block(premises, number, block):
            if session.charging.plugged_in_s // DAY_S in days:
                yield session


@lru_cache(maxsize=1024)
def _sessions_of_block(premises: Premises, number: int, block: int) -> Sequence[Session]:
    start_s, found = block * _BLOCK_D * DAY_S, list[Session]()
    for site in seed.sites(premises.world, premises.org_id):
        evses = ((charger, evse) for charger in site.chargers for evse in charger.evses)
        for charger, evse in islice(evses, number - 1, number):
            found += of_evse(premises.seed, site, charger, evse, start_s, start_s + _BLOCK_D * DAY_S)
    return found
