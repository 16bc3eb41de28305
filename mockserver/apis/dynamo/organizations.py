"""Tag Organizations: the tenants of the platform."""

from __future__ import annotations

from mockserver.apis.dynamo.accounts import application
from mockserver.apis.dynamo.registry import MEMBERS, ORGANIZATIONS, SETTINGS
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.seed import first_settings
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value


async def create_organization(ctx: Context) -> Reply:
    """Make one; a user becomes its owner, a key of another organization reaches it."""
    caller = Caller.of(ctx).principal
    made = await ORGANIZATIONS.create(ctx, created_by=None if caller.user_id else caller.client_id)
    if caller.user_id:
        user = await MEMBERS.of(caller.client_id).get(ctx, caller.user_id)
        await MEMBERS.of(made["id"]).create(ctx, key=caller.user_id, body=user, role="owner")
    await SETTINGS.of(made["id"]).create(ctx, key=made["id"], body=first_settings(made))
    await ctx.runtime.accounts.add(application(made["id"], made["name"], ctx.world.seed, made["created_at"]))
    return Reply(201, made, [("location", ctx.url("organizations", made["id"]))])


async def get_organization(ctx: Context, *, org_id: str) -> Value:
    """One of them."""
    return await ORGANIZATIONS.get(ctx, org_id)


async def update_organization(ctx: Context, *, org_id: str) -> Value:
    """Replace what a client says of one."""
    return await ORGANIZATIONS.replace(ctx, org_id)
