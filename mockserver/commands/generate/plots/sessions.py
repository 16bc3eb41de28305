"""Sessions: who is plugged in where and when, and the power that all of them draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fixtures.days import DAY_S, HOUR_S
from mockserver.commands.generate.columns import Row
from mockserver.commands.generate.plots.axes import BAD, COLOURS, time_axis
from mockserver.commands.generate.plots.bins import bin_width_s, days
from mockserver.commands.generate.plots.lanes import Lanes
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BARS_UP_TO_S = 15 * DAY_S  # of longer windows one could not see the bars
_POWER_HEIGHT_IN = 2.4
_FINEST_S = 300
_WH_PER_KWH = 1000.0
_CONNECTED = "#c9ced6"
_OUTCOMES = {"completed": COLOURS[0], "remote_stop": COLOURS[4], "fault": BAD}


@dataclass(frozen=True, slots=True)
class Stay:
    """What the picture wants of a session; `charging` is when energy flows, instants in Unix seconds."""

    evse: str
    outcome: str
    start_s: int
    end_s: int
    charging: tuple[int, int] | None
    energy_wh: int


class SessionsPicture:
    """Above a lane for each EVSE, below the mean power of all sessions of the rows.

    A window of two weeks or less shows each session; a longer one how long a vehicle is there.
    """

    def __init__(self, window: Window, title: str, evses: Sequence[str], stay: Callable[[Row], Stay]) -> None:
        self.title = title
        self._window = window
        self._stay = stay
        self._lanes = Lanes(evses)
        self.height_in = self._lanes.height_in + _POWER_HEIGHT_IN + 1.2
        self._bars: list[Stay] | None = [] if window.length_s <= _BARS_UP_TO_S else None
        self._width_s = max(bin_width_s(window), _FINEST_S)
        self._energy_wh: defaultdict[int, float] = defaultdict(float)
        self._present_s: defaultdict[tuple[int, int], float] = defaultdict(float)
        self._sessions = 0
        self._total_wh = 0

    def add(self, rows: Sequence[Row]) -> None:
        """See `Picture.add`."""
        for row in rows:
            stay = self._stay(row)
            self._sessions += 1
            self._total_wh += stay.energy_wh
            if stay.charging and stay.energy_wh:
                begin_s, end_s = stay.charging
                per_s = stay.energy_wh / max(end_s - begin_s, 1)
                for key, seconds in self._shares(begin_s, max(end_s, begin_s + 1)):
                    self._energy_wh[key] += per_s * seconds
            lane = self._lanes.of(stay.evse)
            if lane is None:
                continue
            if self._bars is not None:
                self._bars.append(stay)
                continue
            for key, seconds in self._shares(stay.start_s, stay.end_s):
                self._present_s[lane, key] += seconds

    def _shares(self, start_s: int, end_s: int) -> list[tuple[int, int]]:
        """The bins that [start_s, end_s) touches in the window, each with the seconds in it."""
        width_s, end_s = self._width_s, min(end_s, self._window.end_s)
        return [
            (key, min(end_s, (key + 1) * width_s) - max(start_s, key * width_s))
            for key in range(start_s // width_s, -(-end_s // width_s))
        ]

    def draw(self, figure: Figure) -> None:
        """See `Picture.draw`."""
        heights = [self._lanes.height_in, _POWER_HEIGHT_IN]
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        if self._bars is None:
            self._draw_presence(figure, above)
        else:
            self._draw_bars(above, self._bars)
        self._lanes.label(above)
        self._draw_power(below)
        time_axis(above, self._window, labelled=False)
        time_axis(below, self._window)

    def _draw_bars(self, axes: Axes, bars: Sequence[Stay]) -> None:
        def spans(lane: int, some: list[tuple[int, int]], colour: str, height: float) -> None:
            axes.broken_barh(
                [(days(start_s), days(end_s) - days(start_s)) for start_s, end_s in some],
                (lane - height / 2, height),
                facecolor=colour,
                edgecolor="none",
            )

        by_lane: defaultdict[int, list[Stay]] = defaultdict(list)
        for stay in bars:
            by_lane[self._lanes.of(stay.evse) or 0].append(stay)
        for lane, stays in by_lane.items():
            spans(lane, [(stay.start_s, stay.end_s) for stay in stays], _CONNECTED, 0.72)
            for outcome, colour in _OUTCOMES.items():
                charging = [stay.charging for stay in stays if stay.charging and stay.outcome == outcome]
                spans(lane, charging, colour, 0.72)
            failed = [stay for stay in stays if stay.outcome not in _OUTCOMES]
            axes.plot([days(stay.start_s) for stay in failed], [lane] * len(failed), "x", color=BAD, markersize=4)
        for name, colour in (
            ("plugged in", _CONNECTED),
            ("charging", COLOURS[0]),
            ("stopped from remote", COLOURS[4]),
            ("ended by a fault", BAD),
        ):
            axes.bar([0], [0], color=colour, label=name)
        axes.plot([], [], "x", color=BAD, label="never started")
        handles, labels = axes.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda at: labels[at] == "never started")
        handles, labels = [handles[at] for at in order], [labels[at] for at in order]
        axes.legend(handles, labels, loc="lower left", ncols=5, bbox_to_anchor=(0.0, 1.0), borderaxespad=0.1)

    def _draw_presence(self, figure: Figure, axes: Axes) -> None:
        width_s = self._width_s
        keys = range(self._window.start_s // width_s, -(-self._window.end_s // width_s))
        shares = [
            [self._present_s.get((lane, key), 0.0) / width_s * 100.0 for key in keys]
            for lane in range(len(self._lanes))
        ]
        edges = [days(key * width_s) for key in (*keys, keys.stop)]
        lanes = [lane - 0.5 for lane in range(len(self._lanes) + 1)]
        mesh = axes.pcolormesh(edges, lanes, shares, cmap="Blues", vmin=0.0, vmax=100.0, rasterized=True)
        figure.colorbar(mesh, ax=axes, label="plugged in, % of the time", pad=0.01)

    def _draw_power(self, axes: Axes) -> None:
        width_s = self._width_s
        keys = range(self._window.start_s // width_s, -(-self._window.end_s // width_s))
        power_kw = [self._energy_wh.get(key, 0.0) * HOUR_S / width_s / _WH_PER_KWH for key in keys]
        edges = [days(key * width_s) for key in (*keys, keys.stop)]
        axes.stairs(power_kw, edges, color=COLOURS[0], fill=True, alpha=0.3)
        axes.stairs(power_kw, edges, color=COLOURS[0], linewidth=1.2)
        axes.set_ylabel("kW")
        axes.set_ylim(bottom=0.0)
        said = f"mean power of {self._sessions:,} sessions, {self._total_wh / _WH_PER_KWH:,.0f} kWh"
        axes.set_title(said, loc="left", fontsize=9.5)
