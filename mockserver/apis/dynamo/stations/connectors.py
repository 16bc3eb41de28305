"""What a connector is doing: the vehicles of the world, overlaid by what clients did. Instants are Unix seconds.

Nothing ticks: a connector is as the store has it, with what has lapsed since. A vehicle of the world comes only to a
connector that was free when it would have plugged in; `closed` remembers when it was not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from fixtures.days import DAY_S
from fixtures.ocpp.faults import fault_of
from fixtures.ocpp.v16 import STATUS
from fixtures.sessions import ChargingSession
from mockserver import ids

FREE, TAKEN, FAULTED = "Available", "Reserved", "Faulted"
SHOWN = ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Unavailable", FAULTED)
"""What a connector can be made to show whatever goes on."""
OCCUPIED = frozenset({"Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing"})
_KEPT = (
    "shown", "is_operative", "hold", "running", "planned", "stopped_s", "gone_s", "closed", "faults", "changed_s",
)  # fmt: skip
OTHER_ERROR = "OtherError"
"""The code of a fault that somebody has a connector show."""
_LONGEST_TAG = 20
_REMEMBERED_S = 100 * DAY_S
"""As long as invoices look back."""


Windows = list[list[int | None]]
"""Windows of time, [start, end); the end of one that is not over is None."""


class Hold(TypedDict):
    """What a station keeps of ReserveNow; `id_tag` as OCPP has it, `until_s` excluded."""

    reservation_id: int
    id_tag: str
    until_s: int


class Phase(TypedDict):
    """What a connector shows from a second on."""

    since_s: int
    status: str


class Running(TypedDict):
    """A transaction that a client has started, by its number in OCPP."""

    transaction_id: int
    id_tag: str
    phases: list[Phase]


@dataclass
class Connector:
    """One connector; `visit` is the session of the world that would be there, and not kept."""

    number: int
    visit: ChargingSession | None = None
    shown: str | None = None
    is_operative: bool = True
    hold: Hold | None = None
    running: Running | None = None
    planned: int = 0
    """The reservation of the seed world, by number, that was held last."""
    stopped_s: int | None = None
    """Plug-in of the visit whose transaction somebody ended."""
    gone_s: int | None = None
    """Plug-in of the visit that somebody sent away."""
    closed: Windows = field(default_factory=list)
    """The windows [start, end) in which no vehicle of the world came; the end of the present one is None."""
    faults: Windows = field(default_factory=list)
    """The windows in which it was made to show a fault, in the same form."""
    changed_s: int = 0
    """When somebody, or the end of a hold, changed it last."""

    def as_json(self) -> dict[str, Any]:
        """What the store keeps."""
        return {name: getattr(self, name) for name in _KEPT}

    def settle(self, at_s: int) -> None:
        """Let go what has lapsed, and turn the visit away that could not come."""
        if self.hold is not None and self.hold["until_s"] <= at_s:
            ended_s, self.hold = self.hold["until_s"], None
            self.note(ended_s)
        if self.visit is not None and (
            self.visit.plugged_in_s == self.gone_s or self.was_closed(self.visit.plugged_in_s)
        ):
            self.visit = None

    def note(self, at_s: int) -> None:
        """Remember whether vehicles can come from now on, and faults; to be called after each change."""
        self.changed_s = at_s
        self.closed = _noted(self.closed, bool(self.shown or self.hold or self.running) or not self.is_operative, at_s)
        self.faults = _noted(self.faults, self.shown == FAULTED, at_s)

    def status(self, at_s: int) -> str:
        """A ChargePointStatus of OCPP 1.6."""
        if self.shown is not None:
            return self.shown
        if self.running is not None:
            shown = (each["status"] for each in reversed(self.running["phases"]) if each["since_s"] <= at_s)
            return next(shown, "Charging")
        if self.visit is not None:
            return self._status_of_visit(self.visit, at_s)
        if not self.is_operative:
            return "Unavailable"
        return FREE if self.hold is None else TAKEN

    def error_code(self, at_s: int) -> str:
        """A ChargePointErrorCode of OCPP 1.6."""
        if self.status(at_s) != FAULTED:
            return "NoError"
        fault = None if self.shown or self.visit is None else fault_of(self.visit)
        return OTHER_ERROR if fault is None else fault.code

    def charging(self, at_s: int) -> ChargingSession | None:
        """The session of the world whose transaction runs at an instant, if one does."""
        visit = self.visit
        if visit is None or visit.started_s is None or visit.ended_s is None or visit.plugged_in_s == self.stopped_s:
            return None
        return visit if visit.started_s <= at_s < visit.ended_s else None

    def stop(self, at_s: int) -> None:
        """End whatever transaction runs; the vehicle of a client leaves, one of the world stays until it would go."""
        if self.running is not None:
            self.running = None
        elif self.visit is not None:
            self.stopped_s = self.visit.plugged_in_s
        self.note(at_s)

    def show(self, status: str | None, at_s: int) -> None:
        """Show a status until told otherwise; `FREE` sends away whoever is there, None lets it be what it is."""
        if status == FREE:
            self.send_away(at_s)
            self.hold = self.running = None
            self.is_operative = True
        self.shown = None if status == FREE else status
        self.note(at_s)

    def send_away(self, at_s: int) -> None:
        """Have the vehicle of the world leave; one that has not begun to charge will not have done so."""
        visit = self.visit
        if visit is None:
            return
        self.gone_s, self.visit = visit.plugged_in_s, None
        if visit.started_s is None or at_s < visit.started_s:
            self.closed = [[visit.plugged_in_s, visit.plugged_in_s + 1], *self.closed]

    def was_closed(self, plugged_in_s: int) -> bool:
        """Whether a vehicle of the world that would have plugged in then did not."""
        return covers(self.closed, plugged_in_s)

    def _status_of_visit(self, visit: ChargingSession, at_s: int) -> str:
        if visit.plugged_in_s == self.stopped_s:
            return "Finishing"
        if visit.ended_s is not None and at_s >= visit.ended_s:
            fault = fault_of(visit)
            return FAULTED if fault is not None and at_s < fault.cleared_s else "Finishing"
        state = visit.state_at(at_s)
        return FREE if state is None else STATUS[state]


def covers(windows: Windows, at_s: int) -> bool:
    """Whether an instant is in one of them."""
    return any(start is not None and start <= at_s and (end is None or at_s < end) for start, end in windows)


def _noted(windows: Windows, is_open: bool, at_s: int) -> Windows:
    """Windows of time when something is so from now on, or not: the last one begins or ends."""
    was_open = bool(windows) and windows[-1][1] is None
    if was_open and not is_open:
        windows = [*windows[:-1], [windows[-1][0], at_s]]
    elif is_open and not was_open:
        windows = [*windows, [at_s, None]]
    return [each for each in windows if each[1] is None or each[1] > at_s - _REMEMBERED_S]


def station_tag(seed: int, id_tag: str) -> str:
    """The tag as OCPP 1.6 takes it (part 1, 7.28): what is longer than 20 characters has a token that stands for it."""
    return id_tag if len(id_tag) <= _LONGEST_TAG else ids.prefixed("DYN-", seed, id_tag.casefold())


def free_for(connectors: Sequence[Connector], id_tag: str, at_s: int) -> Connector | None:
    """The connector that a driver with that tag would be sent to: the one held for them, else the first free one."""
    held = [each for each in connectors if each.status(at_s) == TAKEN and is_for(each.hold, id_tag)]
    free = [each for each in connectors if each.status(at_s) == FREE]
    return next(iter([*held, *free]), None)


def is_for(hold: Hold | None, id_tag: str) -> bool:
    """Whether a tag may use what is held; the case of its letters does not count (OCPP 1.6 part 1, 7.28)."""
    return hold is not None and hold["id_tag"].casefold() == id_tag.casefold()
