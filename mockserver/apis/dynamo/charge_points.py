"""Tag Charge points: what installers register and put into service, and what operators see and change of it."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINT, CHARGE_POINTS, register
from mockserver.apis.dynamo.commissioning_runs import RUN, runs_of
from mockserver.apis.dynamo.moves import moved
from mockserver.apis.dynamo.projects import assigned, assigned_charge_point
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.errors import Conflict, Unprocessable
from mockserver.http.exchange import Context, Reply

_PLACES_OF_THE_API = frozenset({"bulk"})
"""What stands in paths where ids of charge points do."""


async def list_charge_points(
    ctx: Context, *, site_id: str | None, project_id: str | None, status: str | None
) -> Sequence[Station]:
    """Those that fit, last registered first."""
    there = await Station.all(ctx, Caller.of(ctx).org_id, site_id=site_id, project_id=project_id)
    found = [station for station in reversed(there) if status in (None, station.standing)]
    return sorted(found, key=lambda station: str(station.charge_point["registered_at"]), reverse=True)


async def get_charge_point(ctx: Context, *, charge_point_id: str) -> Station:
    """One of them."""
    return await Station.of(ctx, Caller.of(ctx).org_id, charge_point_id)


async def update_charge_point(ctx: Context, *, charge_point_id: str) -> Station:
    """Change its name, or where it stands."""
    before = await CHARGE_POINTS.get(ctx, charge_point_id)
    if ctx.body.get("site_id") is not None:
        await SITES.get(ctx, ctx.body["site_id"])
    await moved(ctx, before, await CHARGE_POINTS.update(ctx, charge_point_id))
    return await get_charge_point(ctx, charge_point_id=charge_point_id)


async def register_charge_point(ctx: Context) -> Reply:
    """Make one in a project of the installer."""
    body, key = ctx.body, ctx.body["charge_point_id"]
    if key in _PLACES_OF_THE_API:
        raise Unprocessable(f"is a word of the API: {key}", "charge_point_id")
    project = await assigned(ctx, body["project_id"])
    if project["handed_over_at"]:
        text = f"The project was handed over at {project['handed_over_at']}."
        raise Conflict(text, slug="project_already_handed_over")
    said = {name: body[name] for name in ("project_id", "model", "vendor", "serial_number")}
    charge_point = await register(ctx, Caller.of(ctx).org_id, key, location=body.get("location"), **said)
    return Reply(201, charge_point, [("location", ctx.url("cpo", "charge-points", key))])


async def commission_charge_point(ctx: Context, *, charge_point_id: str) -> Station:
    """Put one into service whose last run of checks has passed."""
    charge_point, org_id = await assigned_charge_point(ctx, charge_point_id), Caller.of(ctx).org_id
    changes = CHARGE_POINT.move(charge_point, "commission", ctx.at)
    *_, last = await runs_of(ctx, org_id, charge_point_id)
    RUN.move(last, "put_into_service", ctx.at)
    await CHARGE_POINTS.of(org_id).set(ctx, charge_point, **changes)
    return await Station.of(ctx, org_id, charge_point_id)
