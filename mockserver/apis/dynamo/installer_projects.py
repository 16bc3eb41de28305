"""Tag Installer projects: places where installers put charge points up, until their owners get them."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.events import raise_event
from mockserver.apis.dynamo.project_registry import PROJECT, PROJECTS
from mockserver.apis.dynamo.projects import assigned, of_installer, standings
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_owner_invitations import hand_to
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value


async def list_installer_projects(ctx: Context, *, status: str | None) -> Sequence[Value]:
    """Those of the installer, newest first."""
    found = await standings(ctx, Caller.of(ctx).org_id, await of_installer(ctx))
    return [each for each in found if status in (None, each["status"])]


async def create_installer_project(ctx: Context) -> Reply:
    """Begin one, which is the installer's own."""
    caller = Caller.of(ctx)
    made = await PROJECTS.of(caller.org_id).create(ctx, installer_id=caller.principal.user_id, handed_over_at=None)
    (project,) = await standings(ctx, caller.org_id, [made])
    return Reply(201, project, [("location", ctx.url("installer", "projects", made["id"]))])


async def get_installer_project(ctx: Context, *, project_id: str) -> Value:
    """One of them."""
    (project,) = await standings(ctx, Caller.of(ctx).org_id, [await assigned(ctx, project_id)])
    return project


async def hand_over_installer_project(ctx: Context, *, project_id: str) -> Value:
    """Give one to its site owner, who is told by e-mail."""
    org_id, kept = Caller.of(ctx).org_id, await assigned(ctx, project_id)
    (project,) = await standings(ctx, org_id, [kept])
    moved = PROJECT.move(project, "hand_over", ctx.at)
    # As a whole, since those of the seed world are not known before they began.
    await PROJECTS.of(org_id).set(ctx, kept, **{**kept, "handed_over_at": moved["handed_over_at"]})
    await hand_to(ctx, org_id, project)
    told = {"project_id": project["id"], "site_owner_email": project["site_owner_email"]}
    await raise_event(ctx, org_id, "handover.completed", **told)
    return {**project, **moved}
