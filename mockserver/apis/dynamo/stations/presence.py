"""Whether a station is connected, and when it was last heard of. Instants are Unix seconds.

It is connected as its link is, from the time on that it is put up, unless somebody has said otherwise. It is heard of
when it connects, and by its heartbeats from then on (OCPP 1.6 part 1, 4.2 and 4.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fixtures.chargers import CELL_S
from fixtures.evses import ChargerTraits
from fixtures.ocpp.link import Link

_MISSED_BEATS = 2
"""So many intervals without a heartbeat, and a charge point counts as offline: fact sheet, 2.4."""


@dataclass
class Presence:
    """The connection of a station, as it is at an instant."""

    at_s: int
    since_s: int | None
    """When it was put up; None: not yet."""
    link: Link
    interval_s: int
    orders: list[tuple[int, bool | None]] = field(default_factory=list)
    """When somebody said whether it is connected, and what; None for what follows from the seed."""
    heard_before_s: int | None = None
    """When it had been heard of by the last of them, or by the last change of the interval."""

    @classmethod
    def of(
        cls, seed: int, at_s: int, since_s: int | None, traits: ChargerTraits, interval: str, kept: Mapping[str, Any]
    ) -> Presence:
        """With the interval of its heartbeats as configured, s, and what the store keeps of it."""
        interval_s = int(interval) or traits.heartbeat_s
        link = Link(seed, replace(traits, heartbeat_s=interval_s))
        orders = [(ordered_s, online) for ordered_s, online in kept.get("orders", ())]
        return cls(at_s, since_s, link, interval_s, orders, kept.get("heard_before_s"))

    def as_json(self) -> dict[str, Any]:
        """What the store keeps."""
        return {"orders": [[*order] for order in self.orders], "heard_before_s": self.heard_before_s}

    @property
    def ordered_s(self) -> int:
        """When somebody said so last; 0: never."""
        return self.orders[-1][0] if self.orders else 0

    @property
    def ordered_online(self) -> bool | None:
        """What they said."""
        return self.orders[-1][1] if self.orders else None

    @property
    def is_online(self) -> bool:
        """Whether there is a connection."""
        if self.ordered_online is not None:
            return self.ordered_online
        return self.since_s is not None and not self.link.is_offline(self.at_s)

    @property
    def heard_s(self) -> int | None:
        """When it was last heard of; None before the first time."""
        from_s, before_s = max(self.since_s or 0, self.ordered_s), self.heard_before_s or 0
        if self.is_online:
            connected_s = 0 if self.ordered_online else self.link.last_outage(self.at_s).end_s
            return max(self._last_beat(self.at_s), connected_s, from_s, before_s)
        if self.ordered_online is None and self.since_s is not None:
            beat_s = self._last_beat(self.link.last_outage(self.at_s).start_s - 1)
            if beat_s >= from_s:
                return max(beat_s, before_s)
        return self.heard_before_s

    @property
    def is_heard(self) -> bool:
        """Whether it has sent a heartbeat lately."""
        heard_s = self.heard_s
        return heard_s is not None and self.at_s - heard_s <= _MISSED_BEATS * self.interval_s

    def note(self) -> None:
        """Keep when it was last heard of, which would follow otherwise from what is about to change."""
        self.heard_before_s = self.heard_s

    def order(self, online: bool | None) -> None:
        """Have it connected or not from now on; None for what follows from the seed."""
        self.note()
        self.orders = [*self.orders, (self.at_s, online)]

    def offline(self, start_s: int, end_s: int) -> Iterator[tuple[int, int]]:
        """When it was not connected in [start_s, end_s): [from, to), in order."""
        ends = [*(at_s for at_s, _ in self.orders), end_s]
        for (from_s, ordered), to_s in zip([(start_s, None), *self.orders], ends, strict=True):
            from_s, to_s = max(from_s, start_s), min(to_s, end_s)
            if from_s < to_s and ordered is False:
                yield from_s, to_s
            elif from_s < to_s and ordered is None:
                yield from self._cut_off(from_s, to_s)

    def _cut_off(self, start_s: int, end_s: int) -> Iterator[tuple[int, int]]:
        """When it was not connected of itself."""
        put_up_s = end_s if self.since_s is None else max(start_s, min(self.since_s, end_s))
        if start_s < put_up_s:
            yield start_s, put_up_s
        for cell in range(put_up_s // CELL_S, -(-end_s // CELL_S)):
            for outage in self.link.outages(cell):
                from_s, to_s = max(outage.start_s, put_up_s), min(outage.end_s, end_s)
                if from_s < to_s:
                    yield from_s, to_s

    def _last_beat(self, until_s: int) -> int:
        return self.link.heartbeats(until_s - self.interval_s + 1, until_s + 1)[0]
