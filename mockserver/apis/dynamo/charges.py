"""What is charged in a transaction, as a bill has to know of it: that of a vehicle of the world, or of a client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from fixtures.days import HOUR_S, unix_s, utc, utc_or_none
from fixtures.rng import Stream
from fixtures.sessions import ChargingState, Outcome
from mockserver.apis.dynamo.site_registry import site_id
from mockserver.domain.sessions import Session
from mockserver.store import Value

_NEEDS_WH = (20_000, 60_000)
"""Own estimate: what is missing in the battery of a car that comes to a public charger."""


class Charge(Protocol):
    """One transaction and all that belongs to it; times are UTC."""

    @property
    def transaction_id(self) -> str:
        """The id of the transaction; behind another prefix, that of its session."""

    @property
    def charge_point_id(self) -> str:
        """The charge point."""

    @property
    def connector_id(self) -> int:
        """Its connector."""

    @property
    def site_id(self) -> str | None:
        """The site where it stood; None for one on no site."""

    @property
    def id_tag(self) -> str:
        """The card that began it."""

    @property
    def started_at(self) -> datetime:
        """When it began."""

    @property
    def ended_at(self) -> datetime | None:
        """When it ended or will end; None while nobody knows."""

    @property
    def is_whole(self) -> bool:
        """Whether it ended by itself: by its driver, and by no fault."""

    @property
    def charging_stopped_at(self) -> datetime | None:
        """When the vehicle had enough, or will have; None: never."""

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """When energy flows unless it is ended before, [start, end) in Unix seconds, in order."""

    def energy_wh_at(self, at: datetime) -> int:
        """What was delivered by an aware instant that is not after the end, Wh."""


@dataclass(frozen=True, slots=True)
class ChargeOfWorld:
    """That of a session of the world that came to a transaction; `cut` is what is kept of it when somebody ended it."""

    session: Session
    cut: Value | None = None

    @property
    def transaction_id(self) -> str:
        """See `Charge`."""
        return f"txn_{self.session.id}"

    @property
    def charge_point_id(self) -> str:
        """See `Charge`."""
        return self.session.charger.identity

    @property
    def connector_id(self) -> int:
        """See `Charge`."""
        return self.session.evse.number

    @property
    def site_id(self) -> str | None:
        """See `Charge`."""
        return site_id(self.session.site)

    @property
    def id_tag(self) -> str:
        """See `Charge`."""
        return self.session.charging.id_token

    @property
    def started_at(self) -> datetime:
        """See `Charge`."""
        return self.session.started_at or self.session.plugged_in_at

    @property
    def ended_at(self) -> datetime | None:
        """See `Charge`."""
        return datetime.fromisoformat(self.cut["stopped_at"]) if self.cut else self.session.ended_at

    @property
    def is_whole(self) -> bool:
        """See `Charge`."""
        return _by_driver(self.cut) if self.cut else self.session.charging.outcome is Outcome.COMPLETED

    @property
    def charging_stopped_at(self) -> datetime | None:
        """See `Charge`."""
        return utc_or_none(self.session.charging.charging_ended_s)

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """See `Charge`."""
        charging = self.session.charging
        ends = [*(since_s for since_s, _ in charging.states[1:]), charging.ended_s or 0]
        for (start_s, state), end_s in zip(charging.states, ends, strict=True):
            if state is ChargingState.CHARGING:
                yield start_s, end_s

    def energy_wh_at(self, at: datetime) -> int:
        """See `Charge`."""
        return self.session.charging.energy_wh_at(unix_s(at))


@dataclass(frozen=True, slots=True)
class ChargeOfClient:
    """That of a transaction that a client started: a vehicle draws all that the connector gives until it has enough."""

    transaction: Value

    @property
    def transaction_id(self) -> str:
        """See `Charge`."""
        return str(self.transaction["id"])

    @property
    def charge_point_id(self) -> str:
        """See `Charge`."""
        return str(self.transaction["charge_point_id"])

    @property
    def connector_id(self) -> int:
        """See `Charge`."""
        return int(self.transaction["connector_id"])

    @property
    def site_id(self) -> str | None:
        """See `Charge`."""
        place: str | None = self.transaction["site_id"]
        return place

    @property
    def id_tag(self) -> str:
        """See `Charge`."""
        return str(self.transaction["id_tag"])

    @property
    def started_at(self) -> datetime:
        """See `Charge`."""
        return datetime.fromisoformat(self.transaction["started_at"])

    @property
    def ended_at(self) -> datetime | None:
        """See `Charge`."""
        stopped_at = self.transaction["stopped_at"]
        return None if stopped_at is None else datetime.fromisoformat(stopped_at)

    @property
    def is_whole(self) -> bool:
        """See `Charge`."""
        return _by_driver(self.transaction)

    @property
    def charging_stopped_at(self) -> datetime | None:
        """See `Charge`."""
        return utc(self.full_s)

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """See `Charge`."""
        yield unix_s(self.started_at), self.full_s

    def energy_wh_at(self, at: datetime) -> int:
        """See `Charge`."""
        drawn_wh = (unix_s(at) - unix_s(self.started_at)) * int(self.transaction["power_w"]) // HOUR_S
        return max(0, min(drawn_wh, int(self.transaction["need_wh"])))

    def power_w_at(self, at: datetime) -> int:
        """What the vehicle draws at an aware instant, W."""
        return int(self.transaction["power_w"]) if unix_s(at) < self.full_s else 0

    @property
    def full_s(self) -> int:
        """From when on the vehicle has enough, Unix seconds."""
        takes_s = -(-int(self.transaction["need_wh"]) * HOUR_S // int(self.transaction["power_w"]))
        return unix_s(self.started_at) + takes_s


def session_id(charge: Charge) -> str:
    """The id of the session of a charge."""
    return f"sess_{charge.transaction_id.removeprefix('txn_')}"


def drawn(seed: int, power_w: int, transaction_number: int) -> dict[str, Any]:
    """What is kept of the vehicle of a client's transaction: its need, and its power, which is the connector's."""
    need_wh = Stream(seed, "need of a vehicle", transaction_number).integer(*_NEEDS_WH)
    return {"power_w": power_w, "need_wh": need_wh}


def _by_driver(transaction: Value) -> bool:
    return bool(transaction["stop_reason"] == "Local")
