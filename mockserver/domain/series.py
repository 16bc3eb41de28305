"""A quantity over time: one value for each of equal, half-open slots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from fixtures.days import utc

Value = TypeVar("Value")


class Slot(NamedTuple, Generic[Value]):
    """The value that holds in [start, end), both aware and in UTC."""

    start: datetime
    end: datetime
    value: Value


@dataclass(frozen=True, slots=True)
class Series(Generic[Value]):
    """Values of one unit ("Wh", "W", "EUR/MWh") for the slots that begin at `starts_s` (Unix seconds)."""

    unit: str
    starts_s: range
    values: Sequence[Value]

    def __post_init__(self) -> None:
        if len(self.starts_s) != len(self.values):
            raise ValueError(f"{len(self.values)} values for {len(self.starts_s)} slots")

    @property
    def slot_s(self) -> int:
        """Length of each slot in seconds."""
        return self.starts_s.step

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Slot[Value]]:
        start = utc(self.starts_s.start)
        for end_s, value in zip(
            range(self.starts_s.start + self.slot_s, self.starts_s.stop + self.slot_s, self.slot_s),
            self.values,
            strict=False,
        ):
            end = utc(end_s)
            yield Slot(start, end, value)
            start = end
