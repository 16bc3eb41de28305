"""Tag Bench: handlers that do what a test tells them to."""

from __future__ import annotations

from typing import Any

from mockserver.http.exchange import Context, Reply
from tests.mockserver.http.workshop import Answer

GOOD_HEADERS = [("x-count", "1")]


def good(ctx: Context) -> Reply:
    """An answer that keeps the contract."""
    return Reply(200, {"id": 1}, GOOD_HEADERS)


class Told:
    """What the handlers do; a test changes `answer`."""

    answer: Answer = staticmethod(good)
    writes: tuple[str, ...] = ()


async def read_answer(ctx: Context) -> Any:
    """As told."""
    return Told.answer(ctx)


async def write_answer(ctx: Context) -> Any:
    """Write, then as told."""
    for key in Told.writes:
        await ctx.store.put("written", key, {})
    return Told.answer(ctx)


async def end_answer(ctx: Context) -> Any:
    """As told."""
    return Told.answer(ctx)


async def read_text(ctx: Context) -> Any:
    """As told."""
    return Told.answer(ctx)


async def read_mood(ctx: Context) -> list[str]:
    """What the API's own parameters have left in the context."""
    return sorted(ctx.included)
