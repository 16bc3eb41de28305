"""Messages: when a charger has something to say, and how much is said in all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fixtures.days import unix_s
from mockserver.commands.generate.columns import Row
from mockserver.commands.generate.plots.axes import COLOURS, time_axis
from mockserver.commands.generate.plots.bins import days
from mockserver.commands.generate.plots.lanes import Lanes
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COUNTS_HEIGHT_IN = 2.4
_MARKS = 1500  # more cannot be told apart in a lane
_SLOTS = 200
_CALL = 2
_OTHER = "other"
_GROUPS = {
    "transactions": ("Authorize", "StartTransaction", "StopTransaction", "TransactionEvent"),
    "meter values": ("MeterValues",),
    "status": ("StatusNotification",),
    "heartbeats": ("Heartbeat",),
    "boots": ("BootNotification", "NotifyReport"),
    _OTHER: (),
}
_GROUP_OF = {action: group for group, actions in _GROUPS.items() for action in actions}
_COLOURS = dict(zip(_GROUPS, (COLOURS[0], COLOURS[2], COLOURS[4], "#c9ced6", COLOURS[3], COLOURS[1]), strict=True))


class MessagesPicture:
    """Above a lane for each charger with a mark where it calls or is called, below the number of calls."""

    def __init__(self, window: Window, title: str, chargers: Sequence[str]) -> None:
        self.title = title
        self._window = window
        self._lanes = Lanes(chargers)
        self.height_in = self._lanes.height_in + _COUNTS_HEIGHT_IN + 1.2
        self._fine_s = max(window.length_s // _MARKS, 1)
        self._coarse_s = max(window.length_s // _SLOTS, 1)
        self._marks: defaultdict[str, set[tuple[int, int]]] = defaultdict(set)
        self._counts: defaultdict[str, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._calls = 0

    def add(self, rows: Sequence[Row]) -> None:
        """See `Picture.add`."""
        for sent, charger, _, _, action, frame in rows:
            if frame[0] != _CALL:
                continue
            group, at_s = _GROUP_OF.get(action, _OTHER), unix_s(sent) - self._window.start_s
            self._calls += 1
            self._counts[group][at_s // self._coarse_s] += 1
            lane = self._lanes.of(charger)
            if lane is not None:
                self._marks[group].add((at_s // self._fine_s, lane))

    def draw(self, figure: Figure) -> None:
        """See `Picture.draw`."""
        heights = [self._lanes.height_in, _COUNTS_HEIGHT_IN]
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=heights)
        start_s = self._window.start_s
        seen = [group for group in _GROUPS if group in self._counts]
        # Heartbeats first, so that rarer marks lie upon them.
        for group in sorted(seen, key=lambda each: -len(self._marks[each])):
            marks = sorted(self._marks[group])
            at = [days(start_s + slot * self._fine_s) for slot, _ in marks]
            lanes = [lane for _, lane in marks]
            above.plot(at, lanes, "|", color=_COLOURS[group], markersize=7, markeredgewidth=1.0, rasterized=True)
        self._lanes.label(above)
        slots = range(-(-self._window.length_s // self._coarse_s))
        edges = [days(start_s + slot * self._coarse_s) for slot in (*slots, slots.stop)]
        base = [0] * len(slots)
        for group in seen:
            top = [height + self._counts[group].get(slot, 0) for slot, height in zip(slots, base, strict=True)]
            below.stairs(top, edges, baseline=base, fill=True, color=_COLOURS[group], label=group)
            base = top
        below.set_ylabel("calls")
        below.set_ylim(bottom=0)
        below.set_title(f"{self._calls:,} calls", loc="left", fontsize=9.5)
        if seen:
            handles, labels = below.get_legend_handles_labels()
            above.legend(handles, labels, loc="lower left", ncols=6, bbox_to_anchor=(0.0, 1.0), borderaxespad=0.1)
        time_axis(above, self._window, labelled=False)
        time_axis(below, self._window)
