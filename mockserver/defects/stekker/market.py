"""Defects of market prices, and of forecasts of energy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.defects.altering import answer_body, with_members
from mockserver.defects.defect import AlterAnswer, Defect, Request, on

PRICES = on("stekker", "get-market-price-forecast")
ENERGY = on("stekker", "post-charge-energy-forecast")


def _settled(change: Callable[[Any], object]) -> AlterAnswer:
    """Change the first prices of an answer, which are over."""

    def changed(body: Any, _: Request) -> None:
        for price in [price for price in body["prices"] if price["forecast"] is None][:12]:
            change(price)

    return answer_body(changed)


def _coming(change: Callable[[Any], object]) -> AlterAnswer:
    """Change the prices that are not settled yet."""

    def changed(body: Any, _: Request) -> None:
        for price in [price for price in body["prices"] if price["price_per_mwh"] is None]:
            change(price)

    return answer_body(changed)


def _crossed(price: Any) -> None:
    if price["forecast"] is not None:
        price.update(forecast_lower=price["forecast_upper"] + 1)


def _lowest(change: Callable[[Any, Any], object]) -> AlterAnswer:
    return answer_body(lambda body, _: change(body["lowest_upcoming_price"], body["prices"]) and None)


DEFECTS = (
    Defect(
        "default-region-be",
        "Without a region the prices are Belgium's.",
        PRICES,
        request=lambda asked, _: asked if asked.query else asked.with_parameter("region", "BE"),
    ),
    Defect(
        "past-has-forecasts",
        "Prices of the past have a forecast.",
        PRICES,
        answer=_settled(lambda price: price.update(forecast=1, forecast_lower=0, forecast_upper=2)),
    ),
    Defect(
        "past-unsettled",
        "Prices of the past are not known.",
        PRICES,
        answer=_settled(lambda price: price.update(price_per_mwh=None)),
    ),
    Defect(
        "forecast-missing",
        "Periods without a price have no forecast either.",
        PRICES,
        answer=_coming(lambda price: price.update(forecast=None, forecast_lower=None, forecast_upper=None)),
    ),
    Defect(
        "all-settled",
        "The forecast is given as the price.",
        PRICES,
        answer=_coming(lambda price: price.update(price_per_mwh=price["forecast"])),
    ),
    Defect(
        "forecast-bounds-crossed",
        "The lower bound of a forecast is above the upper one.",
        PRICES,
        answer=_coming(_crossed),
    ),
    Defect(
        "forecast-bound-missing",
        "A forecast has a lower bound, but no upper one.",
        PRICES,
        answer=_coming(lambda price: price.update(forecast_upper=None)),
    ),
    Defect(
        "lowest-price-wrong",
        "The lowest price that is coming is 500 EUR/MWh, whatever the prices are.",
        PRICES,
        answer=_lowest(lambda lowest, _: lowest.update(price_per_mwh=500.0)),
    ),
    Defect(
        "lowest-price-over",
        "The lowest price that is coming is one that is over.",
        PRICES,
        answer=_lowest(lambda lowest, prices: lowest.update(period_start=prices[0]["period_start"])),
    ),
    Defect(
        "energy-below-its-bounds",
        "The forecast of energy is 0 kWh, below its own lower bound.",
        ENERGY,
        answer=with_members(forecast_kwh=0.0),
    ),
    Defect(
        "energy-so-far-forgotten",
        "What was charged so far is forgotten in the forecast of energy.",
        ENERGY,
        answer=with_members(energy_so_far_kwh=0.0),
    ),
    Defect(
        "over-before-it-began",
        "A session is expected to end before it began.",
        ENERGY,
        answer=with_members(expected_end_at="2020-01-01T00:00:00Z"),
    ),
)
