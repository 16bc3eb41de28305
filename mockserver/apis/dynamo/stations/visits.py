"""Which vehicles of the world came to the stations of an organization: not those that found a connector taken."""

from __future__ import annotations

from mockserver.apis.dynamo.sessions import Came
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.sessions import Session
from mockserver.http.exchange import Context


async def came(ctx: Context, org_id: str) -> Came:
    """Whether the vehicle of a session of the world found its connector free, and was not sent away before it began."""
    places = {
        (station.id, number): connector
        for station in await Station.touched(ctx, org_id)
        for number, connector in station.connectors.items()
    }

    def has_come(session: Session) -> bool:
        connector = places.get((session.charger.identity, session.evse.number))
        return connector is None or not connector.was_closed(session.charging.plugged_in_s)

    return has_come
