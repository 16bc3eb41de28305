"""The transactions of a station, whoever began them: a vehicle of the world or a client."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fixtures.days import utc
from fixtures.sessions import ChargingSession
from mockserver.apis.dynamo.charges import ChargeOfClient
from mockserver.apis.dynamo.stations.connectors import Connector
from mockserver.apis.dynamo.stations.profiles import limit_w
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.stations.station import Station


@dataclass(frozen=True)
class Active:
    """A transaction that runs; only at one of a vehicle of the world is it known where the meter began."""

    number: int
    """Its number in OCPP."""
    charge_point_id: str
    connector_id: int
    id_tag: str
    started_at: datetime
    session_id: str
    energy_wh: int
    power_w: int
    """What the vehicle draws now, at most what the charging profiles of the station allow."""
    meter_start_wh: int | None = None


async def active(station: Station) -> list[Active]:
    """What runs at a station."""
    found: list[Active] = []
    for connector in station.connectors.values():
        number, session = station.transaction_at(connector), connector.charging(station.at_s)
        if number is None:
            continue
        if connector.running is not None:
            found.append(_of_client(station, number, ChargeOfClient.of(await station.transaction(number))))
        elif session is not None:
            found.append(_of_world(station, number, connector, session))
    return found


def _of_client(station: Station, number: int, charge: ChargeOfClient) -> Active:
    return Active(
        number,
        station.id,
        charge.connector_id,
        charge.id_tag,
        charge.started_at,
        charge.session_id,
        charge.energy_wh_at(station.ctx.at),
        charge.power_w_at(station.ctx.at),
    )


def _of_world(station: Station, number: int, connector: Connector, session: ChargingSession) -> Active:
    return Active(
        number,
        station.id,
        connector.number,
        session.id_token,
        utc(session.started_s or 0),
        f"sess_{station.world_id_of(session)}",
        session.energy_wh_at(station.at_s),
        min(session.power_w_at(station.at_s), int(limit_w(station.state, connector.number))),
        meter_start_wh=session.meter_start_wh,
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
