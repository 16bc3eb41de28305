"""What the tag Analytics shows, one function per schema of the contract; and invoices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mockserver.apis.dynamo.faults import Issue
from mockserver.apis.dynamo.invoices import Invoice
from mockserver.apis.dynamo.periods import Period
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.reports import Line, Report, Selection
from mockserver.apis.dynamo.uptimes import HEALTHS, Health
from mockserver.apis.dynamo.wire import Wire
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value


def energy_by_charge_point(value: Report[Value], ctx: Context, expansion: Expansion) -> Wire:
    """EnergyByChargePoint."""
    return _energy_report(value, [{**_charge_point(line.about), **_energy(line)} for line in value.lines])


def energy_by_project(value: Report[Value], ctx: Context, expansion: Expansion) -> Wire:
    """EnergyByProject."""
    return _energy_report(value, [{**_project(line.about), **_energy(line)} for line in value.lines])


def energy_trend(value: Report[datetime], ctx: Context, expansion: Expansion) -> Wire:
    """EnergyTrend."""
    lines = [{"bucket": str(line.about.date()), **_energy(line)} for line in value.lines]
    return {"granularity": value.selection.granularity, **_energy_report(value, lines)}


def revenue_by_charge_point(value: Report[Value], ctx: Context, expansion: Expansion) -> Wire:
    """RevenueByChargePoint."""
    return _revenue_report(value, [{**_charge_point(line.about), **_revenue(line)} for line in value.lines])


def revenue_by_project(value: Report[Value], ctx: Context, expansion: Expansion) -> Wire:
    """RevenueByProject."""
    return _revenue_report(value, [{**_project(line.about), **_revenue(line)} for line in value.lines])


def issue_report(value: tuple[Selection, Sequence[Issue]], ctx: Context, expansion: Expansion) -> Wire:
    """IssueReport."""
    selection, issues = value
    lines = [
        {
            **_charge_point(issue.charge_point),
            "error_code": issue.error_code,
            "occurrences": len(issue.faults),
            "last_occurred_at": to_the_second(issue.faults[0].started_at),
        }
        for issue in issues
    ]
    return {**_range(selection.period), "data": lines, "total_issues": sum(len(issue.faults) for issue in issues)}


def fleet_health(value: tuple[Selection, Sequence[Health]], ctx: Context, expansion: Expansion) -> Wire:
    """FleetHealth."""
    selection, found = value
    lines = [
        {
            **_charge_point(each.uptime.charge_point),
            "uptime_percent": each.uptime.percent,
            "fault_count": each.fault_count,
            "health": each.name,
        }
        for each in found
    ]
    names = [each.name for each in found]
    counts = {name: names.count(name) for name in HEALTHS}
    return {**_range(selection.period), "data": lines, "total_chargers": len(lines), **counts}


def invoice(value: Invoice, ctx: Context, expansion: Expansion) -> Wire:
    """Invoice."""
    sums = value.sums
    times = {"issued_at": value.issued_at, "due_at": value.due_at, "paid_at": value.paid_at}
    return {
        "invoice_id": value.id,
        "number": value.number,
        "period_start": str(value.first_day),
        "period_end": str(value.last_day),
        "status": value.status,
        "session_count": sums.session_count,
        "currency": value.currency,
        "subtotal": float(sums.subtotal),
        "tax_amount": float(sums.tax_amount),
        "total": float(sums.subtotal + sums.tax_amount),
        **{name: None if at is None else to_the_second(at) for name, at in times.items()},
    }


def _range(period: Period) -> Wire:
    return {"from": str(period.start.date()), "to": str(period.end.date())}


def _charge_point(value: Value) -> Wire:
    return {"charge_point_id": value["charge_point_id"], "charge_point_name": value["name"]}


def _project(value: Value) -> Wire:
    return {"project_id": value["id"], "project_name": value["name"]}


def _energy(line: Line[Value] | Line[datetime]) -> Wire:
    return {"energy_kwh": line.energy_wh / 1000, "session_count": len(line.sessions)}


def _revenue(line: Line[Value]) -> Wire:
    return {"revenue": float(line.revenue), "session_count": len(line.sessions)}


def _energy_report(value: Report[Value] | Report[datetime], lines: Sequence[Wire]) -> Wire:
    sums = {"total_energy_kwh": value.energy_wh / 1000, "total_sessions": value.session_count}
    return {**_range(value.selection.period), "data": lines, **sums}


def _revenue_report(value: Report[Value], lines: Sequence[Wire]) -> Wire:
    sums = {"total_revenue": float(value.revenue), "total_sessions": value.session_count}
    return {**_range(value.selection.period), "currency": value.currency, "data": lines, **sums}
