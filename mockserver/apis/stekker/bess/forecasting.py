"""Forecasts of sensors, from what is kept of them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fixtures.days import DAY_S, SECOND_US, unix_s, unix_us
from fixtures.forecasts import Forecast
from mockserver.apis.stekker.bess.measurement_log import MeasurementLog
from mockserver.apis.stekker.bess.registry import GRID_CONNECTIONS
from mockserver.domain.bess.measurements import measured_s, powers, quarter_hours
from mockserver.domain.bess.sensor_forecasts import HISTORY_D, LEAST_HISTORY_S, Darkness, SensorForecast
from mockserver.http.errors import Unprocessable
from mockserver.http.exchange import Context
from mockserver.store import Value

AHEAD_D = 16
"""How far ahead forecasts go, in days: as far as schedules may reach, and a little more."""


class Forecaster:
    """Forecasts one sensor as of now."""

    def __init__(self, ctx: Context, sensor: Value) -> None:
        self._ctx = ctx
        self._sensor = sensor

    async def periods(self, slots: range) -> list[Forecast]:
        """The forecast (kW) of slots by their start in Unix seconds; Unprocessable as in `required`, or if too far."""
        now_s = unix_s(self._ctx.at)
        if slots.start < now_s - HISTORY_D * DAY_S or slots.stop > now_s + AHEAD_D * DAY_S:
            raise Unprocessable(f"Forecasts are made from {HISTORY_D} days ago to {AHEAD_D} days ahead.")
        return (await self.required()).periods(slots)

    async def required(self) -> SensorForecast:
        """What the history of the sensor leads to expect; Unprocessable when it is too short."""
        forecast = await self.forecast()
        if forecast is None:
            raise Unprocessable(
                f"Sensor {self._sensor['id']} measured for fewer than 24 hours within the last {HISTORY_D} days: "
                "submit more measurements first."
            )
        return forecast

    async def forecast(self) -> SensorForecast | None:
        """The same; None when the history is too short."""
        now_us = unix_us(self._ctx.at)
        readings = await MeasurementLog(self._ctx, self._sensor).read(
            now_us - HISTORY_D * DAY_S * SECOND_US, now_us + 1
        )
        spans = powers(readings)
        if measured_s(spans) < LEAST_HISTORY_S:
            return None
        connection = await GRID_CONNECTIONS.get(self._ctx, self._sensor["grid_connection_id"])
        place = connection["location"]
        dark = Darkness(place["latitude"], place["longitude"]) if self._sensor["kind"] == "solar" else None
        return SensorForecast(quarter_hours(spans), ZoneInfo(place["time_zone"]), dark)
