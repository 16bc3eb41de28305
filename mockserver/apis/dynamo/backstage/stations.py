"""What the backstage shows of charge points, in the form of its contract."""

from __future__ import annotations

from fixtures.days import utc
from mockserver.apis.dynamo.stations.connectors import Connector
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.clock import timestamp
from mockserver.http.ocpp import Order
from mockserver.store import Value

_OF_TRANSACTION = (
    *("id", "charge_point_id", "connector_id", "id_tag", "ocpp_transaction_id"),
    *("started_at", "stopped_at", "stop_reason"),
)


def shown(station: Station) -> Wire:
    """Station."""
    orders = station.ctx.runtime.ocpp.orders
    return {
        "charge_point_id": station.id,
        "org_id": station.org_id,
        "ocpp_version": station.version,
        "is_online": station.is_online,
        "connectors": [_connector(station, connector) for connector in station.connectors.values()],
        "answers": [_answer(order) for order in orders if order.station == station.id],
    }


def shown_transaction(value: Value) -> Wire:
    """Transaction."""
    return picked(value, *_OF_TRANSACTION)


def _connector(station: Station, connector: Connector) -> Wire:
    hold = connector.hold
    return {
        "connector_id": connector.number,
        "status": station.status(connector),
        "transaction_id": station.transaction_at(connector),
        "reservation": hold
        and {
            "reservation_id": hold["reservation_id"],
            "id_tag": hold["id_tag"],
            "expires_at": timestamp(utc(hold["until_s"])),
        },
    }


def _answer(order: Order) -> Wire:
    said: Wire = {"payload": order.answer}
    if order.answer is None:
        said = {"silent": True}
    elif order.is_error:
        said = {"error": {"code": order.answer["errorCode"], "description": order.answer["errorDescription"]}}
    return {"action": order.action, **said, "times": order.times}
