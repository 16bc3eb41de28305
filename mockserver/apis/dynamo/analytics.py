"""Tag Analytics: what the sessions and faults of an organization add up to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mockserver.apis.dynamo.faults import Issue, faults_of, issues_of
from mockserver.apis.dynamo.registry import SETTINGS
from mockserver.apis.dynamo.reports import Report, Selection
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.uptimes import Health, health_of, uptimes_of
from mockserver.http.exchange import Context
from mockserver.store import Value


async def get_energy_by_charge_point(ctx: Context, **asked: Any) -> Report[Value]:
    """A line for each charge point, the one with the most energy first."""
    selection = await Selection.of(ctx, asked)
    lines = selection.by_charge_point(await selection.ended(ctx))
    return Report(selection, sorted(lines, key=lambda line: -line.energy_wh))


async def get_energy_by_project(ctx: Context, **asked: Any) -> Report[Value]:
    """A line for each project, the one with the most energy first."""
    selection = await Selection.of(ctx, asked)
    lines = await selection.by_project(ctx, await selection.ended(ctx))
    return Report(selection, sorted(lines, key=lambda line: -line.energy_wh))


async def get_energy_trend(ctx: Context, **asked: Any) -> Report[datetime]:
    """A line for each bucket."""
    selection = await Selection.of(ctx, asked)
    return Report(selection, selection.by_time(await selection.ended(ctx)))


async def get_revenue_by_charge_point(ctx: Context, **asked: Any) -> Report[Value]:
    """A line for each charge point, the one with the most revenue first."""
    selection, currency = await Selection.of(ctx, asked), await _currency(ctx)
    lines = selection.by_charge_point(await selection.paid(ctx, currency))
    return Report(selection, sorted(lines, key=lambda line: -line.revenue), currency)


async def get_revenue_by_project(ctx: Context, **asked: Any) -> Report[Value]:
    """A line for each project, the one with the most revenue first."""
    selection, currency = await Selection.of(ctx, asked), await _currency(ctx)
    lines = await selection.by_project(ctx, await selection.paid(ctx, currency))
    return Report(selection, sorted(lines, key=lambda line: -line.revenue), currency)


async def get_issues(ctx: Context, **asked: Any) -> tuple[Selection, Sequence[Issue]]:
    """Faults by charge point and error code, the most frequent first."""
    selection = await Selection.of(ctx, asked)
    faults = await faults_of(ctx, selection.charge_points)
    return selection, issues_of(fault for fault in faults if fault.started_at in selection.period)


async def get_fleet_health(ctx: Context, **asked: Any) -> tuple[Selection, Sequence[Health]]:
    """Each charge point by its uptime and its faults."""
    selection = await Selection.of(ctx, asked)
    uptimes = await uptimes_of(ctx, selection.charge_points, selection.period)
    return selection, health_of(uptimes, await faults_of(ctx, selection.charge_points), selection.period)


async def _currency(ctx: Context) -> str:
    org_id = Caller.of(ctx).org_id
    return str((await SETTINGS.of(org_id).get(ctx, org_id))["currency"])
