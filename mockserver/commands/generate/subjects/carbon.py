"""Carbon intensity of the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from fixtures import carbon
from fixtures.days import unix_s, utc
from fixtures.power import means
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
    slots_by_day,
)
from mockserver.commands.generate.window import Edge, Window, instant


class Carbon(Source):
    """The intensities of some grids, with the forecast of an instant if one is given."""

    def __init__(self, *, seed: int, area: tuple[str, ...], resolution: int, issued_at: Edge | None) -> None:
        self._seed = seed
        self._areas = [*dict.fromkeys(area)]
        self._step_s = resolution
        self.zone = carbon.grid(self._areas[0]).zone
        self._issued_at = None if issued_at is None else instant(issued_at, self.zone, "--issued-at")

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        return in_time_order(self._rows(area, window) for area in self._areas)

    def _rows(self, area: str, window: Window) -> Iterator[Row]:
        for slots in slots_by_day(window, self._step_s):
            levels = means(partial(carbon.intensity_of_day, self._seed, area), slots)
            for at_s, level, forecast in zip(slots, levels, self._forecasts(area, slots), strict=True):
                index = carbon.index(area, level)
                yield (utc(at_s), utc(at_s + self._step_s), area, round(level), index, *forecast)

    def _forecasts(self, area: str, slots: range) -> Sequence[tuple[int, ...]]:
        if self._issued_at is None:
            return [()] * len(slots)
        found = carbon.forecast(self._seed, area, slots, unix_s(self._issued_at))
        return [tuple(map(round, each)) for each in found]

    def picture(self, window: Window) -> SeriesPicture:
        """See `Source.picture`."""
        return SeriesPicture(
            window,
            f"Carbon intensity {', '.join(self._areas)}",
            "gCO2 per kWh",
            _points,
            filled=True,
            mark=self._issued_at,
            mark_name="issued",
        )


def _points(row: Row) -> Sequence[Point]:
    start, end, area, level, _, *forecast = row
    return (forecast_point(area, start, end, level, forecast),)


CARBON = Subject(
    name="carbon",
    summary="Carbon intensity of the electricity of bidding zones.",
    explanation="One row for each slot and area. Local midnight is that of the first area.",
    columns=(
        START,
        END,
        Column("area", Kind.TEXT, "Bidding zone, or a grid outside Europe."),
        Column("carbon_intensity_g_per_kwh", Kind.INTEGER, "Mean in the slot, gCO2 per kWh."),
        Column("index", Kind.TEXT, "very low, low, moderate, high or very high for this grid."),
        Column("forecast_g_per_kwh", Kind.INTEGER, "The forecast of --issued-at.", only_with="issued_at"),
        Column("forecast_low_g_per_kwh", Kind.INTEGER, "One value in ten is lower.", only_with="issued_at"),
        Column("forecast_high_g_per_kwh", Kind.INTEGER, "One value in ten is higher.", only_with="issued_at"),
    ),
    options=(
        area_option("Bidding zone; repeat for more.", carbon.area_names, default=("NL",)),
        resolution_option(carbon.SLOT_S),
        issued_at_option(),
    ),
    source=Carbon,
    example="--area NL --area GB --from 2026-03-29 --to 7d --resolution 1h --output carbon.csv",
)
