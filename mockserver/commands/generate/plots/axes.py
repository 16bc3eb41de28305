"""What all our pictures have in common: colours, the axis of local time, zero lines, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.commands.generate.plots.bins import days
from mockserver.commands.generate.plots.ticks import ticks
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito, "Color universal design": they can be told apart by everybody. Blue comes first, yellow is too pale.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7b6ca8", "#444444")
BAD = "#c0392b"
FAINT = "#9aa0a8"


def time_axis(axes: Axes, window: Window, *, labelled: bool = True) -> None:
    """Make the x axis the window in local time."""
    found = ticks(window)
    axes.set_xticks([days(at_s) for at_s, _ in found], [label for _, label in found])
    axes.set_xlim(days(window.start_s), days(window.end_s))
    if labelled:
        axes.set_xlabel(f"local time, {window.zone.key}", loc="right")
    else:
        axes.tick_params(labelbottom=False)


def zero_line(axes: Axes) -> None:
    """A line at zero."""
    axes.axhline(0.0, color="#555b63", linewidth=0.8, zorder=1.5)


def note(axes: Axes, said: str) -> None:
    """A remark in the upper right corner, above the axes."""
    axes.annotate(
        said,
        xy=(1.0, 1.0),
        xycoords="axes fraction",
        xytext=(0, 3),
        textcoords="offset points",
        horizontalalignment="right",
        verticalalignment="bottom",
        fontsize=8.5,
        color="#6b7178",
    )


def nothing(axes: Axes, said: str) -> None:
    """Say that there is nothing to see."""
    axes.text(0.5, 0.5, said, transform=axes.transAxes, horizontalalignment="center", color="#6b7178", fontsize=12)
