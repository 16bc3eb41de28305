"""What the tag Fleet shows, one function per schema of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.faults import ConnectorFault
from mockserver.apis.dynamo.fleet import Asked, Fleet
from mockserver.apis.dynamo.maintenance import Maintenance
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.stations.connectors import FAULTED, FREE
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.uptimes import Uptime, Utilisation
from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion

_SUMMARISED = {"Charging": "charging", FAULTED: "faulted", FREE: "available"}
"""What an online charge point counts as, by the first status in this order that a connector of it shows."""


def fleet_summary(value: Fleet, ctx: Context, expansion: Expansion) -> Wire:
    """FleetSummary."""
    online = [station for station in value.stations if station.is_online]
    counted = [_counted(station) for station in online]
    return {
        "total_chargers": len(value.stations),
        "online": len(online),
        "offline": len(value.stations) - len(online),
        **{name: counted.count(name) for name in _SUMMARISED.values()},
        "active_sessions": value.active_sessions,
        "total_energy_today_kwh": value.energy_today_wh / 1000,
    }


def fleet_uptime(value: tuple[Asked, Sequence[Uptime]], ctx: Context, expansion: Expansion) -> Wire:
    """FleetUptime."""
    asked, uptimes = value
    chargers = [
        {
            **picked(each.charge_point, "charge_point_id", "site_id"),
            "uptime_percent": each.percent,
            "downtime_minutes": round(each.offline_s / 60, 2),
        }
        for each in uptimes
    ]
    return {"period": asked, "chargers": chargers}


def fleet_utilisation(value: tuple[Asked, Sequence[Utilisation]], ctx: Context, expansion: Expansion) -> Wire:
    """FleetUtilisation."""
    asked, utilisations = value
    shares = [
        {
            "bucket": to_the_second(each.bucket),
            "charge_point_id": each.charge_point_id,
            "utilisation_percent": each.percent,
        }
        for each in utilisations
    ]
    return {"period": asked, "data": shares}


def fault(value: ConnectorFault, ctx: Context, expansion: Expansion) -> Wire:
    """Fault."""
    return {
        **picked(value.charge_point, "charge_point_id", "site_id"),
        "connector_id": value.connector_id,
        "error_code": value.error_code,
        "info": None,
        "started_at": to_the_second(value.started_at),
        "cleared_at": None if value.cleared_at is None else to_the_second(value.cleared_at),
    }


def maintenance(value: Maintenance, ctx: Context, expansion: Expansion) -> Wire:
    """Maintenance."""
    return {
        "id": value.id,
        **picked(value.charge_point, "charge_point_id", "site_id"),
        "description": value.description,
        "status": value.status,
        "starts_at": to_the_second(value.starts_at),
        "ends_at": to_the_second(value.ends_at),
    }


def _counted(station: Station) -> str | None:
    shown = {connector.status(station.at_s) for connector in station.connectors.values()}
    return next((name for status, name in _SUMMARISED.items() if status in shown), None)
