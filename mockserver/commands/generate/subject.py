"""What can be generated: a subject declares its options and columns, and opens a source of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

import click

from mockserver.commands.generate.columns import Column, Row
from mockserver.commands.generate.window import Window

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Picture(Protocol):
    """What `--plot` draws: it looks at rows as they pass, keeps what fits in a picture, and draws in the end."""

    title: str
    height_in: float

    def add(self, rows: Sequence[Row]) -> None:
        """Take note of some more rows."""

    def draw(self, figure: Figure) -> None:
        """Draw on an empty figure."""


class Source(ABC):
    """Where the rows of one request come from; a subject makes it of its options, or raises BadParameter."""

    zone: ZoneInfo
    """The zone of bare dates, and of the time axis."""

    @abstractmethod
    def rows(self, window: Window) -> Iterator[Row]:
        """The rows of a window by time, made while they are read."""

    @abstractmethod
    def picture(self, window: Window) -> Picture:
        """An empty picture of a window."""

    def remarks(self) -> Sequence[str]:
        """Lines for standard error when all rows are written."""
        return ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One sub-command of `gridmock generate`."""

    name: str
    summary: str
    """A sentence."""
    explanation: str
    """What to know about windows, options and rows; paragraphs."""
    columns: tuple[Column, ...]
    options: tuple[click.Option, ...]
    source: Callable[..., Source]
    """Takes `seed` and the values of `options` by name."""
    example: str
    """Arguments that show what it is for."""

    def columns_with(self, options: dict[str, Any]) -> tuple[Column, ...]:
        """The columns of the rows that a request with these options gets."""
        return tuple(
            column
            for column in self.columns
            if column.only_with is None or options[column.only_with] not in (None, False, ())
        )
