"""Domain to wire, one function per schema of the contract; `MarketPriceForecast` is `market_price_forecast`."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mockserver.clock import timestamp
from mockserver.domain.energy_forecast import EnergyForecast
from mockserver.domain.price_outlook import OutlookPeriod, PriceOutlook
from mockserver.domain.session_cost import Cdr
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion

Wire = dict[str, Any]

_SYMBOLS = {"EUR": "€"}


def market_price_forecast(outlook: PriceOutlook, ctx: Context, expansion: Expansion) -> Wire:
    """MarketPriceForecast."""
    currency, lowest = outlook.area.currency, outlook.lowest_upcoming
    return {
        "region": outlook.area.name,
        "currency_code": currency,
        "currency_symbol": _SYMBOLS.get(currency, currency),
        "duration_seconds": outlook.interval_s,
        "prices": [_price(period) for period in outlook.periods],
        "lowest_upcoming_price": None
        if lowest is None
        else {"period_start": timestamp(lowest[1]), "price_per_mwh": _number(lowest[0])},
    }


def cdr(cdr: Cdr, ctx: Context, expansion: Expansion) -> Wire:
    """Cdr."""
    return {
        "id": cdr.id,
        "currency": cdr.currency,
        "start_date_time": timestamp(cdr.started_at),
        "end_date_time": timestamp(cdr.ended_at),
        "last_updated": timestamp(cdr.last_updated_at),
        "total_cost": {"excl_vat": _number(cdr.cost_excl_vat)},
    }


def charge_energy_forecast(forecast: EnergyForecast, ctx: Context, expansion: Expansion) -> Wire:
    """ChargeEnergyForecast."""
    so_far_kwh = round(forecast.energy_so_far_wh / 1000.0, 6)  # as it was measured

    def kwh(energy_wh: float) -> float:
        return max(round(energy_wh / 1000.0, 3), so_far_kwh)

    ends_at = forecast.expected_end_at
    return {
        "forecast_kwh": kwh(forecast.expected_wh),
        "forecast_lower_kwh": kwh(forecast.lower_wh),
        "forecast_upper_kwh": kwh(forecast.upper_wh),
        "energy_so_far_kwh": so_far_kwh,
        "generated_at": timestamp(ctx.at),
        "basis": forecast.basis.value,
        "expected_end_at": None if ends_at is None else timestamp(ends_at),
    }


def _price(period: OutlookPeriod) -> Wire:
    expected, lower, upper = period.forecast or (None, None, None)
    return {
        "period_start": timestamp(period.start),
        "price_per_mwh": _number(period.price),
        "forecast": _number(expected),
        "forecast_lower": _number(lower),
        "forecast_upper": _number(upper),
    }


def _number(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
