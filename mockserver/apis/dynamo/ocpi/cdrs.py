"""Tag CDRs: what the sessions of the partner's drivers cost, once they are over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mockserver.apis.dynamo.ocpi.operator import updated
from mockserver.apis.dynamo.ocpi.roaming import RoamingSession, roaming_sessions
from mockserver.http.exchange import Context


async def list_cdrs(ctx: Context, *, date_from: datetime | None, date_to: datetime | None) -> Sequence[RoamingSession]:
    """Those that ended in the range."""
    return updated([each for each in await roaming_sessions(ctx) if each.session.ended_at], date_from, date_to)
