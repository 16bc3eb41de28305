"""What is charged in a transaction, as a bill has to know of it: that of a vehicle of the world, or of a client."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from fixtures.days import HOUR_S, unix_s, utc_or_none
from fixtures.rng import Stream
from fixtures.sessions import ChargingState, Outcome
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.site_registry import site_id
from mockserver.domain.sessions import Session
from mockserver.store import Value

Draw = Sequence[int]
"""A second, Unix, and the power that a vehicle draws from then on, W."""
_NEVER_S = 2**62
_NEEDS_WH = (20_000, 60_000)
"""Own estimate: what is missing in the battery of a car that comes to a public charger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One transaction and all that belongs to it; times are UTC."""

    transaction_id: str
    charge_point_id: str
    connector_id: int
    site_id: str | None
    """Where the charge point stood when it began; None for one on no site."""
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
    def of(cls, session: Session, cut: Value | None, book: PriceBook) -> Self:
        """What it is by what the world and the store say."""
        started_at = session.started_at or session.plugged_in_at
        return cls(
            session=session,
            cut=cut,
            transaction_id=f"txn_{session.id}",
            charge_point_id=session.charger.identity,
            connector_id=session.evse.number,
            site_id=book.at(started_at).site_id(session.charger.identity, site_id(session.site)),
            id_tag=session.charging.id_token,
            started_at=started_at,
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
    """That of a transaction that a client started: a vehicle draws all that it may until it has enough."""

    draws: Sequence[Draw]
    full_s: int | None
    """From when on it has enough; None: never, as things are."""
    need_wh: int

    @classmethod
    def of(cls, kept: Value) -> Self:
        """What it is by what is kept of the transaction."""
        full_s = _full_s(kept["draws"], kept["need_wh"])
        return cls(
            draws=kept["draws"],
            full_s=full_s,
            need_wh=kept["need_wh"],
            transaction_id=kept["id"],
            charge_point_id=kept["charge_point_id"],
            connector_id=kept["connector_id"],
            site_id=kept["site_id"],
            id_tag=kept["id_tag"],
            started_at=datetime.fromisoformat(kept["started_at"]),
            ended_at=kept["stopped_at"] and datetime.fromisoformat(kept["stopped_at"]),
            is_whole=_by_driver(kept),
            charging_stopped_at=utc_or_none(full_s),
        )

    @property
    def phases(self) -> Iterator[tuple[int, str]]:
        """What the connector shows, a ChargePointStatus of OCPP 1.6, each with the second from which it does."""
        for since_s, power_w in self.draws:
            if self.full_s is None or since_s < self.full_s:
                yield since_s, "Charging" if power_w else "SuspendedEVSE"
        if self.full_s is not None:
            yield self.full_s, "SuspendedEV"

    @property
    def deliveries(self) -> Iterator[tuple[int, int]]:
        """See `Charge`."""
        for start_s, end_s, power_w in _lasting(self.draws, self.full_s):
            if power_w:
                yield start_s, end_s

    def energy_wh_at(self, at: datetime) -> int:
        """See `Charge`."""
        energy_ws = sum(power_w * (end_s - since_s) for since_s, end_s, power_w in _lasting(self.draws, unix_s(at)))
        return min(energy_ws // HOUR_S, self.need_wh)

    def power_w_at(self, at: datetime) -> int:
        """What the vehicle draws at an aware instant, W."""
        at_s = unix_s(at)
        if self.full_s is not None and at_s >= self.full_s:
            return 0
        return next((power_w for since_s, power_w in reversed(self.draws) if since_s <= at_s), 0)


def need_wh(seed: int, transaction_number: int) -> int:
    """How much the vehicle of a client's transaction takes until it has enough, Wh."""
    return Stream(seed, "need of a vehicle", transaction_number).integer(*_NEEDS_WH)


def _full_s(draws: Sequence[Draw], wanted_wh: int) -> int | None:
    """When a vehicle that draws so has enough; None when it never does."""
    left_ws = wanted_wh * HOUR_S
    for since_s, end_s, power_w in _lasting(draws, None):
        if power_w * (end_s - since_s) >= left_ws:
            return since_s - (-left_ws // power_w)
        left_ws -= power_w * (end_s - since_s)
    return None


def _lasting(draws: Sequence[Draw], until_s: int | None) -> Iterator[tuple[int, int, int]]:
    """Each [start, end) and power, up to an instant or for ever."""
    until_s = _NEVER_S if until_s is None else until_s
    for (since_s, power_w), end_s in zip(draws, [*(each[0] for each in draws[1:]), _NEVER_S], strict=True):
        if since_s < until_s:
            yield since_s, min(end_s, until_s), power_w


def _by_driver(transaction: Value) -> bool:
    return bool(transaction["stop_reason"] == "Local")
