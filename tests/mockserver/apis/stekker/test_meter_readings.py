"""Pricing of meter readings: the market's prices times the energy, or a reason why there is no price."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fixtures.days import midnight
from fixtures.prices import day_ahead
from mockserver.clock import timestamp
from tests.asgi import Response
from tests.mock import NOON, Mock

PATH = "/stekker/api/v1/cdrs/meter_readings"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EVENING = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
Readings = list[tuple[str, float]]


def body(readings: Readings, area: str = "NL", modality: str = "DayAhead") -> dict[str, Any]:
    return {
        "power_market": {"market_area_code": area, "sub_modality": modality},
        "meter_readings": [{"timestamp": at, "reading_kwh": reading_kwh} for at, reading_kwh in readings],
    }


def price(mock: Mock, readings: Readings, **market: str) -> dict[str, Any]:
    response = mock.north.post(PATH, json=body(readings, **market))
    assert response.status == 200, response.body
    found: dict[str, Any] = response.json()
    return found


def refused(response: Response, status: int = 422) -> tuple[str, str]:
    """Field and message of a refusal that has one."""
    assert response.status == status, response.body
    (detail,) = response.json()["details"]
    return detail["field"], detail["message"]


def steady(start: datetime, hours: float, power_kw: float = 4.0) -> Readings:
    return [(timestamp(start), 1000.0), (timestamp(start + timedelta(hours=hours)), 1000.0 + power_kw * hours)]


def quarters(mock: Mock, start: datetime, count: int) -> Iterator[Decimal]:
    """The prices of consecutive quarter-hours, of 2025-10-01 or later, within one day."""
    day = start.astimezone(AMSTERDAM).date()
    first = (start - midnight(AMSTERDAM, day)) // timedelta(minutes=15)
    yield from day_ahead(mock.settings.seed, "NL", day)[first : first + count]


def test_each_quarter_hour_has_its_price(mock: Mock) -> None:
    found = price(mock, steady(EVENING, 2.0))
    expected = sum(quarters(mock, EVENING, 8)) / 1000  # 4 kW: 1 kWh in each
    assert found["total_cost"] == {"excl_vat": pytest.approx(float(expected), abs=0.00006)}
    assert found["currency"] == "EUR"
    assert (found["start_date_time"], found["end_date_time"]) == ("2026-03-02T18:00:00Z", "2026-03-02T20:00:00Z")
    assert found["last_updated"] == timestamp(NOON)


def test_before_the_market_had_quarter_hours_each_hour_has_its_price(mock: Mock) -> None:
    start = datetime(2019, 6, 4, 10, 0, tzinfo=UTC)
    hourly = day_ahead(mock.settings.seed, "NL", date(2019, 6, 4))[12:14]
    found = price(mock, steady(start, 2.0))
    assert found["total_cost"]["excl_vat"] == pytest.approx(float(sum(hourly)) * 4 / 1000, abs=0.00006)


def test_readings_between_say_when_the_energy_flowed(mock: Mock) -> None:
    (first, last) = quarters(mock, EVENING, 2)
    assert first != last
    middle = timestamp(EVENING + timedelta(minutes=15))
    start, end = timestamp(EVENING), timestamp(EVENING + timedelta(minutes=30))
    early = price(mock, [(start, 5.0), (middle, 15.0), (end, 15.0)])
    late = price(mock, [(start, 5.0), (middle, 5.0), (end, 15.0)])
    assert early["total_cost"]["excl_vat"] == float(first) / 100
    assert late["total_cost"]["excl_vat"] == float(last) / 100


def test_energy_at_negative_prices_earns_money(mock: Mock) -> None:
    seed = mock.settings.seed
    day, hour = next(
        (day, hour)
        for day in (date(2025, 5, 1) + timedelta(days=number) for number in range(120))
        for hour, amount in enumerate(day_ahead(seed, "NL", day))
        if amount < 0
    )
    start = midnight(AMSTERDAM, day) + timedelta(hours=hour)
    assert price(mock, steady(start, 1.0))["total_cost"]["excl_vat"] < 0


def test_every_market_area_has_prices_of_its_own(mock: Mock) -> None:
    costs = {
        price(mock, steady(EVENING, 1.0), area=name)["total_cost"]["excl_vat"] for name in ("NL", "DE-LU", "SE4", "ES")
    }
    assert len(costs) == 4


def test_get_with_a_body_answers_alike(mock: Mock) -> None:
    asked = body(steady(EVENING, 2.0))
    assert mock.north.request("GET", PATH, json=asked).json() == mock.north.post(PATH, json=asked).json()


def test_the_same_readings_are_the_same_cdr(mock: Mock) -> None:
    first = price(mock, steady(EVENING, 2.0))["id"]
    assert price(mock, steady(EVENING, 2.0))["id"] == first
    assert price(mock, steady(EVENING, 2.5))["id"] != first
    assert price(mock, steady(EVENING, 2.0), area="BE")["id"] != first


def test_a_reading_sent_twice_is_one_reading(mock: Mock) -> None:
    first, last = steady(EVENING, 2.0)
    found = price(mock, [first, first, last, last])
    assert found["total_cost"] == price(mock, [first, last])["total_cost"]


@pytest.mark.parametrize("fraction", ["", ".5", ".123", ".1234567", ".123456789"])
@pytest.mark.parametrize("zone", ["Z", "+01:00", "-00:00"])
def test_timestamps_have_up_to_nine_digits_of_a_second(mock: Mock, fraction: str, zone: str) -> None:
    found = price(mock, [(f"2026-03-02T18:00:00{fraction}{zone}", 1.0), ("2026-03-02T20:00:00Z", 2.0)])
    sent = datetime.fromisoformat(f"2026-03-02T18:00:00{fraction[:7]}{zone}")
    assert datetime.fromisoformat(found["start_date_time"]) == sent


def test_prices_of_tomorrow_price_readings_of_tomorrow_once_they_are_out(mock: Mock) -> None:
    tomorrow = steady(datetime(2026, 3, 18, 23, 30, tzinfo=UTC), 2.0)
    mock.runtime.clock.set(NOON - timedelta(seconds=1))
    response = mock.north.post(PATH, json=body(steady(NOON, 1.0)[:1] + tomorrow))
    field, message = refused(response)
    assert field == "meter_readings.1.timestamp"
    assert "2026-03-18T23:00:00Z" in message
    mock.runtime.clock.set(NOON)
    found = price(mock, tomorrow)
    assert found["last_updated"] == found["end_date_time"] == "2026-03-19T01:30:00Z"


@pytest.mark.parametrize(
    ("readings", "field", "message"),
    [
        ([("2026-03-02T18:00:00Z", 5.0), ("2026-03-02T17:59:59Z", 6.0)], "1.timestamp", "before the time"),
        ([("2026-03-02T18:00:00Z", 5.0), ("2026-03-02T19:00:00Z", 4.9)], "1.reading_kwh", "4.9 is less"),
        ([("2026-03-02T18:00:00Z", 5.0), ("2026-03-02T19:00:00+01:00", 5.1)], "1.timestamp", "shows less"),
        ([("2017-12-31T22:00:00Z", 5.0), ("2026-03-02T19:00:00Z", 6.0)], "0.timestamp", "2018"),
        ([("2016-12-31T23:59:60Z", 5.0), ("2026-03-02T19:00:00Z", 6.0)], "0.timestamp", "calendar"),
        ([("2026-03-18T23:00:00Z", 5.0), ("2026-03-20T00:00:00Z", 6.0)], "1.timestamp", "2026-03-19T23:00:00Z"),
        ([("2026-03-25T00:00:00Z", 5.0), ("2026-03-25T01:00:00Z", 6.0)], "1.timestamp", "no price is settled"),
        ([("2024-03-01T00:00:00Z", 5.0), ("2026-03-02T19:00:00Z", 6.0)], "", "366 days"),
        ([("2026-03-02T18:00:00Z", 5.0)], "", "2"),
        ([("2026-03-02T18:00:00Z", -1.0), ("2026-03-02T19:00:00Z", 6.0)], "0.reading_kwh", "0"),
    ],
    ids=[
        "backwards in time",
        "backwards in energy",
        "two at once",
        "before there were prices",
        "leap second",
        "partly unsettled",
        "wholly unsettled",
        "too long",
        "one reading",
        "below zero",
    ],
)
def test_readings_that_have_no_price_are_refused_where_they_stand(
    mock: Mock, readings: Readings, field: str, message: str
) -> None:
    found = refused(mock.north.post(PATH, json=body(readings)))
    assert found[0] == ".".join(filter(None, ("meter_readings", field)))
    assert message in found[1]


@pytest.mark.parametrize(
    ("market", "field", "message"),
    [
        ({"modality": "Intraday"}, "sub_modality", "DayAhead"),
        ({"area": "NL-900"}, "market_area_code", "NL-900"),
        ({"area": "GB"}, "market_area_code", "GB"),
    ],
)
def test_markets_without_prices_are_refused(mock: Mock, market: dict[str, str], field: str, message: str) -> None:
    found = refused(mock.north.post(PATH, json=body(steady(EVENING, 1.0), **market)))
    assert found[0] == f"power_market.{field}"
    assert message in found[1]


@pytest.mark.parametrize("missing", ["power_market", "meter_readings"])
def test_a_member_that_is_missing_is_a_bad_request(mock: Mock, missing: str) -> None:
    asked = body(steady(EVENING, 1.0))
    del asked[missing]
    assert mock.north.post(PATH, json=asked).status == 400
