"""Market prices: what is settled, what is forecast, and where neither may be null."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from contract_tests.exchange import Exchange
from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage

PRICES = "GET /market_price_forecast"
_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
"""Where the prices of NL are made; each market day is one of this zone."""
_DAYS = 4
_SUPPORTED = ("NL", "NL-900", "NL-3600")


@law("published", "major", PRICES)
def region_is_nl_unless_said_otherwise(stage: Stage) -> None:
    """Without a region the prices are those of the Netherlands."""
    exchange = stage.done(PRICES)
    came = stage.fitting(exchange)["region"]
    stage.require(came == "NL", exchange, "region is NL by default", f"it is {came}", "MarketPriceForecast.region")


@law("published", "major", PRICES)
def region_says_how_long_periods_are(stage: Stage) -> None:
    """Seconds behind the region, as in `NL-900`, are the length of the periods."""
    for seconds in (900, 3600):
        exchange = stage.call(PRICES, query={"region": f"NL-{seconds}"})
        if exchange.status == 422:
            continue  # which lengths there are for a region is for the market to say
        stage.succeeds(exchange, f"NL-{seconds} is the Netherlands in periods of {seconds} s")
        came = stage.fitting(exchange)["duration_seconds"]
        says = f"duration_seconds is {seconds}"
        stage.require(came == seconds, exchange, says, f"it is {came}", "MarketPriceForecast.duration_seconds")


@law("inferred", "minor", PRICES)
def unknown_region_is_refused(stage: Stage) -> None:
    """A region without a market is refused with 422."""
    exchange = stage.call(PRICES, query={"region": "XX"})
    stage.refuses(exchange, (422,), "422: there is no market area XX")


@law("inferred", "critical", PRICES)
def periods_follow_one_another(stage: Stage) -> None:
    """Periods begin at whole multiples of their length, and each begins where the one before it ends."""
    for exchange, answer in _answers(stage):
        seconds, starts = answer["duration_seconds"], _starts(answer)
        odd = next((start for start in starts if start.timestamp() % seconds), None)
        says = f"each period begins at a whole multiple of {seconds} s"
        stage.require(odd is None, exchange, says, f"one begins at {odd}", "MarketPrice.period_start")
        for before, after in pairwise(starts):
            says = f"behind {before} comes {before + timedelta(seconds=seconds)}"
            follows = (after - before).total_seconds() == seconds
            stage.require(follows, exchange, says, f"{after} comes", "MarketPrice.period_start")


@law("inferred", "major", PRICES)
def prices_cover_whole_market_days(stage: Stage) -> None:
    """Prices reach from midnight in the market to the end of the third day after, be it of 23, 24 or 25 hours."""
    for exchange, answer in _answers(stage):
        today = stage.now.astimezone(_AMSTERDAM).date()
        first, end = _midnight(today), _midnight(today + timedelta(days=_DAYS))
        starts = _starts(answer)
        last = starts[-1] + timedelta(seconds=answer["duration_seconds"])
        says = f"prices from {first.isoformat()} to {end.isoformat()}"
        came = f"from {starts[0].isoformat()} to {last.isoformat()}"
        stage.require((starts[0], last) == (first, end), exchange, says, came, "MarketPriceForecast.prices")


@law("published", "critical", PRICES)
def past_periods_have_no_forecast(stage: Stage) -> None:
    """What is over has no forecast: that is null for periods of the past."""
    for exchange, answer in _answers(stage):
        for price in _past(stage, answer):
            says = f"forecast is null for {price['period_start']}, which is over"
            came = f"it is {price['forecast']}"
            stage.require(price["forecast"] is None, exchange, says, came, "MarketPrice.forecast")


@law("published", "critical", PRICES)
def past_periods_have_a_price(stage: Stage) -> None:
    """A settled price is null while it is not yet known, and so never for periods of the past."""
    for exchange, answer in _answers(stage):
        for price in _past(stage, answer):
            says = f"price_per_mwh is a number for {price['period_start']}, which is over"
            stage.require(price["price_per_mwh"] is not None, exchange, says, "null", "MarketPrice.price_per_mwh")


@law("inferred", "critical", PRICES)
def every_coming_period_has_a_price_or_a_forecast(stage: Stage) -> None:
    """A coming period has a settled price or a forecast, and once prices are unknown they stay so."""
    for exchange, answer in _answers(stage):
        coming = [price for price in answer["prices"] if _start(price) > stage.now]
        for price in coming:
            known = price["price_per_mwh"] is not None or price["forecast"] is not None
            says = f"a price or a forecast for {price['period_start']}"
            stage.require(known, exchange, says, "neither", "MarketPrice.forecast")
        settled = [price["price_per_mwh"] is not None for price in answer["prices"]]
        says = "prices are settled up to some time, and from then on they are not"
        together = settled == sorted(settled, reverse=True)
        stage.require(together, exchange, says, "a settled price behind an unsettled one", "MarketPrice.price_per_mwh")
        says = "the end of the third day after today is not settled yet"
        stage.require(not settled[-1], exchange, says, "it has a price", "MarketPrice.price_per_mwh")


@law("inferred", "major", PRICES)
def forecast_lies_within_its_bounds(stage: Stage) -> None:
    """A forecast is not below its lower bound and not above its upper one, and all three are null together."""
    for exchange, answer in _answers(stage):
        for price in answer["prices"]:
            lower, middle, upper = (price[name] for name in ("forecast_lower", "forecast", "forecast_upper"))
            nulls = [value is None for value in (lower, middle, upper)]
            says = f"for {price['period_start']}: forecast_lower <= forecast <= forecast_upper, or all null"
            fits = all(nulls) or (not any(nulls) and lower <= middle <= upper)
            stage.require(fits, exchange, says, f"{lower}, {middle}, {upper}", "MarketPrice.forecast")


@law("inferred", "critical", PRICES)
def lowest_upcoming_price_is_the_lowest(stage: Stage) -> None:
    """The lowest upcoming price is the lowest of all periods to come, settled or else forecast, and where it says."""
    for exchange, answer in _answers(stage):
        asked_at = stage.now
        prices = {
            _start(price): price["forecast"] if price["price_per_mwh"] is None else price["price_per_mwh"]
            for price in answer["prices"]
            if price["price_per_mwh"] is not None or price["forecast"] is not None
        }
        came, member = answer["lowest_upcoming_price"], "MarketPriceForecast.lowest_upcoming_price"
        coming = {start: price for start, price in prices.items() if start >= asked_at}
        if not coming:
            continue
        lowest = min(coming.values())
        says = f"{lowest}, the lowest price of a period to come"
        stage.require(came is not None and came["price_per_mwh"] == lowest, exchange, says, f"{came}", member)
        at = _start(came)
        says = f"period_start is that of a coming period at {lowest}"
        stage.require(coming.get(at) == lowest, exchange, says, f"it is {came['period_start']}", member)


def _answers(stage: Stage) -> list[tuple[Exchange, Any]]:
    """The prices of the Netherlands in each length of period that there is."""
    answers: list[tuple[Exchange, Any]] = []
    for region in _SUPPORTED:
        exchange = stage.call(PRICES, query={"region": region})
        if exchange.status == 422 and answers:
            continue
        stage.succeeds(exchange, f"there are prices for {region}")
        answer = stage.fitting(exchange)
        stage.require(bool(answer["prices"]), exchange, f"there are prices for {region}", "none")
        answers.append((exchange, answer))
    return answers


def _past(stage: Stage, answer: Any) -> list[Any]:
    over = stage.now - timedelta(seconds=answer["duration_seconds"])
    return [price for price in answer["prices"] if _start(price) <= over]


def _start(price: Any) -> datetime:
    return datetime.fromisoformat(price["period_start"])


def _starts(answer: Any) -> list[datetime]:
    return [_start(price) for price in answer["prices"]]


def _midnight(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=_AMSTERDAM)


LAWS = (
    region_is_nl_unless_said_otherwise,
    region_says_how_long_periods_are,
    unknown_region_is_refused,
    periods_follow_one_another,
    prices_cover_whole_market_days,
    past_periods_have_a_price,
    past_periods_have_no_forecast,
    every_coming_period_has_a_price_or_a_forecast,
    forecast_lies_within_its_bounds,
    lowest_upcoming_price_is_the_lowest,
)
