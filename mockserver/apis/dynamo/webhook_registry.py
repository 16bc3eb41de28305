"""Webhook endpoints of organizations, and what was sent to each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.apis.dynamo.registry import resource
from mockserver.http.resources import REQUIRED, prefixed
from mockserver.store import Value

ALL_EVENTS = "*"
DISABLED, ACTIVE = "disabled", "active"
DELIVERED, FAILED, PENDING = "delivered", "failed", "pending"
KEPT = 1000
"""The deliveries of an endpoint that are remembered: the latest ones."""

ENDPOINTS = resource(
    name="webhook endpoint",
    plural="webhook endpoints",
    collection="dynamo.webhook_endpoints",
    members={"url": REQUIRED, "events": REQUIRED, "description": None, "secret": None, "status": ACTIVE},
    id_form=prefixed("whe_"),
    stamps={"created_at": True},
)

DELIVERIES = resource(
    name="webhook delivery",
    plural="webhook deliveries",
    collection="dynamo.webhook_deliveries",
    members={},
    id_form=prefixed("whd_"),
    stamps={"created_at": True},
)
"""By endpoint: `DELIVERIES.of(endpoint_id)`. `body` is the event as it is sent."""


def reword(operation_id: str, body: Any) -> Mapping[str, str]:
    """See `Api.reword`: how an address in plain HTTP is to be written, which is what people begin with."""
    url = body.get("url") if isinstance(body, dict) else None
    if not operation_id.endswith("-webhook-endpoint") or not isinstance(url, str) or not url.startswith("http:"):
        return {}
    return {"url": "has to begin with https://; to this machine, https://localhost:PORT is sent in plain HTTP"}


def is_wanted(endpoint: Value, event: str) -> bool:
    """Whether an endpoint gets events of that type."""
    return endpoint["status"] == ACTIVE and not {event, ALL_EVENTS}.isdisjoint(endpoint["events"])
