"""What the meters of a fleet show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import click

from fixtures.days import utc
from fixtures.evses import EvseTraits
from fixtures.sessions import sessions_present
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.series import Point, SeriesPicture, SumPicture
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.fleet import FleetSource, fleet_options
from mockserver.commands.generate.subjects.options import in_time_order
from mockserver.commands.generate.window import Window, step_of
from mockserver.domain.worlds import NamedWorld

_MINUTE_S = 60
_MOST_LINES = 8


class MeterValues(FleetSource):
    """The meter of each EVSE at regular instants while a vehicle is there."""

    def __init__(self, *, seed: int, world: NamedWorld, charger: tuple[str, ...], cadence: int) -> None:
        super().__init__(seed=seed, world=world, charger=charger)
        self._cadence_s = cadence

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        return in_time_order(
            self._rows(charger.identity, evse.traits, window) for charger in self.chargers for evse in charger.evses
        )

    def _rows(self, charger: str, evse: EvseTraits, window: Window) -> Iterator[Row]:
        cadence_s, name = self._cadence_s, evse.name
        start_s, end_s = window.start_s, window.end_s
        for session in sessions_present(self.seed, evse, start_s, end_s):
            first_s, last_s = max(session.plugged_in_s, start_s), min(session.unplugged_s, end_s)
            instants = range(-(-first_s // cadence_s) * cadence_s, last_s, cadence_s)
            for at_s, register_wh, power_w, current_a, volts, soc in session.meter_values(instants):
                first, second, third = (*volts, None, None)[:3]
                yield (
                    utc(at_s),
                    charger,
                    name,
                    session.name,
                    register_wh,
                    power_w,
                    current_a,
                    first,
                    second,
                    third,
                    soc,
                )

    def picture(self, window: Window) -> SeriesPicture:
        """See `Source.picture`."""
        evses = sum(len(charger.evses) for charger in self.chargers)
        kind = SeriesPicture if evses <= _MOST_LINES else SumPicture
        return kind(window, f"Charging power, {self.name}", "kW", self._points, filled=evses > _MOST_LINES)

    def _points(self, row: Row) -> Sequence[Point]:
        return (Point(row[2], row[0], row[0] + timedelta(seconds=self._cadence_s), row[5] / 1000.0),)


METER_VALUES = Subject(
    name="meter-values",
    summary="What the meters of chargers show while vehicles are there.",
    explanation=(
        "One row for each EVSE with a vehicle and each multiple of --cadence, which stands on the clock: at 60 s on "
        "whole minutes of UTC. Local midnight is that of the first charger."
    ),
    columns=(
        Column("at", Kind.TIME, "When the meter was read."),
        Column("charger", Kind.TEXT, "OCPP identity."),
        Column("evse", Kind.TEXT, "Charger and number of the EVSE."),
        Column("session", Kind.TEXT, "As in `gridmock generate sessions`."),
        Column("register_wh", Kind.INTEGER, "Lifetime register of the EVSE, Wh; never falls."),
        Column("power_w", Kind.INTEGER, "Power at the instant, W."),
        Column("current_a", Kind.NUMBER, "Current per phase in use, or the direct current, A."),
        Column("voltage_l1_v", Kind.NUMBER, "Voltage of the first phase, or the direct voltage, V."),
        Column("voltage_l2_v", Kind.NUMBER, "Of the second phase; empty where there is none."),
        Column("voltage_l3_v", Kind.NUMBER, "Of the third phase."),
        Column("soc_percent", Kind.NUMBER, "State of charge; known for direct current only."),
    ),
    options=(
        *fleet_options(),
        click.Option(
            ["--cadence"],
            type=step_of(1),
            default=_MINUTE_S,
            metavar="DURATION",
            help="Time between values, a part of an hour: 10s, 1m, 15m. Default: 1m.",
        ),
    ),
    source=MeterValues,
    example="--world home --from 2026-03-29 --to 7d --cadence 15m --format csv",
)
