"""Tag Locations: the operator's sites with their charge points and connectors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mockserver.apis.dynamo.ocpi.evses import LiveEvse
from mockserver.apis.dynamo.ocpi.operator import updated
from mockserver.apis.dynamo.ocpi.places import Location, locations
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context


async def list_locations(ctx: Context, *, date_from: datetime | None, date_to: datetime | None) -> Sequence[Location]:
    """Those that changed in the range."""
    return updated(await locations(ctx), date_from, date_to)


async def get_location(ctx: Context, *, location_id: str) -> Location:
    """One of them."""
    found = await locations(ctx, location_id)
    if not found:
        raise NotFound(f"There is no location {location_id}.")
    return found[0]


async def get_evse(ctx: Context, *, location_id: str, evse_uid: str) -> LiveEvse:
    """A charge point of one, where one car at a time is charged."""
    return (await get_location(ctx, location_id=location_id)).evse(evse_uid)


async def get_connector(ctx: Context, *, location_id: str, evse_uid: str, connector_id: str) -> tuple[LiveEvse, str]:
    """A plug of that."""
    evse = await get_evse(ctx, location_id=location_id, evse_uid=evse_uid)
    if connector_id not in (number for number, _ in evse.outlet.plugs):
        raise NotFound(f"{evse.outlet.uid} has no connector {connector_id}.")
    return evse, connector_id
