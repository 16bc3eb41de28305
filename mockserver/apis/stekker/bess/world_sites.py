"""The world's own sites as one organization's grid connections: what they are, and what their sensors measured.

Sensors of the world read mean powers by the quarter-hour, at its start, once it is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from functools import lru_cache, partial
from typing import Any

from fixtures.days import HOUR_S, SECOND_US, unix_s, utc
from fixtures.power import SLOT_S
from mockserver import ids
from mockserver.apis.stekker.accounts import NORTH
from mockserver.apis.stekker.regions import MARKET_AREAS
from mockserver.clock import timestamp
from mockserver.domain.batteries import Battery
from mockserver.domain.bess.measurements import Reading
from mockserver.domain.energy import Flow
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER
from mockserver.store import Value

WORLD_SITE = "world_site"
"""The member of a sensor that names the site of the world which it is at; it is no part of the wire form."""
FLOWS: Mapping[str, tuple[Flow, ...]] = {
    "grid": (Flow.GRID,),
    "consumption": (Flow.LOAD, Flow.CHARGING),
    "solar": (Flow.SOLAR,),
    "battery": (Flow.BATTERY,),
}
"""What the sensors of a site measure, by their kind."""

_WH_PER_KWH = 1000.0
_DIGITS = 6


@dataclass
class _Tables:
    """What the sites of a world are, by id."""

    grid_connections: dict[str, Value] = field(default_factory=dict)
    batteries: dict[str, Value] = field(default_factory=dict)
    sensors: dict[str, Value] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    """By the id of their battery."""


def grid_connections(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The grid connections of the sites that are open."""
    return _open(ctx, _tables(ctx.world).grid_connections) if owner_id == NORTH else {}


def batteries(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The batteries of the sites that are open, as full as they are now."""
    if owner_id != NORTH:
        return {}
    tables = _tables(ctx.world)
    return {
        key: {**value, "current_soc_percent": round(100.0 * (ctx.world.soc(tables.sites[key], ctx.at) or 0.0), _DIGITS)}
        for key, value in _open(ctx, tables.batteries).items()
    }


def sensors(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The sensors of the sites that are open."""
    return _open(ctx, _tables(ctx.world).sensors) if owner_id == NORTH else {}


def readings(world: World, sensor: Value, at: datetime, start_us: int, end_us: int) -> list[Reading]:
    """What a sensor of the world measured in [start_us, end_us), Unix microseconds; nothing of any other."""
    site = world.site(sensor.get(WORLD_SITE, ""))
    if site is None:
        return []
    first_s = max(-(-start_us // SECOND_US), unix_s(_opened_at(site)))
    slots = range(-(-first_s // SLOT_S) * SLOT_S, min(-(-end_us // SECOND_US), unix_s(at) - SLOT_S + 1), SLOT_S)
    if not slots:
        return []
    flows = [
        world.energy(site, flow, utc(slots.start), utc(slots.stop), SLOT_S).values for flow in FLOWS[sensor["kind"]]
    ]
    kw_per_wh = HOUR_S / SLOT_S / _WH_PER_KWH
    energies = (sum(parts) for parts in zip(*flows, strict=True))
    return [Reading(at_s * SECOND_US, round(wh * kw_per_wh, _DIGITS)) for at_s, wh in zip(slots, energies, strict=True)]


def last_measured_us(sensor: Value, at: datetime) -> int | None:
    """When a sensor of the world measured last, as of an instant, in Unix microseconds; None of any other."""
    if WORLD_SITE not in sensor:
        return None
    last_s = unix_s(at) // SLOT_S * SLOT_S - SLOT_S
    return last_s * SECOND_US if timestamp(utc(last_s)) >= sensor["created_at"] else None


def _open(ctx: Context, table: Mapping[str, Value]) -> dict[str, Value]:
    now = timestamp(ctx.at)
    return {key: value for key, value in table.items() if value["created_at"] <= now}


def _opened_at(site: Site) -> datetime:
    return datetime.combine(site.opened_on, time(), UTC)


def _shown(world: World) -> Iterator[Site]:
    """The sites with something to plan or to plan for, in a market area that the provider knows."""
    for site in world.sites:
        if (site.battery or site.solar) and site.area and site.area.name in MARKET_AREAS:
            yield site


@lru_cache(maxsize=2)
def _tables(world: World) -> _Tables:
    tables, shown = _Tables(), [*_shown(world)]
    for number, site in enumerate(shown, -len(shown)):  # before whatever a client makes
        made = partial(_made, world.seed, site, number)
        connection_id = made(tables.grid_connections, "grid connection", **_grid_connection(site))
        battery_id = None
        if site.battery is not None:
            battery_id = made(tables.batteries, "battery", grid_connection_id=connection_id, **_battery(site.battery))
            tables.sites[battery_id] = site
        for kind in FLOWS:
            if (kind == "solar" and site.solar is None) or (kind == "battery" and battery_id is None):
                continue
            made(
                tables.sensors,
                f"{kind} sensor",
                grid_connection_id=connection_id,
                name=f"{site.name}, {kind}",
                external_id=f"{site.key}-{kind}",
                kind=kind,
                battery_id=battery_id if kind == "battery" else None,
                quantities=["power"],
                **{WORLD_SITE: site.id},
            )
    return tables


def _made(seed: int, site: Site, number: int, table: dict[str, Value], what: str, **members: Any) -> str:
    """The id of a thing of a site, which is put into a table."""
    key, opened_at = ids.uuid(seed, "bess", what, site.key), timestamp(_opened_at(site))
    table[key] = {"id": key, NUMBER: number, **members, "created_at": opened_at, "updated_at": opened_at}
    return key


def _grid_connection(site: Site) -> Value:
    return {
        "name": site.name,
        "external_id": site.key,
        "location": {
            "latitude": site.latitude,
            "longitude": site.longitude,
            "address": site.city,
            "country_code": site.country_code,
            "time_zone": site.timezone,
        },
        "fuse_limit_amperes": site.connection.fuse_a,
        "number_of_phases": site.connection.phases,
        "contracted_import_kw": None,
        "contracted_export_kw": None,
        "market_region": site.area.name if site.area else None,
    }


def _battery(battery: Battery) -> Value:
    storage = battery.storage
    return {
        "name": f"Battery of {battery.capacity_wh / _WH_PER_KWH:g} kWh",
        "external_id": battery.id,
        "capacity_kwh": battery.capacity_wh / _WH_PER_KWH,
        "max_charge_power_kw": storage.charge_limit_w / _WH_PER_KWH,
        "max_discharge_power_kw": storage.discharge_limit_w / _WH_PER_KWH,
        "min_soc_percent": round(100.0 * storage.min_energy_wh / storage.capacity_wh, _DIGITS),
        "max_soc_percent": round(100.0 * storage.max_energy_wh / storage.capacity_wh, _DIGITS),
        "round_trip_efficiency": round(storage.charge_efficiency * storage.discharge_efficiency, _DIGITS),
        "current_soc_percent": None,
    }
