"""Store to wire."""

from __future__ import annotations

from typing import Any

from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion


def charger(charger: dict[str, Any], ctx: Context, expansion: Expansion) -> dict[str, Any]:
    """Charger."""
    return {"url": ctx.url("chargers", charger["id"]), **charger}
