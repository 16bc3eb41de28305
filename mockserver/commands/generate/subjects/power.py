"""Powers of a place over time: what solar output and consumption have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from fixtures.days import unix_s, utc
from fixtures.forecasts import Forecast
from fixtures.power import PowerOfDay, energies_wh, means
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.series import Point, SeriesPicture, forecast_point
from mockserver.commands.generate.subject import Source
from mockserver.commands.generate.subjects.options import END, START, slots_by_day
from mockserver.commands.generate.window import Edge, Window, instant

POWER_COLUMNS = (
    START,
    END,
    Column("power_w", Kind.INTEGER, "Mean power in the slot, W."),
    Column("energy_wh", Kind.INTEGER, "Energy in the slot, Wh; slots add up to the window they make."),
    Column("forecast_power_w", Kind.INTEGER, "What the forecast of --issued-at said, W.", only_with="issued_at"),
    Column("forecast_low_power_w", Kind.INTEGER, "One time in ten it is lower.", only_with="issued_at"),
    Column("forecast_high_power_w", Kind.INTEGER, "One time in ten it is higher.", only_with="issued_at"),
)


class PowerSource(Source):
    """One power series in slots of any length, with the forecast of an instant if one is given."""

    title = ""
    noun = ""

    def __init__(self, *, zone: ZoneInfo, resolution: int, issued_at: Edge | None) -> None:
        self.zone = zone
        self._step_s = resolution
        self._issued_at = None if issued_at is None else instant(issued_at, zone, "--issued-at")

    @abstractmethod
    def power_of_day(self, day: int) -> Sequence[int]:
        """The W of a numbered UTC day."""

    @abstractmethod
    def forecast(self, slots: range, issued_s: int) -> Sequence[Forecast]:
        """The forecast of some slots, in W."""

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        power_of_day: PowerOfDay = self.power_of_day
        for slots in slots_by_day(window, self._step_s):
            powers, energies = means(power_of_day, slots), energies_wh(power_of_day, slots)
            forecasts = self._forecasts(slots)
            for at_s, power, energy_wh, forecast in zip(slots, powers, energies, forecasts, strict=True):
                yield (utc(at_s), utc(at_s + self._step_s), round(power), energy_wh, *forecast)

    def _forecasts(self, slots: range) -> Sequence[tuple[int, ...]]:
        if self._issued_at is None:
            return [()] * len(slots)
        return [tuple(map(round, each)) for each in self.forecast(slots, unix_s(self._issued_at))]

    def picture(self, window: Window) -> SeriesPicture:
        """See `Source.picture`."""
        return SeriesPicture(
            window,
            self.title,
            "kW",
            self._points,
            filled=True,
            mark=self._issued_at,
            mark_name="issued",
        )

    def _points(self, row: Row) -> Sequence[Point]:
        start, end, power_w, _, *forecast = row
        return (forecast_point(self.noun, start, end, power_w / 1000.0, [each / 1000.0 for each in forecast]),)
