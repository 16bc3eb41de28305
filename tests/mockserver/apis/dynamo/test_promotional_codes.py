"""Promotional codes that drivers enter while they charge: judged once, then in all that tells what a session costs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from mockserver.apis.dynamo.seed import HARBOUR
from tests.asgi import Client, Response
from tests.mock import NOON
from tests.mockserver.apis.dynamo.inbox import Inbox, subscribe, wait
from tests.mockserver.apis.dynamo.roaming import partner
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, refused, said, send

POINT = "london-hub-001"
CARD = "04A1B2C3D4E580"
TAX_PERCENT = 20
TENTH: Wire = {"code": "SPRING10", "discount_type": "percent", "discount_value": 10}
POUND: Wire = {"code": "QUAY1", "discount_type": "fixed", "discount_value": 1, "currency": "GBP"}


def cents(amount: Any) -> int:
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def made(office: Office, **code: Any) -> Wire:
    """A code of Harbour Volt."""
    found: Wire = said(send(office.key, "POST", "/billing/promotional-codes", {**TENTH, **code}), 201)
    return found


def transaction(office: Office, method: str, point: str = POINT, number: int = 1, body: Any = None) -> Wire:
    path = f"/_mock/dynamo/charge-points/{point}/connectors/{number}/transaction"
    found: Wire = said(office.anonymous.request(method, path, json=body), 201 if method == "POST" else 200)
    return found


def begin(office: Office, id_tag: str = CARD) -> str:
    """The id of a session that runs for half an hour already."""
    started = transaction(office, "POST", body={"id_tag": id_tag})
    office.advance(timedelta(minutes=30))
    return f"sess_{started['id'].removeprefix('txn_')}"


def end(office: Office) -> None:
    transaction(office, "DELETE")


def hook(office: Office, session_id: str, method: str, body: Any = None, org_id: str | None = None) -> Response:
    place = f"/_mock/dynamo/organizations/{org_id or office.harbour}/sessions/{session_id}"
    return office.anonymous.request(method, f"{place}/promotional-code", json=body)


def enter(office: Office, session_id: str, code: str = TENTH["code"], org_id: str | None = None) -> Response:
    return hook(office, session_id, "PUT", {"code": code}, org_id)


def problem(response: Response, status: int) -> str:
    """The kind of a refusal."""
    assert response.status == status, response.body
    return str(response.json()["type"].rstrip("/").rpartition("/")[2])


def uses(office: Office, org_id: str | None = None) -> dict[str, int]:
    """How often the codes of an organization were used."""
    path = f"/_mock/dynamo/organizations/{org_id or office.harbour}/promotional-codes"
    return {each["code"]: each["uses_count"] for each in said(office.anonymous.get(path))["data"]}


def bill(office: Office, session_id: str, part: str = "/cost-breakdown", by: Client | None = None) -> Wire:
    found: Wire = said(send(by or office.key, "GET", f"/billing/sessions/{session_id}{part}"))
    return found


def lines(breakdown: Wire) -> Sequence[tuple[str, int]]:
    """The codes of a bill, and what each takes off in cents."""
    return [
        (each["reference"], cents(each["amount"]))
        for each in breakdown["discounts"]
        if each["type"] == "promotional_code"
    ]


@pytest.mark.parametrize(
    ("code", "taken_off"),
    [
        (TENTH, lambda subtotal: cents(Decimal(subtotal) / 1000)),
        (POUND, lambda subtotal: 100),
        ({**POUND, "discount_value": 1000}, lambda subtotal: subtotal),
    ],
    ids=["percent", "fixed", "more than there is"],
)
def test_a_code_is_taken_off_before_tax_from_then_on_and_everywhere(office: Office, code: Wire, taken_off: Any) -> None:
    made(office, **code)
    session_id = begin(office, HARBOUR.driver_id(office.seed, 1))
    before, text = bill(office, session_id), code["code"]
    assert lines(before) == []
    entered = {"session_id": session_id, "code": text, "entered_at": "2026-03-18T12:30:00Z"}
    assert said(enter(office, session_id, text)) == entered
    assert bill(office, session_id, "")["promotional_code"] == text
    assert bill(office, session_id, "/live-cost")["estimated_cost"] < before["total_cost"]
    assert uses(office) == {text: 0, "WELCOME10": 0}
    office.advance(timedelta(minutes=30))
    end(office)
    final = bill(office, session_id)
    subtotal = cents(final["subtotal"])
    assert subtotal > cents(before["subtotal"])
    assert lines(final) == [(text, taken_off(subtotal))]
    assert cents(final["discount_total"]) == taken_off(subtotal)
    net = subtotal - taken_off(subtotal)
    tax = cents(Decimal(net) * TAX_PERCENT / 10_000)
    assert (cents(final["tax_amount"]), cents(final["total_cost"])) == (tax, net + tax)
    assert uses(office) == {text: 1, "WELCOME10": 0}
    detail = bill(office, session_id, "")
    assert (detail["promotional_code"], detail["total_cost"]) == (text, final["total_cost"])
    assert said(send(office.driver, "GET", f"/portal/sessions/{session_id}/cost-breakdown")) == final
    listed = said(send(office.driver, "GET", "/portal/sessions"))["data"][0]
    assert (listed["session_id"], listed["total_cost"]) == (session_id, final["total_cost"])
    (sheet,) = PdfReader(io.BytesIO(send(office.key, "GET", f"/billing/sessions/{session_id}/receipt").body)).pages
    told = sheet.extract_text()
    assert f"Code {text}" in told
    assert f"{final['discounts'][0]['amount']:.2f}" in told
    assert f"{final['total_cost']:.2f}" in told


def test_reports_invoices_and_records_are_of_what_is_left_to_pay(office: Office) -> None:
    summer = {**TENTH, "code": "SUMMER90", "discount_value": 90}
    said(send(office.polder_key, "POST", "/billing/promotional-codes", summer), 201)
    office.advance(timedelta(hours=6))
    with partner(office) as network:
        listed = network.all("sessions", date_from="2026-03-18T00:00:00Z")
        running = next(each for each in listed if each["status"] == "ACTIVE")
        said(enter(office, running["id"], "SUMMER90", office.polder))
        point, _, number = running["evse_uid"].rpartition("-")
        figures = []
        for _ in range(2):
            query = {"from": "2026-03-18", "to": "2026-03-18", "charge_point_id": point}
            report = said(office.polder_key.get(f"{BASE}/analytics/revenue/by-charge-point", query=query))
            draft = said(office.polder_key.get(f"{BASE}/billing/invoices"))["invoices"][0]
            figures.append((cents(report["total_revenue"]), cents(draft["total"])))
            if len(figures) == 1:
                transaction(office, "DELETE", point, int(number))
        (record,) = (each for each in network.all("cdrs") if each["id"] == running["id"])
    final = bill(office, running["id"], by=office.polder_key)
    ((_, taken_off),) = lines(final)
    assert cents(final["subtotal"]) > taken_off > cents(final["subtotal"]) * 0.89
    assert [after - before for before, after in zip(*figures, strict=True)][1] == cents(final["total_cost"])
    assert cents(record["total_cost"]["incl_vat"]) == cents(final["total_cost"])
    assert "Code SUMMER90" in record["remark"]


def test_events_tell_what_is_left_to_pay(office: Office, inbox: Inbox) -> None:
    made(office)
    subscribe(office.admin, inbox.url, "session.cost_updated", "session.ended")
    session_id = begin(office)
    said(enter(office, session_id))
    wait(office, 0)
    inbox.news()
    wait(office, 900)
    end(office)
    wait(office, 0)
    told = [data["total_cost"] for _, data in inbox.news() if data["session_id"] == session_id]
    final = bill(office, session_id)
    assert told
    assert set(told) == {final["total_cost"]}
    assert lines(final)


def test_a_code_that_was_entered_goes_before_the_one_of_the_world(office: Office) -> None:
    said(send(office.polder_key, "POST", "/billing/promotional-codes", TENTH), 201)
    query = {"status": "completed", "from": "2026-03-17"}
    found = said(office.polder_key.get(f"{BASE}/billing/sessions", query=query))["sessions"]
    sessions = (bill(office, each["session_id"], "", office.polder_key) for each in found)
    session = next(each for each in sessions if each["promotional_code"] == "POLDER2")
    office.mock.runtime.clock.set(datetime.fromisoformat(session["started_at"]) + timedelta(minutes=1))
    running = bill(office, session["session_id"], "", office.polder_key)
    assert (running["status"], running["promotional_code"]) == ("active", None)
    said(enter(office, session["session_id"], org_id=office.polder))
    office.mock.runtime.clock.set(NOON)
    again = bill(office, session["session_id"], "", office.polder_key)
    assert (again["promotional_code"], again["ended_at"]) == ("SPRING10", session["ended_at"])
    assert uses(office, office.polder) == {"SPRING10": 1, "POLDER2": 0}


def test_another_code_takes_the_place_and_may_be_taken_back(office: Office) -> None:
    made(office, max_uses=1)
    made(office, **POUND)
    session_id = begin(office)
    plain = bill(office, session_id)
    first = said(enter(office, session_id))
    office.advance(timedelta(seconds=5))
    assert said(enter(office, session_id)) == first
    said(enter(office, session_id, "QUAY1"))
    assert lines(bill(office, session_id)) == [("QUAY1", 100)]
    said(enter(office, session_id))
    assert [code for code, _ in lines(bill(office, session_id))] == ["SPRING10"]
    office.advance(timedelta(seconds=-5))
    assert hook(office, session_id, "DELETE").status == 204
    assert bill(office, session_id) == plain
    assert problem(hook(office, session_id, "DELETE"), 404) == "promotional_code_not_found"
    end(office)
    assert uses(office)["SPRING10"] == 0


def test_a_code_is_used_up_from_when_it_is_entered(office: Office) -> None:
    made(office, max_uses=2)
    running = said(send(office.key, "GET", "/billing/sessions?status=active"))["sessions"]
    first, second, third, *_ = (each["session_id"] for each in running)
    said(enter(office, first))
    said(enter(office, second))
    before = office.written()
    assert problem(enter(office, third), 409) == "promotional_code_used_up"
    assert office.written() == before
    said(enter(office, second))
    assert hook(office, first, "DELETE").status == 204
    said(enter(office, third))


@pytest.mark.parametrize("tags", ["of a driver", "of nobody"])
def test_a_driver_or_a_card_uses_a_code_as_often_as_one_may(office: Office, tags: str) -> None:
    made(office, max_uses_per_user=1)
    me, other = ([CARD, CARD.lower()], "04FFFFFFFFFF80") if tags == "of nobody" else ([], CARD)
    if tags == "of a driver":
        mine = HARBOUR.driver_id(office.seed, 1)
        listed = said(send(office.key, "GET", f"/billing/sessions?limit=1&user_id={mine}"))["sessions"]
        me = [mine, bill(office, listed[0]["session_id"], "")["id_tag"]]
    for tag, refusal in zip([*me, other], [None, "promotional_code_used_up_by_user", None], strict=True):
        answer = enter(office, begin(office, tag))
        if refusal is None:
            said(answer)
        else:
            assert problem(answer, 409) == refusal
        end(office)
    assert uses(office)["SPRING10"] == 2


def test_a_code_that_expires_stays_where_it_was_entered(office: Office) -> None:
    made(office, expires_at="2026-03-18T12:30:01Z")
    session_id = begin(office)
    said(enter(office, session_id))
    end(office)
    later = begin(office)
    answer = enter(office, later)
    assert problem(answer, 409) == "promotional_code_expired"
    assert answer.json()["detail"] == "The promotional code SPRING10 expired at 2026-03-18T12:30:01Z."
    assert [code for code, _ in lines(bill(office, session_id))] == ["SPRING10"]


def test_an_amount_in_another_currency_cannot_be_used(office: Office) -> None:
    made(office, **{**POUND, "currency": "EUR"})
    session_id = begin(office)
    answer = enter(office, session_id, "QUAY1")
    assert problem(answer, 409) == "promotional_code_other_currency"
    assert "an amount in EUR, and the session is billed in GBP" in answer.json()["detail"]


def test_an_amount_is_not_taken_off_another_currency_that_comes_in_the_same_second(office: Office) -> None:
    made(office, **POUND)
    session_id = f"sess_{transaction(office, 'POST', body={'id_tag': CARD})['id'].removeprefix('txn_')}"
    said(enter(office, session_id, "QUAY1"))
    (tariff,) = said(send(office.key, "GET", "/billing/tariffs"))["tariffs"]
    euro = {**{name: tariff[name] for name in ("name", "components", "tax_rate_percent")}, "currency": "EUR"}
    said(send(office.key, "PUT", f"/billing/tariffs/{tariff['id']}", euro))
    breakdown = bill(office, session_id)
    assert (breakdown["currency"], lines(breakdown)) == ("EUR", [])


def test_a_session_that_has_ended_keeps_its_cost(office: Office) -> None:
    made(office)
    session_id = begin(office)
    end(office)
    final, before = bill(office, session_id), office.written()
    for answer in (enter(office, session_id), hook(office, session_id, "DELETE")):
        assert problem(answer, 409) == "session_finished"
    assert (bill(office, session_id), office.written()) == (final, before)


def test_codes_and_sessions_are_those_of_the_organization(office: Office) -> None:
    made(office)
    said(send(office.polder_key, "POST", "/billing/promotional-codes", {**TENTH, "code": "THEIRS"}), 201)
    session_id, before = begin(office), office.written()
    assert problem(enter(office, session_id, "THEIRS"), 404) == "promotional_code_not_found"
    assert problem(enter(office, session_id, "SPRING10", office.polder), 404) == "session_not_found"
    assert problem(enter(office, f"sess_{NOBODY}"), 404) == "session_not_found"
    for method, body in (("PUT", {"code": "SPRING10"}), ("DELETE", None)):
        assert problem(hook(office, session_id, method, body, f"org_{NOBODY}"), 404) == "organization_not_found"
    path = f"/_mock/dynamo/organizations/org_{NOBODY}/promotional-codes"
    assert problem(office.anonymous.get(path), 404) == "organization_not_found"
    assert office.written() == before
    refused(send(office.polder_key, "GET", f"/billing/sessions/{session_id}"), 404, "session_not_found")


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "body"), ({"code": "spring10"}, "code"), ({"code": None}, "code"), ({"code": 10}, "code"), ([], "body")],
)
def test_what_is_no_code_is_told_by_its_field(office: Office, body: Any, field: str) -> None:
    session_id, before = begin(office), office.written()
    answer = hook(office, session_id, "PUT", body)
    assert (answer.status, [*answer.json()["field_errors"]]) == (400, [field])
    assert office.written() == before
