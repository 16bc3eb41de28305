"""Store to wire."""

from __future__ import annotations

from typing import Any

from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion


def thing(thing: dict[str, Any], ctx: Context, expansion: Expansion) -> dict[str, Any]:
    """Thing, with its maker as a URL or an object."""

    def maker(below: Expansion) -> dict[str, Any]:
        return {"name": "Maker", "town": below.reference("town", ctx.url("towns", "1"), lambda _: {"name": "Town"})}

    return {
        **thing,
        "url": ctx.url("things", str(thing["id"])),
        "maker": expansion.reference("maker", ctx.url("makers", "1"), maker),
    }
