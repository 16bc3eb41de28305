"""Tag Sessions: the sessions of the partner's drivers, also those that still run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mockserver.apis.dynamo.ocpi.operator import updated
from mockserver.apis.dynamo.ocpi.roaming import RoamingSession, roaming_sessions
from mockserver.http.exchange import Context


async def list_sessions(ctx: Context, *, date_from: datetime, date_to: datetime | None) -> Sequence[RoamingSession]:
    """Those that were updated in the range."""
    return updated(await roaming_sessions(ctx), date_from, date_to)
