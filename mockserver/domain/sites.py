"""The places of the world: sites with their grid connection, chargers, solar plant, battery and building.

`fixtures/tables/sites.yaml` declares them; the names of the keyword arguments of `_site` are the keys of its rows, and
any other is an error. Everything about a site follows from its key, so a site more or less changes no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fixtures import places, prices
from fixtures.calibration import table
from fixtures.chargers import ChargerModel, Connector, models, serial_number
from fixtures.evses import SAMPLE_INTERVAL_S, ChargerTraits, EvseTraits, PowerLimit
from fixtures.load import HOME, Load, yearly_wh
from fixtures.rng import Stream, unit
from fixtures.solar import Plant
from fixtures.tariffs import Window
from mockserver import ids
from mockserver.domain.batteries import Battery
from mockserver.domain.drivers import Driver
from mockserver.domain.tariffs import Tariff
from mockserver.domain.worlds import NamedWorld

OPERATOR = "GMK"  # eMI3 party id
_PHASE_VOLTAGE_V = 230
_FIRST_OPENING, _OPEN_WITHIN_D = date(2024, 10, 1), 365
_OFFLINE_SHARES = (0.005, 0.03)  # uptime of 97-99.5 %, energy data sheet 13.9


@dataclass(frozen=True, slots=True)
class GridConnection:
    """What the grid gives a site: the main fuse in A per phase; powers in W."""

    fuse_a: int
    phases: int

    @property
    def power_limit_w(self) -> int:
        """The most that may flow either way: fuse times 230 V times phases."""
        return self.fuse_a * _PHASE_VOLTAGE_V * self.phases


@dataclass(frozen=True, eq=False)
class Evse:
    """An outlet that charges one vehicle at a time."""

    id: str
    evse_id: str  # eMI3: country*operator*E...
    number: int  # in its charger, from 1; OCPP's connector id (1.6) or EVSE id (2.0.1)
    connectors: tuple[Connector, ...]
    traits: EvseTraits


@dataclass(frozen=True, eq=False)
class Charger:
    """A charging station."""

    id: str
    model: ChargerModel
    serial_number: str
    evses: tuple[Evse, ...]
    traits: ChargerTraits

    @property
    def identity(self) -> str:
        """What it calls itself over OCPP, unique in the world."""
        return self.traits.name


@dataclass(frozen=True, eq=False)
class Site:
    """One grid connection and all that is behind it."""

    id: str
    key: str  # names it in the seed
    name: str
    place: str
    city: str
    country_code: str  # ISO 3166-1 alpha-2
    timezone: str  # IANA
    currency: str  # ISO 4217
    latitude: float
    longitude: float
    area: prices.Area | None  # None where no wholesale prices are known
    opened_on: date
    connection: GridConnection
    chargers: tuple[Charger, ...]
    load: Load | None
    solar: Plant | None
    battery: Battery | None
    tariff: Tariff | None  # what its electricity costs, and its export earns; None: bare market prices
    driver: Driver | None  # who lives there

    @property
    def evses(self) -> Iterator[Evse]:
        """The EVSEs of all chargers."""
        return (evse for charger in self.chargers for evse in charger.evses)


def sites(seed: int, named: NamedWorld, drivers: Sequence[Driver], tariffs: Sequence[Tariff]) -> tuple[Site, ...]:
    """The sites of a named world: those it lists, a fleet's depots, the homes of the drivers; ValueError: bad table."""
    rows = {key: table("sites")["sites"][key] for key in named.row["sites"]}
    if named.size is not None:
        rows |= _depots(named.size, **table("sites")["fleet"])
    if named.row.get("homes"):
        rows |= {_home_key(driver): _home(seed, driver, **table("sites")["homes"]) for driver in drivers}
    found = []
    for key, row in rows.items():
        try:
            found.append(_site(seed, key, tariffs, **row))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"sites.yaml, {key}: {error!r}") from error
    return tuple(found)


def _site(
    seed: int,
    key: str,
    tariffs: Sequence[Tariff],
    *,
    name: str,
    place: str,
    city: str,
    country: str,
    latitude: float,
    longitude: float,
    connection: dict[str, int],
    chargers: dict[str, int],
    area: str | None = None,
    timezone: str = "",
    currency: str = "",
    weather: str = "",
    load: dict[str, Any] | None = None,
    solar: dict[str, Any] | None = None,
    battery: dict[str, Any] | None = None,
    limits: Sequence[dict[str, Any]] = (),
    commissioned_on: str | None = None,
    tariff: str | Tariff | None = None,
    driver: Driver | None = None,
) -> Site:
    """The site of one row."""
    market = prices.area(area) if area else None
    zone = ZoneInfo(timezone) if timezone else _of(market).zone
    opened_on = _FIRST_OPENING + timedelta(days=int(unit(seed, "site opened", key) * _OPEN_WITHIN_D))
    if commissioned_on:
        opened_on = date.fromisoformat(commissioned_on)
    made_at = datetime.combine(opened_on, time(), UTC)
    grid = GridConnection(**connection)
    caps = tuple(PowerLimit(**{**limit, "window": Window.parse(limit["window"])}) for limit in limits)
    weather = weather or _of(market).weather
    outlet = partial(EvseTraits, place=place, zone=zone, commissioned_on=opened_on, limits=caps)
    stations = (models()[model] for model, count in chargers.items() for _ in range(count))
    return Site(
        id=ids.ulid(made_at, seed, "site", key),
        key=key,
        name=name,
        place=places.place(place).key,
        city=city,
        country_code=country,
        timezone=zone.key,
        currency=currency or _of(market).currency,
        latitude=latitude,
        longitude=longitude,
        area=market,
        opened_on=opened_on,
        connection=grid,
        chargers=tuple(
            _charger(seed, f"{key}-{number:03}", country, weather, model, grid, outlet)
            for number, model in enumerate(stations, 1)
        ),
        load=_load(key, zone, latitude, **load) if load else None,
        solar=Plant(key, weather, latitude, longitude, **solar) if solar else None,
        battery=Battery(id=ids.ulid(made_at, seed, "battery", key), **battery) if battery else None,
        tariff=_named(tariffs, tariff) if isinstance(tariff, str) else tariff,
        driver=driver,
    )


