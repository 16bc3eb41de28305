"""What the schedule command is told: a battery or a car, prices, and what shares the grid connection."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from zoneinfo import ZoneInfo

import click

from fixtures import load, solar
from fixtures.days import QUARTER_HOUR_S, utc
from fixtures.power import means
from fixtures.prices import INTERVALS_S, area_names, price_at
from fixtures.prices import area as area_of
from fixtures.solar import Plant
from fixtures.tariffs import SLOT_S
from fixtures.weather import region
from mockserver.commands.generate.subjects.load import load_of
from mockserver.commands.generate.subjects.options import number_option, one_of, resolution_option
from mockserver.commands.generate.subjects.tariffs import tariff_named
from mockserver.commands.generate.window import moment

STRATEGIES = ("cash", "solar", "ready-by")
OF_CARS = ("ready_by", "min_charge_kw")
"""Options that only go with the strategy ready-by."""
OF_BATTERIES = ("discharge_kw", "min_soc", "max_soc", "max_cycles", "wear_per_kwh")
"""Options that do not go with it."""
_PER_KWH = -3  # of an amount per MWh, as an exponent of ten


@dataclass(frozen=True, slots=True)
class Prices:
    """What a kWh costs and earns at an instant, in one currency."""

    buy: Callable[[datetime], Decimal]
    sell: Callable[[datetime], Decimal]
    currency: str
    zone: ZoneInfo
    name: str
    can_sell: bool = True
    """False where no export rate is known, and `sell` is 0 for that reason."""


def prices_of(seed: int, area: str, tariff: str | None, step_s: int) -> Prices:
    """Those of a tariff, or the bare market's, in slots of `step_s`; without export rates feeding in earns nothing."""
    if tariff is None:
        where = area_of(area)
        interval_s = step_s if step_s in INTERVALS_S else INTERVALS_S[0]

        def market(at: datetime) -> Decimal:
            return price_at(seed, area, at, interval_s).scaleb(_PER_KWH)

        price = _mean(market, interval_s, step_s)
        return Prices(price, price, where.currency, where.zone, f"day-ahead {area}")
    found = tariff_named(seed, tariff, "--tariff")
    rates, export = found.rates, found.export_rates
    if rates is None:
        raise click.BadParameter(f"{tariff!r} has no rates", param_hint="'--tariff'")
    buy = _mean(rates.rate, SLOT_S, step_s)
    sell = _mean(export.rate, SLOT_S, step_s) if export else lambda _: Decimal(0)
    return Prices(buy, sell, found.currency, ZoneInfo(found.timezone), found.name, can_sell=export is not None)


def _mean(price: Callable[[datetime], Decimal], interval_s: int, step_s: int) -> Callable[[datetime], Decimal]:
    """The mean price of slots of `step_s`, a part of an hour, of a price that holds for intervals; exact."""
    part_s = math.gcd(interval_s, step_s)
    parts = [timedelta(seconds=part_s * number) for number in range(step_s // part_s)]
    if len(parts) == 1:
        return price
    return lambda at: sum((price(at + part) for part in parts), Decimal(0)) / len(parts)


def pv_w(seed: int, area: str, kwp: float, slots: range) -> list[float]:
    """The mean W of a plant of that peak power, at the reference place of the area's weather, in each slot."""
    if not kwp:
        return [0.0] * len(slots)
    weather = area_of(area).weather
    where = region(weather)
    plant = Plant("plant", weather, where.latitude, where.longitude, round(kwp * 1000))
    return means(partial(solar.power_of_day, seed, plant), slots)


def load_w(seed: int, kind: str, kwh_per_year: float, zone: ZoneInfo, slots: range) -> list[float]:
    """The mean W of a load in each slot."""
    if not kwh_per_year:
        return [0.0] * len(slots)
    return means(partial(load.power_of_day, seed, load_of(kind, kwh_per_year, zone)), slots)


def one_way(efficiency: float) -> float:
    """The efficiency of charging, and of discharging, of which a round trip has `efficiency`."""
    return math.sqrt(efficiency)


def _power(name: str, help_text: str, default: float | None = None) -> click.Option:
    return number_option(name, help_text, 0, 10_000_000, default=default)


def _percent(name: str, help_text: str, default: float | None = None) -> click.Option:
    return number_option(name, help_text, 0, 100, default=default)


def battery_options() -> tuple[click.Option, ...]:
    """All options of the schedule, in the order of the help."""
    return (
        click.Option(
            ["--strategy"],
            type=click.Choice(STRATEGIES),
            default="cash",
            show_default=True,
            help="Least cost, least import, or a car charged at least cost by --ready-by.",
        ),
        number_option("--capacity-kwh", "Usable energy of the battery.", 0.001, 10_000_000, default=10.0),
        _power("--charge-kw", "Largest charging power, AC.", 5.0),
        _power("--discharge-kw", "Largest discharging power, AC. Default: as --charge-kw."),
        _power("--min-charge-kw", "Smallest charging power of a car (--strategy ready-by); 0: any.", 0.0),
        number_option("--efficiency", "Of a round trip; each way has its square root.", 0.01, 1, default=0.9),
        _percent("--soc-start", "State of charge at the beginning, %.", 50.0),
        _percent("--soc-end", "State of charge wanted at the end, %. Default: as at the start, of a car 80."),
        _percent("--min-soc", "Never below, %.", 5.0),
        _percent("--max-soc", "Never above, %.", 95.0),
        number_option("--max-cycles", "Most equivalent full cycles in the window.", 0, 100_000),
        number_option(
            "--wear-per-kwh",
            "What ageing costs for a kWh that goes in and out again: half of it for each kWh in, half for each out, "
            "both AC.",
            0,
            1000,
            default=0.0,
        ),
        click.Option(
            ["--ready-by"], type=moment, metavar="TIME", help="When the car leaves. Default: the end of the window."
        ),
        click.Option(
            ["--area"],
            type=one_of(area_names),
            default="NL",
            show_default=True,
            metavar="NAME",
            help="Bidding zone: its day-ahead prices, weather and midnight.",
        ),
        click.Option(["--tariff"], metavar="NAME", help="Rates of this tariff instead of day-ahead prices."),
        _power("--pv-kwp", "Peak power of solar panels at the same connection.", 0.0),
        click.Option(
            ["--load-kind"],
            type=one_of(load.kinds),
            default=load.HOME,
            show_default=True,
            metavar="NAME",
            help=f"What else uses energy there: {', '.join(load.kinds())}.",
        ),
        number_option("--load-kwh-per-year", "How much that uses.", 0, 1_000_000_000, default=0.0),
        _power("--import-limit-kw", "Most that may be taken from the grid."),
        _power("--export-limit-kw", "Most that may be fed in."),
        click.Option(["--curtailable"], is_flag=True, help="Solar output may be turned down."),
        resolution_option(QUARTER_HOUR_S, smallest_s=60),
    )


def in_w(kilowatts: float | None) -> float | None:
    """kW as W."""
    return None if kilowatts is None else kilowatts * 1000.0


def starts_of(slots: range) -> list[datetime]:
    """The starts of slots as aware datetimes."""
    return [utc(at_s) for at_s in slots]
