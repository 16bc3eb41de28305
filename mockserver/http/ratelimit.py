"""Requests per rolling window, an hour unless an API says otherwise, on the virtual clock."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass

WINDOW_S = 3600.0


@dataclass(frozen=True, slots=True)
class Quota:
    """Where a bucket stands after a request; `retry_after_s` is 0 unless the request is over the limit."""

    limit: int
    remaining: int
    retry_after_s: int


class RateLimiter:
    """Counts requests per bucket. A bucket keeps at most `limit` instants, which decide exactly whether it is full."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, deque[float]] = {}

    def take(self, bucket: Hashable, limit: int, now_s: float, *, enforce: bool, window_s: float = WINDOW_S) -> Quota:
        """Count one request at `now_s` (Unix seconds). Over the limit it is not counted when `enforce` is set."""
        if limit < 1:
            return Quota(limit, 0, int(window_s) if enforce else 0)
        instants = self._buckets.get(bucket)
        if instants is None or instants.maxlen != limit:
            instants = self._buckets[bucket] = deque(instants or (), maxlen=limit)
        while instants and instants[-1] > now_s:
            instants.pop()  # the clock was moved back: this lies in the future
        while instants and instants[0] <= now_s - window_s:
            instants.popleft()
        if len(instants) == limit and enforce:
            return Quota(limit, 0, max(1, math.ceil(instants[0] + window_s - now_s)))
        instants.append(now_s)
        return Quota(limit, limit - len(instants), 0)

    def peek(self, bucket: Hashable, limit: int, now_s: float, *, window_s: float = WINDOW_S) -> Quota:
        """Where the bucket stands, without counting."""
        used = sum(1 for instant in self._buckets.get(bucket, ()) if now_s - window_s < instant <= now_s)
        return Quota(limit, max(0, limit - used), 0)

    def clear(self) -> None:
        """Forget every bucket."""
        self._buckets.clear()
