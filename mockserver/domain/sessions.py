"""Charging sessions of the world, as the world's own things see them: with site, charger and aware times."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fixtures.days import utc, utc_or_none
from fixtures.sessions import ChargingSession, session_name
from fixtures.sessions import sessions as sessions_of_evse
from mockserver import ids
from mockserver.domain.sites import Charger, Evse, Site


@dataclass(frozen=True, slots=True)
class Session:
    """A vehicle at an EVSE, from plug-in to plug-out; `charging` has its energy, states and meter values."""

    id: str
    site: Site
    charger: Charger
    evse: Evse
    charging: ChargingSession

    @property
    def plugged_in_at(self) -> datetime:
        """Cable in, UTC."""
        return utc(self.charging.plugged_in_s)

    @property
    def unplugged_at(self) -> datetime:
        """Cable out, UTC."""
        return utc(self.charging.unplugged_s)

    @property
    def started_at(self) -> datetime | None:
        """Transaction open, UTC; None when it never was."""
        return utc_or_none(self.charging.started_s)

    @property
    def ended_at(self) -> datetime | None:
        """Transaction closed, UTC; None when it never was open."""
        return utc_or_none(self.charging.ended_s)


def sessions(seed: int, sites: Iterable[Site], start_s: int, end_s: int) -> Iterator[Session]:
    """The sessions plugged in within [start_s, end_s), Unix seconds, at any of the sites, in order, then by EVSE.

    It streams: whatever the window, one session of each EVSE is held.
    """
    streams = (
        of_evse(seed, site, charger, evse, start_s, end_s)
        for site in sites
        for charger in site.chargers
        for evse in charger.evses
    )
    return heapq.merge(*streams, key=lambda session: session.charging.plugged_in_s)


def session_named(seed: int, sites: Iterable[Site], wanted_id: str, plugged_in_s: int) -> Session | None:
    """The session with that id, plugged in at that time, or None; only the EVSE that the id belongs to is looked at."""
    for site in sites:
        for charger in site.chargers:
            for evse in charger.evses:
                if session_id(seed, session_name(evse.traits, plugged_in_s), plugged_in_s) == wanted_id:
                    there = of_evse(seed, site, charger, evse, plugged_in_s, plugged_in_s + 1)
                    return next(there, None)
    return None


def of_evse(seed: int, site: Site, charger: Charger, evse: Evse, start_s: int, end_s: int) -> Iterator[Session]:
    """The sessions plugged in within [start_s, end_s), Unix seconds, at one EVSE, in order."""
    for charging in sessions_of_evse(seed, evse.traits, start_s, end_s):
        yield Session(session_id(seed, charging.name, charging.plugged_in_s), site, charger, evse, charging)


def session_id(seed: int, name: str, plugged_in_s: int) -> str:
    """The id (a ULID) of the session of that name, plugged in at that time."""
    return ids.ulid(utc(plugged_in_s), seed, "session", name)
