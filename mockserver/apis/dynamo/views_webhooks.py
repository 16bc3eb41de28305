"""The views of webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value


def webhook_endpoint(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """WebhookEndpoint."""
    return picked(value, "id", "url", "events", "description", "status", "created_at")


def webhook_endpoint_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """WebhookEndpointList."""
    return {"endpoints": [webhook_endpoint(value, ctx, expansion) for value in values], "total": len(values)}


def delivery(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Delivery."""
    content = value["content"]
    return {
        **picked(value, "id", "endpoint_id", "status", "attempts", "response_status"),
        **picked(value, "created_at", "last_attempt_at", "next_attempt_at"),
        "event_id": content["id"],
        "event": content["event"],
    }
