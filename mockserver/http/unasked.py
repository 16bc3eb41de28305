"""Work that no request asks for, written with the same contexts and transactions as the work of handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from mockserver.http.exchange import Context, Exchange

if TYPE_CHECKING:
    from mockserver.http.runtime import Runtime

_NOBODYS: Final[Mapping[str, Any]] = {
    "method": "POST",
    "query_string": b"",
    "headers": [],
    "scheme": "http",
    "server": ("localhost", None),
}


@asynccontextmanager
async def unasked(runtime: Runtime, api: str, at: datetime | None = None) -> AsyncIterator[Context]:
    """A transaction on behalf of the API of that name, and after it what waits for its commit; `at` is now, or then.

    Nobody calls in its context, and there is no body.
    """
    mounted = next(each for each in runtime.apis if each.api.name == api)
    ctx = Context(Exchange({**_NOBODYS}, None, runtime, mounted, "/"))
    ctx.at = at or ctx.at
    async with runtime.store.transaction():
        yield ctx
    await ctx.finish()
