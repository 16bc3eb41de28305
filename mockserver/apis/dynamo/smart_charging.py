"""Tag Smart charging: how a site shares its power."""

from __future__ import annotations

from mockserver.apis.dynamo.power_shares import Allocation, allocation, reshare
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.apis.dynamo.smart_charging_registry import SMART_CHARGING
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.exchange import Context
from mockserver.store import Value


async def get_smart_charging_config(ctx: Context, *, site_id: str) -> Value:
    """As it is set."""
    await SITES.get(ctx, site_id)
    return await SMART_CHARGING.get(ctx, site_id)


async def set_smart_charging_config(ctx: Context, *, site_id: str) -> Value:
    """Set all of it, and tell the stations."""
    await SITES.get(ctx, site_id)
    if await SMART_CHARGING.find(ctx, site_id):
        settings = await SMART_CHARGING.replace(ctx, site_id)
    else:
        settings = await SMART_CHARGING.create(ctx, key=site_id)
    await reshare(ctx, Caller.of(ctx).org_id, site_id)
    return settings


async def get_smart_charging_allocation(ctx: Context, *, site_id: str) -> Allocation:
    """Who gets what."""
    settings, org_id = await get_smart_charging_config(ctx, site_id=site_id), Caller.of(ctx).org_id
    return await allocation(ctx, org_id, settings, await Station.all(ctx, org_id, site_id=site_id))


async def rebalance_smart_charging(ctx: Context, *, site_id: str) -> str:
    """Tell the stations who gets what; the id of the site."""
    await get_smart_charging_config(ctx, site_id=site_id)
    await reshare(ctx, Caller.of(ctx).org_id, site_id)
    return site_id
