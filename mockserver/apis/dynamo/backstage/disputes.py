"""Tag Disputes: looked into and settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockserver.apis.dynamo.disputes import DISPUTE, DISPUTES
from mockserver.apis.dynamo.registry import ORGANIZATIONS
from mockserver.apis.dynamo.views import dispute
from mockserver.apis.dynamo.wire import Wire
from mockserver.http.errors import FieldError, InvalidRequest
from mockserver.http.exchange import Context

_TRANSITIONS = {"under_review": "review", "resolved": "resolve", "rejected": "reject", "withdrawn": "withdraw"}
"""How a dispute gets into a state."""


async def list_disputes(ctx: Context, *, org_id: str) -> Wire:
    """All of an organization's drivers, newest first."""
    await ORGANIZATIONS.get(ctx, org_id)
    found = await DISPUTES.of(org_id).list(ctx)
    newest_first = sorted(found, key=lambda each: str(each["created_at"]), reverse=True)
    return {"data": [dispute(each, ctx, ctx.expansion) for each in newest_first]}


async def move_dispute(ctx: Context, *, org_id: str, dispute_id: str) -> Wire:
    """Review, resolve, reject or withdraw one."""
    await ORGANIZATIONS.get(ctx, org_id)
    disputes, status = DISPUTES.of(org_id), ctx.body["status"]
    found = await disputes.get(ctx, dispute_id)
    changes = DISPUTE.move(found, _TRANSITIONS[status], ctx.at)
    if status == "resolved":
        changes["resolution"] = _settlement(ctx.body, found["charged_cost"])
    if status == "rejected":
        changes["resolution"] = {"outcome": "rejected", "refunded_amount": 0, "note": ctx.body.get("note")}
    # As a whole, since those about sessions of the world are known for a while only.
    return dispute(await disputes.set(ctx, found, **found | changes), ctx, ctx.expansion)


def _settlement(body: Mapping[str, Any], charged_cost: float) -> dict[str, Any]:
    wrong = [FieldError("body", name, "is missing") for name in ("outcome", "refunded_amount") if name not in body]
    if body.get("refunded_amount", 0) > charged_cost:
        wrong.append(FieldError("body", "refunded_amount", f"is more than was charged, which is {charged_cost}"))
    if wrong:
        raise InvalidRequest(wrong)
    return {"outcome": body["outcome"], "refunded_amount": body["refunded_amount"], "note": body.get("note")}
