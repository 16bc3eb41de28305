"""Invoices: a month of billing sessions each, whatever is done to prices later."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.asgi import Client
from tests.mockserver.apis.dynamo.steps import BASE, Office, Wire, refused, said, send

POINT = "utrecht-street-001"


def invoices(client: Client, **query: Any) -> list[Wire]:
    page = said(client.get(f"{BASE}/billing/invoices", query=query))
    found: list[Wire] = page["invoices"]
    assert page["total"] >= len(found)
    return found


def clock(office: Office, text: str) -> None:
    office.mock.runtime.clock.set(datetime.fromisoformat(text))


def ended(office: Office, month: str, zone: str = "UTC") -> list[Wire]:
    """The billing sessions of Polderstroom that ended in a month, as far as they are known."""
    found: list[Wire] = []
    total = 1
    while len(found) < total:
        page = said(office.polder_key.get(f"{BASE}/billing/sessions", query={"limit": 200, "offset": len(found)}))
        found, total = found + page["sessions"], page["total"]
    return [each for each in found if each["ended_at"] and local(each["ended_at"], zone).startswith(month)]


def of_month(office: Office, month: str, zone: str = "UTC") -> Wire:
    """How many they are, and what they cost in cents."""
    found = ended(office, month, zone)
    return {"session_count": len(found), "total": sum(round(each["total_cost"] * 100) for each in found)}


def local(text: str, zone: str) -> str:
    return datetime.fromisoformat(text).astimezone(ZoneInfo(zone)).isoformat()


def sums(invoice: Wire) -> Wire:
    return {"session_count": invoice["session_count"], "total": round(invoice["total"] * 100)}


def test_an_invoice_is_the_sum_of_its_sessions(office: Office) -> None:
    clock(office, "2026-02-10T20:00:00Z")
    drafted = invoices(office.polder_key)[0]
    expected = of_month(office, "2026-02")
    assert sums(drafted) == expected
    assert expected["session_count"] > 50
    bills = [
        said(send(office.polder_key, "GET", f"/billing/sessions/{each['session_id']}/cost-breakdown"))
        for each in ended(office, "2026-02")
    ]
    cents = [round((each["subtotal"] - each["discount_total"]) * 100) for each in bills]
    assert round(drafted["subtotal"] * 100) == sum(cents)
    assert round(drafted["tax_amount"] * 100) == sum(round(each["tax_amount"] * 100) for each in bills)
    assert (drafted["status"], drafted["issued_at"], drafted["due_at"]) == ("draft", None, None)
    clock(office, "2026-03-18T12:00:00Z")
    draft, issued, _ = invoices(office.polder_key)
    assert sums(draft) == of_month(office, "2026-03")
    assert issued["session_count"] > drafted["session_count"]
    clock(office, "2026-03-01T12:00:00Z")  # all sessions that ended in February are known still
    assert sums(issued) == of_month(office, "2026-02")
    assert (issued["invoice_id"], issued["number"]) == (drafted["invoice_id"], drafted["number"])
    assert issued["total"] == pytest.approx(issued["subtotal"] + issued["tax_amount"])


def test_months_are_those_of_the_time_zone(office: Office) -> None:
    clock(office, "2026-03-02T12:00:00Z")
    zone = "Pacific/Auckland"
    said(send(office.polder_owner, "PUT", f"/organizations/{office.polder}/settings", {"timezone": zone}))
    draft, issued, _ = invoices(office.polder_key)
    assert sums(draft) == of_month(office, "2026-03", zone)
    assert issued["issued_at"] == "2026-02-28T11:05:00Z"


def test_what_is_done_later_changes_no_invoice_that_was_issued(office: Office) -> None:
    clock(office, "2026-02-28T12:00:00Z")
    tariff = said(office.polder_key.get(f"{BASE}/billing/tariffs"))["tariffs"][0]
    body = {name: tariff[name] for name in ("name", "currency", "components", "tax_rate_percent")}
    dear = {**body, "components": [{"type": "flat", "price": 1000}]}
    said(send(office.polder_key, "PUT", f"/billing/tariffs/{tariff['id']}", dear))
    clock(office, "2026-03-01T12:00:00Z")
    changed = invoices(office.polder_key)[1]
    assert sums(changed) == of_month(office, "2026-02")
    clock(office, "2026-03-18T12:00:00Z")
    before = invoices(office.polder_key)
    assert before[1]["total"] == changed["total"]
    said(send(office.polder_key, "PUT", f"/billing/tariffs/{tariff['id']}", body))
    said(office.anonymous.put(f"/_mock/dynamo/charge-points/{POINT}/connectors/1", json={"status": "Faulted"}))
    office.advance(timedelta(hours=12))
    after = invoices(office.polder_key)
    assert [sums(each) for each in after[1:]] == [sums(each) for each in before[1:]]
    assert after[0]["session_count"] > before[0]["session_count"]
    assert after[0]["total"] - before[0]["total"] > 0


def test_a_session_that_a_client_ends_is_in_the_invoice(office: Office) -> None:
    path = f"/_mock/dynamo/charge-points/{POINT}/connectors/1"
    said(office.anonymous.put(path, json={"status": "Available"}))
    before = invoices(office.polder_key)[0]
    said(office.anonymous.post(f"{path}/transaction", json={"id_tag": "X"}), 201)
    office.advance(timedelta(minutes=30))
    said(office.anonymous.request("DELETE", f"{path}/transaction"))
    after = invoices(office.polder_key)[0]
    assert sums(after) == of_month(office, "2026-03")
    assert after["session_count"] > before["session_count"]


def test_an_invoice_is_drafted_issued_overdue_and_paid(office: Office) -> None:
    seen = set()
    for day in range(0, 75, 3):
        clock(office, "2026-02-28T23:59:59Z")
        office.advance(timedelta(days=day))
        now = office.mock.runtime.clock.now().isoformat()
        for each in invoices(office.polder_key):
            issued_at, due_at, paid_at = (each[name] for name in ("issued_at", "due_at", "paid_at"))
            assert (issued_at is None) == (due_at is None)
            assert (paid_at or issued_at or "") <= now
            expected = "draft" if issued_at is None else "paid" if paid_at else "overdue" if due_at <= now else "issued"
            assert each["status"] == expected
            seen.add(expected)
    assert seen == {"draft", "issued", "overdue", "paid"}


def test_filters_keep_what_fits(office: Office) -> None:
    everything = invoices(office.polder_key)
    assert [each["period_start"] for each in everything] == ["2026-03-01", "2026-02-01", "2026-01-01"]
    assert [each["period_end"] for each in everything] == ["2026-03-31", "2026-02-28", "2026-01-31"]
    for query, kept in (
        ({"from": "2026-03-01"}, [0]),
        ({"from": "2026-02-28"}, [0, 1]),
        ({"to": "2026-02-01"}, [1, 2]),
        ({"to": "2026-01-31"}, [2]),
        ({"from": "2026-01-31", "to": "2026-02-01"}, [1, 2]),
        ({"from": "2026-04-01"}, []),
        ({"status": "draft"}, [0]),
        ({"limit": 1, "offset": 1}, [1]),
    ):
        assert invoices(office.polder_key, **query) == [everything[number] for number in kept], query
    for status in ("issued", "paid", "overdue"):
        assert invoices(office.polder_key, status=status) == [each for each in everything if each["status"] == status]


def test_a_new_organization_has_an_empty_draft(office: Office) -> None:
    body = {"name": "New", "country": "NO", "contact_email": "new@example.com"}
    made = said(send(office.owner, "POST", "/organizations", body), 201)
    issue = f"/_mock/applications/{made['id']}/tokens"
    token = said(office.anonymous.post(issue, json={"user_id": office.user_id("owner")}), 201)["access_token"]
    page = office.anonymous.get(f"{BASE}/billing/invoices", headers={"authorization": f"Bearer {token}"})
    (draft,) = said(page)["invoices"]
    assert (draft["status"], draft["currency"], draft["period_start"]) == ("draft", "NOK", "2026-03-01")
    assert (sums(draft), draft["tax_amount"]) == ({"session_count": 0, "total": 0}, 0)


def test_who_has_nothing_to_do_with_bills_sees_none(office: Office) -> None:
    refused(office.member.get(f"{BASE}/billing/invoices"), 403, "insufficient_role")
    (mine,), (theirs,) = (invoices(who, limit=1) for who in (office.billing, office.polder_key))
    assert mine["invoice_id"] != theirs["invoice_id"]
    assert mine["number"] != theirs["number"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"from": "2026-02-30"}, "from"),
        ({"to": "2026-03-01T00:00:00Z"}, "to"),
        ({"status": "lost"}, "status"),
        ({"limit": "201"}, "limit"),
    ],
)
def test_bad_queries_are_refused(office: Office, query: dict[str, str], field: str) -> None:
    error = refused(office.billing.get(f"{BASE}/billing/invoices", query=query), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
