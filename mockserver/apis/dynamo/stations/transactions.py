"""The transactions of a station, whoever began them: a vehicle of the world or a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fixtures.days import utc
from fixtures.sessions import ChargingSession
from mockserver.apis.dynamo.stations.profiles import limit_w
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.stations.station import Station


@dataclass(frozen=True)
class Active:
    """A transaction that runs; only one of a vehicle of the world has an id of its session, energy and power."""

    number: int
    """Its number in OCPP."""
    charge_point_id: str
    connector_id: int
    id_tag: str
    started_at: datetime
    session_id: str | None = None
    meter_start_wh: int | None = None
    energy_wh: int | None = None
    power_w: int | None = None
    """What it draws now, at most what the charging profiles of the station allow."""


async def active(station: Station) -> list[Active]:
    """What runs at a station."""
    found: list[Active] = []
    for connector in station.connectors.values():
        number, session = station.transaction_at(connector), connector.charging(station.at_s)
        if number is None:
            continue
        if connector.running is not None:
            kept = await station.transaction(number)
            started_at = datetime.fromisoformat(kept["started_at"])
            found.append(Active(number, station.id, connector.number, kept["id_tag"], started_at))
        elif session is not None:
            found.append(_of_world(station, number, connector.number, session))
    return found


def _of_world(station: Station, number: int, connector_id: int, session: ChargingSession) -> Active:
    return Active(
        number,
        station.id,
        connector_id,
        session.id_token,
        utc(session.started_s or 0),
        f"sess_{station.world_id_of(session)}",
        session.meter_start_wh,
        session.energy_wh_at(station.at_s),
        min(session.power_w_at(station.at_s), int(limit_w(station.state, connector_id))),
    )


async def number_of(station: Station, transaction_id: str) -> int | None:
    """The number in OCPP of a transaction of a station, over or not; None for an id of none."""
    kept = await TRANSACTIONS.of(station.org_id).find(station.ctx, transaction_id)
    if kept is not None:
        return int(kept["ocpp_transaction_id"]) if kept["charge_point_id"] == station.id else None
    session = station.ctx.world.session(transaction_id.removeprefix("txn_"))
    if session is None or session.charger.identity != station.id or session.started_at is None:
        return None
    return station.number_of(session.charging) if session.started_at <= station.ctx.at else None
