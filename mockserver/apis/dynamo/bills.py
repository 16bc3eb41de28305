"""What the driver portal and the operator's billing have in common: sessions with all that clients did to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from mockserver.apis.dynamo.disputes import DISPUTES
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.price_registry import REDEMPTIONS
from mockserver.apis.dynamo.registry import ORGANIZATIONS
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.sessions import BilledSession, Driver, sessions
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.stations.visits import came
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context, Reply


async def sessions_of(
    ctx: Context,
    driver: Driver | None = None,
    *,
    org_id: str | None = None,
    since: datetime | None = None,
    only: str | None = None,
) -> Sequence[BilledSession]:
    """The sessions of an organization, or of one of its drivers, newest first; of days not before `since`.

    The organization is the caller's if none is given; `only` is the id of one of the sessions.
    """
    org_id = org_id or Caller.of(ctx).org_id
    return sessions(
        ctx.world,
        org_id,
        ctx.at,
        of=driver,
        since=since,
        only=only,
        transactions=await TRANSACTIONS.of(org_id).list(ctx),
        redemptions=await REDEMPTIONS.of(org_id).list(ctx),
        came=await came(ctx, org_id),
        book=await PriceBook.of(ctx, org_id),
    )


async def session_of(
    ctx: Context, session_id: str, driver: Driver | None = None, *, org_id: str | None = None
) -> BilledSession:
    """The one of them with that id; NotFound when there is none."""
    found = await sessions_of(ctx, driver, org_id=org_id, only=session_id)
    if not found:
        raise NotFound(f"There is no session {session_id}.", slug="session_not_found")
    return found[0]


Disputed = tuple[BilledSession, Mapping[str, str]]
"""A session, and the state of the latest dispute by session, where there is one."""


async def with_disputes(ctx: Context, found: Sequence[BilledSession]) -> Sequence[Disputed]:
    """Each with what is disputed; of a list, only those of the page are looked up."""
    disputes = {each["session_id"]: each["status"] for each in await DISPUTES.list(ctx)}
    return [(session, disputes) for session in found]


async def receipt_of(ctx: Context, session: BilledSession) -> Reply:
    """The receipt of a session that is over, for the driver, or else for whoever has the card."""
    from mockserver.receipts.receipt import Issuer, Recipient, receipt  # here because it loads a PDF library

    refuse_unfinished(session, "There is no receipt before the session has ended.")
    organization = await ORGANIZATIONS.get(ctx, Caller.of(ctx).org_id)
    site = session.site_id and await SITES.find(ctx, session.site_id)
    who = session.driver.person if session.driver else None
    pdf = receipt(
        session.bill,
        session.facts,
        issuer=Issuer(**{name: organization[name] for name in ("name", "country", "contact_email")}),
        driver=Recipient(name=who.full_name, email=who.email) if who else Recipient(name=f"Card {session.id_tag}"),
        site_name=site["name"] if site else session.charge_point_id,
        connector_id=session.connector_id,
    )
    return Reply(200, pdf, [("content-disposition", f'attachment; filename="receipt-{session.id}.pdf"')])


def refuse_unfinished(session: BilledSession, text: str) -> None:
    """Conflict, with that text, while it is under way."""
    if session.ended_at is None:
        raise Conflict(text, slug="session_not_finished")
