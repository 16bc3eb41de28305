"""What all writers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

from mockserver.commands.generate.columns import Column, Row


class Sink(Protocol):
    """Where bytes go."""

    def write(self, content: bytes, /) -> object:
        """Take all of the bytes."""


class Writer(ABC):
    """Rows in, bytes out; what stands before the first row is written at once."""

    @abstractmethod
    def __init__(self, columns: Sequence[Column], sink: Sink) -> None:
        """Begin; the sink belongs to the caller and stays open."""

    @abstractmethod
    def write(self, rows: Sequence[Row]) -> None:
        """Take some more rows, in the order of the columns."""

    def close(self) -> None:  # noqa: B027  # most formats have no end
        """Write what is left, and what ends the format."""

    def abandon(self) -> None:  # noqa: B027
        """Write nothing any more: something went wrong."""
