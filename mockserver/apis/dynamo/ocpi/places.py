"""Locations of OCPI: the sites of an organization, with the EVSEs of the charge points that stand there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.ocpi.evses import LiveEvse, Outlet
from mockserver.apis.dynamo.ocpi.operator import Operator, operator_of
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.registry import SETTINGS
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_registry import SITES, site_id
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.geography import countries
from mockserver.domain.sites import Site
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context
from mockserver.store import Value

_PUBLIC = frozenset({"public_ac", "dc_hub"})


class Address(NamedTuple):
    """Where a site is; the country as two letters."""

    street: str
    city: str
    country_code: str

    @classmethod
    def read(cls, text: str, otherwise: str) -> Address:
        """An address in one line, parts with commas between: the city last, or before the two letters of the country.

        `otherwise` is the country of one that names none. Where there is one part only, it is both street and city.
        """
        parts = [part.strip() for part in text.split(",") if part.strip()] or [text]
        country_code = parts.pop() if len(parts) > 1 and parts[-1] in countries() else otherwise
        return cls(", ".join(parts[:-1]) or parts[-1], parts[-1], country_code)


@dataclass(frozen=True)
class Location:
    """A site as it is now."""

    operator: Operator
    site: Value
    of_world: Site | None
    time_zone: str
    changes: Sequence[str | None]
    """When it, or what is said of its operator, came to be what it is, as text."""
    evses: Sequence[LiveEvse]

    @property
    def id(self) -> str:
        """Its id, which is that of the site."""
        return str(self.site["site_id"])

    @property
    def is_public(self) -> bool:
        """Whether it may be shown to drivers: of the sites of the world, those that are open to all."""
        return self.of_world is None or self.of_world.place in _PUBLIC

    @property
    def last_updated(self) -> datetime:
        """When it, or something in it, changed last."""
        own = (datetime.fromisoformat(text) for text in self.changes if text)
        return max((*own, *(evse.last_updated for evse in self.evses)))

    def evse(self, uid: str) -> LiveEvse:
        """The one of that id, in whatever case; NotFound when there is none."""
        found = next((each for each in self.evses if each.outlet.uid.casefold() == uid.casefold()), None)
        if found is None:
            raise NotFound(f"There is no EVSE {uid} at the location {self.id}.")
        return found


async def locations(ctx: Context, location_id: str = "") -> list[Location]:
    """Those of the calling partner's operator; with an id, in whatever case, only that one."""
    org_id, operator = Caller.of(ctx).org_id, await operator_of(ctx)
    sites = [each for each in await SITES.list(ctx) if location_id.casefold() in ("", each["site_id"].casefold())]
    book = await PriceBook.of(ctx, org_id)
    evses: dict[str | None, list[LiveEvse]] = defaultdict(list)
    for station in await Station.all(ctx, org_id) if sites else ():
        evses[station.charge_point["site_id"]] += _evses(operator, book, station)
    settings = await SETTINGS.find(ctx, org_id)
    zone = settings["timezone"] if settings else seed.first_time_zone(operator.country_code)
    theirs = (operator.changed_at, settings["updated_at"] if settings else None)
    of_world = {site_id(each): each for each in seed.sites(ctx.world, org_id)}
    found = []
    for site in sites:
        place = of_world.get(site["site_id"])
        changes = (site["created_at"], site["updated_at"], *theirs)
        there = evses[site["site_id"]]
        found.append(Location(operator, site, place, place.timezone if place else zone, changes, there))
    return found


def _evses(operator: Operator, book: PriceBook, station: Station) -> list[LiveEvse]:
    now = station.ctx.at
    tariff_since = book.changed_at(lambda edition: edition.tariff_id(station.id), now)
    tariff_id = book.at(now).tariff_id(station.id)
    outlets = Outlet.all_of(station.ctx.world, station.org_id, operator, station.charge_point)
    return [LiveEvse(outlet, station, tariff_id, tariff_since) for outlet in outlets]
