"""Who plays which charger, where the players are users of a load test in one or several processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from mockserver.domain.sites import Charger, Site


class Line(NamedTuple):
    """What a charger sends next: PUT or POST, at a virtual time in Unix seconds, under a label."""

    at_s: int
    verb: str
    label: str
    body: Any


class Part:
    """A charger with all that it has left to say; whoever takes it over goes on where the last one ended."""

    def __init__(self, charger: Charger, lines: Iterator[Line]) -> None:
        self.charger = charger
        self._lines = lines
        self._line: Line | None = None

    def line(self) -> Line | None:
        """What is to be said next, the same until it is `spoken`; None in the end."""
        if self._line is None:
            self._line = next(self._lines, None)
        return self._line

    def spoken(self) -> None:
        """The line has arrived, or never will."""
        self._line = None


class Casting:
    """Gives the chargers of a cast to players: every `workers`-th, so that no two workers play the same one."""

    def __init__(
        self,
        cast: list[tuple[Charger, Site]],
        lines: Callable[[Charger, Site], Iterator[Line]],
        worker: int = 0,
        workers: int = 1,
    ) -> None:
        """`worker` counts from 0; ValueError when it is not below `workers`."""
        if not 0 <= worker < workers:
            raise ValueError(f"worker {worker} came when {workers} had shared the chargers out: start the test again")
        self._free = deque(Part(charger, lines(charger, site)) for charger, site in cast[worker::workers])

    def take(self) -> Part | None:
        """The next free charger; None when all are taken."""
        return self._free.popleft() if self._free else None

    def give_back(self, part: Part) -> None:
        """Let somebody else go on with a charger, before those that nobody has played yet."""
        self._free.appendleft(part)
