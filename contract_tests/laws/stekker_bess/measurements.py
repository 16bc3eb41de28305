"""What sensors measure: submitted once or twice, summed up by intervals, forecast."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker_bess.registered import sensor, time

SUBMIT, MEASURED, FORECAST = (
    "POST /sensors/{id}/measurements",
    "GET /sensors/{id}/measurements",
    "GET /sensors/{id}/forecast",
)
_QUARTER = timedelta(minutes=15)


def wire(at: datetime) -> str:
    """A time as the API writes it, microseconds only where there are any."""
    return at.isoformat().replace("+00:00", "Z")


@law("inferred", "critical", SUBMIT, MEASURED)
def measurements_are_read_as_submitted(stage: Stage) -> None:
    """What was submitted is read back in the order of time, whatever order it came in."""
    sensor_id, start = _fresh(stage)
    sent = [_measured(start + n * _QUARTER, 2.5 * n, 100 + 0.625 * n) for n in range(5)]
    receipt = stage.done(SUBMIT, {"measurements": [sent[3], sent[0], sent[4], sent[1], sent[2]]}, id=sensor_id)
    came = stage.fitting(receipt)
    wanted = {"accepted": 5, "duplicates": 0}
    counts = {name: came[name] for name in wanted}
    stage.require(counts == wanted, receipt, f"{wanted}", f"{counts}", "MeasurementReceipt")
    span = (time(came["first_timestamp"]), time(came["last_timestamp"]))
    says = f"from {sent[0]['timestamp']} to {sent[4]['timestamp']}"
    stage.require(span == (start, start + 4 * _QUARTER), receipt, says, f"from {span[0]} to {span[1]}")
    _require_measured(stage, sensor_id, sent, start, start + 5 * _QUARTER)


@law("inferred", "critical", SUBMIT, MEASURED)
def measurement_for_the_same_time_replaces(stage: Stage) -> None:
    """Submitting a batch again changes nothing, and another value for the same time takes the place of the first."""
    sensor_id, start = _fresh(stage)
    sent = [_measured(start, 5.0, 100), _measured(start + _QUARTER, 6.0, 101)]
    stage.done(SUBMIT, {"measurements": sent}, id=sensor_id)
    exchange = stage.done(SUBMIT, {"measurements": sent}, id=sensor_id)
    _require_counts(stage, exchange, accepted=0, duplicates=2)
    _require_measured(stage, sensor_id, sent, start, start + 2 * _QUARTER)
    later = [_measured(start + _QUARTER, -7.25, 101.5), _measured(start + 2 * _QUARTER, 1.0, 102)]
    exchange = stage.done(SUBMIT, {"measurements": later}, id=sensor_id)
    _require_counts(stage, exchange, accepted=1, duplicates=1)
    _require_measured(stage, sensor_id, [sent[0], *later], start, start + 3 * _QUARTER)


@law("inferred", "critical", SUBMIT, MEASURED)
def interval_has_mean_power_and_last_register(stage: Stage) -> None:
    """Summed up by an interval, the power is the mean and the register the last one; empty intervals are left out."""
    sensor_id, start = _fresh(stage)
    minutes = ((0, 10.0, 100.0), (4, 20.0, 101.0), (13, 60.0, 104.0), (31, -3.0, 105.0))
    sent = [_measured(start + timedelta(minutes=minute), power, energy) for minute, power, energy in minutes]
    stage.done(SUBMIT, {"measurements": sent}, id=sensor_id)
    wanted = [_measured(start, 30.0, 104.0), _measured(start + 2 * _QUARTER, -3.0, 105.0)]
    _require_measured(stage, sensor_id, wanted, start, start + 4 * _QUARTER, interval=900)


@law("inferred", "major", SUBMIT, MEASURED)
def range_is_from_until(stage: Stage) -> None:
    """A range includes what was measured at its start and not what was measured at its end."""
    sensor_id, start = _fresh(stage)
    sent = [_measured(start + n * _QUARTER, float(n), 100 + n) for n in range(4)]
    stage.done(SUBMIT, {"measurements": sent}, id=sensor_id)
    _require_measured(stage, sensor_id, sent[1:3], start + _QUARTER, start + 3 * _QUARTER)


@law("inferred", "major", MEASURED)
def range_has_an_order_and_a_limit(stage: Stage) -> None:
    """A range that ends before it starts, or is longer than 31 days, is refused with 400."""
    sensor_id, start = _fresh(stage)
    for end in (start - _QUARTER, start, start + timedelta(days=32)):
        exchange = stage.call(MEASURED, query={"from": wire(start), "to": wire(end)}, id=sensor_id)
        stage.refuses(exchange, (400,), f"400: from {wire(start)} to {wire(end)}")


@law("inferred", "major", SUBMIT)
def future_is_not_measured(stage: Stage) -> None:
    """A measurement of more than five minutes ahead is refused, with the whole batch."""
    sensor_id, start = _fresh(stage)
    ahead = _measured(stage.now + timedelta(minutes=30), 1.0, 200)
    exchange = stage.call(SUBMIT, {"measurements": [_measured(start, 1.0, 100), ahead]}, id=sensor_id)
    stage.refuses(exchange, (422,), f"422: {ahead['timestamp']} is half an hour ahead", "MeasurementInput.timestamp")
    _require_measured(stage, sensor_id, [], start, start + 4 * _QUARTER)


@law("inferred", "major", SUBMIT)
def register_never_falls(stage: Stage) -> None:
    """A register of imported energy that is lower than one before it is refused."""
    sensor_id, start = _fresh(stage)
    falling = {"measurements": [_measured(start, 1.0, 100), _measured(start + _QUARTER, 1.0, 99.5)]}
    member = "MeasurementInput.energy_import_kwh"
    stage.refuses(stage.call(SUBMIT, falling, id=sensor_id), (422,), "422: the register falls within the batch", member)
    stage.done(SUBMIT, {"measurements": [_measured(start, 1.0, 100)]}, id=sensor_id)
    late = {"measurements": [_measured(start + _QUARTER, 1.0, 90)]}
    exchange = stage.call(SUBMIT, late, id=sensor_id)
    stage.refuses(exchange, (422,), "422: the register was at 100 kWh before", member)


@law("inferred", "major", SUBMIT, "GET /sensors/{id}")
def sensor_knows_when_it_measured_last(stage: Stage) -> None:
    """A sensor says when it measured last, and null before it ever did."""
    thing = sensor(stage)
    came, member = thing["last_measurement_at"], "Sensor.last_measurement_at"
    says = "null: it never measured"
    stage.require(came is None, stage.exchanges[-1], says, f"it is {came}", member)
    start = _full_hour(stage)
    sent = [_measured(start + _QUARTER, 1.0, 101), _measured(start, 1.0, 100)]
    stage.done(SUBMIT, {"measurements": sent}, id=thing["id"])
    exchange = stage.done("GET /sensors/{id}", id=thing["id"])
    came = stage.fitting(exchange)["last_measurement_at"]
    fits = came is not None and time(came) == start + _QUARTER
    stage.require(fits, exchange, f"{wire(start + _QUARTER)}", f"it is {came}", member)


@law("inferred", "minor", FORECAST)
def forecast_needs_history(stage: Stage) -> None:
    """Without a day of history there is no forecast: 422."""
    exchange = stage.call(FORECAST, id=sensor(stage)["id"])
    stage.refuses(exchange, (422,), "422: it has never measured", "SensorForecast")


@law("inferred", "critical", FORECAST, SUBMIT)
def forecast_is_whole_and_within_its_bounds(stage: Stage) -> None:
    """A forecast has period after period over its whole range, each within its bounds."""
    sensor_id = history(stage, kind="grid", power=lambda at: 5.0 + at.hour)
    start = _full_hour(stage) + timedelta(hours=3)
    for interval in (900, 3600):
        query = {"from": wire(start), "to": wire(start + timedelta(hours=12)), "interval": interval}
        exchange = stage.done(FORECAST, query=query, id=sensor_id)
        answer = stage.fitting(exchange)
        came = (answer["sensor_id"], answer["interval_seconds"])
        stage.require(came == (sensor_id, interval), exchange, f"{sensor_id} by {interval} s", f"{came}")
        require_tiles(stage, exchange, answer["periods"], start, start + timedelta(hours=12), interval)
        for period in answer["periods"]:
            low, middle, high = (period[name] for name in ("power_lower_kw", "power_kw", "power_upper_kw"))
            says = f"at {period['period_start']}: power_lower_kw <= power_kw <= power_upper_kw"
            stage.require(low <= middle <= high, exchange, says, f"{low}, {middle}, {high}", "ForecastPeriod")


@law("inferred", "major", FORECAST, SUBMIT)
def there_is_no_sun_at_night(stage: Stage) -> None:
    """A solar sensor is expected to give nothing at night, whatever it measured then."""
    sensor_id = history(stage, kind="solar", power=lambda _: 4.0)
    midnight = stage.now.replace(hour=23, minute=0, second=0) + timedelta(hours=0)
    start = midnight if midnight > stage.now else midnight + timedelta(days=1)
    query = {"from": wire(start), "to": wire(start + timedelta(hours=2)), "interval": 3600}
    exchange = stage.done(FORECAST, query=query, id=sensor_id)
    for period in stage.fitting(exchange)["periods"]:
        came = [period[name] for name in ("power_lower_kw", "power_kw", "power_upper_kw")]
        says = f"0 kW at {period['period_start']}, which is night at 52° N 5° E"
        stage.require(came[1] == 0, exchange, says, f"{came}", "ForecastPeriod.power_kw")


def history(stage: Stage, site_id: str = "", *, power: Any, days: int = 2, **more: Any) -> str:
    """A sensor that has measured each quarter of an hour for some days; its id."""
    thing_id = str(sensor(stage, site_id, quantities=["power"], **more)["id"])
    end = _full_hour(stage) + timedelta(hours=2)
    start = end - timedelta(days=days)
    times = [start + n * _QUARTER for n in range(days * 96)]
    measured = [{"timestamp": wire(at), "power_kw": power(at)} for at in times if at <= stage.now]
    stage.done(SUBMIT, {"measurements": measured}, id=thing_id)
    return thing_id


def require_tiles(stage: Stage, exchange: Any, periods: Any, start: datetime, end: datetime, seconds: int) -> None:
    """Raise Breach unless periods follow one another from start to end."""
    starts = [time(period["period_start"]) for period in periods]
    says = f"periods of {seconds} s from {wire(start)} to {wire(end)}"
    stage.require(bool(starts) and starts[0] == start, exchange, says, f"they begin at {starts[:1]}")
    for before, after in pairwise(starts):
        stage.require((after - before).total_seconds() == seconds, exchange, says, f"{before} is followed by {after}")
    last = starts[-1] + timedelta(seconds=seconds)
    stage.require(last == end, exchange, says, f"they end at {last}")


def _fresh(stage: Stage) -> tuple[str, datetime]:
    """A sensor that has measured nothing, and a full hour two to three hours ago."""
    return str(sensor(stage)["id"]), _full_hour(stage)


def _full_hour(stage: Stage) -> datetime:
    return stage.now.replace(minute=0, second=0) - timedelta(hours=2)


def _measured(at: datetime, power_kw: float, energy_kwh: float) -> dict[str, Any]:
    return {"timestamp": wire(at), "power_kw": power_kw, "energy_import_kwh": energy_kwh}


def _require_counts(stage: Stage, exchange: Any, **wanted: int) -> None:
    came = {name: stage.fitting(exchange)[name] for name in wanted}
    stage.require(came == wanted, exchange, f"{wanted}", f"{came}", "MeasurementReceipt")


def _require_measured(
    stage: Stage, sensor_id: str, wanted: list[dict[str, Any]], start: datetime, end: datetime, **more: int
) -> None:
    query = {"from": wire(start), "to": wire(end), "per_page": 1000, **more}
    exchange = stage.done(MEASURED, query=query, id=sensor_id)
    came = [_plain(measured) for measured in stage.fitting(exchange)["data"]]
    right = [_plain(measured) for measured in wanted]
    stage.require(came == right, exchange, f"{right}", f"{came}", "Measurement")


def _plain(measured: dict[str, Any]) -> tuple[str, float | None, float | None]:
    """A measurement as it can be compared: the time in UTC, numbers rounded to what a float keeps."""
    power, energy = measured["power_kw"], measured["energy_import_kwh"]
    return (
        wire(time(measured["timestamp"])),
        None if power is None else round(power, 6),
        None if energy is None else round(energy, 6),
    )


LAWS = (
    measurements_are_read_as_submitted,
    measurement_for_the_same_time_replaces,
    interval_has_mean_power_and_last_register,
    range_is_from_until,
    range_has_an_order_and_a_limit,
    future_is_not_measured,
    register_never_falls,
    sensor_knows_when_it_measured_last,
    forecast_needs_history,
    forecast_is_whole_and_within_its_bounds,
    there_is_no_sun_at_night,
)
