"""Tag Reservations: connectors that are held for a driver. What a station says to that decides."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.registry import to_the_second, upcoming
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.connectors import TAKEN, Connector, station_tag
from mockserver.apis.dynamo.stations.registry import RESERVATION, RESERVATIONS
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.errors import Conflict, Unprocessable
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value
from mockserver.store.counter import next_number

_ACTIVE = RESERVATION.states[0]
_CONFLICTS = ("Occupied", "Faulted", "Unavailable")
"""Answers to ReserveNow that say what is the matter with the connector."""


async def create_reservation(ctx: Context) -> Reply:
    """Have a station hold a connector."""
    body, org_id = ctx.body, Caller.of(ctx).org_id
    station = await Station.of(ctx, org_id, body["charge_point_id"])
    connector = station.connectors.get(body["connector_id"])
    if connector is None:
        there = ", ".join(map(str, station.connectors))
        raise Unprocessable(f"is no connector of {station.id}; there are {there}", "connector_id")
    expires_at = to_the_second(upcoming(ctx, body["expires_at"], "expires_at"))
    await _refuse_a_second(ctx, station, connector)
    number = await _number(ctx, station)
    answer = (
        await station.call(
            "ReserveNow",
            {
                "connectorId": connector.number,
                "expiryDate": expires_at,
                "idTag": station_tag(ctx.world.seed, body["id_tag"]),
                "reservationId": number,
            },
        )
    ).heard()
    if answer.status in _CONFLICTS:
        status = answer.status.lower()
        raise Conflict(f"Connector {connector.number} of {station.id} is {status}.", slug=f"connector_{status}")
    if answer.status != "Accepted":
        raise answer.refused()
    return Reply(
        201,
        await RESERVATIONS.of(org_id).create(
            ctx,
            body={**body, "expires_at": expires_at},
            status=_ACTIVE,
            ocpp_reservation_id=number,
            used_at=None,
            cancelled_at=None,
            transaction_id=None,
        ),
    )


async def list_reservations(ctx: Context, *, charge_point_id: str | None, status: str | None) -> Sequence[Value]:
    """Those that fit, newest first, as they are by now."""
    found = await RESERVATIONS.of(Caller.of(ctx).org_id).list(ctx, charge_point_id=charge_point_id)
    by_now = [RESERVATION.now(value, ctx.at) for value in reversed(found)]
    return sorted(
        (value for value in by_now if status in (None, value["status"])),
        key=lambda value: str(value["created_at"]),
        reverse=True,
    )


async def cancel_reservation(ctx: Context, *, reservation_id: str) -> None:
    """Have the station free the connector."""
    org_id = Caller.of(ctx).org_id
    reservations = RESERVATIONS.of(org_id)
    reservation = await reservations.get(ctx, reservation_id)
    changes = RESERVATION.move(reservation, "cancel", ctx.at)
    station = await Station.of(ctx, org_id, reservation["charge_point_id"])
    payload = {"reservationId": reservation["ocpp_reservation_id"]}
    answer = (await station.call("CancelReservation", payload)).heard()
    if answer.status != "Accepted":
        raise answer.refused()
    # As a whole, since those of the seed world are known for a while only.
    await reservations.set(ctx, reservation, **reservation | changes)


async def _number(ctx: Context, station: Station) -> int:
    """The next number under which the station holds nothing: that would be replaced (OCPP 1.6 part 1, 5.13)."""
    held = {connector.hold["reservation_id"] for connector in station.connectors.values() if connector.hold}
    while (number := await next_number(ctx.store, "dynamo.ocpp_reservations")) in held:
        pass
    return number


async def _refuse_a_second(ctx: Context, station: Station, connector: Connector) -> None:
    """Conflict for a connector that is held, by a reservation of ours or by what the station shows."""
    place = {"charge_point_id": station.id, "connector_id": connector.number}
    for other in await RESERVATIONS.of(station.org_id).list(ctx, **place):
        if RESERVATION.now(other, ctx.at)["status"] == _ACTIVE:
            raise _reserved(station, connector, f" until {other['expires_at']}")
    if connector.status(station.at_s) == TAKEN:
        raise _reserved(station, connector, "")


def _reserved(station: Station, connector: Connector, until: str) -> Conflict:
    text = f"Connector {connector.number} of {station.id} is reserved{until}."
    return Conflict(text, slug="connector_reserved")
