"""The views of charge points."""

from __future__ import annotations

from collections.abc import Mapping

from fixtures.days import utc
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value

_PLUGS: Mapping[str, str] = {"type2_socket": "Type2", "type2_cable": "Type2", "ccs2": "CCS2", "chademo": "CHAdeMO"}
_SOCKETS = "wss://ocpp.dynamo-csms.com/ocpp16"
"""Where charge points connect: fact sheet, 2.4."""


def charge_point(station: Station, ctx: Context, expansion: Expansion) -> Wire:
    """ChargePoint; what it says of itself is not known before it was heard of."""
    value, heard_s = station.charge_point, station.presence.heard_s
    has_said = heard_s is not None
    return {
        **picked(
            value, "charge_point_id", "name", "site_id", "project_id", "ocpp_version", "model", "vendor",
            "serial_number", "registered_at", "commissioned_at",
        ),
        "status": station.standing,
        "firmware_version": station.firmware if has_said else None,
        "location": _place(value),
        "connectors": [
            {
                "connector_id": number,
                "type": _PLUGS[station.state.plugs[number]],
                "status": station.status(connector),
            }
            for number, connector in station.connectors.items()
            if has_said
        ],
        "last_heartbeat_at": None if heard_s is None else to_the_second(utc(heard_s)),
    }  # fmt: skip


def registered_charge_point(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """RegisteredChargePoint."""
    names = ("charge_point_id", "project_id", "model", "vendor", "serial_number", "status", "registered_at")
    return {
        **picked(value, *names),
        "ocpp_endpoint": f"{_SOCKETS}/{value['charge_point_id']}",
        "location": _place(value),
    }


def _place(value: Value) -> Wire | None:
    return value["location"] and {"address": None, **value["location"]}
