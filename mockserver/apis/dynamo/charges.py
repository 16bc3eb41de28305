"""What is charged in a transaction, as a bill has to know of it: that of a vehicle of the world, or of a client."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from fixtures.days import HOUR_S, unix_s, utc, utc_or_none
from fixtures.rng import Stream
from fixtures.sessions import ChargingState, Outcome
from mockserver.apis.dynamo.site_registry import site_id
from mockserver.domain.sessions import Session
from mockserver.store import Value

_NEEDS_WH = (20_000, 60_000)
"""Own estimate: what is missing in the battery of a car that comes to a public charger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One transaction and all that belongs to it; times are UTC."""

    transaction_id: str
    charge_point_id: str
    connector_id: int
    site_id: str | None
    """Where the charge point stood; None for one on no site."""
    id_tag: str
    started_at: datetime
    ended_at: datetime | None
    """When it ended or will end; None while nobody knows."""
    is_whole: bool
    """Whether it ends by itself: by its driver, and by no fault."""
    charging_stopped_at: datetime | None
    """When the vehicle has enough unless it is ended before; None: never."""

    @property
    def session_id(self) -> str:
        """The id of its session."""
        return f"sess_{self.transaction_id.removeprefix('txn_')}"

    @property
    @abstractmethod
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """When energy flows unless it is ended before, [start, end) in Unix seconds, in order."""

    @abstractmethod
    def energy_wh_at(self, at: datetime) -> int:
        """What was delivered by an aware instant that is not after the end, Wh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOfWorld(Charge):
    """That of a session of the world that came to a transaction; `cut` is what is kept of it when somebody ended it."""

    session: Session
    cut: Value | None

    @classmethod
    def of(cls, session: Session, cut: Value | None) -> Self:
        """What it is by what the world and the store say."""
        return cls(
            session=session,
            cut=cut,
            transaction_id=f"txn_{session.id}",
            charge_point_id=session.charger.identity,
            connector_id=session.evse.number,
            site_id=site_id(session.site),
            id_tag=session.charging.id_token,
            started_at=session.started_at or session.plugged_in_at,
            ended_at=datetime.fromisoformat(cut["stopped_at"]) if cut else session.ended_at,
            is_whole=_by_driver(cut) if cut else session.charging.outcome is Outcome.COMPLETED,
            charging_stopped_at=utc_or_none(session.charging.charging_ended_s),
        )

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOfClient(Charge):
    """That of a transaction that a client started: a vehicle draws all that the connector gives until it has enough."""

    power_w: int
    need_wh: int
    full_s: int
    """From when on it has enough, Unix seconds."""

    @classmethod
    def of(cls, kept: Value) -> Self:
        """What it is by what is kept of the transaction."""
        started_at = datetime.fromisoformat(kept["started_at"])
        full_s = unix_s(started_at) - (-kept["need_wh"] * HOUR_S // kept["power_w"])
        return cls(
            power_w=kept["power_w"],
            need_wh=kept["need_wh"],
            full_s=full_s,
            transaction_id=kept["id"],
            charge_point_id=kept["charge_point_id"],
            connector_id=kept["connector_id"],
            site_id=kept["site_id"],
            id_tag=kept["id_tag"],
            started_at=started_at,
            ended_at=kept["stopped_at"] and datetime.fromisoformat(kept["stopped_at"]),
            is_whole=_by_driver(kept),
            charging_stopped_at=utc(full_s),
        )

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """See `Charge`."""
        yield unix_s(self.started_at), self.full_s

    def energy_wh_at(self, at: datetime) -> int:
        """See `Charge`."""
        return max(0, min((unix_s(at) - unix_s(self.started_at)) * self.power_w // HOUR_S, self.need_wh))

    def power_w_at(self, at: datetime) -> int:
        """What the vehicle draws at an aware instant, W."""
        return self.power_w if unix_s(at) < self.full_s else 0


def drawn(seed: int, power_w: int, transaction_number: int) -> dict[str, Any]:
    """What is kept of the vehicle of a client's transaction: its need, and its power, which is the connector's."""
    need_wh = Stream(seed, "need of a vehicle", transaction_number).integer(*_NEEDS_WH)
    return {"power_w": power_w, "need_wh": need_wh}


def _by_driver(transaction: Value) -> bool:
    return bool(transaction["stop_reason"] == "Local")
