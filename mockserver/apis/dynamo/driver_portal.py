"""Tag Driver portal: what drivers see of their sessions, and how they complain about them."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo import bills, sessions
from mockserver.apis.dynamo.disputes import DISPUTE, DISPUTES, about
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.sessions import Driver
from mockserver.apis.dynamo.span import Span
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value


async def list_portal_sessions(ctx: Context, **between: str | None) -> Sequence[bills.Disputed]:
    """The driver's sessions that began in the range, newest first, each with what is disputed."""
    span = Span.of(between)
    found = await bills.sessions_of(ctx, _driver(ctx))
    return await bills.with_disputes(ctx, [session for session in found if session.started_at in span])


async def get_session_cost_breakdown(ctx: Context, *, session_id: str) -> CostBreakdown:
    """What a session costs, line by line."""
    return (await bills.session_of(ctx, session_id, _driver(ctx))).bill


async def download_session_receipt(ctx: Context, *, session_id: str) -> Reply:
    """The receipt of a session that is over."""
    return await bills.receipt_of(ctx, await bills.session_of(ctx, session_id, _driver(ctx)))


async def submit_session_dispute(ctx: Context, *, session_id: str) -> Value:
    """Complain about the cost of a session that is over, unless an earlier complaint stands in the way."""
    session = await bills.session_of(ctx, session_id, _driver(ctx))
    bills.refuse_unfinished(session, "There is nothing to dispute before the session has ended.")
    earlier = await DISPUTES.list(ctx, session_id=session_id)
    if earlier:
        DISPUTE.move(earlier[-1], "open_another", ctx.at)
    return await DISPUTES.create(ctx, **about(session))


def _driver(ctx: Context) -> Driver:
    principal = Caller.of(ctx).principal
    driver = sessions.driver(ctx.world, principal.client_id, principal.user_id or "")
    assert driver is not None, "asked for whoever is no driver"  # noqa: S101  # a defect, not an input
    return driver
