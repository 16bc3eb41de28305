"""Since when a connector is what it is, so that whoever reads it from time to time misses nothing."""

from __future__ import annotations

from datetime import datetime

from fixtures.days import DAY_S, unix_s
from fixtures.evses import EvseTraits
from fixtures.ocpp.faults import fault_of
from fixtures.sessions import sessions
from mockserver.apis.dynamo.stations.connectors import Connector
from mockserver.apis.dynamo.stations.station import Station

_LOOK_BACK_D = (1, 7, 60)
"""A vehicle has come to most connectors today, and to few the last time so long ago."""


def changed_s(station: Station, connector: Connector) -> int:
    """When what a connector shows changed last, or could have, by clients, vehicles or the connection: Unix seconds."""
    at_s, charge_point, link = station.at_s, station.charge_point, station.presence.link
    begun = charge_point["commissioned_at"] or charge_point["registered_at"]
    outage = link.last_outage(at_s)
    changes = [
        unix_s(datetime.fromisoformat(begun)),
        station.presence.ordered_s,
        connector.changed_s,
        *(each["since_s"] for each in (connector.running["phases"] if connector.running else ())),
        outage.start_s,
        outage.end_s,
    ]
    if station.has_visitors:
        changes += _changes_by_vehicles(
            station.ctx.world.seed, station.charger.evses[connector.number - 1].traits, at_s
        )
    return max((each for each in changes if each <= at_s), default=at_s)


def _changes_by_vehicles(seed: int, evse: EvseTraits, at_s: int) -> list[int]:
    for days in _LOOK_BACK_D:
        visits = [*sessions(seed, evse, at_s - days * DAY_S, at_s + 1)]
        if visits:
            last = visits[-1]
            fault = fault_of(last)
            ends = [fault.cleared_s if fault else None, last.ended_s, last.unplugged_s]
            return [*(since_s for since_s, _ in last.states), *(end_s for end_s in ends if end_s is not None)]
    return []
