"""Ctrl-C and SIGTERM during a run."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_FORCED = 3


class Interrupts:
    """Remembers that a run is to stop.

    Usually a signal raises KeyboardInterrupt at once. Between a request that creates something and the note that it has
    to be deleted that would leave it behind, so while laws are played (`held`) a signal is only remembered, and `heed`
    raises it where nothing is lost. The third one does not wait.
    """

    def __init__(self) -> None:
        self._times = 0
        self._held = False

    @property
    def is_due(self) -> bool:
        """Whether a signal came that nothing holds back."""
        return self._times > 0 and not self._held

    def heed(self) -> None:
        """Raise KeyboardInterrupt if a signal came."""
        if self._times:
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold signals back."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Have signals come here; outside of the main thread, where Python lets nobody do so, none does."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._see) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _see(self, _: int, __: FrameType | None) -> None:
        self._times += 1
        if self._times >= _FORCED or not self._held:
            raise KeyboardInterrupt
        print("Stopping: what was created is deleted first. Twice more stops at once.", file=sys.stderr)
