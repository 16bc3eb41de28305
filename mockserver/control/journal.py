"""What was called, and how it was answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any, TypedDict, Unpack

from mockserver.clock import timestamp
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context
from mockserver.http.journal import Entry
from mockserver.http.wildcard import matches


class Filters(TypedDict):
    """The filters of the contract; None is any."""

    api: str | None
    operation_id: str | None
    method: str | None
    path: str | None
    status: int | None
    status__gte: int | None
    status__lte: int | None
    since: datetime | None
    until: datetime | None
    request_id: str | None
    client_id: str | None


def _entries(ctx: Context, asked: Filters) -> Iterator[Entry]:
    def fits(entry: Entry) -> bool:
        return (
            asked["api"] in (None, entry.api)
            and asked["operation_id"] in (None, entry.operation_id)
            and asked["method"] in (None, entry.method)
            and asked["status"] in (None, entry.status)
            and asked["request_id"] in (None, entry.request_id)
            and asked["client_id"] in (None, entry.client_id)
            and (asked["path"] is None or matches(asked["path"], entry.path))
            and (asked["status__gte"] is None or (entry.status or 0) >= asked["status__gte"])
            and (asked["status__lte"] is None or 0 < (entry.status or 0) <= asked["status__lte"])
            and (asked["since"] is None or entry.at >= asked["since"])
            and (asked["until"] is None or entry.at <= asked["until"])
        )

    return filter(fits, ctx.runtime.journal)


async def list_requests(ctx: Context, *, limit: int, before: str | None, **asked: Unpack[Filters]) -> list[Any]:
    """Exchanges that fit, newest first; `before` goes on behind the last one seen."""
    older = (entry for entry in _entries(ctx, asked) if before is None or entry.request_id < before)
    return [entry.as_json() for entry in islice(older, limit)]


async def count_calls(ctx: Context, **asked: Unpack[Filters]) -> dict[str, Any]:
    """Was this called, how often, and when first and last."""
    entries = list(_entries(ctx, asked))
    return {
        "called": bool(entries),
        "count": len(entries),
        "first_at": timestamp(entries[-1].at) if entries else None,
        "last_at": timestamp(entries[0].at) if entries else None,
    }


async def get_request(ctx: Context, *, request_id: str) -> dict[str, Any]:
    """One exchange."""
    for entry in ctx.runtime.journal:
        if entry.request_id == request_id:
            return entry.as_json()
    raise NotFound(f"The journal holds no request {request_id[:80]!r}.")


async def clear_journal(ctx: Context) -> None:
    """Forget all exchanges."""
    ctx.runtime.journal.clear()
