"""The views of sites and of how they share their power."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.live_sites import LiveSite
from mockserver.apis.dynamo.power_shares import Allocation, Share
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value

_SITE = ("site_id", "name", "address", "max_power_kw", "lat", "lng", "created_at")


def site(value: tuple[Value, int], ctx: Context, expansion: Expansion) -> Wire:
    """Site."""
    return {**picked(value[0], *_SITE), "charger_count": value[1]}


def site_summary(live: LiveSite, ctx: Context, expansion: Expansion) -> Wire:
    """SiteSummary."""
    total, online, max_power_kw, power_kw = (
        len(live.stations),
        live.online,
        live.site["max_power_kw"],
        live.power_w / 1000,
    )
    return {
        "site_id": live.site["site_id"],
        "total_chargers": total,
        "online": online,
        "offline": total - online,
        "active_sessions": live.active_sessions,
        "current_power_kw": power_kw,
        "max_power_kw": max_power_kw,
        "available_power_kw": max(round(max_power_kw - power_kw, 3), 0),
        "total_energy_today_kwh": live.energy_today_wh / 1000,
        "updated_at": to_the_second(ctx.at),
    }


def energy_asset(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """EnergyAsset."""
    return picked(value, "asset_id", "site_id", "type", "name", "rated_power_kw", "capacity_kwh", "created_at")


def energy_asset_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """EnergyAssetList."""
    return {"energy_assets": [energy_asset(value, ctx, expansion) for value in values], "total": len(values)}


def smart_charging_config(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """SmartChargingConfig."""
    return picked(
        value, "site_id", "max_power_kw", "strategy", "min_power_per_charger_kw", "priority_order",
        "min_charge_rate_kw", "reserve_kw", "schedule", "updated_at",
    )  # fmt: skip


def smart_charging_allocation(value: Allocation, ctx: Context, expansion: Expansion) -> Wire:
    """SmartChargingAllocation."""
    return {
        **picked(value.settings, "site_id", "strategy"),
        "budget_kw": value.budget_w / 1000,
        "allocations": [_share(each) for each in value.shares],
        "calculated_at": to_the_second(ctx.at),
    }


def _share(share: Share) -> Wire:
    return {
        "charge_point_id": share.station.id,
        "connector_id": share.transaction.connector_id,
        "session_id": share.transaction.session_id,
        "allocated_kw": share.power_w / 1000,
    }


def rebalance(site_id: str, ctx: Context, expansion: Expansion) -> Wire:
    """Rebalance."""
    return {"site_id": site_id, "status": "accepted", "requested_at": to_the_second(ctx.at)}
