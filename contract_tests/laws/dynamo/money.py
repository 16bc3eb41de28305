"""What sessions cost: bills, receipts, disputes, and what reports make of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from contract_tests.laws.dynamo.things import billed, fresh, one_billed
from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage

BILLED, BILL = "GET /billing/sessions/{session_id}", "GET /billing/sessions/{session_id}/cost-breakdown"
RECEIPT, LIVE = "GET /billing/sessions/{session_id}/receipt", "GET /billing/sessions/{session_id}/live-cost"
PORTAL, DRIVERS_BILL = "GET /portal/sessions", "GET /portal/sessions/{session_id}/cost-breakdown"
DISPUTE = "POST /portal/sessions/{session_id}/dispute"
CODE = "POST /billing/promotional-codes"
ENERGY, BY_PROJECT = "GET /analytics/energy/by-charge-point", "GET /analytics/energy/by-project"
TREND, REVENUE = "GET /analytics/energy/trend", "GET /analytics/revenue/by-charge-point"
_CENT = Decimal("0.01")
_UNSETTLED = ("open", "under_review")
_DAYS_AGO = 3
"""Reports are asked for a day when no session of it still runs."""
_LONGEST_DAYS = 14
"""Cars stay plugged in over holidays."""


@law("inferred", "critical", BILL, BILLED)
def bill_is_what_the_session_costs(stage: Stage) -> None:
    """The total of the cost breakdown of a session that is over is its total_cost, and final."""
    session = one_billed(stage, status="completed")
    exchange = stage.done(BILL, session_id=session["session_id"])
    bill = stage.fitting(exchange)
    read = stage.got(BILLED, session_id=session["session_id"])
    for name in ("total_cost", "currency", "energy_kwh", "duration_minutes"):
        for where, other in (("listed", session), ("read by itself", read)):
            says = f"{name} is {other[name]}, as the session is {where}"
            stage.require(bill[name] == other[name], exchange, says, f"{bill[name]}", f"CostBreakdown.{name}")
    stage.require(bill["is_final"], exchange, "is_final: the session is over", "it is not", "CostBreakdown.is_final")


@law("inferred", "critical", DRIVERS_BILL, BILL)
def driver_and_operator_see_the_same_bill(stage: Stage) -> None:
    """A driver sees the same bill of a session as the operator."""
    session = next((each for each in _portal(stage) if each["ended_at"]), None)
    if session is None:
        raise NotPlayed("the driver has no session that is over")
    session_id = session["session_id"]
    operators = stage.got(BILL, session_id=session_id)
    exchange = stage.done(DRIVERS_BILL, session_id=session_id)
    drivers = stage.fitting(exchange)
    for name, value in operators.items():
        same = drivers.get(name) == value
        stage.require(same, exchange, f"{name} is {value}", f"{drivers.get(name)}", f"CostBreakdown.{name}")
    says = f"the portal's list says {session['total_cost']}"
    came = drivers["total_cost"]
    stage.require(came == session["total_cost"], exchange, says, f"{came}", "CostBreakdown.total_cost")


@law("published", "critical", PORTAL, DRIVERS_BILL)
def drivers_see_their_own_sessions_only(stage: Stage) -> None:
    """A session of another driver is neither in a driver's list nor to be found there."""
    own = _portal(stage)[0]
    driver = stage.got(BILLED, session_id=own["session_id"])["user_id"]
    others = (
        each["session_id"]
        for each in stage.got("GET /billing/sessions", query={"limit": 200})["sessions"]
        if each["user_id"] not in (None, driver)
    )
    other = next(others, None)
    if other is None:
        raise NotPlayed("there is no session of another driver")
    exchange = stage.call(DRIVERS_BILL, session_id=other)
    stage.refuses(exchange, (404,), "404: it is another driver's", "PortalSession")
    exchange = stage.done(PORTAL, query={"limit": 100})
    listed = {each["session_id"] for each in stage.fitting(exchange)["data"]}
    stage.require(other not in listed, exchange, f"{other} is another driver's", "it is listed", "PortalSession")


@law("published", "major", RECEIPT)
def receipt_is_a_pdf(stage: Stage) -> None:
    """The receipt of a session that is over is a PDF."""
    session_id = one_billed(stage, status="completed")["session_id"]
    first = stage.succeeds(stage.call(RECEIPT, session_id=session_id), "a session that is over has a receipt")
    kind = first.answer_headers.get("content-type", "")
    stage.require(kind.startswith("application/pdf"), first, "application/pdf", kind)
    stage.require(first.answer.startswith(b"%PDF-"), first, "it begins with %PDF-", repr(first.answer[:8]))


@law("published", "critical", RECEIPT)
def receipt_comes_when_the_session_is_over(stage: Stage) -> None:
    """A session that runs has no receipt yet."""
    exchange = stage.call(RECEIPT, session_id=one_billed(stage, status="active")["session_id"])
    stage.refuses(exchange, (404, 409), "409: the session is not finished", "BillingSession")


@law("inferred", "minor", LIVE)
def live_cost_ends_with_the_session(stage: Stage) -> None:
    """A session has a live cost while it runs, and none when it is over: 409."""
    active = one_billed(stage, status="active")["session_id"]
    stage.succeeds(stage.call(LIVE, session_id=active), "what runs has a live cost", "LiveCost")
    over = one_billed(stage, status="completed")["session_id"]
    stage.refuses(stage.call(LIVE, session_id=over), (409,), "409: the session is over", "LiveCost")


