"""Forecasts of sensors: from the same time of recent days, within bounds, and dark at night."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.days import DAY_S, unix_s, utc
from mockserver.domain.bess.sensor_forecasts import Darkness, SensorForecast, total

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAY = unix_s(datetime(2026, 3, 2, tzinfo=UTC))
NOW = MONDAY + 14 * DAY_S


def by_local_time(days: int, power: object) -> dict[int, float]:
    """A history of quarter-hours that is a function of local time."""
    starts = range(NOW - days * DAY_S, NOW, 900)
    return {start: float(power(datetime.fromtimestamp(start, AMSTERDAM))) for start in starts}  # type: ignore[operator]


def day_of(forecast: SensorForecast, start_s: int, step_s: int = 900) -> list[float]:
    return [each.expected for each in forecast.periods(range(start_s, start_s + DAY_S, step_s))]


def test_every_day_alike_is_forecast_as_it_was() -> None:
    forecast = SensorForecast(by_local_time(14, lambda at: at.hour + at.minute / 60), AMSTERDAM)
    for start_s in (NOW, NOW + 3 * DAY_S):
        local = [utc(start_s + 900 * number).astimezone(AMSTERDAM) for number in range(96)]
        expected = [at.hour + at.minute / 60 for at in local]
        assert day_of(forecast, start_s) == pytest.approx(expected)


def test_it_follows_the_clocks_of_the_place_when_they_change() -> None:
    forecast = SensorForecast(by_local_time(14, lambda at: at.hour), AMSTERDAM)
    summer = unix_s(datetime(2026, 3, 30, 12, tzinfo=UTC))  # in winter time this was 13:00, now it is 14:00
    assert forecast.periods(range(summer, summer + 900, 900))[0].expected == pytest.approx(14.0)


def test_workdays_and_days_off_are_told_apart() -> None:
    forecast = SensorForecast(by_local_time(28, lambda at: 10.0 if at.weekday() < 5 else 2.0), AMSTERDAM)
    workday = forecast.periods(range(NOW + 12 * 3600, NOW + 12 * 3600 + 900, 900))[0].expected
    sunday = forecast.periods(range(NOW + 6 * DAY_S + 12 * 3600, NOW + 6 * DAY_S + 12 * 3600 + 900, 900))[0].expected
    assert workday > 9.0
    assert sunday < 6.0


def test_recent_days_count_more() -> None:
    def stepped(at: datetime) -> float:
        return 10.0 if NOW - at.timestamp() < 7 * DAY_S else 0.0

    expected = SensorForecast(by_local_time(14, stepped), AMSTERDAM).periods(range(NOW, NOW + 900, 900))[0].expected
    assert 5.5 < expected < 10.0


HISTORIES = st.dictionaries(
    st.integers(0, 27 * 96).map(lambda slot: NOW - 27 * DAY_S + slot * 900),
    st.floats(-1e4, 1e4, allow_nan=False),
    min_size=1,
    max_size=200,
)


@settings(max_examples=60)
@given(HISTORIES, st.sampled_from([60, 300, 900, 3600]), st.booleans())
def test_bounds_enclose_the_power_within_what_was_seen(history: dict[int, float], step_s: int, is_sun: bool) -> None:
    forecast = SensorForecast(history, AMSTERDAM, Darkness(52.0, 5.0) if is_sun else None)
    lowest, highest = min(history.values()), max(history.values())
    for each in forecast.periods(range(NOW, NOW + DAY_S, step_s)):
        assert each.lower <= each.expected <= each.upper
        if is_sun:
            assert each.lower >= 0.0
        else:
            assert lowest - 1e-6 <= each.expected <= highest + 1e-6
            assert lowest < 0.0 or each.lower >= 0.0


@settings(max_examples=20)
@given(HISTORIES)
def test_longer_periods_are_the_means_of_shorter_ones(history: dict[int, float]) -> None:
    forecast = SensorForecast(history, AMSTERDAM)
    quarters, minutes = day_of(forecast, NOW), day_of(forecast, NOW, 60)
    for hour, expected in enumerate(day_of(forecast, NOW, 3600)):
        assert expected == pytest.approx(math.fsum(quarters[4 * hour : 4 * hour + 4]) / 4)
    assert minutes == [quarters[number // 15] for number in range(1440)]


def altitude(latitude: float, longitude: float, at: datetime) -> float:
    """The height of the sun over the horizon in degrees, by the low-precision almanac (0.01 degrees; USNO)."""
    days = (at - datetime(2000, 1, 1, 12, tzinfo=UTC)) / timedelta(days=1)
    anomaly = math.radians(357.529 + 0.98560028 * days)
    length = math.radians(280.459 + 0.98564736 * days + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.00000036 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(length), math.cos(length))
    declination = math.asin(math.sin(tilt) * math.sin(length))
    sidereal = math.radians((280.46061837 + 360.98564736629 * days + longitude) % 360)
    place, angle = math.radians(latitude), sidereal - ascension
    up = math.sin(place) * math.sin(declination) + math.cos(place) * math.cos(declination) * math.cos(angle)
    return math.degrees(math.asin(up))


@pytest.mark.parametrize(
    "place", [(52.34, 4.87), (0.0, 100.0), (-33.9, 151.2), (69.6, 18.9), (64.1, -21.9), (78.2, 15.6)]
)
@pytest.mark.parametrize("step_s", [60, 300, 900, 3600])
@pytest.mark.parametrize("month", [1, 3, 6, 9, 12])
def test_the_sun_gives_nothing_while_it_is_below_the_horizon(
    place: tuple[float, float], step_s: int, month: int
) -> None:
    start_s = unix_s(datetime(2026, month, 21, tzinfo=UTC))
    slots = range(start_s, start_s + DAY_S, step_s)
    history = dict.fromkeys(range(start_s - DAY_S, start_s, 900), 5.0)
    found = SensorForecast(history, ZoneInfo("UTC"), Darkness(*place)).periods(slots)
    lit = 0
    for at_s, each in zip(slots, found, strict=True):
        heights = [altitude(*place, utc(at_s + step_s * part // 20)) for part in range(21)]
        if max(heights) < -0.3:  # refraction and the precision of the geometry
            assert each == (0.0, 0.0, 0.0), (utc(at_s), max(heights))
        if min(heights) > 6.0:
            assert each.expected == pytest.approx(5.0), (utc(at_s), min(heights))
            lit += 1
    is_polar_night = max(altitude(*place, utc(at_s)) for at_s in slots) < 6.0
    assert (lit == 0) == is_polar_night


def test_series_add_up() -> None:
    assert total([[1.0, 2.0], [0.5, -2.0]], 2) == [1.5, 0.0]
    assert total([], 3) == [0.0, 0.0, 0.0]
