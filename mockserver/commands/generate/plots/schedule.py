"""A schedule: prices above, powers in the middle, state of charge below."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from fixtures.days import unix_s
from mockserver.commands.generate.columns import Row
from mockserver.commands.generate.plots.axes import BAD, COLOURS, time_axis, zero_line
from mockserver.commands.generate.plots.bins import days
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_KW = 1000.0
_SUN = "#c99700"
_CHARGE, _DISCHARGE, _GRID, _LOAD = COLOURS[0], COLOURS[1], "#444444", COLOURS[3]


class SchedulePicture:
    """All rows of a schedule, of which there are never many; states of charge in %, no limits for a car.

    A vertical line stands at the departure of a car.
    """

    height_in = 7.6

    def __init__(
        self,
        window: Window,
        title: str,
        soc_start: float,
        soc_limits: tuple[float, float] | None,
        departure: datetime | None,
    ) -> None:
        self.title = title
        self._window = window
        self._soc_start = soc_start
        self._soc_limits = soc_limits
        self._departure = departure
        self._rows: list[Row] = []

    def add(self, rows: Sequence[Row]) -> None:
        """See `Picture.add`."""
        self._rows += rows

    def draw(self, figure: Figure) -> None:
        """See `Picture.draw`."""
        prices, powers, soc = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 1.35, 0.8])
        starts, ends, buys, sells, currencies, power, _, socs, load, sun, _, grid, _ = zip(*self._rows, strict=True)
        edges = [*(days(unix_s(start)) for start in starts), days(unix_s(ends[-1]))]
        if self._departure is not None:
            leaves = days(unix_s(self._departure))
            for axes in (prices, powers, soc):
                axes.axvline(leaves, color=BAD, linewidth=1.2, linestyle=":", label="departure")
        self._draw_prices(prices, edges, [*map(float, buys)], [*map(float, sells)], currencies[0])
        self._draw_powers(powers, edges, power, load, sun, grid)
        self._draw_soc(soc, edges, [self._soc_start, *socs])
        for axes in (prices, powers):
            time_axis(axes, self._window, labelled=False)
        time_axis(soc, self._window)

    def _draw_prices(self, axes: Axes, edges: list[float], buys: list[float], sells: list[float], unit: str) -> None:
        label = "import and export" if sells == buys else "import"
        axes.step(edges, [*buys, buys[-1]], where="post", color=COLOURS[0], linewidth=1.4, label=label)
        if sells != buys:
            axes.step(edges, [*sells, sells[-1]], where="post", color=COLOURS[2], linewidth=1.2, label="export")
        if min(buys) < 0.0:
            below = [min(each, 0.0) for each in (*buys, buys[-1])]
            axes.fill_between(edges, below, 0.0, step="post", color=BAD, alpha=0.35, linewidth=0, label="below zero")
            zero_line(axes)
        axes.set_ylabel(f"{unit} per kWh")
        _legend(axes)

    def _draw_powers(self, axes: Axes, edges: list[float], *powers: Sequence[int]) -> None:
        power, load, sun, grid = powers
        charging = [max(each, 0) / _KW for each in power]
        giving = [min(each, 0) / _KW for each in power]
        axes.stairs(charging, edges, fill=True, color=_CHARGE, alpha=0.55, label="charging")
        if any(giving):
            axes.stairs(giving, edges, fill=True, color=_DISCHARGE, alpha=0.55, label="discharging")
        if any(sun):
            axes.stairs([each / _KW for each in sun], edges, color=_SUN, linewidth=1.3, label="solar output")
        if any(load):
            axes.stairs([each / _KW for each in load], edges, color=_LOAD, linewidth=1.1, label="load")
        if any(sun) or any(load):
            axes.stairs([each / _KW for each in grid], edges, color=_GRID, linewidth=1.0, linestyle=":", label="grid")
        zero_line(axes)
        axes.set_ylabel("kW")
        _legend(axes)

    def _draw_soc(self, axes: Axes, edges: list[float], socs: list[float]) -> None:
        axes.plot(edges, socs, color=COLOURS[2], linewidth=1.6)
        axes.fill_between(edges, socs, 0.0, color=COLOURS[2], alpha=0.18, linewidth=0)
        for limit in self._soc_limits or ():
            axes.axhline(limit, color="#7a7f87", linewidth=0.9, linestyle=(0, (4, 3)))
        axes.set_ylim(0.0, 100.0)
        axes.set_ylabel("state of charge, %")


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower left", ncols=6, bbox_to_anchor=(0.0, 1.0), borderaxespad=0.1)
