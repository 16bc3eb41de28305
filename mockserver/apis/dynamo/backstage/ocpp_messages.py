"""Tag OCPP messages: what was sent to charge points, and what they sent."""

from __future__ import annotations

from itertools import islice
from typing import Any

from mockserver.http.exchange import Context


async def list_ocpp_messages(
    ctx: Context, *, limit: int, charge_point_id: str | None, action: str | None, sender: str | None
) -> list[dict[str, Any]]:
    """Calls that fit, newest first."""
    fitting = (
        call.as_json()
        for call in ctx.runtime.ocpp
        if charge_point_id in (None, call.station) and action in (None, call.action) and sender in (None, call.sender)
    )
    return list(islice(fitting, limit))
