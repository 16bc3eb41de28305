"""Tag Fleet: what the charge points of an organization do, and how well they do it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.faults import ConnectorFault, faults_of
from mockserver.apis.dynamo.maintenance import Maintenance, maintenance_of
from mockserver.apis.dynamo.periods import LONGEST_BY_HOURS_D, LONGEST_D, Period
from mockserver.apis.dynamo.reports import charge_points_of
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.uptimes import Uptime, Utilisation, uptimes_of, utilisations_of
from mockserver.http.exchange import Context

Asked = Mapping[str, str | None]


@dataclass(frozen=True)
class Fleet:
    """Stations now, what runs at them, and what they have delivered today, UTC."""

    stations: Sequence[Station]
    active_sessions: int
    energy_today_wh: int


async def get_fleet_summary(ctx: Context) -> Fleet:
    """All of them."""
    sessions = await bills.sessions_of(ctx)
    return Fleet(
        await Station.all(ctx, Caller.of(ctx).org_id),
        sum(session.ended_at is None for session in sessions),
        sum(session.energy_today_wh for session in sessions),
    )


async def get_fleet_uptime(
    ctx: Context, *, charge_point_id: str | None, site_id: str | None, **between: str | None
) -> tuple[Asked, Sequence[Uptime]]:
    """Of those that fit, by id."""
    period = Period.of_span(between)
    charge_points = await charge_points_of(ctx, charge_point_id=charge_point_id, site_id=site_id)
    return between, await uptimes_of(ctx, charge_points, period)


async def get_fleet_utilisation(
    ctx: Context, *, charge_point_id: str | None, site_id: str | None, granularity: str, **between: str | None
) -> tuple[Asked, Sequence[Utilisation]]:
    """Of those that fit, bucket by bucket, by id."""
    period = Period.of_span(between, LONGEST_BY_HOURS_D if granularity == "hour" else LONGEST_D)
    charge_points = await charge_points_of(ctx, charge_point_id=charge_point_id, site_id=site_id)
    return between, await utilisations_of(ctx, charge_points, period, granularity)


async def list_fleet_faults(
    ctx: Context, *, charge_point_id: str | None, site_id: str | None
) -> Sequence[ConnectorFault]:
    """Of those that fit, the latest first."""
    return await faults_of(ctx, await charge_points_of(ctx, charge_point_id=charge_point_id, site_id=site_id))


async def list_maintenance(ctx: Context, *, charge_point_id: str | None, site_id: str | None) -> Sequence[Maintenance]:
    """Of those that fit, in order of its beginning."""
    charge_points = await charge_points_of(ctx, charge_point_id=charge_point_id, site_id=site_id)
    return maintenance_of(ctx.world, Caller.of(ctx).org_id, charge_points, ctx.at)
