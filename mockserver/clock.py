"""The one source of time: a clock that is real, shifted, accelerated or frozen.

Virtual time is a straight line through an anchor: `virtual = anchor + (monotonic - anchor_monotonic) * speed`. Every
change of the clock moves the anchor to now and goes on from there, so time never jumps unless it is told to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

MAX_SPEED = 1_000_000.0
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


class ClockError(ValueError):
    """A time or speed that the clock cannot take; the message says which and what would do."""


def timestamp(at: datetime) -> str:
    """An instant in UTC as it goes over the wire: RFC 3339 with `Z`."""
    return at.isoformat().replace("+00:00", "Z")


class Clock:
    """Virtual time. `speed` 1 is real pace, 60 is a minute a second, 0 is frozen."""

    def __init__(
        self,
        at: datetime | None = None,
        speed: float = 1.0,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start at `at` (aware; None is the real time now) and run at `speed`; ClockError as in `set` and `run`."""
        self._monotonic = monotonic
        self._anchor = datetime.now(UTC)
        self._anchor_monotonic = monotonic()
        self._speed = 1.0
        self._watchers: list[Callable[[], None]] = []
        self.run(speed)
        if at is not None:
            self.set(at)  # last, so that a frozen clock stands at `at` exactly

    @property
    def speed(self) -> float:
        """Virtual seconds that pass in one real second; 0 when frozen."""
        return self._speed

    @property
    def frozen(self) -> bool:
        """True while time stands still."""
        return self._speed == 0.0

    def now(self) -> datetime:
        """The virtual time, aware, in UTC; it stops at the year 2200."""
        if self._speed == 0.0:
            return self._anchor
        elapsed_s = (self._monotonic() - self._anchor_monotonic) * self._speed
        return min(self._anchor + timedelta(seconds=elapsed_s), _LAST) if elapsed_s < 1e10 else _LAST

    def watch(self, changed: Callable[[], None]) -> None:
        """Have a function called whenever the clock is set to another time or pace."""
        self._watchers.append(changed)

    def set(self, at: datetime) -> None:
        """Jump to an aware time from 1970 to 2200, forwards or backwards; ClockError otherwise."""
        if at.tzinfo is None:
            raise ClockError(f"{at.isoformat()} has no time zone: write it as {at.isoformat()}Z")
        if not _FIRST <= at <= _LAST:
            raise ClockError(f"{at.isoformat()} is outside 1970-01-01 to 2200-01-01")
        self._anchor = at.astimezone(UTC)
        self._anchor_monotonic = self._monotonic()
        for changed in self._watchers:
            changed()

    def advance(self, duration: timedelta) -> None:
        """Move by a duration, which may be negative, and keep the speed; ClockError outside 1970 to 2200."""
        try:
            self.set(self.now() + duration)
        except OverflowError:
            raise ClockError(f"{duration} leads outside 1970-01-01 to 2200-01-01") from None

    def run(self, speed: float = 1.0) -> None:
        """Go on from now at `speed` (0 to 1 000 000 virtual seconds a second); ClockError otherwise."""
        if not 0.0 <= speed <= MAX_SPEED:
            raise ClockError(f"speed {speed} is outside 0 to {MAX_SPEED:.0f} virtual seconds per second")
        now = self.now()
        self._speed = speed
        self.set(now)

    def freeze(self) -> None:
        """Stand still at now."""
        self.run(0.0)

    def dump(self) -> dict[str, Any]:
        """The clock as JSON values: `now` in RFC 3339, `speed` as a number."""
        return {"now": self.now().isoformat(), "speed": self._speed}

    def load(self, dumped: dict[str, Any]) -> None:
        """Take over what `dump` gave; ClockError when it is not that."""
        try:
            at, speed = datetime.fromisoformat(dumped["now"]), float(dumped["speed"])
        except (KeyError, TypeError, ValueError) as error:
            raise ClockError(f"not a clock: {error}") from None
        Clock(at, speed)  # raises before anything is changed
        self.run(speed)
        self.set(at)
