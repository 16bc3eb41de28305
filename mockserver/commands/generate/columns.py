"""What a row is made of: columns with a kind, which every writer knows, and a line for the help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any


class Kind(Enum):
    """What a column holds; None is allowed in each."""

    TIME = auto()
    """An aware `datetime` in UTC."""
    TEXT = auto()
    INTEGER = auto()
    NUMBER = auto()
    """A `float`."""
    BOOLEAN = auto()
    MONEY = auto()
    """A `Decimal` with at most `Column.decimals` decimals."""
    NESTED = auto()
    """Lists and dicts of JSON values."""


Row = tuple[Any, ...]
"""One value for each column. The first is the time by which rows are in order."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the unit is in the name, the rest is said in the help."""

    name: str
    kind: Kind
    description: str
    decimals: int = 2
    only_with: str | None = None
    """The parameter without which rows do not have this column."""
