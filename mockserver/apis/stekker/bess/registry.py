"""What an organization registers: grid connections, and the batteries and sensors on them."""

from __future__ import annotations

from mockserver.apis.stekker.bess import limits, world_sites
from mockserver.apis.stekker.regions import market_area
from mockserver.domain.geography import time_zones
from mockserver.http.errors import FieldError, InvalidRequest, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.resources import REQUIRED, Resource
from mockserver.store import Value

MOST_POWER_RATIO = 2
"""A battery's power over that of its grid connection: fact sheet of the Stekker API, 8.2."""


async def _check_grid_connection(ctx: Context, value: Value) -> None:
    market_area(value["market_region"], "market_region")
    time_zone = value["location"]["time_zone"]
    if time_zone not in time_zones():
        raise Unprocessable(f"is no time zone: {time_zone!r}; write one such as Europe/Amsterdam", "location.time_zone")


async def _check_battery(ctx: Context, value: Value) -> None:
    if value["min_soc_percent"] >= value["max_soc_percent"]:
        low, high = value["min_soc_percent"], value["max_soc_percent"]
        raise Unprocessable(f"is {low}, not below max_soc_percent, which is {high}", "min_soc_percent")
    connection = await GRID_CONNECTIONS.get(ctx, value["grid_connection_id"])
    most_kw = MOST_POWER_RATIO * limits.max_power_kw(connection)
    for name in ("max_charge_power_kw", "max_discharge_power_kw"):
        if value[name] > most_kw:
            raise Unprocessable(
                f"is {value[name]}, more than {most_kw:g} kW, which is twice what the grid connection carries", name
            )


async def _check_sensor(ctx: Context, value: Value) -> None:
    if value["battery_id"] is None:
        if value["kind"] == "battery":
            raise InvalidRequest([FieldError("body", "battery_id", "is missing: a sensor of kind battery needs one")])
        return
    battery = await BATTERIES.find(ctx, value["battery_id"])
    if battery is not None and battery["grid_connection_id"] != value["grid_connection_id"]:
        raise Unprocessable("is that of a battery on another grid connection", "battery_id")


GRID_CONNECTIONS = Resource(
    name="grid connection",
    plural="grid connections",
    collection="bess.grid_connections",
    members={
        "name": REQUIRED,
        "external_id": None,
        "location": {
            "latitude": REQUIRED,
            "longitude": REQUIRED,
            "address": None,
            "country_code": "NL",
            "time_zone": "Europe/Amsterdam",
        },
        "fuse_limit_amperes": REQUIRED,
        "number_of_phases": 3,
        "contracted_import_kw": None,
        "contracted_export_kw": None,
        "market_region": "NL",
    },
    unique=frozenset({"external_id"}),
    check=_check_grid_connection,
    base=world_sites.grid_connections,
)

BATTERIES = Resource(
    name="battery",
    plural="batteries",
    collection="bess.batteries",
    members={
        "grid_connection_id": REQUIRED,
        "name": REQUIRED,
        "external_id": None,
        "capacity_kwh": REQUIRED,
        "max_charge_power_kw": REQUIRED,
        "max_discharge_power_kw": REQUIRED,
        "min_soc_percent": 10,
        "max_soc_percent": 90,
        "round_trip_efficiency": 0.9,
        "current_soc_percent": None,
    },
    immutable=frozenset({"grid_connection_id"}),
    references={"grid_connection_id": GRID_CONNECTIONS},
    check=_check_battery,
    base=world_sites.batteries,
)

SENSORS = Resource(
    name="sensor",
    plural="sensors",
    collection="bess.sensors",
    members={
        "grid_connection_id": REQUIRED,
        "name": REQUIRED,
        "external_id": None,
        "kind": REQUIRED,
        "battery_id": None,
        "quantities": ["power", "energy_import"],
    },
    immutable=frozenset({"grid_connection_id"}),
    unique=frozenset({"external_id"}),
    references={"grid_connection_id": GRID_CONNECTIONS, "battery_id": BATTERIES},
    check=_check_sensor,
    base=world_sites.sensors,
)
