"""Defects of bills, receipts and disputes, of reports and invoices, and of the deliveries of webhooks."""

from __future__ import annotations

from typing import Any

from mockserver.defects.altering import instead
from mockserver.defects.defect import Answer, Defect, Memory, Request
from mockserver.defects.dynamo.kinds import at, body, each

ENERGY = ("get-energy-by-charge-point", "get-energy-by-project", "get-energy-trend")
REVENUE = ("get-revenue-by-charge-point", "get-revenue-by-project")
_BREAKDOWN = {"components": [], "discounts": [], "total_cost": 0, "subtotal": 0}


def _cent_more(bill: Any) -> None:
    bill["total_cost"] = round(bill["total_cost"] + 0.01, 2)


def _dearer(bill: Any) -> None:
    bill["components"][0]["unit_price"] += 1


def _charge_point_lost(report: Any) -> None:
    """Without the largest row, in the totals, too."""
    name = "energy_kwh" if "total_energy_kwh" in report else "revenue"
    row = max(report["data"], key=lambda row: row[name])
    report["data"].remove(row)
    report[f"total_{name}"] = round(report[f"total_{name}"] - row[name], 3)
    report["total_sessions"] -= row["session_count"]


def _less(report: Any) -> None:
    """A session less than there were."""
    row = report["data"][0]
    row["session_count"] -= 1
    report["total_sessions"] -= 1


def _as_text(_: Request, answer: Answer, __: Memory) -> Answer:
    return Answer(200, {**answer.headers, "content-type": "text/plain"}, b"Receipt") if answer.is_success else answer


DEFECTS = (
    Defect(
        "bill-off-by-a-cent",
        "The cost breakdown of a session comes to a cent more than the session costs.",
        at("get-billing-session-cost-breakdown"),
        answer=body(_cent_more),
    ),
    Defect(
        "unit-price-wrong",
        "The first line of a cost breakdown names a price that it was not computed with.",
        at("get-billing-session-cost-breakdown"),
        answer=body(_dearer),
    ),
    Defect(
        "drivers-see-more",
        "Drivers see a cent more than the operator charges.",
        at("get-session-cost-breakdown"),
        answer=body(_cent_more),
    ),
    Defect(
        "drivers-see-others",
        "Drivers see what sessions of others cost.",
        at("get-session-cost-breakdown"),
        answer=instead(200, 404, _BREAKDOWN),
    ),
    Defect(
        "runs-after-its-end",
        "Sessions that are over are listed as active.",
        at("list-portal-sessions"),
        answer=each("data", lambda session: session.update(status="active")),
    ),
    Defect("receipt-is-text", "Receipts are text.", at("download-billing-session-receipt"), answer=_as_text),
    Defect(
        "receipt-too-early",
        "There is a receipt while a session runs.",
        at("download-billing-session-receipt"),
        answer=instead(200, 409),
    ),
    Defect(
        "live-for-ever",
        "A session that is over has a live cost.",
        at("get-billing-session-live-cost"),
        answer=instead(200, 409),
    ),
    Defect(
        "disputed-twice",
        "A session can have two disputes at a time.",
        at("submit-session-dispute"),
        answer=instead(201, 409),
    ),
    Defect(
        "code-given-twice",
        "A promotional code can be created twice.",
        at("create-promotional-code"),
        answer=instead(201, 409),
    ),
    Defect(
        "trend-lacks-a-session",
        "A report over time lacks a session.",
        at("get-energy-trend"),
        answer=body(_less),
    ),
    Defect(
        "report-lacks-a-charge-point",
        "Reports leave out the charge point with the most.",
        at("get-energy-by-charge-point", "get-revenue-by-charge-point"),
        answer=body(_charge_point_lost),
    ),
    Defect(
        "report-lacks-a-row",
        "Reports lack their last row, which their totals count.",
        at(*ENERGY, *REVENUE),
        answer=body(lambda report: report["data"].pop()),
    ),
    Defect(
        "invoice-off-by-a-cent",
        "Invoices come to a cent more than their parts.",
        at("list-invoices"),
        answer=each("invoices", lambda invoice: invoice.update(total=round(invoice["total"] + 0.01, 2))),
    ),
    Defect(
        "delivered-in-vain",
        "A delivery that was refused counts as delivered.",
        at("list-webhook-deliveries"),
        answer=each("deliveries", lambda delivery: delivery.update(status="delivered", response_status=500)),
    ),
)
