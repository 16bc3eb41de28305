"""Tag Driver portal: what drivers see of their sessions, and how they complain about them."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo import sessions
from mockserver.apis.dynamo.disputes import DISPUTE, DISPUTES, about
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.registry import ORGANIZATIONS
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.sessions import DriverSession
from mockserver.apis.dynamo.span import Span
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context, Reply
from mockserver.store import Value


async def list_portal_sessions(ctx: Context, **between: str | None) -> Sequence[tuple[DriverSession, str | None]]:
    """The driver's sessions that began in the range, newest first, each with the state of its latest dispute."""
    span = Span.of(between)
    disputes = {each["session_id"]: each["status"] for each in await DISPUTES.list(ctx)}
    return [(session, disputes.get(session.id)) for session in await _sessions(ctx) if session.started_at in span]


async def get_session_cost_breakdown(ctx: Context, *, session_id: str) -> CostBreakdown:
    """What a session costs, line by line."""
    return (await _session(ctx, session_id)).bill


async def download_session_receipt(ctx: Context, *, session_id: str) -> Reply:
    """The receipt of a session that is over."""
    from mockserver.receipts.receipt import Issuer, Recipient, receipt  # here because it loads a PDF library

    session = _over(await _session(ctx, session_id), "There is no receipt before the session has ended.")
    organization = await ORGANIZATIONS.get(ctx, Caller.of(ctx).principal.client_id)
    who = session.driver.person
    pdf = receipt(
        session.bill,
        session.facts,
        issuer=Issuer(**{name: organization[name] for name in ("name", "country", "contact_email")}),
        driver=Recipient(name=who.full_name, email=who.email),
        site_name=session.session.site.name,
        connector_id=session.session.evse.number,
    )
    return Reply(200, pdf, [("content-disposition", f'attachment; filename="receipt-{session_id}.pdf"')])


async def submit_session_dispute(ctx: Context, *, session_id: str) -> Value:
    """Complain about the cost of a session that is over, unless an earlier complaint stands in the way."""
    session = _over(await _session(ctx, session_id), "There is nothing to dispute before the session has ended.")
    earlier = await DISPUTES.list(ctx, session_id=session_id)
    if earlier:
        DISPUTE.move(earlier[-1], "open_another", ctx.at)
    return await DISPUTES.create(ctx, **about(session))


async def _sessions(ctx: Context) -> Sequence[DriverSession]:
    principal = Caller.of(ctx).principal
    driver = sessions.driver(ctx.world, principal.client_id, principal.user_id or "")
    assert driver is not None, "asked for whoever is no driver"  # noqa: S101  # a defect, not an input
    transactions = await TRANSACTIONS.list(ctx, is_of_world=True)
    book = await PriceBook.of(ctx, principal.client_id)
    return driver.sessions(ctx.at, {each["id"]: each for each in transactions}, book)


async def _session(ctx: Context, session_id: str) -> DriverSession:
    found = next((each for each in await _sessions(ctx) if each.id == session_id), None)
    if found is None:
        raise NotFound(f"There is no session {session_id}.", slug="session_not_found")
    return found


def _over(session: DriverSession, otherwise: str) -> DriverSession:
    if session.ended_at is None:
        raise Conflict(otherwise, slug="session_not_finished")
    return session
