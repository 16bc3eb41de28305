"""Webhooks and their deliveries: what the outbox sends, and where each of it stands."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from mockserver.clock import timestamp
from mockserver.http.journal import MASK

TIMEOUT_S = 5.0
"""Real seconds that a receiver has to answer."""
KEPT_ATTEMPTS = 100
"""The latest ones: a receiver may be away for long, and a clock fast."""


class Status(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    DELIVERED = "delivered"
    REFUSED = "refused"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"


async def _nobody_asks(delivery: Delivery) -> None:
    """Nothing to note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """What is to be sent: a POST with a JSON body. `secret_headers` are sent but never shown.

    With `latest_only` a newer one of the same lane takes its place while it waits. With `retries_s` everything but 2xx
    is tried again, after so many virtual seconds each time and then no more, and what follows does not wait for that.
    """

    topic: str
    api: str
    client_id: str
    url: str
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    latest_only: bool = False
    retries_s: Sequence[int] | None = None
    timeout_s: float = TIMEOUT_S
    note: Callable[[Delivery], Awaitable[None]] = field(default=_nobody_asks, repr=False)
    """Called after each attempt that was not broken off; its lane goes on after that."""

    @property
    def content(self) -> bytes:
        """The body as it is sent, always the same bytes."""
        return orjson.dumps(self.body)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: virtual time, the status that came or what went wrong, and the real time that it took."""

    at: datetime
    status: int | None
    error: str | None
    duration_ms: float


@dataclass(slots=True, eq=False)
class Delivery:
    """A webhook on its way; `is_open` until its lane is closed."""

    delivery_id: str
    lane: Hashable
    webhook: Webhook
    created_at: datetime
    due_at: datetime | None
    tried: int = 0
    """How often, also in an earlier life of the mock."""
    status: Status = Status.PENDING
    is_open: bool = True
    attempts: deque[Attempt] = field(default_factory=lambda: deque(maxlen=KEPT_ATTEMPTS))

    def end(self, status: Status) -> None:
        """There will be no more attempts."""
        self.status, self.due_at = status, None

    def as_json(self) -> dict[str, Any]:
        """The delivery as JSON values, with secrets masked."""
        webhook = self.webhook
        return {
            "delivery_id": self.delivery_id,
            "topic": webhook.topic,
            "api": webhook.api,
            "client_id": webhook.client_id,
            "url": webhook.url,
            "headers": {**webhook.headers, **dict.fromkeys(webhook.secret_headers, MASK)},
            "body": webhook.body,
            "status": self.status.value,
            "created_at": timestamp(self.created_at),
            "due_at": None if self.due_at is None else timestamp(self.due_at),
            "attempts": [
                {
                    "at": timestamp(attempt.at),
                    "status": attempt.status,
                    "error": attempt.error,
                    "duration_ms": attempt.duration_ms,
                }
                for attempt in self.attempts
            ],
        }
