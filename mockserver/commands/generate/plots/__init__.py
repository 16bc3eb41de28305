"""Pictures of rows, through matplotlib, which is an extra: `pip install 'gridmock[plot]'`.

A picture keeps no more of the rows than it can show (bins.py), so that a year costs what a day costs. The same rows are
the same bytes: no dates in the file, ids from the content, no style of the user's.
"""

from __future__ import annotations

import io
from typing import Protocol

from mockserver.commands.generate.extras import required
from mockserver.commands.generate.subject import Picture
from mockserver.commands.generate.window import Window

IMAGES = ("svg", "png")
_WIDTH_IN = 11.0
_STYLE = {
    "svg.hashsalt": "gridmock",
    "font.family": ["DejaVu Sans"],
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#7a7f87",
    "axes.labelcolor": "#3c4148",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e6ea",
    "grid.linewidth": 0.8,
    "xtick.color": "#3c4148",
    "ytick.color": "#3c4148",
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.solid_capstyle": "butt",
}
_METADATA: dict[str, dict[str, str | None]] = {"svg": {"Date": None}, "png": {"Software": None}}


class Sink(Protocol):
    """Where bytes go."""

    def write(self, content: bytes, /) -> object:
        """Take all of the bytes."""


def require_plots() -> None:
    """End the process with 2 and the line that installs it when matplotlib is missing."""
    required("matplotlib.figure", "plot", "--plot")


def save(picture: Picture, window: Window, seed: int, image: str, sink: Sink) -> None:
    """Draw a picture under its title, with window, zone and seed below, and write it as one of `IMAGES`."""
    require_plots()
    import matplotlib.style
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(_WIDTH_IN, picture.height_in), dpi=140, layout="constrained")
        picture.draw(figure)
        figure.suptitle(
            picture.title, x=0.008, horizontalalignment="left", fontsize=13, fontweight="bold", color="#1f2328"
        )
        start, end = (at.astimezone(window.zone) for at in (window.start, window.end))
        clock = "%Y-%m-%d %H:%M:%S" if start.second or end.second else "%Y-%m-%d %H:%M"
        said = f"{start:{clock}} to {end:{clock}} {window.zone.key}, seed {seed}, gridmock"
        figure.supxlabel(said, x=0.008, horizontalalignment="left", fontsize=8.5, color="#6b7178")
        drawn = io.BytesIO()
        figure.savefig(drawn, format=image, metadata=_METADATA[image])
    sink.write(drawn.getvalue())
