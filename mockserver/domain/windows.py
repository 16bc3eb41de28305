"""Windows of time, [start, end) in Unix seconds: how long things were so, alone and together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Window = tuple[int, int]


def union(windows: Iterable[Window]) -> list[Window]:
    """The time that is in any of them, as windows in order that do not touch."""
    found: list[Window] = []
    for start_s, end_s in sorted(windows):
        if found and start_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end_s))
        elif start_s < end_s:
            found.append((start_s, end_s))
    return found


def without(windows: Iterable[Window], holes: Sequence[Window]) -> list[Window]:
    """What holes leave of windows; both in order, and holes do not overlap."""
    found: list[Window] = []
    for start_s, end_s in windows:
        for hole_start_s, hole_end_s in holes:
            if hole_start_s < end_s and start_s < hole_end_s:
                found.append((start_s, hole_start_s))
                start_s = hole_end_s
        found.append((start_s, end_s))
    return [each for each in found if each[0] < each[1]]


def lengths(windows: Iterable[Window], edges: Sequence[int]) -> list[int]:
    """How many seconds of windows that do not overlap are in each [edges[n], edges[n + 1]); edges are in order."""
    found = [0] * (len(edges) - 1)
    for start_s, end_s in windows:
        for n in range(max(bisect_right(edges, start_s) - 1, 0), len(found)):
            if edges[n] >= end_s:
                break
            found[n] += max(0, min(end_s, edges[n + 1]) - max(start_s, edges[n]))
    return found
