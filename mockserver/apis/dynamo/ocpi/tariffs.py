"""Tag Tariffs: what charging costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mockserver.apis.dynamo.ocpi.offers import Offer
from mockserver.apis.dynamo.ocpi.operator import operator_of, updated
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.roles import Caller
from mockserver.http.exchange import Context


async def list_tariffs(ctx: Context, *, date_from: datetime | None, date_to: datetime | None) -> Sequence[Offer]:
    """All, as they are now."""
    operator, book = await operator_of(ctx), await PriceBook.of(ctx, Caller.of(ctx).org_id)
    return updated([Offer(operator, book, each, ctx.at) for each in book.at(ctx.at).tariffs], date_from, date_to)
