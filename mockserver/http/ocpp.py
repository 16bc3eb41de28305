"""The OCPP messages between the mock and the stations behind it, and the answers that stations were ordered to give.

Like the journal, they are no part of the state: what was sent stays sent when the request that caused it is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from mockserver.clock import timestamp

Payload = Mapping[str, Any]


class Call(NamedTuple):
    """A call, and its answer: a payload, or an error as `errorCode` and `errorDescription`, or None for silence."""

    message_id: str
    sent_at: datetime
    station: str
    version: str
    sender: Literal["csms", "station"]
    action: str
    payload: Payload
    answer: Payload | None
    is_error: bool

    def as_json(self) -> dict[str, Any]:
        """The call as JSON values."""
        return {
            "message_id": self.message_id,
            "sent_at": timestamp(self.sent_at),
            "charge_point_id": self.station,
            "ocpp_version": self.version,
            "sender": self.sender,
            "action": self.action,
            "payload": self.payload,
            "answer": self.answer,
            "is_error": self.is_error,
        }


@dataclass
class Order:
    """The next answers of a station to an action: a payload, or an error, or None for silence."""

    station: str
    action: str
    answer: Payload | None
    is_error: bool
    times: int


@dataclass
class Traffic:
    """The latest calls, and the orders that are still to be carried out."""

    size: int
    orders: list[Order] = field(default_factory=list)
    _calls: deque[Call] = field(init=False)
    _sent: int = 0

    def __post_init__(self) -> None:
        self._calls = deque(maxlen=self.size)

    def __iter__(self) -> Iterator[Call]:
        """Newest first."""
        return reversed(self._calls)

    def take_order(self, station: str, action: str) -> Order | None:
        """The oldest order for an answer of that station to that action, carried out once more; None without one."""
        for order in self.orders:
            if (order.station, order.action) == (station, action):
                order.times -= 1
                if not order.times:
                    self.orders.remove(order)
                return order
        return None

    def next_id(self) -> str:
        """The id of the next call."""
        return f"ocpp{self._sent + 1:09d}"

    def record(self, call: Call) -> None:
        """Keep a call, which has the next id."""
        self._sent += 1
        self._calls.append(call)

    def clear(self) -> None:
        """Forget everything, and number from 1 again."""
        self.orders.clear()
        self._calls.clear()
        self._sent = 0
