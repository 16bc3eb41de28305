"""Steps over time: prices, rates, powers, intensities, one line for each name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fixtures.days import unix_s
from mockserver.commands.generate.columns import Row
from mockserver.commands.generate.plots.axes import BAD, COLOURS, FAINT, note, nothing, time_axis, zero_line
from mockserver.commands.generate.plots.bins import Bins, Steps, days
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LINES = len(COLOURS)


@dataclass(frozen=True, slots=True)
class Point:
    """One value of one line that holds in [start, end), with what it was forecast to be, and between which limits."""

    line: str
    start: datetime
    end: datetime
    value: float | None
    forecast: float | None = None
    low: float | None = None
    high: float | None = None
    dashed: bool = False


def forecast_point(line: str, start: datetime, end: datetime, value: float, forecast: Sequence[float]) -> Point:
    """A value with its forecast (expected, low, high) if there is one, and unless it was known already."""
    if not forecast or forecast[1] == forecast[2] == value:
        return Point(line, start, end, value)
    expected, low, high = forecast
    return Point(line, start, end, value, expected, low, high)


class _Line:
    def __init__(self, window: Window, *, dashed: bool) -> None:
        self.style = (0, (5, 2)) if dashed else "solid"
        self.value, self.forecast, self.low, self.high = (Bins(window) for _ in range(4))

    def add(self, point: Point) -> None:
        self.value.add(point.start, point.end, point.value)
        self.forecast.add(point.start, point.end, point.forecast)
        self.low.add(point.start, point.end, point.low)
        self.high.add(point.start, point.end, point.high)


class SeriesPicture:
    """A line of steps for each name in the rows, eight at most; with a band where they were forecast or thinned."""

    height_in = 4.6

    def __init__(
        self,
        window: Window,
        title: str,
        y_label: str,
        points: Callable[[Row], Sequence[Point]],
        *,
        filled: bool = False,
        below_zero: str | None = None,
        mark: datetime | None = None,
        mark_name: str = "",
    ) -> None:
        """`points` is what a row says; `filled` shades the area under a single line, `below_zero` names that below 0.

        A vertical line stands at `mark`.
        """
        self.title = title
        self._window = window
        self._y_label = y_label
        self._points = points
        self._filled = filled
        self._below_zero = below_zero
        self._mark = mark
        self._mark_name = mark_name
        self._lines: dict[str, _Line] = {}
        self._left_out: set[str] = set()

    def add(self, rows: Sequence[Row]) -> None:
        """See `Picture.add`."""
        for row in rows:
            for point in self._points(row):
                self._add(point)

    def _add(self, point: Point) -> None:
        line = self._lines.get(point.line)
        if line is None:
            if len(self._lines) == _MOST_LINES:
                self._left_out.add(point.line)
                return
            line = self._lines[point.line] = _Line(self._window, dashed=point.dashed)
        line.add(point)

    def draw(self, figure: Figure) -> None:
        """See `Picture.draw`."""
        axes = figure.subplots()
        self.draw_on(axes)
        time_axis(axes, self._window)

    def draw_on(self, axes: Axes) -> None:
        """Draw all but the axis of time."""
        axes.set_ylabel(self._y_label)
        remarks = []
        for (name, line), colour in zip(self._lines.items(), COLOURS, strict=False):
            self._draw_line(axes, name, line, colour)
            if line.value.thinned:
                remarks = [f"mean and range of each {line.value.width}"]
        if self._left_out:
            remarks.append(f"the first {_MOST_LINES} of {_MOST_LINES + len(self._left_out)}")
        if self._mark is not None and self._window.start < self._mark < self._window.end:
            axes.axvline(days(unix_s(self._mark)), color=FAINT, linewidth=1.2, linestyle=":", label=self._mark_name)
        if not self._lines:
            nothing(axes, "no rows in this window")
        if remarks:
            note(axes, ", ".join(remarks))
        if axes.get_legend_handles_labels()[1] and (len(self._lines) > 1 or self._forecast or self._below_zero):
            axes.legend(loc="lower left", ncols=4, bbox_to_anchor=(0.0, 1.0), borderaxespad=0.1)
        if self._filled and all(each.low >= 0.0 for line in self._lines.values() for each in line.value):
            axes.set_ylim(bottom=0.0)

    @property
    def _forecast(self) -> bool:
        return any(len(line.forecast) for line in self._lines.values())

    def _draw_line(self, axes: Axes, name: str, line: _Line, colour: str) -> None:
        alone = len(self._lines) == 1
        steps = Steps.of(line.value)
        band: dict[str, Any] = {"step": "post", "color": colour, "alpha": 0.18, "linewidth": 0.0}
        if line.value.thinned:
            axes.fill_between(steps.x, steps.low, steps.high, **band)
        if len(line.low):
            low, high = Steps.of(line.low), Steps.of(line.high)
            axes.fill_between(low.x, low.low, high.high, **band, label=f"{name} forecast, 10 to 90 %")
        if len(line.forecast):
            forecast = Steps.of(line.forecast)
            dashed: dict[str, Any] = {"color": colour, "linewidth": 1.2, "linestyle": (0, (4, 2))}
            axes.step(forecast.x, forecast.mean, where="post", label=f"{name} forecast", **dashed)
        axes.step(steps.x, steps.mean, where="post", color=colour, linewidth=1.4, linestyle=line.style, label=name)
        if self._filled and alone and not len(line.forecast):
            axes.fill_between(steps.x, steps.mean, 0.0, step="post", color=colour, alpha=0.22, linewidth=0.0)
        if self._below_zero and any(low < 0.0 for low in steps.low):
            zero_line(axes)
            below = [min(each, 0.0) for each in steps.mean]
            label = self._below_zero if alone else None
            axes.fill_between(steps.x, below, 0.0, step="post", color=BAD, alpha=0.35, linewidth=0.0, label=label)


class SumPicture(SeriesPicture):
    """The sum of all lines at each instant, for more of them than can be told apart."""

    _sum: Point | None = None

    def add(self, rows: Sequence[Row]) -> None:
        """See `Picture.add`; the rows are in order, so an instant is complete when another begins."""
        for row in rows:
            for point in self._points(row):
                if self._sum is not None and self._sum.start == point.start:
                    value = (self._sum.value or 0.0) + (point.value or 0.0)
                    self._sum = replace(self._sum, value=value)
                else:
                    self._flush()
                    self._sum = replace(point, line="sum")

    def draw(self, figure: Figure) -> None:
        """See `Picture.draw`."""
        self._flush()
        super().draw(figure)

    def _flush(self) -> None:
        if self._sum is not None:
            self._add(self._sum)
            self._sum = None
