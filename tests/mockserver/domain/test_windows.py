"""Windows of time against the seconds that are in them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from fixtures.rng import Stream
from mockserver.domain.windows import Window, lengths, union, without

SEEDS = range(40)


def drawn(*names: str | int) -> list[Window]:
    """Windows that may touch, overlap and be empty, in no order."""
    stream = Stream(7, "windows", *names)
    starts = [stream.integer(0, 40) for _ in range(stream.integer(0, 6))]
    return [(start, start + stream.integer(0, 9)) for start in starts]


def seconds(windows: list[Window]) -> set[int]:
    return {at for start, end in windows for at in range(start, end)}


@pytest.mark.parametrize("number", SEEDS)
def test_windows_are_the_seconds_in_them(number: int) -> None:
    first, second = drawn("first", number), drawn("second", number)
    merged, holes = union(first), union(second)
    assert seconds(merged) == seconds(first)
    assert all(one[1] < other[0] for one, other in pairwise(merged))
    left = without(merged, holes)
    assert seconds(left) == seconds(first) - seconds(second)
    assert left == sorted(left)
    assert all(start < end for start, end in left)
    edges = [0, 5, 5, 17, 30, 60]
    expected = [len(seconds(first) & {*range(*each)}) for each in pairwise(edges)]
    assert lengths(merged, edges) == expected
