"""Tag Charge energy forecast: how much energy a session is going to take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mockserver.apis.stekker.charging.organizations import calling
from mockserver.apis.stekker.charging.sessions import history
from mockserver.apis.stekker.moments import moment
from mockserver.domain.energy_forecast import EnergyForecast, Measurement, SessionSoFar, energy_forecast
from mockserver.http.errors import Unprocessable
from mockserver.http.exchange import Context


async def post_charge_energy_forecast(ctx: Context) -> EnergyForecast:
    """Forecast a session from the organization's earlier ones and what was measured of this one."""
    given = ctx.body["session"]
    started_at = moment(given["started_at"], "session.started_at")
    departure_at = None
    if given.get("expected_departure_at") is not None:
        departure_at = moment(given["expected_departure_at"], "session.expected_departure_at")
        if departure_at <= started_at:
            raise Unprocessable(
                f"{given['expected_departure_at']} is not after started_at", "session.expected_departure_at"
            )
    max_power_kw = given.get("max_power_kw")
    session = SessionSoFar(
        started_at,
        _measurements(ctx.body["measurements"], started_at),
        None if max_power_kw is None else max_power_kw * 1000.0,
        departure_at,
    )
    past_wh = await history(calling(ctx), given.get("charge_point_id"), given.get("id_tag"))
    return energy_forecast(session, past_wh, ctx.at)


def _measurements(given: Sequence[dict[str, Any]], started_at: datetime) -> list[Measurement]:
    """The measurements, checked to be of this session, in order of time and never falling."""
    found: list[Measurement] = []
    earlier = Measurement(started_at, 0.0)
    for index, each in enumerate(given):
        field = f"measurements.{index}"
        measurement = Measurement(moment(each["timestamp"], f"{field}.timestamp"), each["energy_kwh"] * 1000.0)
        if measurement.at < earlier.at:
            before = "the measurement before it" if found else "the start of the session"
            raise Unprocessable(f"{each['timestamp']} is before {before}", f"{field}.timestamp")
        if measurement.energy_wh < earlier.energy_wh:
            raise Unprocessable(f"{each['energy_kwh']} is less than the measurement before it", f"{field}.energy_kwh")
        found.append(measurement)
        earlier = measurement
    return found
