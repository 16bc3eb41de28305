"""The sites of an organization: those of the world that it operates, and those that its clients create."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from functools import lru_cache

from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value

_OPENED_AT = time(9, tzinfo=UTC)


def site_id(site: Site) -> str:
    """The id of a site of the world."""
    return f"site_{site.id}"


def _sites(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return _of_world(ctx.world, owner_id)


@lru_cache(maxsize=8)
def _of_world(world: World, org_id: str) -> Mapping[str, Value]:
    by_age = sorted(seed.sites(world, org_id), key=lambda site: site.opened_on)
    return {site_id(site): _site(site, number - len(by_age)) for number, site in enumerate(by_age)}


def _site(site: Site, number: int) -> Value:
    return {
        "site_id": site_id(site),
        NUMBER: number,  # before whatever a client makes
        "name": site.name,
        "address": f"{site.city}, {site.country_code}",
        "max_power_kw": site.connection.power_limit_w / 1000,
        "lat": site.latitude,
        "lng": site.longitude,
        "created_at": to_the_second(datetime.combine(site.opened_on, _OPENED_AT)),
    }


SITES = resource(
    name="site",
    plural="sites",
    collection="dynamo.sites",
    members=dict.fromkeys(("name", "address", "max_power_kw", "lat", "lng"), REQUIRED),
    id_member="site_id",
    id_form=prefixed("site_"),
    stamps={"created_at": True},
    base=_sites,
    unknown_slug="not_found",
)
"""Which charge points stand there, they say themselves: `CHARGE_POINTS.list(ctx, site_id=...)`."""
