"""The sites of an organization, and what else is behind their grid connections: those of the world that it operates,
and those that its clients create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from functools import lru_cache

from mockserver import ids
from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.errors import Unprocessable
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
        "created_at": _opened_at(site),
        "updated_at": None,
    }


def _opened_at(site: Site) -> str:
    return to_the_second(datetime.combine(site.opened_on, _OPENED_AT))


SITES = resource(
    name="site",
    plural="sites",
    collection="dynamo.sites",
    members=dict.fromkeys(("name", "address", "max_power_kw", "lat", "lng"), REQUIRED),
    id_member="site_id",
    id_form=prefixed("site_"),
    stamps={"created_at": True, "updated_at": False},
    base=_sites,
    unknown_slug="not_found",
)
"""Which charge points stand there, they say themselves: `CHARGE_POINTS.list(ctx, site_id=...)`.

Who changes that says so in `updated_at`.
"""


def _assets(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return _assets_of_world(ctx.world, owner_id)


@lru_cache(maxsize=8)
def _assets_of_world(world: World, org_id: str) -> Mapping[str, Value]:
    by_age = sorted(seed.sites(world, org_id), key=lambda site: site.opened_on)
    found = [_asset(world, site, *each) for site in by_age for each in _behind(site)]
    return {each["asset_id"]: {**each, NUMBER: number - len(found)} for number, each in enumerate(found)}


def _behind(site: Site) -> Iterator[tuple[str, str, int, int | None]]:
    """Type, name, W and Wh of what is behind a grid connection: the meter at least."""
    yield "meter", "Grid meter", site.connection.power_limit_w, None
    if site.solar is not None:
        yield "solar", "Solar panels", site.solar.peak_w, None
    if site.battery is not None:
        yield "battery", "Battery", site.battery.power_w, site.battery.capacity_wh


def _asset(world: World, site: Site, kind: str, name: str, power_w: int, capacity_wh: int | None) -> Value:
    return {
        "asset_id": ids.prefixed("ast_", world.seed, site.key, kind),
        "site_id": site_id(site),
        "type": kind,
        "name": name,
        "rated_power_kw": power_w / 1000,
        "capacity_kwh": None if capacity_wh is None else capacity_wh / 1000,
        "created_at": _opened_at(site),
    }


async def _check_asset(ctx: Context, value: Value) -> None:
    if value["capacity_kwh"] is not None and value["type"] != "battery":
        raise Unprocessable(f"is for batteries only; this is of the type {value['type']}", "capacity_kwh")


ENERGY_ASSETS = resource(
    name="energy asset",
    plural="energy assets",
    collection="dynamo.energy_assets",
    members={"type": REQUIRED, "name": REQUIRED, "rated_power_kw": REQUIRED, "capacity_kwh": None},
    id_member="asset_id",
    id_form=prefixed("ast_"),
    stamps={"created_at": True},
    check=_check_asset,
    base=_assets,
    unknown_slug="not_found",
)
"""`site_id` is that of the path."""
