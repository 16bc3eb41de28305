"""What customers pay for a kWh, and get for one: the rates of tariffs in half-hours."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, time
from zoneinfo import ZoneInfo

import click

from fixtures.days import unix_s, utc
from fixtures.tariffs import SLOT_S
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.series import Point, SeriesPicture
from mockserver.commands.generate.subject import Source, Subject
from mockserver.commands.generate.subjects.options import END, START, in_time_order
from mockserver.commands.generate.window import Window
from mockserver.domain.catalogue import catalogue
from mockserver.domain.tariffs import Tariff

_MOST_LISTED = 40


class Tariffs(Source):
    """The rates of the tariffs that fit all that is asked for, from the first day of each on."""

    def __init__(
        self,
        *,
        seed: int,
        country: tuple[str, ...],
        supplier: tuple[str, ...],
        name: tuple[str, ...],
        gsp_group: tuple[str, ...],
        id: tuple[str, ...],  # noqa: A002  # the option
    ) -> None:
        chosen = _fitting(
            tariffs_with_rates(seed), "--country", country, lambda tariff: tariff.country_code, whole=True
        )
        chosen = _fitting(chosen, "--supplier", supplier, lambda tariff: tariff.supplier.name)
        chosen = _fitting(chosen, "--name", name, lambda tariff: tariff.name)
        chosen = _fitting(chosen, "--gsp-group", gsp_group, lambda tariff: tariff.gsp_group or "", whole=True)
        self._tariffs = _fitting(chosen, "--id", id, lambda tariff: tariff.id, whole=True)
        self.zone = ZoneInfo(self._tariffs[0].timezone)

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        return in_time_order(_rows(each, window) for each in self._tariffs)

    def picture(self, window: Window) -> SeriesPicture:
        """See `Source.picture`."""
        names = list(dict.fromkeys(tariff.name for tariff in self._tariffs))
        title = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        currencies = dict.fromkeys(tariff.currency for tariff in self._tariffs)
        return SeriesPicture(
            window,
            f"Rates of {title}",
            f"{' or '.join(currencies)} per kWh, VAT included",
            _points,
            below_zero="below zero",
        )


def tariffs_with_rates(seed: int) -> list[Tariff]:
    """The tariffs of the catalogue that have rates."""
    return [tariff for tariff in catalogue(seed).tariffs if tariff.rates is not None]


def tariff_named(seed: int, text: str, option: str) -> Tariff:
    """The one tariff with rates of that name, or with that part of a name, or id; BadParameter says which fit."""
    known, key = tariffs_with_rates(seed), text.strip().casefold()
    exact = [each for each in known if key in (each.name.casefold(), each.id.casefold())]
    found = exact or _fitting(known, option, (text,), lambda tariff: tariff.name)
    if len(found) > 1:
        said = ", ".join(f"{each.name} ({each.id})" for each in found[:_MOST_LISTED])
        raise click.BadParameter(f"{text!r} fits {len(found)}: {said}", param_hint=f"'{option}'")
    return found[0]


def _fitting(
    tariffs: Sequence[Tariff],
    option: str,
    wanted: Sequence[str],
    value: Callable[[Tariff], str],
    *,
    whole: bool = False,
) -> list[Tariff]:
    """The tariffs with a wanted value, or (not `whole`) with one that holds it; BadParameter lists what there is."""
    if not wanted:
        return [*tariffs]
    found = []
    for text in wanted:
        key = text.strip().casefold()
        fitting = [
            each for each in tariffs if (value(each).casefold() == key if whole else key in value(each).casefold())
        ]
        if not fitting:
            there = sorted({value(each) for each in tariffs} - {""})
            listed = ", ".join(there[:_MOST_LISTED]) + (", ..." if len(there) > _MOST_LISTED else "")
            said = f"no tariff with rates fits {text!r}; there {'is' if len(there) == 1 else 'are'} {listed or 'none'}"
            raise click.BadParameter(said, param_hint=f"'{option}'")
        found += fitting
    return [each for each in tariffs if each in found]


def _rows(tariff: Tariff, window: Window) -> Iterator[Row]:
    rates, export, zone = tariff.rates, tariff.export_rates, ZoneInfo(tariff.timezone)
    if rates is None:
        return
    began_s = unix_s(datetime.combine(tariff.valid_from, time(), zone))
    names = (tariff.id, tariff.supplier.name, tariff.name, tariff.country_code, tariff.gsp_group, tariff.currency)
    for at_s in window.slots(SLOT_S):
        if at_s >= began_s:
            start = utc(at_s)
            yield (start, utc(at_s + SLOT_S), *names, rates.rate(start), export.rate(start) if export else None)


def _points(row: Row) -> Sequence[Point]:
    start, end, _, _, name, _, gsp_group, _, rate, export = row
    line = f"{name} {gsp_group}" if gsp_group else f"{name}"
    points = [Point(line, start, end, float(rate))]
    return points if export is None else [*points, Point(f"{line}, export", start, end, float(export), dashed=True)]


TARIFFS = Subject(
    name="tariffs",
    summary="What a kWh costs and earns by tariff, in half-hours.",
    explanation=(
        "One row for each half-hour and tariff: of the whole catalogue, or of those that fit all options given, from "
        "the first day of the tariff on. Tariffs that are managed elsewhere have no rates and no rows. Local midnight "
        "is that of the first tariff."
    ),
    columns=(
        START,
        END,
        Column("tariff_id", Kind.TEXT, "As in the ev.energy API."),
        Column("supplier", Kind.TEXT, "Name of the supplier."),
        Column("name", Kind.TEXT, "Name of the tariff."),
        Column("country", Kind.TEXT, "ISO 3166-1 alpha-2."),
        Column("gsp_group", Kind.TEXT, "Grid region of a regional tariff in Great Britain, _A to _P."),
        Column("currency", Kind.TEXT, "ISO 4217."),
        Column("import_rate_per_kwh", Kind.MONEY, "Cost of a kWh in `currency`, VAT included; exact.", decimals=12),
        Column("export_rate_per_kwh", Kind.MONEY, "What a kWh fed in earns, if anything is known.", decimals=12),
    ),
    options=(
        click.Option(["--country"], multiple=True, metavar="CODE", help="Two letters; repeat for more."),
        click.Option(
            ["--supplier"], multiple=True, metavar="TEXT", help="Part of the supplier's name; repeat for more."
        ),
        click.Option(["--name"], multiple=True, metavar="TEXT", help="Part of the tariff's name; repeat for more."),
        click.Option(["--gsp-group"], multiple=True, metavar="GROUP", help="Grid region, _A to _P; repeat for more."),
        click.Option(["--id"], multiple=True, metavar="ID", help="The tariff with this id; repeat for more."),
    ),
    source=Tariffs,
    example="--country NL --name uur --from 2026-03-29 --to 7d --output rates.csv --plot rates.png",
)
