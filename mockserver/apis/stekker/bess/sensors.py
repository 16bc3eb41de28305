"""Tag Sensors: what is measured on a grid connection, and what is expected of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fixtures.days import DAY_S, HOUR_S, SECOND_US, unix_us, utc
from mockserver.apis.stekker.bess.forecasting import Forecaster
from mockserver.apis.stekker.bess.measurement_log import LAST_US, MeasurementLog, WireReadings, instant_text
from mockserver.apis.stekker.bess.registry import SENSORS
from mockserver.apis.stekker.moments import moment
from mockserver.clock import timestamp
from mockserver.domain.bess.measurements import Reading, aggregated
from mockserver.http.errors import FieldError, InvalidRequest, Unprocessable
from mockserver.http.exchange import Context
from mockserver.store import Value

_AHEAD = timedelta(minutes=5)
_DEFAULT_RANGE_US = DAY_S * SECOND_US
_MOST_HISTORY_US, _MOST_FORECAST_US = 31 * DAY_S * SECOND_US, 72 * HOUR_S * SECOND_US
_QUANTITIES = {"power": "power_kw", "energy_import": "energy_import_kwh"}
_DIGITS = 6


async def list_sensors(ctx: Context, *, grid_connection_id: str | None, kind: str | None) -> Sequence[Value]:
    """All of the organization, as filtered."""
    return await SENSORS.list(ctx, grid_connection_id=grid_connection_id, kind=kind)


async def create_sensor(ctx: Context) -> Value:
    """Register one."""
    return await SENSORS.create(ctx)


async def get_sensor(ctx: Context, *, id: str) -> Value:  # noqa: A002  # as the contract names it
    """One of them."""
    return await SENSORS.get(ctx, id)


async def update_sensor(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Change what the body says."""
    return await SENSORS.update(ctx, id)


async def delete_sensor(ctx: Context, *, id: str) -> None:  # noqa: A002
    """Remove one with all that it measured."""
    await MeasurementLog(ctx, await SENSORS.delete(ctx, id)).clear()


async def submit_measurements(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Take a batch, or refuse all of it."""
    sensor = await SENSORS.get(ctx, id)
    batch = [_reading(ctx, sensor, number, row) for number, row in enumerate(ctx.body["measurements"])]
    receipt = await MeasurementLog(ctx, sensor).add(batch)
    await SENSORS.set(ctx, sensor, **{LAST_US: max(receipt.last_us, sensor.get(LAST_US, receipt.last_us))})
    return {
        "accepted": receipt.accepted,
        "duplicates": receipt.duplicates,
        "first_timestamp": instant_text(receipt.first_us),
        "last_timestamp": instant_text(receipt.last_us),
    }


async def list_measurements(
    ctx: Context,
    *,
    id: str,  # noqa: A002
    interval: int | None,
    **between: datetime | None,
) -> Sequence[Value]:
    """What a sensor measured from `from` to `to`, by the interval or every reading."""
    sensor = await SENSORS.get(ctx, id)
    start, end = between["from"], between["to"]
    start_us = unix_us(end or ctx.at) - _DEFAULT_RANGE_US if start is None else unix_us(start)
    end_us = unix_us(ctx.at + _AHEAD) + 1 if end is None else unix_us(end)  # up to the latest that was taken
    _check_range(start_us, end_us, _MOST_HISTORY_US if end else _MOST_HISTORY_US + end_us - unix_us(ctx.at))
    log = MeasurementLog(ctx, sensor)
    if interval is None:
        return WireReadings(await log.read(start_us, end_us))
    step = interval * SECOND_US
    whole = await log.read(-(-start_us // step) * step, -(-end_us // step) * step)
    return WireReadings(aggregated(whole, interval))


async def get_sensor_forecast(
    ctx: Context,
    *,
    id: str,  # noqa: A002
    interval: int,
    **between: datetime | None,
) -> Value:
    """What a sensor is expected to measure from `from` to `to`, by the interval."""
    sensor = await SENSORS.get(ctx, id)
    start_us = unix_us(between["from"] or ctx.at)
    start_s = start_us // SECOND_US // interval * interval
    end_us = start_s * SECOND_US + _DEFAULT_RANGE_US if between["to"] is None else unix_us(between["to"])
    _check_range(start_us, end_us, _MOST_FORECAST_US)
    slots = range(start_s, -(-end_us // SECOND_US), interval)
    periods = await Forecaster(ctx, sensor).periods(slots)
    return {
        "sensor_id": sensor["id"],
        "generated_at": timestamp(ctx.at),
        "interval_seconds": interval,
        "unit": "kW",
        "periods": [
            {
                "period_start": timestamp(utc(at_s)),
                "power_kw": round(each.expected, _DIGITS),
                "power_lower_kw": round(each.lower, _DIGITS),
                "power_upper_kw": round(each.upper, _DIGITS),
            }
            for at_s, each in zip(slots, periods, strict=True)
        ],
    }


def _reading(ctx: Context, sensor: Value, number: int, row: Value) -> Reading:
    """A row of a batch; Unprocessable when it is ahead of time or of a quantity that the sensor does not measure."""
    place = f"measurements.{number}"
    at = moment(row["timestamp"], f"{place}.timestamp")
    if at > ctx.at + _AHEAD:
        raise Unprocessable(
            f"is more than five minutes ahead of now, {timestamp(ctx.at)}: {row['timestamp']}", f"{place}.timestamp"
        )
    for quantity, member in _QUANTITIES.items():
        if row.get(member) is not None and quantity not in sensor["quantities"]:
            raise Unprocessable(f"is not measured by the sensor: add {quantity} to its quantities", f"{place}.{member}")
    return Reading(unix_us(at), row.get("power_kw"), row.get("energy_import_kwh"))


def _check_range(start_us: int, end_us: int, most_us: int) -> None:
    if start_us >= end_us:
        raise InvalidRequest([FieldError("query", "from", "has to be earlier than to")])
    if end_us - start_us > most_us:
        hours = most_us // SECOND_US // HOUR_S
        most = f"{hours} hours" if hours <= 72 else f"{hours // 24} days"
        raise InvalidRequest([FieldError("query", "to", f"is more than {most} after from")])
