"""Output of a solar plant."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import click

from fixtures import solar
from fixtures.calibration import table
from fixtures.days import QUARTER_HOUR_S
from fixtures.forecasts import Forecast
from fixtures.prices import area, area_names
from fixtures.solar import Plant
from fixtures.weather import region as region_of
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.options import (
    issued_at_option,
    number_option,
    one_of,
    resolution_option,
    timezone_option,
)
from mockserver.commands.generate.subjects.power import POWER_COLUMNS, PowerSource
from mockserver.commands.generate.window import Edge

DEFAULT_REGION = "continent"


def region_names() -> list[str]:
    """The regions of one weather."""
    return [*table("weather")["regions"]]


def zone_of(region: str) -> ZoneInfo:
    """The time zone of a bidding zone with that weather, the Netherlands first; UTC where there is none."""
    zones = (area(name).zone for name in ("NL", *area_names()) if area(name).weather == region)
    return next(zones, ZoneInfo("UTC"))


class Solar(PowerSource):
    """One plant; without coordinates it stands at the reference place of its region."""

    noun = "output"

    def __init__(
        self,
        *,
        seed: int,
        region: str,
        latitude: float | None,
        longitude: float | None,
        kwp: float,
        tilt: float,
        azimuth: float,
        inverter_kw: float | None,
        timezone: ZoneInfo | None,
        resolution: int,
        issued_at: Edge | None,
    ) -> None:
        where = region_of(region)
        self._seed = seed
        self._plant = Plant(
            name="plant",
            region=region,
            latitude=where.latitude if latitude is None else latitude,
            longitude=where.longitude if longitude is None else longitude,
            peak_w=round(kwp * 1000),
            tilt_deg=tilt,
            azimuth_deg=azimuth,
            inverter_w=None if inverter_kw is None else round(inverter_kw * 1000),
        )
        self.title = f"Solar output, {kwp:g} kWp at {self._plant.latitude:g}, {self._plant.longitude:g}"
        super().__init__(zone=timezone or zone_of(region), resolution=resolution, issued_at=issued_at)

    def power_of_day(self, day: int) -> Sequence[int]:
        """See `PowerSource.power_of_day`."""
        return solar.power_of_day(self._seed, self._plant, day)

    def forecast(self, slots: range, issued_s: int) -> Sequence[Forecast]:
        """See `PowerSource.forecast`."""
        return solar.forecast(self._seed, self._plant, slots, issued_s)


def solar_options() -> tuple[click.Option, ...]:
    """The options of a plant."""
    return (
        click.Option(
            ["--region"],
            type=one_of(region_names),
            default=DEFAULT_REGION,
            show_default=True,
            metavar="NAME",
            help="Whose weather it has, shared with prices and carbon intensity there.",
        ),
        number_option(
            "--latitude",
            "Degrees north. Default: the reference place of the region, of the continent near Utrecht.",
            -66,
            66,
        ),
        number_option("--longitude", "Degrees east.", -180, 180),
        number_option("--kwp", "Peak power of the panels, kW.", 0.001, 10_000_000, default=5.0),
        number_option("--tilt", "Degrees from level.", 0, 90, default=35.0),
        number_option("--azimuth", "Where the panels look: 90 is east, 180 south.", 0, 360, default=180.0),
        number_option("--inverter-kw", "Its limit. Default: as the panels.", 0.001, 10_000_000),
    )


SOLAR = Subject(
    name="solar",
    summary="Output of a solar plant.",
    explanation=(
        "One row for each slot. Without options the plant is a roof of 5 kWp near Utrecht. Local midnight is that of "
        "--timezone."
    ),
    columns=POWER_COLUMNS,
    options=(
        *solar_options(),
        timezone_option("Whose midnight bare dates are. Default: that of the region."),
        resolution_option(QUARTER_HOUR_S),
        issued_at_option(),
    ),
    source=Solar,
    example="--kwp 60 --tilt 15 --from 2026-06-15 --to 7d --output solar.parquet",
)
