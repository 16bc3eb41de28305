"""Tag Tariffs: suppliers, what they offer, and what it costs when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fixtures.tariffs import PriceSlot
from mockserver.domain.drivers import Driver
from mockserver.domain.tariffs import Supplier, Tariff
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context


async def get_suppliers(ctx: Context, *, available_for_user_id: str | None) -> Sequence[Supplier]:
    """Suppliers by name; with a user, those who sell something where the user lives."""
    if available_for_user_id is None:
        return ctx.world.suppliers
    return ctx.world.suppliers_available_to(_visible_driver(ctx, available_for_user_id))


async def get_suppliers_supplier_id(ctx: Context, *, supplier_id: str) -> Supplier:
    """One supplier."""
    supplier = ctx.world.supplier(supplier_id)
    if supplier is None:
        raise NotFound(f"There is no supplier {supplier_id}.")
    return supplier


async def get_tariffs(
    ctx: Context,
    *,
    supplier_id: str | None,
    valid: bool | None,
    gsp_group: str | None,
    available_for_user_id: str | None,
) -> Sequence[Tariff]:
    """Tariffs by name, as filtered."""
    tariffs: Sequence[Tariff] = ctx.world.tariffs
    if available_for_user_id is not None:
        tariffs = ctx.world.tariffs_available_to(_visible_driver(ctx, available_for_user_id))
    if supplier_id is None and valid is None and gsp_group is None:
        return tariffs
    return [
        tariff
        for tariff in tariffs
        if supplier_id in (None, tariff.supplier.id)
        and gsp_group in (None, tariff.gsp_group)
        and (valid is None or ctx.world.is_open(tariff) is valid)
    ]


async def get_tariffs_tariff_id(ctx: Context, *, tariff_id: str, available_for_user_id: str | None) -> Tariff:
    """One tariff; with a user, only if it is sold where the user lives."""
    tariff = _found(ctx, tariff_id)
    if available_for_user_id is not None:
        driver = _visible_driver(ctx, available_for_user_id)
        if tariff not in ctx.world.tariffs_available_to(driver):
            raise NotFound(f"Tariff {tariff_id} is not available to user {available_for_user_id}.")
    return tariff


async def get_tariff_prices(
    ctx: Context, *, tariff_id: str, started_at__gte: datetime | None, started_at__lte: datetime | None
) -> Sequence[PriceSlot]:
    """The known prices of a tariff, newest first."""
    return ctx.world.price_series(_found(ctx, tariff_id), started_at__gte, started_at__lte)[::-1]


def _found(ctx: Context, tariff_id: str) -> Tariff:
    tariff = ctx.world.tariff(tariff_id)
    if tariff is None:
        raise NotFound(f"There is no tariff {tariff_id}.")
    return tariff


def _visible_driver(ctx: Context, user_id: str) -> Driver:
    driver = ctx.world.driver(user_id)
    if driver is None or (ctx.principal and ctx.principal.user_id not in (None, user_id)):
        raise NotFound(f"There is no user {user_id}.")
    return driver
