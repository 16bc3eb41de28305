"""Charging sessions of a fleet."""

from __future__ import annotations

from collections.abc import Iterator

from fixtures.days import unix_s, utc, utc_or_none
from mockserver.clock import timestamp
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.sessions import SessionsPicture, Stay
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.fleet import FleetSource, fleet_options
from mockserver.commands.generate.window import Window
from mockserver.domain.sessions import Session, sessions


class Sessions(FleetSource):
    """The sessions of each EVSE that begin in the window."""

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        return map(_row, sessions(self.seed, self.sites, window.start_s, window.end_s))

    def picture(self, window: Window) -> SessionsPicture:
        """See `Source.picture`."""
        evses = [evse.traits.name for charger in self.chargers for evse in charger.evses]
        return SessionsPicture(window, f"Charging sessions, {self.name}", evses, _stay)


def _row(session: Session) -> Row:
    charging = session.charging
    return (
        utc(charging.plugged_in_s),
        session.id,
        charging.name,
        session.site.key,
        session.charger.identity,
        charging.evse.name,
        session.evse.evse_id,
        charging.outcome.value,
        charging.driver,
        charging.id_token,
        f"{charging.vehicle.make} {charging.vehicle.model}",
        utc_or_none(charging.authorized_s),
        utc_or_none(charging.started_s),
        utc_or_none(charging.charging_started_s),
        utc_or_none(charging.charging_ended_s),
        utc_or_none(charging.ended_s),
        utc(charging.unplugged_s),
        charging.energy_wh,
        charging.meter_start_wh,
        charging.meter_stop_wh,
        round(charging.soc_start * 100, 1),
        round(charging.soc_end * 100, 1),
        [{"at": timestamp(utc(at_s)), "state": state.value} for at_s, state in charging.states],
    )


def _stay(row: Row) -> Stay:
    return Stay(
        evse=row[5],
        outcome=row[7],
        start_s=unix_s(row[0]),
        end_s=unix_s(row[16]),
        charging=(unix_s(row[13]), unix_s(row[14])) if row[13] and row[14] else None,
        energy_wh=row[17],
    )


SESSIONS = Subject(
    name="sessions",
    summary="Charging sessions, from plug-in to plug-out.",
    explanation=(
        "One row for each session that is plugged in in the window, by that time, with all that happens until the "
        "vehicle leaves. Local midnight is that of the first charger."
    ),
    columns=(
        Column("plugged_in", Kind.TIME, "Cable in."),
        Column("session_id", Kind.TEXT, "Its id in every API."),
        Column("session", Kind.TEXT, "Its name in the seed, as in `gridmock generate meter-values`."),
        Column("site", Kind.TEXT, "Key of the site."),
        Column("charger", Kind.TEXT, "OCPP identity."),
        Column("evse", Kind.TEXT, "Charger and number of the EVSE."),
        Column("evse_id", Kind.TEXT, "eMI3 id of the EVSE."),
        Column("outcome", Kind.TEXT, "completed, remote_stop, fault, rejected or start_failed."),
        Column("driver", Kind.TEXT, "Whoever drives."),
        Column("id_token", Kind.TEXT, "What they identified with."),
        Column("vehicle", Kind.TEXT, "Model."),
        Column("authorized", Kind.TIME, "When the token was accepted; empty when it was refused."),
        Column("started", Kind.TIME, "Transaction open; empty where it never was."),
        Column("charging_started", Kind.TIME, "Energy begins to flow."),
        Column("charging_ended", Kind.TIME, "It has stopped for good."),
        Column("ended", Kind.TIME, "Transaction closed."),
        Column("unplugged", Kind.TIME, "Cable out."),
        Column("energy_wh", Kind.INTEGER, "Delivered energy, Wh."),
        Column("meter_start_wh", Kind.INTEGER, "Register of the EVSE before, Wh."),
        Column("meter_stop_wh", Kind.INTEGER, "Register after, Wh."),
        Column("soc_start_percent", Kind.NUMBER, "State of charge on arrival, known to the vehicle only."),
        Column("soc_end_percent", Kind.NUMBER, "State of charge on departure."),
        Column("states", Kind.NESTED, "When it came to be in which OCPP charging state: [{at, state}, ...]."),
    ),
    options=fleet_options(),
    source=Sessions,
    example="--world fleet:100 --from 2026-03-29 --to 7d --output sessions.parquet --plot sessions.svg",
)
