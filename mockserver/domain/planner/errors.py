"""What can be wrong with a planning problem.

    PlannerError
    ├── InvalidInput        a number or a length that makes no sense, whatever the prices
    └── Infeasible          limits that no schedule can keep
        ├── GridLimitExceeded     load or PV alone break the connection's limit, storage at full power included
        ├── StorageExhausted      the connection's limit asks for energy or room that the storage does not have
        └── CycleLimitExceeded    what the limits force upon the storage takes more cycles than are allowed

A wish that cannot be met is no error: energy wanted at the end or by a deadline is approached as far as the limits
allow, and what is missing is the plan's `shortfall_wh`.
"""

from __future__ import annotations


class PlannerError(Exception):
    """Any reason why there is no plan."""


class InvalidInput(PlannerError, ValueError):
    """A parameter is out of range, not finite, or of another length than the horizon; the message names it."""


class Infeasible(PlannerError):
    """No schedule keeps all limits; the message says which limit, where and by how much."""


class GridLimitExceeded(Infeasible):
    """In `slot` the exchange passes the connection's limit by `excess_w` even with the storage at full power."""

    def __init__(self, slot: int, excess_w: float, direction: str) -> None:
        super().__init__(
            f"slot {slot}: {direction} exceeds the grid limit by {excess_w:.6g} W with the storage at full power"
        )
        self.slot = slot
        self.excess_w = excess_w


class StorageExhausted(Infeasible):
    """By the end of `slot` the grid limits need `excess_wh` more stored energy, or room for it, than there can be."""

    def __init__(self, slot: int, excess_wh: float, lacking: str) -> None:
        super().__init__(f"slot {slot}: the grid limits need {excess_wh:.6g} Wh more {lacking} than the storage has")
        self.slot = slot
        self.excess_wh = excess_wh


class CycleLimitExceeded(Infeasible):
    """Other limits force at least `least_wh` through the storage, both ways, and the cycles allow `budget_wh`."""

    def __init__(self, budget_wh: float, least_wh: float) -> None:
        super().__init__(
            f"max_cycles allows a throughput of {budget_wh:.6g} Wh, and the other limits force {least_wh:.6g} Wh"
        )
        self.budget_wh = budget_wh
        self.least_wh = least_wh
