"""Sites: a limit that charge points share with other load, which sensors measure at the grid connection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.apis.stekker.charging.sessions import Session, drawing_w

FRESH_US = 300_000_000
"""Sensor data older than this says nothing about now: fact sheet of the Stekker API, section 5."""
STEP_W = 100
"""Room is given in steps, so that a flickering load does not change every plan."""
_VOLTAGE_V = 230.0
_LINES = ("l1", "l2", "l3")


class Load(NamedTuple):
    """What a site takes from the grid, W, and the latest instant it was measured at, Unix microseconds."""

    power_w: float
    at_us: int


async def site_of(organization: Organization, charge_point_id: str) -> Mapping[str, Any] | None:
    """The site that a charge point belongs to, or None."""
    for site in await organization.sites.list():
        if charge_point_id in site["charge_point_ids"]:
            return site
    return None


async def load_of(organization: Organization, site: Mapping[str, Any], at_us: int) -> Load | None:
    """The sum of a site's sensors, by what they said within five minutes; None when they said nothing."""
    loads = []
    for sensor_id in site["sensor_ids"]:
        sensor = await organization.sensors.get(sensor_id)
        if sensor is not None and (load := _measured(sensor["values"], at_us)) is not None:
            loads.append(load)
    if not loads:
        return None
    return Load(sum(load.power_w for load in loads), max(load.at_us for load in loads))


async def room_w(organization: Organization, site: Mapping[str, Any], sessions: Iterable[Session], at_us: int) -> int:
    """The power that all sessions of a site may draw together, W.

    The sensors see the charging, too: what the sessions drew then is no other load.
    """
    limit_w: int = site["power_limit_w"]
    load = await load_of(organization, site, at_us)
    if load is None:
        return limit_w
    other_w = max(load.power_w - sum(drawing_w(session, load.at_us, FRESH_US) for session in sessions), 0.0)
    return max(int((limit_w - other_w) // STEP_W * STEP_W), 0)


def _measured(values: Mapping[str, list[Any]], at_us: int) -> Load | None:
    """Active power in all: as such, or of the lines, or of their currents and voltages."""
    fresh = {name: value for name, (value_us, value) in values.items() if abs(at_us - value_us) <= FRESH_US}
    if not fresh:
        return None
    latest_us = max(values[name][0] for name in fresh)
    if "total_active_power" in fresh:
        return Load(fresh["total_active_power"] * 1000.0, latest_us)
    if powers := [fresh[f"active_power_{line}"] for line in _LINES if f"active_power_{line}" in fresh]:
        return Load(sum(powers) * 1000.0, latest_us)
    currents = {line: fresh[f"active_current_{line}"] for line in _LINES if f"active_current_{line}" in fresh}
    if not currents:
        return None
    watts = (amperes * fresh.get(f"active_voltage_{line}", _VOLTAGE_V) for line, amperes in currents.items())
    return Load(sum(watts), latest_us)
