"""Tag Sites: where charge points stand, what else is there, and what happens there now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.live_sites import LiveSite
from mockserver.apis.dynamo.moves import moved
from mockserver.apis.dynamo.site_registry import ENERGY_ASSETS, SITES
from mockserver.apis.dynamo.smart_charging_registry import SMART_CHARGING, limits_kw
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value

CountedSite = tuple[Value, int]
"""A site, and how many charge points are linked to it."""


async def list_sites(ctx: Context) -> Sequence[CountedSite]:
    """All, newest first."""
    counts = Counter(each["site_id"] for each in await CHARGE_POINTS.list(ctx))
    return [(site, counts[site["site_id"]]) for site in reversed(await SITES.list(ctx))]


async def create_site(ctx: Context) -> Reply:
    """Make one without charge points."""
    site = await SITES.create(ctx)
    return Reply(201, (site, 0), [("location", ctx.url("sites", site["site_id"]))])


async def get_site(ctx: Context, *, site_id: str) -> CountedSite:
    """One of them."""
    return await _counted(ctx, await SITES.get(ctx, site_id))


async def update_site(ctx: Context, *, site_id: str) -> CountedSite:
    """Replace what a client says of one."""
    site = await SITES.replace(ctx, site_id)
    sharing = await SMART_CHARGING.find(ctx, site_id)
    shared_kw = max(limit_kw for _, limit_kw in limits_kw(sharing)) if sharing else 0
    if shared_kw > site["max_power_kw"]:
        text = f"Smart charging of this site is set to {shared_kw} kW; lower that first."
        raise Conflict(text, slug="smart_charging_above_site")
    return await _counted(ctx, site)


async def delete_site(ctx: Context, *, site_id: str) -> None:
    """Remove one without charge points, with all that belongs to it."""
    _, count = await _counted(ctx, await SITES.get(ctx, site_id))
    if count:
        them, are = ("it", "charge point is") if count == 1 else ("them", "charge points are")
        raise Conflict(f"{count} {are} linked to this site; unlink {them} first.", slug="site_has_charge_points")
    for asset in await ENERGY_ASSETS.list(ctx, site_id=site_id):
        await ENERGY_ASSETS.delete(ctx, asset["asset_id"])
    if await SMART_CHARGING.find(ctx, site_id):
        await SMART_CHARGING.delete(ctx, site_id)
    await SITES.delete(ctx, site_id)


async def link_charger(ctx: Context, *, site_id: str) -> CountedSite:
    """Have a charge point stand there."""
    site, charge_point = await SITES.get(ctx, site_id), await CHARGE_POINTS.get(ctx, ctx.body["charge_point_id"])
    if charge_point["site_id"] not in (None, site_id):
        text = f"{charge_point['charge_point_id']} is linked to {charge_point['site_id']}; unlink it there first."
        raise Conflict(text, slug="charge_point_linked")
    await moved(ctx, charge_point, await CHARGE_POINTS.set(ctx, charge_point, site_id=site_id))
    return await _counted(ctx, site)


async def unlink_charger(ctx: Context, *, site_id: str, charge_point_id: str) -> None:
    """Have it stand nowhere."""
    await SITES.get(ctx, site_id)
    charge_point = await CHARGE_POINTS.get(ctx, charge_point_id)
    if charge_point["site_id"] != site_id:
        raise NotFound(f"{charge_point_id} is not linked to this site.", slug="charge_point_not_found")
    await moved(ctx, charge_point, await CHARGE_POINTS.set(ctx, charge_point, site_id=None))


async def get_site_summary(ctx: Context, *, site_id: str) -> LiveSite:
    """What happens on one now."""
    return await LiveSite.of(ctx, await SITES.get(ctx, site_id))


async def list_energy_assets(ctx: Context, *, site_id: str) -> Sequence[Value]:
    """What else is behind the grid connection of one, newest first."""
    await SITES.get(ctx, site_id)
    return (await ENERGY_ASSETS.list(ctx, site_id=site_id))[::-1]


async def create_energy_asset(ctx: Context, *, site_id: str) -> Value:
    """Put something behind it."""
    await SITES.get(ctx, site_id)
    return await ENERGY_ASSETS.create(ctx, site_id=site_id)


async def delete_energy_asset(ctx: Context, *, site_id: str, asset_id: str) -> None:
    """Take it away."""
    await SITES.get(ctx, site_id)
    if (await ENERGY_ASSETS.get(ctx, asset_id))["site_id"] != site_id:
        raise ENERGY_ASSETS.unknown(asset_id)
    await ENERGY_ASSETS.delete(ctx, asset_id)


async def _counted(ctx: Context, site: Value) -> CountedSite:
    return site, len(await CHARGE_POINTS.list(ctx, site_id=site["site_id"]))
