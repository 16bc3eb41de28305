"""Durations counted in buckets that grow by a twentieth: percentiles of any number of them in a few KiB."""

from __future__ import annotations

import math

_SMALLEST_S, _GROWTH, _BUCKETS = 0.0001, 1.05, 360  # up to 4 000 s


class Histogram:
    """Counts durations in seconds; what it says of them is off by 2.5 % at most between 0.1 ms and an hour."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.count = 0
        self.largest_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count one."""
        steps = math.log(max(duration_s, _SMALLEST_S) / _SMALLEST_S, _GROWTH)
        self._counts[min(int(steps), _BUCKETS - 1)] += 1
        self.count += 1
        self.largest_s = max(self.largest_s, duration_s)

    def quantile_s(self, share: float) -> float:
        """A duration that this share of all (0..1) does not exceed; 0 when nothing was counted."""
        left = max(1, math.ceil(share * self.count))
        for bucket, count in enumerate(self._counts):
            left -= count
            if left <= 0:
                return min(_SMALLEST_S * math.pow(_GROWTH, bucket + 0.5), self.largest_s)
        return 0.0