def _of(market: prices.Area | None) -> prices.Area:
    if market is None:
        raise ValueError("without area it needs timezone, currency and weather")
    return market


def _load(
    key: str, zone: ZoneInfo, latitude: float, *, kind: str, median_w: int | None = None, energy_wh: int = 0
) -> Load:
    """The load of a row, of which either the median power or the yearly energy is given."""
    yearly = energy_wh if median_w is None else yearly_wh(kind, median_w)
    return Load(name=key, kind=kind, yearly_wh=yearly, zone=zone, southern=latitude < 0.0)


def _charger(
    seed: int,
    identity: str,
    country: str,
    weather: str,
    model: ChargerModel,
    grid: GridConnection,
    outlet: Callable[..., EvseTraits],
) -> Charger:
    """One station; on a connection of one phase a three-phase model gives a third of its power."""
    traits_of = Stream(seed, "charger", identity)
    phases = min(model.phases, grid.phases)
    power_w = model.power_w * phases // model.phases if model.phases else model.power_w
    outlets = tuple(
        outlet(name=f"{identity}/{number}", power_w=power_w, phases=phases) for number in range(1, model.evses + 1)
    )
    opened_at = datetime.combine(outlets[0].commissioned_on, time(), UTC)
    number = "".join(letter for letter in identity.upper() if letter.isalnum())
    return Charger(
        id=ids.ulid(opened_at, seed, "charger", identity),
        model=model,
        serial_number=serial_number(seed, identity, model),
        evses=tuple(
            Evse(
                id=ids.ulid(opened_at, seed, "evse", traits.name),
                evse_id=f"{country}*{OPERATOR}*E{number}*{position}",
                number=position,
                connectors=model.connectors,
                traits=traits,
            )
            for position, traits in enumerate(outlets, 1)
        ),
        traits=ChargerTraits(
            name=identity,
            model=model.name,
            protocol=traits_of.choice(model.protocols),
            evses=outlets,
            sample_interval_s=model.sample_interval_s or SAMPLE_INTERVAL_S,
            offline_share=traits_of.uniform(*_OFFLINE_SHARES),
            weather=weather,
        ),
    )


def _depots(size: int, *, stations_per_site: int, charger: str, site: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of a fleet's depots; the last one is as large as it needs to be."""
    first_stations = range(0, size, stations_per_site)
    return {
        f"fleet-{number:04}": {
            **site,
            "name": f"{site['name']} {number}",
            "chargers": {charger: min(stations_per_site, size - first)},
        }
        for number, first in enumerate(first_stations, 1)
    }


def _home_key(driver: Driver) -> str:
    return "home-" + driver.city.lower().replace(" ", "-")


def _home(
    seed: int,
    driver: Driver,
    *,
    chargers: dict[str, str],
    other_charger: str,
    areas: dict[str, str],
    weather: dict[str, str],
    one_phase_fuse_a: int,
    three_phase_fuse_a: int,
    solar_share: float,
    solar_peak_w: tuple[int, int],
    battery_share: float,
    battery: dict[str, int],
    yearly_load_wh: tuple[int, int],
) -> dict[str, Any]:
    """The row of a driver's home."""
    drawn = Stream(seed, "home", driver.id)
    model = chargers.get(driver.country_code, other_charger)
    phases = models()[model].phases
    area = areas.get(driver.country_code)
    has_solar, has_battery = drawn.chance(solar_share), drawn.chance(battery_share)
    peak_w, load_wh = drawn.integer(*solar_peak_w), drawn.integer(*yearly_load_wh)
    return {
        "name": f"Home in {driver.city}",
        "place": "home",
        "city": driver.city,
        "country": driver.country_code,
        "area": area,
        "timezone": driver.timezone,
        "currency": driver.tariff.currency,
        "weather": weather.get(driver.timezone, ""),
        "connection": {"fuse_a": one_phase_fuse_a if phases == 1 else three_phase_fuse_a, "phases": phases},
        "chargers": {model: 1},
        "load": {"kind": HOME, "energy_wh": load_wh},
        "latitude": driver.latitude,
        "longitude": driver.longitude,
        "solar": {"peak_w": peak_w} if has_solar else None,
        "battery": battery if area and has_battery else None,
        "commissioned_on": str(driver.joined_at.date()),
        "tariff": driver.tariff,
        "driver": driver,
    }


def _named(tariffs: Sequence[Tariff], name: str) -> Tariff:
    found = next((tariff for tariff in tariffs if tariff.name == name), None)
    if found is None:
        raise ValueError(f"there is no tariff {name!r}")
    return found
