"""Grid connections, batteries and sensors: what forbids to register, change or remove them."""

from __future__ import annotations

from typing import Any

from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker_bess.registered import (
    BATTERIES,
    SENSORS,
    SITES,
    battery_body,
    registered,
    sensor_body,
    site,
    tried,
)

_NOBODY = "00000000-0000-4000-8000-000000000000"


@law("inferred", "major", SITES.delete)
def grid_connection_in_use_stays(stage: Stage) -> None:
    """A grid connection with a battery or a sensor on it cannot be removed: 409."""
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        site_id = site(stage)
        thing = registered(stage, kind, body(stage, site_id))
        exchange = stage.call(SITES.delete, id=site_id)
        stage.refuses(exchange, (409,), f"409: there is still {thing['name']} on it", "GridConnection")
        stage.succeeds(stage.call(SITES.read, id=site_id), "what could not be removed is still there")
        stage.done(kind.delete, id=thing["id"])
        stage.succeeds(stage.call(SITES.delete, id=site_id), "once nothing is on it, it can be removed")


@law("inferred", "major", BATTERIES.create, SENSORS.create)
def grid_connection_has_to_exist(stage: Stage) -> None:
    """A battery or a sensor on a grid connection that does not exist is refused with 422."""
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        exchange = tried(stage, kind, body(stage, _NOBODY))
        stage.refuses(exchange, (422,), "422: there is no such grid connection", kind.schema)


@law("inferred", "major", BATTERIES.change, SENSORS.change)
def grid_connection_is_for_good(stage: Stage) -> None:
    """A battery or a sensor cannot be moved to another grid connection."""
    site_id, elsewhere = site(stage), site(stage)
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        thing = registered(stage, kind, body(stage, site_id))
        exchange = stage.call(kind.change, {"grid_connection_id": elsewhere}, id=thing["id"])
        stage.refuses(exchange, (400, 422), "400: grid_connection_id is for good", kind.schema)
        came = stage.got(kind.read, id=thing["id"])["grid_connection_id"]
        stage.require(came == site_id, exchange, "a refused change changes nothing", f"it is on {came}", kind.schema)


@law("inferred", "major", BATTERIES.create, BATTERIES.change)
def battery_makes_sense(stage: Stage) -> None:
    """Crossed limits of the state of charge are refused, and powers that the grid connection could never carry."""
    site_id = site(stage)
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"min_soc_percent": 80, "max_soc_percent": 20}, "422: min_soc_percent is not below max_soc_percent"),
        ({"max_charge_power_kw": 500}, "422: more than twice what the grid connection carries"),
        ({"max_discharge_power_kw": 500}, "422: more than twice what the grid connection carries"),
    )
    thing = registered(stage, BATTERIES, battery_body(stage, site_id))
    for members, says in wrong:
        exchange = tried(stage, BATTERIES, battery_body(stage, site_id, **members))
        stage.refuses(exchange, (422,), says, "Battery")
        stage.refuses(stage.call(BATTERIES.change, members, id=thing["id"]), (422,), says, "Battery")


LAWS = (
    grid_connection_in_use_stays,
    grid_connection_has_to_exist,
    grid_connection_is_for_good,
    battery_makes_sense,
)
