"""What a home or a building uses."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import click

from fixtures import load
from fixtures.days import QUARTER_HOUR_S
from fixtures.forecasts import Forecast
from fixtures.load import HOME, Load
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.options import (
    issued_at_option,
    number_option,
    one_of,
    resolution_option,
    time_zone,
)
from mockserver.commands.generate.subjects.power import POWER_COLUMNS, PowerSource
from mockserver.commands.generate.window import Edge

_WH_PER_KWH = 1000
_HOME_KWH = 3500.0
_ZONE = "Europe/Amsterdam"


class Consumption(PowerSource):
    """One home or building."""

    noun = "use"

    def __init__(
        self,
        *,
        seed: int,
        kind: str,
        kwh_per_year: float | None,
        timezone: ZoneInfo,
        southern: bool,
        resolution: int,
        issued_at: Edge | None,
    ) -> None:
        self._seed = seed
        self._load = load_of(kind, kwh_per_year, timezone, southern=southern)
        self.title = f"Use of {_with_article(kind)}, {self._load.yearly_wh / _WH_PER_KWH:,.0f} kWh a year"
        super().__init__(zone=timezone, resolution=resolution, issued_at=issued_at)

    def power_of_day(self, day: int) -> Sequence[int]:
        """See `PowerSource.power_of_day`."""
        return load.power_of_day(self._seed, self._load, day)

    def forecast(self, slots: range, issued_s: int) -> Sequence[Forecast]:
        """See `PowerSource.forecast`."""
        return load.forecast(self._seed, self._load, slots, issued_s)


def load_of(kind: str, kwh_per_year: float | None, zone: ZoneInfo, *, southern: bool = False) -> Load:
    """A load; only a household knows by itself how much it uses."""
    if kwh_per_year is None and kind != HOME:
        said = f"say how much {_with_article(kind)} uses: --kwh-per-year 500000"
        raise click.BadParameter(said, param_hint="'--kwh-per-year'")
    used = _HOME_KWH if kwh_per_year is None else kwh_per_year
    return Load(name=kind, kind=kind, yearly_wh=round(used * _WH_PER_KWH), zone=zone, southern=southern)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


LOAD = Subject(
    name="load",
    summary="What a home or a building uses.",
    explanation="One row for each slot. Local midnight is that of --timezone, whose calendar year has --kwh-per-year.",
    columns=POWER_COLUMNS,
    options=(
        click.Option(
            ["--kind"],
            type=one_of(load.kinds),
            default=HOME,
            show_default=True,
            metavar="NAME",
            help=f"One of {', '.join(load.kinds())}.",
        ),
        number_option(
            "--kwh-per-year", f"Default: {_HOME_KWH:g} for a household; others have to say.", 0, 1_000_000_000
        ),
        click.Option(
            ["--timezone"],
            type=time_zone,
            default=_ZONE,
            show_default=True,
            metavar="ZONE",
            help="Where it stands: whose days and midnights it follows.",
        ),
        click.Option(["--southern"], is_flag=True, help="It stands in the south, where July is in winter."),
        resolution_option(QUARTER_HOUR_S),
        issued_at_option(),
    ),
    source=Consumption,
    example="--kind office --kwh-per-year 500000 --from 2026-03-29 --to 7d --resolution 1h --output load.csv",
)