@law("inferred", "major", DISPUTE, PORTAL)
def session_has_one_dispute_at_a_time(stage: Stage) -> None:
    """While a dispute about a session is not settled there cannot be another, and none at all while it runs."""
    body = {"reason": f"I did not charge that much, says {stage.name()}."}
    found = _portal(stage)
    session = next((each for each in found if each.get("dispute_status") in _UNSETTLED), None)
    if session is None:
        session = next((each for each in found if each["ended_at"] and not each.get("dispute_status")), None)
        if session is None:
            raise NotPlayed("the driver has no session that can be disputed")
        stage.done(DISPUTE, body, session_id=session["session_id"])
    exchange = stage.call(DISPUTE, body, session_id=session["session_id"])
    stage.refuses(exchange, (409,), "409: the session is disputed already", "Dispute")
    for each in found:
        if not each["ended_at"]:
            exchange = stage.call(DISPUTE, body, session_id=each["session_id"])
            stage.refuses(exchange, (409,), "409: the session is not finished", "Dispute")


@law("published", "major", CODE)
def promotional_code_is_unique(stage: Stage) -> None:
    """An organization has a promotional code once."""
    percent = {"discount_type": "percent", "discount_value": 10, "description": stage.name()}
    made = fresh(stage, CODE, lambda number: {"code": f"GM{number}", **percent})
    exchange = stage.call(CODE, {"code": made["code"], **percent})
    stage.refuses(exchange, (400, 409, 422), f"409: there is a code {made['code']}", "PromotionalCode.code")


@law("inferred", "critical", ENERGY, BY_PROJECT, TREND)
def reports_have_the_same_totals(stage: Stage) -> None:
    """The same days have the same energy and sessions by charge point and over time, and no more of them by project."""
    _, query = _a_day(stage)
    first = stage.got(ENERGY, query=query)
    for operation in (TREND, BY_PROJECT):
        exchange = stage.done(operation, query=query)
        other = stage.fitting(exchange)
        for name in ("total_energy_kwh", "total_sessions"):
            # Charge points may belong to no project.
            fits = _close(other[name], first[name]) or (operation == BY_PROJECT and other[name] < first[name])
            says = f"{name} is {first[name]}, as by charge point"
            stage.require(fits, exchange, says, f"{other[name]}", f"EnergyTotals.{name}")


@law("inferred", "critical", ENERGY, REVENUE)
def reports_add_up_what_sessions_cost(stage: Stage) -> None:
    """Reports of a charge point add up its billing sessions: those that ended in the range, or that began in it."""
    day, query = _a_day(stage)
    charge_point_id = one_billed(stage, **query)["charge_point_id"]
    before = {"from": str(day - timedelta(days=_LONGEST_DAYS)), "to": str(day)}
    sessions = billed(stage, charge_point_id=charge_point_id, **before)
    query["charge_point_id"] = charge_point_id
    energy, revenue = stage.done(ENERGY, query=query), stage.done(REVENUE, query=query)
    currency = stage.fitting(revenue)["currency"]
    sums = [_sums(sessions, name, day, currency) for name in ("ended_at", "started_at")]
    for index, (exchange, name) in enumerate(((energy, "total_energy_kwh"), (revenue, "total_revenue"))):
        came = stage.fitting(exchange)[name]
        says = f"{name} is {sums[0][index]:g}, by the sessions of {charge_point_id} that ended on {day}"
        # The energy of each session may be rounded before it is shown.
        within = _CENT / 2 * (1 if index else 1 + len(sessions))
        stage.require(any(_close(came, each[index], within) for each in sums), exchange, says, f"{came:g}")


def _sums(sessions: list[Any], member: str, day: Any, currency: str) -> tuple[Decimal, Decimal]:
    """Energy, and the cost in a currency, of the sessions with a time on the day."""
    there = [each for each in sessions if each[member] and datetime.fromisoformat(each[member]).date() == day]
    energy = sum((Decimal(str(each["energy_kwh"])) for each in there), Decimal())
    paid = (Decimal(str(each["total_cost"])) for each in there if each["currency"] == currency)
    return energy, sum(paid, Decimal())


def _a_day(stage: Stage) -> tuple[Any, dict[str, str]]:
    day = (stage.now - timedelta(days=_DAYS_AGO)).date()
    return day, {"from": str(day), "to": str(day)}


def _close(one: Any, other: Any, within: Decimal = _CENT / 2) -> bool:
    return abs(Decimal(str(one)) - Decimal(str(other))) < within


def _portal(stage: Stage) -> list[Any]:
    """The driver's sessions, the newest first; raises NotPlayed where there are none."""
    found: list[Any] = stage.got(PORTAL, query={"limit": 100})["data"]
    if not found:
        raise NotPlayed("the driver has no session")
    return found


LAWS = (
    bill_is_what_the_session_costs,
    driver_and_operator_see_the_same_bill,
    drivers_see_their_own_sessions_only,
    receipt_is_a_pdf,
    receipt_comes_when_the_session_is_over,
    live_cost_ends_with_the_session,
    session_has_one_dispute_at_a_time,
    promotional_code_is_unique,
    reports_have_the_same_totals,
    reports_add_up_what_sessions_cost,
)
