"""Tag Commissioning: the checks of a charge point before it is put into service, and what helps when they fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.apis.dynamo import commissioning_runs as runs
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINT, CHARGE_POINTS
from mockserver.apis.dynamo.commissioning_runs import ISSUES, RUN
from mockserver.apis.dynamo.commissioning_templates import template, template_of
from mockserver.apis.dynamo.projects import assigned_charge_point
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.news import tell
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value

_SETTLED = ("Accepted", "Rejected", "RebootRequired", "NotSupported")


async def start_commissioning(ctx: Context, *, charge_point_id: str) -> Reply:
    """Begin a run, with the template of the model unless another one is chosen."""
    charge_point, org_id = await assigned_charge_point(ctx, charge_point_id), Caller.of(ctx).org_id
    body = ctx.body or {}
    chosen = template(body["template_id"]) if "template_id" in body else None
    before = await Station.of(ctx, org_id, charge_point_id)
    await CHARGE_POINTS.of(org_id).set(ctx, charge_point, **await _permitted(ctx, charge_point))
    station = await Station.of(ctx, org_id, charge_point_id)
    await tell(before, station)  # the first time it connects
    skips = body.get("skip_test_transaction", False)
    return Reply(202, await runs.start(ctx, station, chosen or template_of(station.charger.model), skips=skips))


async def get_commissioning_status(ctx: Context, *, charge_point_id: str) -> Value:
    """The last run."""
    run = await _last_run(ctx, await assigned_charge_point(ctx, charge_point_id))
    if run is None:
        raise NotFound(f"The commissioning of {charge_point_id} has not been started.")
    return run


async def apply_commissioning_template(ctx: Context, *, charge_point_id: str) -> Value:
    """Write the keys of a template to the charge point, one by one."""
    charge_point, chosen = await assigned_charge_point(ctx, charge_point_id), template(ctx.body["template_id"])
    await _permitted(ctx, charge_point)
    station = await Station.of(ctx, Caller.of(ctx).org_id, charge_point_id)
    results = []
    for key, value in chosen.keys.items():
        answer = (await station.call("ChangeConfiguration", {"key": key, "value": value})).heard()
        if answer.status not in _SETTLED:
            raise answer.refused()
        results.append({"key": key, "value": value, "status": answer.status})
    await runs.read_configuration(station)
    applied_at = to_the_second(ctx.at)
    return {"charge_point_id": station.id, "template_id": chosen.id, "applied_at": applied_at, "results": results}


async def list_commissioning_logs(ctx: Context, *, charge_point_id: str) -> Sequence[dict[str, Any]]:
    """What has happened in all runs, newest first."""
    await assigned_charge_point(ctx, charge_point_id)
    found = await runs.runs_of(ctx, Caller.of(ctx).org_id, charge_point_id)
    return [entry for run in found for entry in runs.log(run, ctx.at)][::-1]


async def get_commissioning_diagnostics(ctx: Context, *, charge_point_id: str) -> Station:
    """What is known, without asking anew."""
    await assigned_charge_point(ctx, charge_point_id)
    return await Station.of(ctx, Caller.of(ctx).org_id, charge_point_id)


async def report_commissioning_issue(ctx: Context, *, charge_point_id: str) -> Value:
    """Tell the operator what stands in the way."""
    charge_point = await assigned_charge_point(ctx, charge_point_id)
    run = await _last_run(ctx, charge_point)
    return await ISSUES.of(Caller.of(ctx).org_id).create(
        ctx, charge_point_id=charge_point_id, session_id=run and run["session_id"], status="open"
    )


async def _last_run(ctx: Context, charge_point: Value) -> Value | None:
    found = await runs.runs_of(ctx, Caller.of(ctx).org_id, charge_point["charge_point_id"])
    return found[-1] if found else None


async def _permitted(ctx: Context, charge_point: Value) -> dict[str, Any]:
    """What a check changes of a charge point; Conflict while one runs, and for one that is in service."""
    run = await _last_run(ctx, charge_point)
    if run is not None:
        RUN.move(run, "start_another", ctx.at)
    return CHARGE_POINT.move(charge_point, "check", ctx.at)
