"""Which vehicles of the world came to the stations of an organization: not those that found a connector taken."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.apis.dynamo.sessions import Came
from mockserver.apis.dynamo.stations.connectors import Windows, covers
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.sessions import Session
from mockserver.http.exchange import Context


async def came(ctx: Context, org_id: str) -> Came:
    """Whether the vehicle of a session of the world found its connector free, and was not sent away before it began."""
    return found_free(await closures(ctx, org_id))


async def closures(ctx: Context, org_id: str) -> Mapping[str, Windows]:
    """When no vehicle of the world came to the connectors of an organization, by the names of their EVSEs."""
    return {
        f"{station.id}/{number}": connector.closed
        for station in await Station.touched(ctx, org_id)
        for number, connector in station.connectors.items()
    }


def found_free(closed: Mapping[str, Windows]) -> Came:
    """What `came` gives, of what `closures` gives."""

    def has_come(session: Session) -> bool:
        windows = closed.get(session.evse.traits.name)
        return not windows or not covers(windows, session.charging.plugged_in_s)

    return has_come
