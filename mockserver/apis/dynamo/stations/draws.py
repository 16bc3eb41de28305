"""What the vehicles of clients draw: all that their connectors give, as far as the charging profiles let them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fixtures.days import DAY_S, unix_s
from mockserver.apis.dynamo.charges import ChargeOfClient
from mockserver.apis.dynamo.stations.connectors import Phase, Running
from mockserver.apis.dynamo.stations.profiles import limits_w
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.store import Value

if TYPE_CHECKING:
    from mockserver.apis.dynamo.stations.station import Station

_LOOKS_AHEAD_S = 3 * DAY_S
"""As long as any need takes at the least power that charges (6 A, IEC 61851)."""


def draws(station: Station, number: int) -> list[list[int]]:
    """The power that a vehicle draws at a connector from now on, W, each with the second from which it does."""
    return [[at_s, int(limit_w)] for at_s, limit_w in limits_w(station.state, number, _LOOKS_AHEAD_S)]


def running(transaction: Value) -> Running:
    """What a connector knows of a client's transaction."""
    phases = [Phase(since_s=since_s, status=status) for since_s, status in ChargeOfClient.of(transaction).phases]
    return Running(transaction_id=transaction["ocpp_transaction_id"], id_tag=transaction["id_tag"], phases=phases)


async def redraw(station: Station) -> None:
    """Have the vehicles draw what charging profiles that have changed let them draw from now on."""
    for connector in station.connectors.values():
        if connector.running is not None:
            transaction = await station.transaction(connector.running["transaction_id"])
            begun_s = unix_s(datetime.fromisoformat(transaction["started_at"]))
            drawn = [each for each in transaction["draws"] if each[0] < station.at_s]
            # Not before it began, when the clock was set back.
            to_come = [[max(since_s, begun_s), power_w] for since_s, power_w in draws(station, connector.number)]
            transaction = await TRANSACTIONS.of(station.org_id).set(station.ctx, transaction, draws=[*drawn, *to_come])
            connector.running = running(transaction)
