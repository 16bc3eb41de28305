"""Tag Webhooks: where an organization is told of events, and what was sent there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mockserver.apis.dynamo.events import addressed, lane_of
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.webhook_registry import ACTIVE, DELIVERIES, ENDPOINTS, FAILED, PENDING
from mockserver.apis.dynamo.world_events import follow
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value


async def list_webhook_endpoints(ctx: Context) -> Sequence[Value]:
    """All, newest first."""
    return (await ENDPOINTS.list(ctx))[::-1]


async def create_webhook_endpoint(ctx: Context) -> Reply:
    """Make one, which gets what happens from now on."""
    made = await ENDPOINTS.create(ctx, body={**ctx.body, "status": ACTIVE})
    await follow(ctx, Caller.of(ctx).org_id)
    return Reply(201, made, [("location", ctx.url("webhooks", "endpoints", made["id"]))])


async def get_webhook_endpoint(ctx: Context, *, endpoint_id: str) -> Value:
    """One of them."""
    return await ENDPOINTS.get(ctx, endpoint_id)


async def update_webhook_endpoint(ctx: Context, *, endpoint_id: str) -> Value:
    """Replace all but a secret not said; what waits goes to where it leads now, or is given up if it is disabled."""
    secret = (await ENDPOINTS.get(ctx, endpoint_id))["secret"]
    endpoint = await ENDPOINTS.replace(ctx, endpoint_id, body={"secret": secret, **ctx.body})
    await follow(ctx, Caller.of(ctx).org_id)
    if endpoint["status"] == ACTIVE:
        change = partial(addressed, endpoint=endpoint)
        ctx.after_commit(partial(ctx.runtime.outbox.readdress, lane_of(endpoint_id), change))
        return endpoint
    deliveries = DELIVERIES.of(endpoint_id)
    for waiting in await deliveries.list(ctx, status=PENDING):
        await deliveries.set(ctx, waiting, status=FAILED, next_attempt_at=None)
    ctx.after_commit(partial(ctx.runtime.outbox.close, lane_of(endpoint_id)))
    return endpoint


async def delete_webhook_endpoint(ctx: Context, *, endpoint_id: str) -> None:
    """End it, and forget what was sent there."""
    await ENDPOINTS.delete(ctx, endpoint_id)
    await follow(ctx, Caller.of(ctx).org_id)
    deliveries = DELIVERIES.of(endpoint_id)
    for each in await deliveries.list(ctx):
        await deliveries.delete(ctx, each["id"])
    ctx.after_commit(partial(ctx.runtime.outbox.close, lane_of(endpoint_id)))


async def list_webhook_deliveries(ctx: Context, *, endpoint_id: str, status: str | None) -> Sequence[Value]:
    """Those that fit, newest first."""
    await ENDPOINTS.get(ctx, endpoint_id)
    return (await DELIVERIES.of(endpoint_id).list(ctx, status=status))[::-1]
