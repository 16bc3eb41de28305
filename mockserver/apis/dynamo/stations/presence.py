"""Whether a station is connected, and when it was last heard of. Instants are Unix seconds.

It is connected as its link is, from the time on that it is put up, unless somebody has said otherwise. It is heard of
when it connects, and by its heartbeats from then on (OCPP 1.6 part 1, 4.2 and 4.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fixtures.evses import ChargerTraits
from fixtures.ocpp.link import Link

_KEPT = ("ordered_online", "ordered_s", "heard_before_s")
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
    ordered_online: bool | None = None
    """Whether it is connected, if somebody has said so; None for what follows from the seed."""
    ordered_s: int = 0
    """When somebody said so, or took it back."""
    heard_before_s: int | None = None
    """When it had been heard of by then."""

    @classmethod
    def of(
        cls, seed: int, at_s: int, since_s: int | None, traits: ChargerTraits, interval: str, kept: Mapping[str, Any]
    ) -> Presence:
        """With the interval of its heartbeats as configured, s, and what the store keeps of it."""
        interval_s = int(interval) or traits.heartbeat_s
        link = Link(seed, replace(traits, heartbeat_s=interval_s))
        return cls(at_s, since_s, link, interval_s, **{name: kept[name] for name in _KEPT if name in kept})

    def as_json(self) -> dict[str, Any]:
        """What the store keeps."""
        return {name: getattr(self, name) for name in _KEPT}

    @property
    def is_online(self) -> bool:
        """Whether there is a connection."""
        if self.ordered_online is not None:
            return self.ordered_online
        return self.since_s is not None and not self.link.is_offline(self.at_s)

    @property
    def heard_s(self) -> int | None:
        """When it was last heard of; None before the first time."""
        from_s = max(self.since_s or 0, self.ordered_s)
        if self.is_online:
            connected_s = 0 if self.ordered_online else self.link.last_outage(self.at_s).end_s
            return max(self._last_beat(self.at_s), connected_s, from_s)
        if self.ordered_online is None and self.since_s is not None:
            beat_s = self._last_beat(self.link.last_outage(self.at_s).start_s - 1)
            if beat_s >= from_s:
                return beat_s
        return self.heard_before_s

    @property
    def is_heard(self) -> bool:
        """Whether it has sent a heartbeat lately."""
        heard_s = self.heard_s
        return heard_s is not None and self.at_s - heard_s <= _MISSED_BEATS * self.interval_s

    def order(self, online: bool | None) -> None:
        """Have it connected or not from now on; None for what follows from the seed."""
        self.heard_before_s, self.ordered_s, self.ordered_online = self.heard_s, self.at_s, online

    def _last_beat(self, until_s: int) -> int:
        return self.link.heartbeats(until_s - self.interval_s + 1, until_s + 1)[0]
