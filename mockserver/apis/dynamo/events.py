"""Events: what happened, told to every endpoint of an organization that asks for it.

Whoever changes something that the contract's webhook names says so in the same transaction:

    await raise_event(ctx, org_id, "commissioning.started", charge_point_id=..., session_id=..., status="running")

What is to be sent is kept beside what it tells of and handed to the outbox after the commit, which notes each attempt
here. So a delivery that waits is taken up again from a state that was imported.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from mockserver import ids
from mockserver.apis.dynamo.registry import ORGANIZATIONS, to_the_second
from mockserver.apis.dynamo.webhook_registry import (
    DELIVERED,
    DELIVERIES,
    ENDPOINTS,
    FAILED,
    KEPT,
    PENDING,
    is_wanted,
)
from mockserver.http.auth import is_loopback
from mockserver.http.deliveries import Delivery, Status, Webhook
from mockserver.http.errors import ContractBroken
from mockserver.http.exchange import Context
from mockserver.http.parameters import instant
from mockserver.http.resources import NUMBER
from mockserver.http.runtime import Runtime
from mockserver.http.unasked import unasked
from mockserver.store import Value
from mockserver.store.counter import next_number

API_NAME = "dynamo"
_TIMEOUT_S = 30.0
_RETRIES_S = (60, 5 * 60, 30 * 60, 2 * 3600, 24 * 3600)
"""Fact sheet, 2.12."""
_STATUS = {Status.PENDING: PENDING, Status.DELIVERED: DELIVERED}
"""What the outbox says otherwise is a failure."""


async def has_listeners(ctx: Context, org_id: str, events: Iterable[str]) -> bool:
    """Whether an organization is told of any of some types of events."""
    endpoints = await ENDPOINTS.of(org_id).list(ctx)
    return any(is_wanted(endpoint, event) for endpoint in endpoints for event in events)


async def raise_event(ctx: Context, org_id: str, event: str, **data: Any) -> None:
    """Have an event of now sent to whoever asks for it; ContractBroken for data that the contract does not allow."""
    endpoints = [each for each in await ENDPOINTS.of(org_id).list(ctx) if is_wanted(each, event)]
    if not endpoints:
        return
    event_id = ids.prefixed("evt_", ctx.world.seed, await next_number(ctx.store, "dynamo.events"))
    body = {"id": event_id, "event": event, "timestamp": to_the_second(ctx.at), "data": data}
    mounted = next(each for each in ctx.runtime.apis if each.api.name == API_NAME)
    if violations := mounted.webhooks["event"].violations(body):
        said = "; ".join(f"{each.pointer or '/'}: {each.message}" for each in violations[:10])
        raise ContractBroken(f"The event {event} breaks its contract: {said}")
    for endpoint in endpoints:
        deliveries = DELIVERIES.of(endpoint["id"])
        delivery = await deliveries.create(
            ctx,
            body={},
            endpoint_id=endpoint["id"],
            content=body,
            status=PENDING,
            attempts=0,
            response_status=None,
            last_attempt_at=None,
            next_attempt_at=to_the_second(ctx.at),
        )
        place = deliveries.place(ctx)
        await ctx.store.delete(place, DELIVERIES.id_form.new(ctx.world.seed, place, delivery[NUMBER] - KEPT))
        ctx.after_commit(partial(_send, ctx.runtime, org_id, endpoint, delivery))


async def resume(runtime: Runtime) -> None:
    """Take up the deliveries that wait."""
    async with unasked(runtime, API_NAME) as ctx:
        for org_id in [each["id"] for each in await ORGANIZATIONS.list(ctx)]:
            for endpoint in await ENDPOINTS.of(org_id).list(ctx):
                for delivery in await DELIVERIES.of(endpoint["id"]).list(ctx, status=PENDING):
                    ctx.after_commit(partial(_send, runtime, org_id, endpoint, delivery))


def job_of(org_id: str) -> tuple[str, str]:
    """The job that tells an organization what comes by itself: see `world_events`."""
    return ("dynamo world", org_id)


def lane_of(endpoint_id: str) -> tuple[str, str]:
    """The lane of what goes to an endpoint."""
    return (API_NAME, endpoint_id)


def addressed(webhook: Webhook, endpoint: Value) -> Webhook:
    """The same to an endpoint as it is now, signed with its secret if it has one.

    The provider takes https only, but nobody has a certificate for this machine: there it is sent in plain HTTP.
    """
    url, key = endpoint["url"], endpoint["secret"]
    with suppress(ValueError):  # the outbox says why it cannot send to what is no URL
        if is_loopback(urlsplit(url).hostname or ""):
            url = "http" + url.removeprefix("https")
    webhook = replace(webhook, url=url, headers={})
    if key is None:
        return webhook
    digest = hmac.new(key.encode(), webhook.content, hashlib.sha256).hexdigest()
    return replace(webhook, headers={"x-dynamo-signature": f"sha256={digest}"})


def _send(runtime: Runtime, org_id: str, endpoint: Value, delivery: Value) -> None:
    content, endpoint_id = delivery["content"], endpoint["id"]
    webhook = Webhook(
        topic=content["event"],
        api=API_NAME,
        client_id=org_id,
        url=endpoint["url"],
        body=content,
        retries_s=_RETRIES_S,
        timeout_s=_TIMEOUT_S,
        note=partial(_note, runtime, endpoint_id, delivery["id"]),
    )
    due_at = instant(delivery["next_attempt_at"])
    runtime.outbox.send(lane_of(endpoint_id), addressed(webhook, endpoint), due_at=due_at, tried=delivery["attempts"])


async def _note(runtime: Runtime, endpoint_id: str, delivery_id: str, sent: Delivery) -> None:
    """Keep what came of an attempt."""
    async with unasked(runtime, API_NAME) as ctx:
        deliveries = DELIVERIES.of(endpoint_id)
        delivery = await deliveries.find(ctx, delivery_id)
        if delivery is None:  # forgotten meanwhile
            return
        await deliveries.set(
            ctx,
            delivery,
            status=_STATUS.get(sent.status, FAILED),
            attempts=sent.tried,
            response_status=sent.attempts[-1].status,
            last_attempt_at=to_the_second(sent.attempts[-1].at),
            next_attempt_at=sent.due_at and to_the_second(sent.due_at),
        )
