"""Defects of time series: lists of objects that follow one another in time."""

from __future__ import annotations

from typing import Any

from mockserver.defects.altering import items
from mockserver.defects.defect import Defect, every

series = every(lambda at: at.is_series)


def _lose_one(found: list[Any]) -> None:
    if len(found) > 2:
        del found[len(found) // 2]


def _repeat_one(found: list[Any]) -> None:
    middle = len(found) // 2
    found.insert(middle, found[middle])


def _lose_the_first(found: list[Any]) -> None:
    del found[0]


def _lose_the_last(found: list[Any]) -> None:
    del found[-1]


def _freeze(found: list[Any]) -> None:
    """The values of the first one, at every time."""
    times = {name for name, value in found[0].items() if isinstance(value, str)}
    for each in found[1:]:
        each.update({name: value for name, value in found[0].items() if name not in times})


DEFECTS = (
    Defect(
        "series-has-a-gap", "One element in the middle of a time series is missing.", series, answer=items(_lose_one)
    ),
    Defect("series-overlaps", "One element of a time series is there twice.", series, answer=items(_repeat_one)),
    Defect(
        "series-begins-late", "The first element of a time series is missing.", series, answer=items(_lose_the_first)
    ),
    Defect("series-ends-early", "The last element of a time series is missing.", series, answer=items(_lose_the_last)),
    Defect(
        "series-backwards",
        "A time series runs in the opposite direction.",
        series,
        answer=items(lambda found: found.reverse()),
    ),
    Defect(
        "series-frozen", "Every element of a time series has the values of the first.", series, answer=items(_freeze)
    ),
)
