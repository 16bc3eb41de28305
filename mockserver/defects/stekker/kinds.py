"""What an event is about, and answers to it that are wrong but whole."""

from __future__ import annotations

from typing import Any

from mockserver.defects.altering import When
from mockserver.defects.defect import Request, on

PAIR, UNPAIR = "ChargePointDetailsNotification", "ChargePointUnPairNotification"
RECEIPT = {
    "status": "accepted",
    "event_id": "00000000-0000-4000-8000-000000000000",
    "received_at": "2026-03-18T12:00:00Z",
}
EVENTS = on("stekker", "post-event", "put-event")
READINGS = on("stekker", "post-meter-readings", "get-meter-readings")
CDR = on("stekker", "get-cdr", "post-cdr")


def kind_of(asked: Request) -> str:
    """What an event is: the OCPP method, or the name of the notification; empty for what is none."""
    body = asked.json
    event = body.get("event") if isinstance(body, dict) else None
    return str(event.get("method", "")) if isinstance(event, dict) else str(event or "")


def params_of(asked: Request) -> Any:
    """The parameters of an OCPP event."""
    return asked.json["event"]["params"]


def is_kind(*kinds: str) -> When:
    """Whether an event is of one of the kinds."""
    return lambda asked: kind_of(asked) in kinds


def both(*conditions: When) -> When:
    """Whether all conditions hold."""
    return lambda asked: all(condition(asked) for condition in conditions)
