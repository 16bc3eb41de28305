"""What a market's prices are and are expected to be, from midnight today on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from fixtures.days import midnight
from fixtures.price_forecasts import PriceForecast
from fixtures.prices import Area
from mockserver.domain.world import World

DAYS = 4
"""Today and three more: fact sheet of the Stekker API, 7.1."""


class OutlookPeriod(NamedTuple):
    """The price per MWh of a period, where it is published, and what it was last forecast to be, until it is over."""

    start: datetime
    price: Decimal | None
    forecast: PriceForecast | None

    @property
    def best(self) -> Decimal | None:
        """The price, else the forecast."""
        return self.price if self.price is not None else self.forecast and self.forecast.expected


@dataclass(frozen=True, slots=True)
class PriceOutlook:
    """The periods of `interval_s` seconds of four market days, in order; prices in the currency of the area."""

    area: Area
    interval_s: int
    periods: Sequence[OutlookPeriod]
    lowest_upcoming: tuple[Decimal, datetime] | None
    """The best price of the periods that have not begun, and the start of the first that has it."""


def price_outlook(world: World, area: Area, interval_s: int, now: datetime) -> PriceOutlook:
    """The outlook, at an aware instant, for periods of 900, 1800 or 3600 s."""
    today = now.astimezone(area.zone).date()
    start, end = midnight(area.zone, today), midnight(area.zone, today + timedelta(days=DAYS))
    prices = world.prices(area, start, end, interval_s)
    forecasts = world.price_forecasts(area, start, end, interval_s)
    periods = [
        OutlookPeriod(slot.start, slot.value, forecast if slot.end > now else None)
        for slot, forecast in zip(prices, forecasts.values, strict=True)
    ]
    upcoming = [(best, each.start) for each in periods if each.start >= now and (best := each.best) is not None]
    return PriceOutlook(area, interval_s, periods, min(upcoming, default=None))
