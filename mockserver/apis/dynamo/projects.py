"""The charging projects of site owners: the public sites of the world that their organization operates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.store import Value

_PUBLIC = frozenset({"public_ac", "dc_hub"})
_BUILDING_TAKES = timedelta(days=75)
_PLANNED_AFTER = timedelta(days=40)


def projects_of(world: World, owner: Value, at: datetime) -> Sequence[Value]:
    """Those of a site owner of the seed world who is through with onboarding, newest first; that one is being built."""
    organization = seed.seed_organization(world.seed, owner["org_id"])
    if organization is None or owner["site_owner_id"] != organization.site_owner_id(world.seed, "completed"):
        return ()
    sites = [site for site in seed.sites(world, owner["org_id"]) if site.place in _PUBLIC]
    found = [each for each in _projects(sites) if each["created_at"] <= to_the_second(at)]
    return sorted(found, key=lambda each: str(each["created_at"]), reverse=True)


def _projects(sites: Sequence[Site]) -> Iterator[Value]:
    for site in sites:
        begun_at = datetime.combine(site.opened_on, time(9), UTC) - _BUILDING_TAKES
        yield _project(site.id, site.name, site, "active", len(site.chargers), begun_at)
    if sites:
        newest = max(sites, key=lambda site: site.opened_on)
        begun_at = datetime.combine(newest.opened_on, time(9), UTC) + _PLANNED_AFTER
        yield _project(f"{newest.id}2", f"{newest.name}, phase 2", newest, "in_progress", 0, begun_at)


def _project(tail: str, name: str, site: Site, status: str, charge_points: int, created_at: datetime) -> Value:
    return {
        "id": f"proj_{tail}",
        "name": name,
        "address": f"{site.city}, {site.country_code}",
        "status": status,
        "charge_point_count": charge_points,
        "created_at": to_the_second(created_at),
    }
