"""Domain to wire, one function per schema of the contract; `TariffDetail` is `tariff_detail`."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from fixtures.tariffs import SLOT_S, Band, PriceSlot, price_minor_units
from mockserver.clock import timestamp
from mockserver.domain.tariffs import Supplier, Tariff
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion

Wire = dict[str, Any]

EXPANDED_PRICES = timedelta(hours=24)


def supplier(supplier: Supplier, ctx: Context, expansion: Expansion) -> Wire:
    """Supplier."""
    return {
        "id": supplier.id,
        "url": ctx.url("suppliers", supplier.id),
        "name": supplier.name,
        "icon": supplier.icon_url,
        "highlighted": supplier.highlighted,
    }


def tariff(tariff: Tariff, ctx: Context, expansion: Expansion) -> Wire:
    """Tariff: an item of a list, where prices and daily prices appear only when asked for."""
    wire = _tariff(tariff, ctx, expansion)
    if "daily_prices" not in ctx.included:
        wire.pop("daily_prices", None)
    if "prices" in expansion:
        wire["prices"] = _past_day(tariff, ctx)
    return wire


def tariff_detail(tariff: Tariff, ctx: Context, expansion: Expansion) -> Wire:
    """TariffDetail: with the price of now, and where the others are."""
    rate = ctx.world.rate(tariff, ctx.at)
    may_see_prices = ctx.principal is not None and "tariff:prices:read" in ctx.principal.scopes
    return {
        **_tariff(tariff, ctx, expansion),
        "current_price": None if rate is None else price_minor_units(rate, tariff.currency),
        "prices": expansion.reference(
            "prices", ctx.url("tariffs", tariff.id, "prices"), lambda _: _past_day(tariff, ctx)
        )
        if may_see_prices
        else None,
    }


def price(slot: PriceSlot, ctx: Context, expansion: Expansion) -> Wire:
    """Price of one half-hour."""
    return {
        "started_at": timestamp(slot.started_at),
        "interval_seconds": SLOT_S,
        "price_minor_units": price_minor_units(slot.rate, slot.currency),
    }


def _tariff(tariff: Tariff, ctx: Context, expansion: Expansion) -> Wire:
    scheduler = tariff.scheduler_tariff
    wire: Wire = {
        "id": tariff.id,
        "url": ctx.url("tariffs", tariff.id),
        "supplier": expansion.reference(
            "supplier", ctx.url("suppliers", tariff.supplier.id), lambda below: supplier(tariff.supplier, ctx, below)
        ),
        "name": tariff.name,
        "currency": tariff.currency,
        "highlighted": tariff.highlighted,
        "timezone_name": tariff.timezone,
        "price_chart_url": tariff.price_chart_url,
        "gsp_group": tariff.gsp_group,
        "valid_from": tariff.valid_from.isoformat(),
        "valid_until": tariff.valid_until.isoformat() if tariff.valid_until else None,
        "scheduler_tariff": None
        if scheduler is None
        else expansion.reference(
            "scheduler_tariff", ctx.url("tariffs", scheduler.id), lambda _: _scheduler_tariff(scheduler, ctx)
        ),
    }
    if ctx.principal is not None and ctx.principal.application.contract_fields:
        wire["type"] = tariff.type.value
        if tariff.bands:
            wire["daily_prices"] = {band.name: _price_summary(band) for band in tariff.bands}
    return wire


def _scheduler_tariff(tariff: Tariff, ctx: Context) -> Wire:
    return {
        "id": tariff.id,
        "url": ctx.url("tariffs", tariff.id),
        "supplier": ctx.url("suppliers", tariff.supplier.id),
        "name": tariff.name,
        "currency": tariff.currency,
    }


@lru_cache(maxsize=1024)
def _price_summary(band: Band) -> Wire:
    return {
        "price": str(band.price),
        "times": [{"start": window.start.isoformat(), "end": window.end.isoformat()} for window in band.windows],
    }


def _past_day(tariff: Tariff, ctx: Context) -> list[Wire]:
    """The prices of the past 24 hours, newest first."""
    just_after = ctx.at - EXPANDED_PRICES + timedelta(microseconds=1)
    slots = ctx.world.price_series(tariff, just_after, ctx.at)[::-1]
    return [price(slot, ctx, ctx.expansion) for slot in slots]
