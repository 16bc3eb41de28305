"""Event loops whose time is not real: whoever sleeps in one is woken at once, and its clock has moved on as far."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import wraps
from typing import Any, ParamSpec

from mockserver.clock import Clock

Arguments = ParamSpec("Arguments")

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)


class _Skipping(selectors.BaseSelector):
    """A selector that does not wait for time to pass, but says how long it would have."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.skipped_s = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everything waits for something that never comes"
        self.skipped_s += max(timeout, 0.0)
        return self._inner.select(0)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which sleeping takes no time; for what happens inside one thread."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        """Seconds that were slept through since the loop was made, and a start that is no round number."""
        return 1000.25 + self._skipping.skipped_s


def in_virtual_loop(test: Callable[Arguments, Coroutine[Any, Any, None]]) -> Callable[Arguments, None]:
    """The test as a plain function that runs its coroutine to the end, sleeping through whatever it waits for."""

    @wraps(test)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def clock(speed: float = 1.0, at: datetime = NOON) -> Clock:
    """A clock of the mock that runs on the time of the loop that it is made in."""
    return Clock(at, speed, monotonic=asyncio.get_running_loop().time)
