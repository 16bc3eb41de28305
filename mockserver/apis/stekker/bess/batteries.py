"""Tag Batteries: stationary batteries, and the schedules that are planned for them."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.stekker.bess.planning import ScheduleBook
from mockserver.apis.stekker.bess.registry import BATTERIES
from mockserver.domain.bess.schedules import Strategy
from mockserver.http.exchange import Context
from mockserver.store import Value


async def list_batteries(ctx: Context, *, grid_connection_id: str | None) -> Sequence[Value]:
    """All of the organization, or those on a grid connection."""
    return await BATTERIES.list(ctx, grid_connection_id=grid_connection_id)


async def create_battery(ctx: Context) -> Value:
    """Register one."""
    return await BATTERIES.create(ctx)


async def get_battery(ctx: Context, *, id: str) -> Value:  # noqa: A002  # as the contract names it
    """One of them."""
    return await BATTERIES.get(ctx, id)


async def update_battery(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Change what the body says."""
    return await BATTERIES.update(ctx, id)


async def delete_battery(ctx: Context, *, id: str) -> None:  # noqa: A002
    """Remove one with its schedules."""
    await ScheduleBook(ctx, await BATTERIES.delete(ctx, id)).clear()


async def request_cash_optimized_schedule(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Plan a battery for the highest revenue."""
    return await ScheduleBook(ctx, await BATTERIES.get(ctx, id)).request(Strategy.CASH)


async def request_solar_optimized_schedule(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Plan a battery for the most use of the site's own solar power."""
    return await ScheduleBook(ctx, await BATTERIES.get(ctx, id)).request(Strategy.SOLAR)


async def list_schedules(ctx: Context, *, id: str, strategy: str | None) -> Sequence[Value]:  # noqa: A002
    """The schedules of a battery, newest first."""
    return await ScheduleBook(ctx, await BATTERIES.get(ctx, id)).list(strategy)


async def get_schedule(ctx: Context, *, id: str, schedule_id: str) -> Value:  # noqa: A002
    """One schedule of a battery."""
    return await ScheduleBook(ctx, await BATTERIES.get(ctx, id)).get(schedule_id)
