"""Tag Tariffs: what charging costs, where and at which hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.price_book import PriceBook, note
from mockserver.apis.dynamo.price_registry import SCHEDULES, TARIFFS, judged
from mockserver.apis.dynamo.prices import full_components
from mockserver.apis.dynamo.roles import Caller
from mockserver.http.exchange import Context
from mockserver.store import Value


async def list_tariffs(ctx: Context, *, currency: str | None) -> Sequence[Value]:
    """All, or those in a currency, newest first."""
    return (await TARIFFS.list(ctx, currency=currency))[::-1]


async def create_tariff(ctx: Context) -> Value:
    """Make one of components or of flat rates."""
    return await _noted(ctx, await TARIFFS.create(ctx, body=_in_full(ctx.body)))


async def update_tariff(ctx: Context, *, tariff_id: str) -> Value:
    """Replace all of it, for sessions that begin from now on."""
    return await _noted(ctx, await TARIFFS.replace(ctx, tariff_id, body=_in_full(ctx.body)))


async def assign_tariff(ctx: Context, *, tariff_id: str) -> Value:
    """Have it hold at charge points, for sessions that begin from now on."""
    await TARIFFS.get(ctx, tariff_id)
    org_id = Caller.of(ctx).org_id
    there = [each["charge_point_id"] for each in await CHARGE_POINTS.list(ctx)]
    for charge_point_id in (wanted := ctx.body["charge_point_ids"]):
        if charge_point_id not in there:
            raise CHARGE_POINTS.unknown(charge_point_id)
    for charge_point_id in wanted:
        await note(ctx, "assigned", charge_point_id, tariff_id)
    now = (await PriceBook.of(ctx, org_id)).at(ctx.at)
    return {"tariff_id": tariff_id, "charge_point_ids": [each for each in there if now.tariff_id(each) == tariff_id]}


async def create_tariff_schedule(ctx: Context, *, tariff_id: str) -> Value:
    """Give it other prices at some hours, for sessions that begin from now on."""
    await TARIFFS.get(ctx, tariff_id)
    body = {**ctx.body, "components": full_components(ctx.body)}
    schedule = await SCHEDULES.create(ctx, body=body, tariff_id=tariff_id)
    await note(ctx, "schedules", schedule["schedule_id"], schedule)
    return schedule


def _in_full(body: Mapping[str, Any]) -> Mapping[str, Any]:
    with judged("body"):
        return {**body, "components": full_components(body)}


async def _noted(ctx: Context, tariff: Value) -> Value:
    await note(ctx, "tariffs", tariff["tariff_id"], tariff)
    return tariff
