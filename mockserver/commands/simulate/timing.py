"""Time that passes while events are sent: what a test replaces to wait for nothing, and the two brakes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from mockserver.clock import Clock

_CATCHES_UP_S = 0.01
"""What a limiter makes up for, because sleeping takes longer than asked."""


class Time(Protocol):
    """Seconds that pass, from any origin."""

    def now_s(self) -> float:
        """Seconds since the origin."""

    async def sleep(self, duration_s: float) -> None:
        """Return when so many seconds have passed."""


class RealTime:
    """The machine's own time, since this was made."""

    def __init__(self) -> None:
        self._clock = Clock()
        self._origin = self._clock.now()

    def now_s(self) -> float:
        """See `Time.now_s`."""
        return (self._clock.now() - self._origin).total_seconds()

    async def sleep(self, duration_s: float) -> None:
        """See `Time.sleep`."""
        await asyncio.sleep(duration_s)


class Limiter:
    """Lets through at most so many a second, evenly spread; `per_second` None lets everything through.

    The generic cell rate algorithm (ITU-T I.371) with a tolerance of 10 ms.
    """

    def __init__(self, per_second: float | None, time: Time) -> None:
        self._interval_s = 1.0 / per_second if per_second else 0.0
        self._time = time
        self._next_s = 0.0

    async def take(self) -> None:
        """Return when the next one may go."""
        if not self._interval_s:
            return
        now_s = self._time.now_s()
        turn_s = max(self._next_s, now_s - _CATCHES_UP_S)
        self._next_s = turn_s + self._interval_s
        if turn_s > now_s:
            await self._time.sleep(turn_s - now_s)


class Pace:
    """Virtual time that passes at a speed from `start_s` (Unix seconds) on; speed 0 is as fast as can be."""

    def __init__(self, start_s: int, speed: float, time: Time) -> None:
        self._start_s = start_s
        self._speed = speed
        self._time = time
        self._origin_s = 0.0
        self.begin()

    def begin(self) -> None:
        """Let it be `start_s` now."""
        self._origin_s = self._time.now_s()

    @property
    def is_real(self) -> bool:
        """Whether events wait for their time."""
        return self._speed > 0.0

    @property
    def speed(self) -> float:
        """Virtual seconds in a real one; 0: as many as can be."""
        return self._speed

    def now_s(self) -> float:
        """The virtual time in Unix seconds; the start where events do not wait."""
        return self._start_s + (self._time.now_s() - self._origin_s) * self._speed

    def wait_s(self, at_s: float) -> float:
        """Real seconds until it is that time; 0 or less when it has been, or events do not wait."""
        return (at_s - self.now_s()) / self._speed if self.is_real else 0.0

    async def until(self, at_s: float) -> None:
        """Return when it is that time."""
        if (left_s := self.wait_s(at_s)) > 0.0:
            await self._time.sleep(left_s)
