"""Ordering failures."""

from __future__ import annotations

from typing import Any

from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context
from mockserver.http.faults import Fault, Match


async def list_faults(ctx: Context) -> list[dict[str, Any]]:
    """The faults in force, oldest first."""
    return [_wire(fault) for fault in ctx.runtime.faults]


async def create_fault(ctx: Context) -> dict[str, Any]:
    """Put a fault in force."""
    body = ctx.body
    fault = ctx.runtime.faults.order(
        Match(**body["match"]), body["action"], body.get("times"), body.get("probability", 1.0)
    )
    return _wire(fault)


async def clear_faults(ctx: Context) -> None:
    """Withdraw all faults."""
    ctx.runtime.faults.clear()


async def delete_fault(ctx: Context, *, fault_id: str) -> None:
    """Withdraw one fault."""
    if not ctx.runtime.faults.delete(fault_id):
        raise NotFound(f"There is no fault {fault_id[:80]!r}.")


def _wire(fault: Fault) -> dict[str, Any]:
    match = {name: getattr(fault.match, name) for name in Match.__slots__ if getattr(fault.match, name) is not None}
    return {
        "fault_id": fault.fault_id,
        "match": match,
        "action": fault.action,
        "times": fault.times,
        "probability": fault.probability,
        "remaining": fault.remaining,
        "hits": fault.hits,
    }
