"""E-mails that the mock has caught instead of sending them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from mockserver.http.exchange import Context, Reply
from mockserver.http.mailbox import Message


async def list_messages(ctx: Context, *, limit: int, to: str | None) -> list[Message]:
    """E-mails that fit, newest first; addresses are compared without regard to case."""
    messages = await ctx.runtime.mailbox.messages()
    return [message for message in messages if to is None or message["to"].lower() == to.lower()][:limit]


async def show_mailbox(ctx: Context) -> Reply:
    """All e-mails as a page for people."""
    return Reply(
        200,
        _template().render(messages=await ctx.runtime.mailbox.messages()),
        [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ],
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(
        Path(__file__).with_name("mailbox.html").read_text(encoding="utf-8")
    )
