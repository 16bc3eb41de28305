"""The driver portal: whose sessions there are, and that what they cost adds up to the cent, on the receipt too."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import ceil

import pytest
from pypdf import PdfReader

from mockserver.apis.dynamo.seed import HARBOUR, POLDER, SeedOrganization
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, refused, said, send

DRIVERS = ((HARBOUR, 1), (HARBOUR, 2), (POLDER, 1))
UNITS = {"flat": "session", "energy": "kwh", "time": "minute", "parking": "minute"}
OPERATIONS = (("GET", "cost-breakdown"), ("GET", "receipt"), ("POST", "dispute"))


@pytest.fixture
def other(office: Office) -> Iterator[Client]:
    """The second driver of Harbour Volt."""
    client = office.client(HARBOUR, "driver 2")
    yield client
    client.close()


def listed(client: Client, **query: str) -> list[Wire]:
    """All sessions, page by page."""
    found: list[Wire] = []
    while True:
        asked = {"limit": "100", "offset": str(len(found)), **query}
        page = said(client.get(f"{BASE}/portal/sessions", query=asked))
        found += page["data"]
        if len(found) >= page["total"] or not page["data"]:
            assert len(found) == page["total"]
            return found


def cost(client: Client, session: Wire) -> Wire:
    found: Wire = said(send(client, "GET", f"/portal/sessions/{session['session_id']}/cost-breakdown"))
    return found


def first(sessions: list[Wire], status: str) -> Wire:
    return next(each for each in sessions if each["status"] == status)


def exact(number: float) -> Decimal:
    return Decimal(str(number))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def minutes(session: Wire) -> int:
    """Begun minutes between the times that the session shows."""
    start, end = (datetime.fromisoformat(session[name]) for name in ("started_at", "ended_at"))
    return ceil((end - start) / timedelta(minutes=1))


@pytest.mark.parametrize(("organization", "number"), DRIVERS, ids=lambda value: getattr(value, "key", value))
def test_the_bill_of_every_session_adds_up(office: Office, organization: SeedOrganization, number: int) -> None:
    client = office.client(organization, f"driver {number}")
    sessions = listed(client)
    kinds: set[str] = set()
    for session in sessions:
        bill = cost(client, session)
        lines, discounts = bill["components"], bill["discounts"]
        for line in lines:
            assert exact(line["amount"]) == cents(exact(line["quantity"]) * exact(line["unit_price"]))
            assert line["unit"] == UNITS[line["type"]]
        assert exact(bill["subtotal"]) == sum(exact(line["amount"]) for line in lines)
        assert exact(bill["discount_total"]) == sum(exact(each["amount"]) for each in discounts)
        assert 0 <= bill["discount_total"] <= bill["subtotal"]
        net = exact(bill["subtotal"]) - exact(bill["discount_total"])
        assert exact(bill["tax_amount"]) == cents(net * exact(bill["tax_rate_percent"]) / 100)
        assert exact(bill["total_cost"]) == net + exact(bill["tax_amount"])
        for name in ("session_id", "total_cost", "currency", "energy_kwh", "duration_minutes"):
            assert bill[name] == session[name]
        assert bill["is_final"] == (session["status"] != "active") == (session["ended_at"] is not None)
        energy = next(line for line in lines if line["type"] == "energy")
        assert abs(energy["quantity"] - session["energy_kwh"]) <= 0.05 + 1e-9
        timed = next((line for line in lines if line["type"] == "time"), None)
        if bill["is_final"] and timed is not None:
            assert timed["quantity"] == max(0, minutes(session) - 60)
            assert ceil(session["duration_minutes"]) == minutes(session)
        kinds.update(each["type"] for each in discounts)
        if not bill["is_final"]:
            assert not discounts
    client.close()
    assert len(sessions) > 10
    assert "promotional_code" in kinds
    assert ("billing_rule" in kinds) == (organization is HARBOUR)


def test_the_seed_world_has_a_session_of_each_kind(office: Office) -> None:
    sessions = listed(office.driver)
    active, stopped = first(sessions, "active"), first(sessions, "stopped")
    assert (active["ended_at"], active["dispute_status"]) == (None, None)
    assert stopped["dispute_status"] == "open"
    with_parking = (each for each in sessions if each["status"] == "completed" and each["duration_minutes"] > 600)
    bills = (cost(office.driver, each) for each in with_parking)
    assert any({line["type"] for line in bill["components"] if line["amount"]} == {*UNITS} for bill in bills)


def test_sessions_come_newest_first_and_every_page_goes_on_where_the_last_one_ended(office: Office) -> None:
    sessions = listed(office.driver)
    started = [each["started_at"] for each in sessions]
    assert started == sorted(started, reverse=True)
    assert len({each["session_id"] for each in sessions}) == len(sessions)
    page = said(office.driver.get(f"{BASE}/portal/sessions"))
    assert (page["data"], page["total"], page["limit"], page["offset"]) == (sessions[:50], len(sessions), 50, 0)
    assert listed(office.driver, limit="7", **{"from": "2026-03-16"}) == [
        each for each in sessions if each["started_at"] >= "2026-03-16"
    ]


def test_both_ends_of_the_range_belong_to_it(office: Office) -> None:
    sessions = listed(office.driver)
    one = sessions[20]["started_at"]
    assert sessions[20] in listed(office.driver, **{"from": one, "to": one})
    assert listed(office.driver, **{"from": one.replace("Z", "+00:00"), "to": one}) == [
        each for each in sessions if each["started_at"] == one
    ]
    day = "2026-03-10"
    assert listed(office.driver, **{"from": day, "to": day}) == [
        each for each in sessions if each["started_at"].startswith(day)
    ]
    assert listed(office.driver, to="2020-01-01") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-03-11", "to": "2026-03-10"}, "to"),
        ({"from": "2026-03-10T00:00:01Z", "to": "2026-03-10T00:00:00Z"}, "to"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"from": "0000-01-01T00:00:00Z"}, "from"),
        ({"from": "2026-03-10T00:00:00"}, "from"),
        ({"limit": "101"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"offset": "-1"}, "offset"),
    ],
)
def test_what_cannot_be_asked_is_told(office: Office, query: dict[str, str], field: str) -> None:
    error = refused(office.driver.get(f"{BASE}/portal/sessions", query=query), 422, "validation_error")
    assert {each["field"] for each in error["details"]} == {field}


def test_an_active_session_costs_more_as_time_goes_by_and_is_billed_at_its_end(office: Office) -> None:
    session = first(listed(office.driver), "active")
    path = f"/portal/sessions/{session['session_id']}"
    totals, now = [session["total_cost"]], session
    while now["status"] == "active":
        refused(send(office.driver, "GET", f"{path}/receipt"), 409, "session_not_finished")
        office.advance(timedelta(hours=1))
        now = next(each for each in listed(office.driver) if each["session_id"] == session["session_id"])
        bill = cost(office.driver, now)
        assert bill["total_cost"] == now["total_cost"]
        totals.append(bill["subtotal"])
    assert totals[1:] == sorted(totals[1:])
    assert bill["is_final"]
    office.advance(timedelta(days=2))
    assert cost(office.driver, now) == bill


def test_sessions_of_others_are_not_there(office: Office, other: Client) -> None:
    polder = office.client(POLDER, "driver 1")
    mine = [each["session_id"] for each in listed(office.driver)]
    others = [each["session_id"] for client in (other, polder) for each in listed(client)]
    assert not {*mine} & {*others}
    before = office.written()
    for session_id in (others[0], others[-1], f"sess_{NOBODY}", mine[0].replace("sess_", "sess_0")):
        for method, what in OPERATIONS:
            body = {"reason": "x"} if method == "POST" else None
            response = send(office.driver, method, f"/portal/sessions/{session_id}/{what}", body)
            refused(response, 404, "session_not_found")
    for method, what in OPERATIONS:
        response = send(polder, method, f"/portal/sessions/{mine[0]}/{what}", {"reason": "x"})
        refused(response, 404, "session_not_found")
    assert office.written() == before
    polder.close()


def figures(bill: Wire) -> Iterator[str]:
    """What a receipt has to say of a bill."""
    yield from (bill["session_id"], bill["tariff_id"], f"Total {bill['currency']}")
    for line in bill["components"]:
        yield from (line["description"], f"{line['amount']:.2f}")
    for each in bill["discounts"]:
        yield from (f"Discount: {each['description']}", f"-{each['amount']:.2f}")
    for name in ("subtotal", "tax_amount", "total_cost"):
        yield f"{bill[name]:.2f}"


def test_a_receipt_opens_and_says_what_the_bill_says(office: Office) -> None:
    over = [each for each in listed(office.driver) if each["ended_at"]]
    dearest = sorted(over, key=lambda each: float(each["total_cost"]))[-1]
    for session in (over[0], dearest, first(over, "stopped")):
        path = f"/portal/sessions/{session['session_id']}/receipt"
        response = send(office.driver, "GET", path)
        assert response.status == 200
        assert response.headers["content-type"] == "application/pdf"
        assert response.headers["content-disposition"] == f'attachment; filename="receipt-{session["session_id"]}.pdf"'
        reader = PdfReader(io.BytesIO(response.body))
        assert len(reader.pages) == 1
        text = " ".join(reader.pages[0].extract_text().split())
        missing = [figure for figure in figures(cost(office.driver, session)) if figure not in text]
        assert not missing, text
        assert HARBOUR.name in text
        office.advance(timedelta(hours=5))
        assert send(office.driver, "GET", path).body == response.body


def test_refusals_are_json_whatever_is_accepted(office: Office) -> None:
    active = first(listed(office.driver), "active")
    for session_id, status in ((active["session_id"], 409), (f"sess_{NOBODY}", 404)):
        path = f"{BASE}/portal/sessions/{session_id}/receipt"
        response = office.driver.get(path, headers={"accept": "application/pdf"})
        assert (response.status, response.headers["content-type"]) == (status, "application/json")
    path = f"{BASE}/portal/sessions/{active['session_id']}/receipt"
    refused(office.driver.get(path, headers={"accept": "application/json"}), 406, "not_acceptable")


@pytest.mark.parametrize(("by_driver", "status"), [(True, "completed"), (False, "stopped")])
def test_a_session_that_is_ended_at_its_charge_point_is_over_and_costs_no_more(
    office: Office, by_driver: bool, status: str
) -> None:
    active = first(listed(office.driver), "active")
    connector = f"/_mock/dynamo/charge-points/{active['charge_point_id']}/connectors/{active['connector_id']}"
    if by_driver:
        ended = said(office.anonymous.delete(f"{connector}/transaction"))
        assert ended["id"] == active["transaction_id"]
    else:
        said(office.anonymous.put(connector, json={"status": "Available"}))
    over = next(each for each in listed(office.driver) if each["session_id"] == active["session_id"])
    assert (over["status"], over["ended_at"]) == (status, "2026-03-18T12:00:00Z")
    assert (over["energy_kwh"], over["duration_minutes"]) == (active["energy_kwh"], active["duration_minutes"])
    bill = cost(office.driver, over)
    assert bill["is_final"]
    office.advance(timedelta(hours=8))
    assert cost(office.driver, over) == bill


def test_a_token_for_nobody_is_none(office: Office) -> None:
    for user_id, path in ((f"drv_{NOBODY}", "/portal/sessions"), (f"so_{NOBODY}", "/site-owner/profile")):
        issued = office.anonymous.post(f"/_mock/applications/{office.harbour}/tokens", json={"user_id": user_id})
        headers = {"authorization": f"Bearer {said(issued, 201)['access_token']}"}
        refused(office.anonymous.get(BASE + path, headers=headers), 401, "unauthorized")


def test_sessions_follow_from_the_seed(office: Office) -> None:
    sessions = listed(office.driver)
    office.mock.reset()
    assert listed(office.driver) == sessions
    assert sessions[-1]["started_at"] >= (NOON - timedelta(days=31)).isoformat()


def test_in_a_world_without_sites_there_are_no_sessions(office: Office) -> None:
    said(office.anonymous.post("/_mock/reset", json={"world": "empty"}))
    assert listed(office.driver) == []
    assert said(send(office.site_owner, "GET", "/site-owner/projects")) == {"data": []}
