"""Wholesale day-ahead prices, and what they were forecast to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import click

from fixtures.days import local_days, slots_of_day, utc
from fixtures.price_forecasts import day_forecast
from fixtures.prices import INTERVALS_S, Area, area, area_names, day_ahead
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.series import Point, SeriesPicture, forecast_point
from mockserver.commands.generate.subject import Source, Subject
from mockserver.commands.generate.subjects.options import (
    END,
    START,
    area_option,
    in_time_order,
    issued_at_option,
    resolution_option,
)
from mockserver.commands.generate.window import Edge, Window, instant, written


class Prices(Source):
    """The prices of some areas; with an instant of issue, what was known of them then."""

    def __init__(self, *, seed: int, area: tuple[str, ...], resolution: int | None, issued_at: Edge | None) -> None:
        self._seed = seed
        self._areas = _areas(area)
        self.zone = self._areas[0].zone
        if resolution not in (None, *INTERVALS_S):
            would_do = ", ".join(map(written, INTERVALS_S))
            raise click.BadParameter(f"prices come in other slots: {would_do} would do", param_hint="'--resolution'")
        self._step_s = resolution
        self._issued_at = None if issued_at is None else instant(issued_at, self.zone, "--issued-at")

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        return in_time_order(self._rows(each, window) for each in self._areas)

    def _rows(self, where: Area, window: Window) -> Iterator[Row]:
        issued_at = self._issued_at
        for day in local_days(where.zone, window.start_s, window.end_s):
            step_s = self._step_s or where.auction_interval_s(day)
            prices = day_ahead(self._seed, where.name, day, step_s)
            slots = slots_of_day(where.zone, day, step_s)
            known: Iterator[tuple[Any, ...]]
            if issued_at is None:
                known = iter([()] * len(slots))
            else:
                published = issued_at >= where.publication(day)
                forecasts = day_forecast(self._seed, where.name, day, issued_at, step_s)
                known = ((published, *forecast) for forecast in forecasts)
            for start_s, price, more in zip(slots, prices, known, strict=True):
                if window.start_s <= start_s < window.end_s:
                    yield (utc(start_s), utc(start_s + step_s), where.name, price, where.currency, *more)

    def picture(self, window: Window) -> SeriesPicture:
        """See `Source.picture`."""
        names = ", ".join(each.name for each in self._areas)
        currencies = {each.currency: None for each in self._areas}
        return SeriesPicture(
            window,
            f"Day-ahead prices {names}",
            f"{' or '.join(currencies)} per MWh",
            partial(_points, with_currency=len(currencies) > 1),
            below_zero="below zero",
            mark=self._issued_at,
            mark_name="issued",
        )


def _areas(names: Sequence[str]) -> list[Area]:
    return [area(name) for name in dict.fromkeys(names)]


def _points(row: Row, *, with_currency: bool) -> Sequence[Point]:
    start, end, name, price, currency, *known = row
    line = f"{name}, {currency}" if with_currency else name
    return (forecast_point(line, start, end, float(price), [*map(float, known[1:])]),)


PRICES = Subject(
    name="prices",
    summary="Wholesale day-ahead prices of bidding zones.",
    explanation=(
        "One row for each slot and area. Local midnight is that of the first area. Without --resolution the slots are "
        "those of the auction: hours, half-hours in Great Britain, quarter-hours on the continent from 2025-10-01. "
        "Longer slots have the mean.\n\n"
        "With --issued-at each row also says whether the price was published then, and what it was forecast to be."
    ),
    columns=(
        START,
        END,
        Column("area", Kind.TEXT, "Bidding zone."),
        Column("price_per_mwh", Kind.MONEY, "Price in `currency` per MWh, with two decimals; may be negative."),
        Column("currency", Kind.TEXT, "ISO 4217."),
        Column("published", Kind.BOOLEAN, "Whether the price was known at --issued-at.", only_with="issued_at"),
        Column("forecast_per_mwh", Kind.MONEY, "The forecast of --issued-at.", only_with="issued_at"),
        Column("forecast_low_per_mwh", Kind.MONEY, "One price in ten is lower.", only_with="issued_at"),
        Column("forecast_high_per_mwh", Kind.MONEY, "One price in ten is higher.", only_with="issued_at"),
    ),
    options=(
        area_option("Bidding zone; repeat for more.", area_names, default=("NL",)),
        resolution_option(None, smallest_s=INTERVALS_S[0], default_text="that of the auction"),
        issued_at_option("Add what was known of the prices at this time."),
    ),
    source=Prices,
    example="--area NL --area DE-LU --from 2026-03-29 --to 7d --output prices.csv --plot prices.svg",
)
