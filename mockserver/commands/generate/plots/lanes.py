"""Lanes: one for each EVSE or charger, as many as can be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mockserver.commands.generate.plots.axes import note

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 32


class Lanes:
    """The first of the names, from top to bottom."""

    def __init__(self, names: Sequence[str]) -> None:
        self._all = len(names)
        self._lanes = {name: lane for lane, name in enumerate(names[:_MOST])}

    def __len__(self) -> int:
        return len(self._lanes)

    def of(self, name: str) -> int | None:
        """The lane of a name, or None when it has none."""
        return self._lanes.get(name)

    @property
    def height_in(self) -> float:
        """How much room the lanes want."""
        return 0.6 + 0.19 * len(self._lanes)

    def label(self, axes: Axes) -> None:
        """Write the names beside the lanes, and above how many there are when some are missing."""
        axes.set_ylim(len(self._lanes) - 0.4, -0.6)
        axes.set_yticks([*self._lanes.values()], [*self._lanes], fontsize=8)
        axes.grid(visible=False, axis="y")
        if self._all > len(self._lanes):
            note(axes, f"the first {len(self._lanes)} of {self._all:,}")
