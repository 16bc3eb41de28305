"""Failures that are ordered: which requests they hit, what happens to them, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fixtures.rng import unit
from mockserver.http.errors import InjectedFault
from mockserver.http.wildcard import matches


class Disconnect(Exception):
    """The connection is to be cut in the middle of the response."""


@dataclass(frozen=True, slots=True)
class Match:
    """What a request must be to be hit; None is anything, `path` may hold `*`."""

    api: str | None = None
    operation_id: str | None = None
    method: str | None = None
    path: str | None = None

    def hits(self, api: str, operation_id: str | None, method: str, path: str) -> bool:
        """Whether all that is named fits."""
        return (
            self.api in (None, api)
            and self.operation_id in (None, operation_id)
            and self.method in (None, method)
            and (self.path is None or matches(self.path, path))
        )


@dataclass(slots=True)
class Fault:
    """One order: `action` holds `status` (with `title`, `detail`, `retry_after_s`), or `delay_ms`, or `disconnect`."""

    fault_id: str
    match: Match
    action: dict[str, Any]
    times: int | None = None
    probability: float = 1.0
    hits: int = field(default=0)

    @property
    def remaining(self) -> int | None:
        """How many requests it still hits; None for as long as it stands."""
        return None if self.times is None else self.times - self.hits

    async def happen(self) -> None:
        """Wait (real time), or raise InjectedFault or Disconnect, as `action` says."""
        action = self.action
        if "delay_ms" in action:
            await asyncio.sleep(action["delay_ms"] / 1000)
        elif "disconnect" in action:
            raise Disconnect
        else:
            detail = action.get("detail", f"Ordered through the control plane ({self.fault_id}).")
            error = InjectedFault(action["status"], detail, title=action.get("title"))
            if "retry_after_s" in action:
                error.headers.append(("retry-after", str(action["retry_after_s"])))
            raise error


class Faults:
    """The orders in force, oldest first; the first that fits a request is the one that happens."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._created = 0

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults.values()))

    def __bool__(self) -> bool:
        return bool(self._faults)

    def order(self, match: Match, action: dict[str, Any], times: int | None, probability: float) -> Fault:
        """Put a new fault in force."""
        self._created += 1
        fault = Fault(f"fault{self._created:06d}", match, action, times, probability)
        self._faults[fault.fault_id] = fault
        return fault

    def due(self, seed: int, number: int, api: str, operation_id: str | None, method: str, path: str) -> Fault | None:
        """The fault that happens to request `number`, counted as a hit, or None."""
        for fault in self:
            if (
                fault.remaining != 0
                and fault.match.hits(api, operation_id, method, path)
                and (fault.probability >= 1.0 or unit(seed, "fault", fault.fault_id, number) < fault.probability)
            ):
                fault.hits += 1
                return fault
        return None

    def delete(self, fault_id: str) -> bool:
        """Withdraw one; False when there is none of that id."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self) -> None:
        """Withdraw all, and number from 1 again."""
        self._faults.clear()
        self._created = 0
