"""How far projects are, which follows from their charge points, and whose they are: an installer's, a site owner's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.project_registry import PROJECT, PROJECTS
from mockserver.apis.dynamo.roles import Caller
from mockserver.http.exchange import Context
from mockserver.store import Value


async def standings(ctx: Context, org_id: str, projects: Iterable[Value]) -> list[Value]:
    """Projects of an organization, each with its `status`, its `charge_point_count`, and what it is `waiting_for`."""
    by_project = defaultdict(list)
    for each in await CHARGE_POINTS.of(org_id).list(ctx):
        by_project[each["project_id"]].append(each)
    return [{**project, **_standing(project, by_project[project["id"]])} for project in projects]


def _standing(project: Value, charge_points: Sequence[Value]) -> Value:
    in_progress, completed, handed_over = PROJECT.states
    open_ids = [each["charge_point_id"] for each in charge_points if each["commissioned_at"] is None]
    is_completed = bool(charge_points) and not open_ids
    return {
        "status": handed_over if project["handed_over_at"] else completed if is_completed else in_progress,
        "charge_point_count": len(charge_points),
        "waiting_for": f"Not commissioned yet: {', '.join(open_ids)}."
        if open_ids
        else "The project has no charge point yet.",
    }


async def of_installer(ctx: Context) -> Sequence[Value]:
    """Those that the calling installer works on, newest first."""
    caller = Caller.of(ctx)
    return (await PROJECTS.of(caller.org_id).list(ctx, installer_id=caller.principal.user_id))[::-1]


async def assigned(ctx: Context, project_id: str) -> Value:
    """One that the calling installer works on; NotFound for others."""
    caller = Caller.of(ctx)
    projects = PROJECTS.of(caller.org_id)
    project = await projects.get(ctx, project_id)
    if project["installer_id"] != caller.principal.user_id:
        raise projects.unknown(project_id)
    return project


async def assigned_charge_point(ctx: Context, charge_point_id: str) -> Value:
    """A charge point of a project that the calling installer works on; NotFound for others."""
    caller = Caller.of(ctx)
    charge_points = CHARGE_POINTS.of(caller.org_id)
    charge_point = await charge_points.get(ctx, charge_point_id)
    project = await PROJECTS.of(caller.org_id).find(ctx, charge_point["project_id"] or "")
    if project is None or project["installer_id"] != caller.principal.user_id:
        raise charge_points.unknown(charge_point_id)
    return charge_point


async def of_host(ctx: Context, owner: Value) -> list[Value]:
    """Those that a site owner gets, or has got, newest first."""
    found = await PROJECTS.of(owner["org_id"]).list(ctx)
    theirs = [each for each in reversed(found) if each["site_owner_email"].lower() == owner["email"].lower()]
    return await standings(ctx, owner["org_id"], theirs)
