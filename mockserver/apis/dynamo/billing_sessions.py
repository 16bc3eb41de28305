"""Tag Billing sessions: what the sessions of an organization cost, one by one and month by month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.invoices import Invoice, invoices_of
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.span import Span
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.http.errors import Conflict, FieldError, InvalidRequest
from mockserver.http.exchange import Context, Reply


async def list_billing_sessions(
    ctx: Context, *, charge_point_id: str | None, user_id: str | None, status: str | None, **between: str | None
) -> Sequence[bills.Disputed]:
    """Those that began in the range and fit, newest first, each with what is disputed."""
    span = Span.of(between)
    found = [
        session
        for session in await bills.sessions_of(ctx)
        if session.started_at in span
        and charge_point_id in (None, session.charge_point_id)
        and user_id in (None, session.user_id)
        and (status is None or status == session.status)
    ]
    return await bills.with_disputes(ctx, found)


async def get_billing_session(ctx: Context, *, session_id: str) -> bills.Disputed:
    """One of them."""
    (found,) = await bills.with_disputes(ctx, [await bills.session_of(ctx, session_id)])
    return found


async def get_billing_session_cost_breakdown(ctx: Context, *, session_id: str) -> CostBreakdown:
    """What it costs, line by line."""
    return (await bills.session_of(ctx, session_id)).bill


async def download_billing_session_receipt(ctx: Context, *, session_id: str) -> Reply:
    """The receipt, when it is over."""
    return await bills.receipt_of(ctx, await bills.session_of(ctx, session_id))


async def get_billing_session_live_cost(ctx: Context, *, session_id: str) -> CostBreakdown:
    """What it has cost so far, while it is under way."""
    session = await bills.session_of(ctx, session_id)
    if session.ended_at is not None:
        text = f"The session ended at {to_the_second(session.ended_at)}; ask for its cost breakdown."
        raise Conflict(text, slug="session_not_active")
    return session.bill


async def list_invoices(ctx: Context, *, status: str | None, **between: date | None) -> Sequence[Invoice]:
    """Those that fit, the latest month first."""
    first, last = between["from"] or date.min, between["to"] or date.max
    if last < first:
        raise InvalidRequest([FieldError("query", "to", "is earlier than from")])
    return [
        invoice
        for invoice in await invoices_of(ctx, Caller.of(ctx).org_id)
        if invoice.first_day <= last and first <= invoice.last_day and status in (None, invoice.status)
    ]
