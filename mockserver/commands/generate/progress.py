"""A progress bar for long work, seen on terminals only: how much of the asked time is covered."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import click

from mockserver.clock import Clock
from mockserver.commands.generate.window import Window

_LONG_ENOUGH = timedelta(seconds=1)


class Progress:
    """A bar on standard error once the work has taken a second; nothing where `shown` is false."""

    def __init__(self, window: Window, *, shown: bool) -> None:
        self._window = window
        self._shown = shown
        self._clock = Clock()
        self._began_at = self._clock.now()
        self._bar: Any = None
        self._covered_s = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            if kind is None:
                self.reach(self._window.end)
            self._bar.render_finish()

    def reach(self, at: datetime) -> None:
        """Everything before an instant is done."""
        if not self._shown:
            return
        if self._bar is None:
            if self._clock.now() - self._began_at < _LONG_ENOUGH:
                return
            length_s = self._window.length_s
            self._bar = click.progressbar(length=length_s, label=f"to {at:%Y-%m-%d}", file=sys.stderr, show_pos=False)
            self._bar.__enter__()
        covered_s = min(max(int((at - self._window.start).total_seconds()), self._covered_s), self._window.length_s)
        self._bar.label = f"{at.astimezone(self._window.zone):%Y-%m-%d}"
        self._bar.update(covered_s - self._covered_s)
        self._covered_s = covered_s


def is_terminal(stream: Any) -> bool:
    """True when a person looks at the stream."""
    return stream is not None and bool(stream.isatty())
