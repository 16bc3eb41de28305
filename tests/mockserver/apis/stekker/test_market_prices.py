"""Market prices: settled where the market has spoken, forecast until a period is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from fixtures.days import midnight
from fixtures.prices import day_ahead
from mockserver.apis.stekker.regions import MARKET_AREAS
from tests.mock import NOON, Mock

PATH = "/stekker/api/v1/market_price_forecast"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
DAY = timedelta(days=1)


def outlook(mock: Mock, region: str | None = None, at: datetime | None = None) -> dict[str, Any]:
    if at is not None:
        mock.runtime.clock.set(at)
    response = mock.north.get(PATH, query={"region": region} if region else None)
    assert response.status == 200, response.body
    body: dict[str, Any] = response.json()
    return body


def started(period: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(period["period_start"])


def of_day(body: dict[str, Any], day: datetime) -> list[dict[str, Any]]:
    """The periods of the Amsterdam day that contains an instant."""
    local = day.astimezone(AMSTERDAM).date()
    return [period for period in body["prices"] if started(period).astimezone(AMSTERDAM).date() == local]


@pytest.mark.parametrize("name", MARKET_AREAS)
def test_every_market_area_has_its_prices_by_the_hour(mock: Mock, name: str) -> None:
    body = outlook(mock, name)
    assert (body["region"], body["duration_seconds"]) == (name, 3600)
    assert (body["currency_code"], body["currency_symbol"]) == ("EUR", "€")
    assert outlook(mock, f"{name}-3600") == body


@pytest.mark.parametrize("name", ["BE", "DE-LU", "NL"])
def test_some_have_them_by_the_quarter_hour(mock: Mock, name: str) -> None:
    body = outlook(mock, f"{name}-900")
    assert (body["region"], body["duration_seconds"], len(body["prices"])) == (name, 900, 4 * 96)


def test_the_netherlands_are_meant_when_nothing_is_said(mock: Mock) -> None:
    assert outlook(mock) == outlook(mock, "NL")


@pytest.mark.parametrize("region", ["GB", "RO", "XX", "NL-1800", "AT-900", "SE4-1800", "DE", "LU-3600"])
def test_a_region_without_prices_is_refused_by_name(mock: Mock, region: str) -> None:
    response = mock.north.get(PATH, query={"region": region})
    assert response.status == 422
    (detail,) = response.json()["details"]
    assert detail["field"] == "region"
    assert region.removesuffix("-3600") in detail["message"]
    assert "there is" in detail["message"] or "NL, NO1" in detail["message"]


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        (NOON, 96),
        (datetime(2026, 3, 17, 23, 0, tzinfo=UTC), 96),  # midnight in Amsterdam: already the 18th
        (datetime(2026, 3, 26, 12, 0, tzinfo=UTC), 95),
        (datetime(2026, 10, 24, 12, 0, tzinfo=UTC), 97),
    ],
)
@pytest.mark.parametrize("region", ["NL", "NL-900"])
def test_it_is_the_market_day_and_three_more_without_gaps(mock: Mock, region: str, at: datetime, hours: int) -> None:
    body = outlook(mock, region, at)
    starts = [started(period) for period in body["prices"]]
    today = at.astimezone(AMSTERDAM).date()
    length = timedelta(seconds=body["duration_seconds"])
    assert starts[0] == midnight(AMSTERDAM, today)
    assert starts[-1] + length == midnight(AMSTERDAM, today + 4 * DAY)
    assert {second - first for first, second in pairwise(starts)} == {length}
    assert len(starts) == hours * timedelta(hours=1) // length


def test_a_day_begins_where_the_market_is(mock: Mock) -> None:
    at = datetime(2026, 3, 17, 22, 30, tzinfo=UTC)  # half past midnight in Finland, but the market's day is Brussels'
    assert started(outlook(mock, "FI", at)["prices"][0]) == datetime(2026, 3, 16, 23, tzinfo=UTC)


@pytest.mark.parametrize("region", ["NL", "NL-900"])
def test_the_next_day_is_settled_from_one_oclock_on(mock: Mock, region: str) -> None:
    before, after = outlook(mock, region, NOON - timedelta(seconds=1)), outlook(mock, region, NOON)
    for body, is_published in ((before, False), (after, True)):
        assert all(period["price_per_mwh"] is not None for period in of_day(body, NOON))
        assert {period["price_per_mwh"] is not None for period in of_day(body, NOON + DAY)} == {is_published}
        assert {period["price_per_mwh"] for period in of_day(body, NOON + 2 * DAY)} == {None}


def test_settled_prices_are_those_of_the_market(mock: Mock) -> None:
    for region, length_s in (("NL", 3600), ("NL-900", 900), ("SE4", 3600)):
        periods = of_day(outlook(mock, region), NOON + DAY)
        prices = day_ahead(mock.settings.seed, region.removesuffix("-900"), (NOON + DAY).date(), length_s)
        assert [Decimal(str(period["price_per_mwh"])) for period in periods] == [*prices]


@pytest.mark.parametrize("region", ["NL", "NL-900", "PT", "CH"])
@pytest.mark.parametrize("hour", [0, 11, 12, 23])
def test_there_is_a_forecast_until_a_period_is_over(mock: Mock, region: str, hour: int) -> None:
    at = NOON.replace(hour=hour, minute=20)
    body = outlook(mock, region, at)
    for period in body["prices"]:
        values = [period[name] for name in ("forecast_lower", "forecast", "forecast_upper")]
        if started(period) + timedelta(seconds=body["duration_seconds"]) <= at:
            assert values == [None, None, None]
        else:
            assert values == sorted(values)
            assert values[0] < values[2]


def test_what_was_expected_of_a_published_price_stays_as_it_was(mock: Mock) -> None:
    def expected(body: dict[str, Any]) -> list[Any]:
        return [{**period, "price_per_mwh": None} for period in of_day(body, NOON + DAY)]

    last = outlook(mock, "NL", NOON - timedelta(seconds=1))
    published, later = outlook(mock, "NL", NOON), outlook(mock, "NL", NOON.replace(hour=20))
    assert expected(last) == expected(published) == expected(later)
    errors = [period["price_per_mwh"] - period["forecast"] for period in of_day(published, NOON + DAY)]
    assert max(map(abs, errors)) > 1.0


def test_forecasts_are_revised_until_the_market_has_spoken(mock: Mock) -> None:
    early, late = (of_day(outlook(mock, "NL", NOON.replace(hour=hour)), NOON + 2 * DAY) for hour in (8, 20))
    assert [period["forecast"] for period in early] != [period["forecast"] for period in late]
    widths = [[period["forecast_upper"] - period["forecast_lower"] for period in periods] for periods in (early, late)]
    assert all(narrow < wide for wide, narrow in zip(*widths, strict=True))


@pytest.mark.parametrize("region", ["NL", "NL-900", "SE4"])
@pytest.mark.parametrize(
    "at", [NOON, NOON.replace(hour=8, minute=7), NOON.replace(hour=22, minute=59), NOON + 60 * DAY]
)
def test_the_lowest_price_to_come_is_the_lowest_of_those_that_are_listed(mock: Mock, region: str, at: datetime) -> None:
    body = outlook(mock, region, at)
    best: tuple[float, datetime] | None = None
    for period in body["prices"]:
        price = period["forecast"] if period["price_per_mwh"] is None else period["price_per_mwh"]
        if started(period) >= at and (best is None or price < best[0]):
            best = price, started(period)
    lowest = body["lowest_upcoming_price"]
    assert (lowest["price_per_mwh"], started(lowest)) == best


def test_an_hour_costs_what_its_quarters_cost_in_the_mean(mock: Mock) -> None:
    hours, quarters = (of_day(outlook(mock, region), NOON + DAY) for region in ("NL", "NL-900"))
    for number, hour in enumerate(hours):
        inside = [period["price_per_mwh"] for period in quarters[4 * number : 4 * number + 4]]
        assert hour["price_per_mwh"] == pytest.approx(sum(inside) / 4, abs=0.0051)


def test_amounts_have_two_decimals(mock: Mock) -> None:
    for period in outlook(mock, "NL-900")["prices"]:
        for name in ("price_per_mwh", "forecast", "forecast_lower", "forecast_upper"):
            assert period[name] is None or Decimal(str(period[name])).as_tuple().exponent >= -2
