"""Schedules for batteries and EVs: exact optima over equal slots, in pure Python.

    plan_cash       a battery, at the least cost of import, export and wear
    plan_solar      a battery, for the least import: surplus in, deficit out
    plan_ready_by   an EV, charged by a deadline at the least cost

All take what is planned (`Storage`, `ChargingNeed`), the prices (`Market`), optionally what shares the grid connection
(`Premises`) and the length of a slot in seconds, and return a `Plan`. Power is in W on the AC side, + charging; energy
in Wh at the battery; prices and costs in one currency, per kWh. Errors: see `errors`; algorithm: see `programme`.
"""

from mockserver.domain.planner.errors import (
    CycleLimitExceeded,
    GridLimitExceeded,
    Infeasible,
    InvalidInput,
    PlannerError,
    StorageExhausted,
)
from mockserver.domain.planner.goals import plan_cash, plan_ready_by, plan_solar, relaxed_bound
from mockserver.domain.planner.inputs import ChargingNeed, Market, Premises, Storage
from mockserver.domain.planner.plan import Plan

__all__ = [
    "ChargingNeed",
    "CycleLimitExceeded",
    "GridLimitExceeded",
    "Infeasible",
    "InvalidInput",
    "Market",
    "Plan",
    "PlannerError",
    "Premises",
    "Storage",
    "StorageExhausted",
    "plan_cash",
    "plan_ready_by",
    "plan_solar",
    "relaxed_bound",
]
