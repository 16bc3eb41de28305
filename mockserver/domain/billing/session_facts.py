"""What a bill has to know of a session.

Durations count whole seconds, as the times on the wire do, so a bill can be checked against them. Source: fact sheet of
the Dynamo API, 0.2 and 1.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from fixtures.days import unix_s
from mockserver.domain.billing.amounts import InvalidBilling, cents, check

MINUTE_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A session as it is billed: finished, or active and seen as of an instant.

    `until` is its end, or that instant. `timezone` is the operator's. InvalidBilling when it contradicts itself.
    """

    session_id: str
    charger_id: str
    site_id: str | None
    user_types: frozenset[str]
    timezone: ZoneInfo
    started_at: datetime
    charging_stopped_at: datetime | None  # None: it charged, or wanted to, until the end
    until: datetime
    is_finished: bool
    energy_wh: int

    def __post_init__(self) -> None:
        check("energy_wh", Decimal(self.energy_wh))
        stopped_at = self.until if self.charging_stopped_at is None else self.charging_stopped_at
        for name, at in (("started_at", self.started_at), ("charging_stopped_at", stopped_at), ("until", self.until)):
            if at.tzinfo is None:
                raise InvalidBilling(f"{name} is {at.isoformat()}; it must have a time zone")
        if not self.started_at <= stopped_at <= self.until:
            raise InvalidBilling(
                f"started_at {self.started_at.isoformat()}, charging_stopped_at {stopped_at.isoformat()} and until "
                f"{self.until.isoformat()} are not in that order"
            )

    @property
    def local_start(self) -> datetime:
        """Its start, by the operator's clocks."""
        return self.started_at.astimezone(self.timezone)

    @property
    def energy_kwh(self) -> Decimal:
        """The energy delivered, exactly."""
        return Decimal(self.energy_wh).scaleb(-3)

    @property
    def duration_s(self) -> int:
        """From the start to the end, or until now."""
        return unix_s(self.until) - unix_s(self.started_at)

    @property
    def idle_s(self) -> int:
        """From where charging stopped to the end, or until now."""
        return unix_s(self.until) - unix_s(self.charging_stopped_at or self.until)

    @property
    def duration_minutes(self) -> Decimal:
        """The duration to two decimals: no second less or more rounds to a whole minute, so the ceiling is the same."""
        return cents(Decimal(self.duration_s) / MINUTE_S)


def begun_minutes(duration_s: int) -> int:
    """How many minutes were begun."""
    return -(-duration_s // MINUTE_S)
