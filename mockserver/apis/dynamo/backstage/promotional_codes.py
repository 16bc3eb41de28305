"""Tag Promotional codes: entered by drivers while they charge, and how often each was used."""

from __future__ import annotations

from datetime import datetime

from mockserver.apis.dynamo.bills import session_of
from mockserver.apis.dynamo.price_registry import CODES, REDEMPTIONS
from mockserver.apis.dynamo.prices import promotion
from mockserver.apis.dynamo.registry import ORGANIZATIONS, to_the_second
from mockserver.apis.dynamo.sessions import BilledSession
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.wire import Wire
from mockserver.domain.billing.promotions import Refusal
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context
from mockserver.store import Value

_OF_CODE = ("code_id", "code", "max_uses", "max_uses_per_user", "expires_at")
_REFUSALS = {
    Refusal.EXPIRED: "expired at {expires_at}",
    Refusal.USED_UP: "is used up: max_uses is {max_uses}",
    Refusal.USED_UP_BY_USER: "is used up by this driver: max_uses_per_user is {max_uses_per_user}",
    Refusal.OTHER_CURRENCY: "is an amount in {currency}, and the session is billed in {billed_in}",
}


async def list_promotional_codes(ctx: Context, *, org_id: str) -> Wire:
    """All of an organization, newest first."""
    await ORGANIZATIONS.get(ctx, org_id)
    redeemed = await REDEMPTIONS.of(org_id).list(ctx)
    used = [each["promotion"]["code_id"] for each in redeemed if await _is_over(ctx, org_id, each["session_id"])]
    newest_first = (await CODES.of(org_id).list(ctx))[::-1]
    return {
        "data": [
            {**{name: each[name] for name in _OF_CODE}, "uses_count": used.count(each["code_id"])}
            for each in newest_first
        ]
    }


async def enter_promotional_code(ctx: Context, *, org_id: str, session_id: str) -> Wire:
    """Use one for a session, instead of another that was entered before."""
    session, wanted = await _under_way(ctx, org_id, session_id), ctx.body["code"]
    found = await CODES.of(org_id).list(ctx, code=wanted)
    if not found:
        raise NotFound(f"There is no promotional code {wanted}.", slug="promotional_code_not_found")
    code, redemptions = found[0], REDEMPTIONS.of(org_id)
    before = await redemptions.find(ctx, session_id)
    if before is not None and before["promotion"]["code_id"] == code["code_id"]:
        return _shown(before)
    user = session.user_id or session.id_tag.casefold()
    users = [each["user"] for each in await redemptions.list(ctx) if each["promotion"]["code_id"] == code["code_id"]]
    currency, uses = session.bill.currency, {"uses": len(users), "uses_by_user": users.count(user)}
    refusal = promotion(code).refusal(at=ctx.at, currency=currency, **uses)
    if refusal is not None:
        text = f"The promotional code {wanted} {_REFUSALS[refusal].format(**code, billed_in=currency)}."
        raise Conflict(text, slug=f"promotional_code_{refusal}")
    if before is not None:
        await redemptions.delete(ctx, session_id)
    return _shown(await redemptions.create(ctx, key=session_id, body={}, promotion=code, user=user))


async def take_back_promotional_code(ctx: Context, *, org_id: str, session_id: str) -> None:
    """Use none that was entered."""
    await _under_way(ctx, org_id, session_id)
    if await REDEMPTIONS.of(org_id).find(ctx, session_id) is None:
        raise NotFound("No promotional code was entered for the session.", slug="promotional_code_not_found")
    await REDEMPTIONS.of(org_id).delete(ctx, session_id)


async def _under_way(ctx: Context, org_id: str, session_id: str) -> BilledSession:
    await ORGANIZATIONS.get(ctx, org_id)
    session = await session_of(ctx, session_id, org_id=org_id)
    if session.ended_at is not None:
        text = f"The session ended at {to_the_second(session.ended_at)}, and its cost is final."
        raise Conflict(text, slug="session_finished")
    return session


async def _is_over(ctx: Context, org_id: str, session_id: str) -> bool:
    number = session_id.removeprefix("sess_")
    kept, of_world = await TRANSACTIONS.of(org_id).find(ctx, f"txn_{number}"), ctx.world.session(number)
    if kept is not None:
        return kept["stopped_at"] is not None and datetime.fromisoformat(kept["stopped_at"]) <= ctx.at
    return of_world is not None and of_world.ended_at is not None and of_world.ended_at <= ctx.at


def _shown(redemption: Value) -> Wire:
    return {
        "session_id": redemption["session_id"],
        "code": redemption["promotion"]["code"],
        "entered_at": redemption["entered_at"],
    }
