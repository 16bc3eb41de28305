"""Tag Market prices: day-ahead prices, and the forecast beyond them."""

from __future__ import annotations

from mockserver.apis.stekker import regions
from mockserver.domain.price_outlook import PriceOutlook, price_outlook
from mockserver.http.exchange import Context


async def get_market_price_forecast(ctx: Context, *, region: str) -> PriceOutlook:
    """Prices and forecasts of a region from midnight there."""
    asked = regions.region(region)
    return price_outlook(ctx.world, asked.area, asked.interval_s, ctx.at)
