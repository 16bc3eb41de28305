"""What the mock has sent to its clients, and what it still has to."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver.http.deliveries import Delivery
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context


async def list_deliveries(
    ctx: Context, *, limit: int, before: str | None, status: str | None, client_id: str | None, topic: str | None
) -> list[dict[str, Any]]:
    """Deliveries that fit, newest first; `before` goes on behind the last one seen."""
    fitting = (
        delivery.as_json()
        for delivery in ctx.runtime.outbox
        if (before is None or delivery.delivery_id < before)
        and status in (None, delivery.status)
        and client_id in (None, delivery.webhook.client_id)
        and topic in (None, delivery.webhook.topic)
    )
    return list(islice(fitting, limit))


async def get_delivery(ctx: Context, *, delivery_id: str) -> dict[str, Any]:
    """One delivery with its attempts."""
    return _found(ctx, delivery_id).as_json()


async def retry_delivery(ctx: Context, *, delivery_id: str) -> dict[str, Any]:
    """Send once more, now."""
    delivery = _found(ctx, delivery_id)
    if not ctx.runtime.outbox.retry(delivery):
        raise Conflict(
            f"Delivery {delivery_id} is {delivery.status}, and a newer one or the end of its subject follows."
        )
    return delivery.as_json()


async def clear_deliveries(ctx: Context) -> None:
    """Forget the deliveries that are done."""
    ctx.runtime.outbox.clear()


def _found(ctx: Context, delivery_id: str) -> Delivery:
    for delivery in ctx.runtime.outbox:
        if delivery.delivery_id == delivery_id:
            return delivery
    raise NotFound(f"The outbox holds no delivery {delivery_id[:80]!r}.")
