"""Reading and moving the clock. What falls due by a move has happened when the answer arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mockserver.clock import Clock, ClockError, timestamp
from mockserver.http.errors import FieldError, InvalidRequest
from mockserver.http.exchange import Context
from mockserver.http.parameters import instant


async def get_clock(ctx: Context) -> dict[str, Any]:
    """The virtual time and its pace."""
    return _wire(ctx.runtime.clock)


async def put_clock(ctx: Context) -> dict[str, Any]:
    """Set the time, the pace, or both."""
    return _change(ctx, now=ctx.body.get("now"), speed=ctx.body.get("speed"))


async def advance_clock(ctx: Context) -> dict[str, Any]:
    """Move the time by a duration."""
    clock = ctx.runtime.clock
    try:
        clock.advance(timedelta(seconds=ctx.body["duration_s"]))
    except (ClockError, OverflowError) as error:
        raise _refused("duration_s", error) from None
    ctx.after_commit(ctx.runtime.scheduler.settle)
    return _wire(clock)


async def freeze_clock(ctx: Context) -> dict[str, Any]:
    """Stand still, at a given time or now."""
    return _change(ctx, now=(ctx.body or {}).get("now"), speed=0.0)


async def run_clock(ctx: Context) -> dict[str, Any]:
    """Go on from now at a pace."""
    return _change(ctx, now=None, speed=(ctx.body or {}).get("speed", 1.0))


def _change(ctx: Context, *, now: str | None, speed: float | None) -> dict[str, Any]:
    clock = ctx.runtime.clock
    before = clock.dump()
    field = "speed"
    try:
        if speed is not None:
            clock.run(speed)
        field = "now"
        if now is not None:
            clock.set(instant(now))  # last, so that a frozen clock stands at it exactly
    except ValueError as error:
        clock.load(before)
        raise _refused(field, error) from None
    ctx.after_commit(ctx.runtime.scheduler.settle)
    return _wire(clock)


def _refused(field: str, error: Exception) -> InvalidRequest:
    return InvalidRequest([FieldError("body", field, str(error))])


def _wire(clock: Clock) -> dict[str, Any]:
    return {"now": timestamp(clock.now()), "speed": clock.speed, "frozen": clock.frozen}
