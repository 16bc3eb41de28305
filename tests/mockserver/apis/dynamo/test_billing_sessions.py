"""Billing sessions: all of an organization, the same that drivers see, with what only the operator is told."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from mockserver.apis.dynamo.seed import HARBOUR
from tests.asgi import Client
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, refused, said, send

DAY = "2026-03-17"
PARTS = ("", "/cost-breakdown", "/receipt", "/live-cost")


def page(client: Client, **query: Any) -> Wire:
    found: Wire = said(client.get(f"{BASE}/billing/sessions", query=query))
    return found


def of_a_day(office: Office, **query: Any) -> list[Wire]:
    asked = {"from": DAY, "to": DAY, "limit": 200, **query}
    found = page(office.billing, **asked)
    sessions: list[Wire] = found["sessions"]
    while len(sessions) < found["total"]:
        sessions += page(office.billing, **asked, offset=len(sessions))["sessions"]
    return sessions


def test_drivers_see_the_same(office: Office) -> None:
    mine = HARBOUR.driver_id(office.seed, 1)
    portal = said(office.driver.get(f"{BASE}/portal/sessions", query={"from": DAY, "to": DAY}))["data"]
    assert of_a_day(office, user_id=mine) == [each | {"user_id": mine} for each in portal]
    for each in portal[:3]:
        for part in PARTS[1:3]:
            answers = [
                client.get(f"{BASE}/{place}/sessions/{each['session_id']}{part}")
                for client, place in ((office.driver, "portal"), (office.key, "billing"))
            ]
            assert answers[0].status == answers[1].status == 200
            assert answers[0].body.partition(b"req_")[0] == answers[1].body.partition(b"req_")[0]


def test_filters_keep_what_fits(office: Office) -> None:
    everything = of_a_day(office)
    started = [each["started_at"] for each in everything]
    assert started == sorted(started, reverse=True)
    assert {each["status"] for each in everything} == {"active", "completed", "stopped"}
    assert len({each["session_id"] for each in everything}) == len(everything) > 100
    known = [each for each in everything if each["user_id"]]
    assert 0 < len(known) < len(everything)
    for name in ("charge_point_id", "status"):
        for value in {each[name] for each in everything[:9]}:
            assert of_a_day(office, **{name: value}) == [each for each in everything if each[name] == value]
    assert of_a_day(office, user_id=f"usr_{NOBODY}") == of_a_day(office, charge_point_id="nowhere") == []
    ids = {each["session_id"] for each in everything}
    assert not ids & {each["session_id"] for each in page(office.polder_key, **{"from": DAY})["sessions"]}


@pytest.mark.parametrize("status", ["active", "completed"])
def test_one_session_says_by_what_it_was_billed(office: Office, status: str) -> None:
    for session in page(office.key, status=status)["sessions"][:5]:
        path = f"/billing/sessions/{session['session_id']}"
        detail, bill = said(send(office.key, "GET", path)), said(send(office.key, "GET", f"{path}/cost-breakdown"))
        assert detail.items() >= session.items()
        assert (detail["tariff_id"], detail["finalised_at"]) == (bill["tariff_id"], session["ended_at"])
        codes = [each["reference"] for each in bill["discounts"] if each["type"] == "promotional_code"]
        assert codes == ([] if detail["promotional_code"] is None else [detail["promotional_code"]])
        live, receipt = (send(office.key, "GET", f"{path}/{part}") for part in ("live-cost", "receipt"))
        if status == "active":
            names = ("session_id", "tariff_id", "duration_minutes", "energy_kwh", "currency")
            estimate = said(live)
            assert {name: estimate[name] for name in names} == {name: bill[name] for name in names}
            assert (estimate["estimated_cost"], estimate["updated_at"]) == (bill["total_cost"], "2026-03-18T12:00:00Z")
            refused(receipt, 409, "session_not_finished")
        else:
            refused(live, 409, "session_not_active")
            assert receipt.status == 200


def test_a_receipt_for_nobody_who_is_known_names_the_card(office: Office) -> None:
    session = next(each for each in of_a_day(office, status="completed") if each["user_id"] is None)
    path = f"/billing/sessions/{session['session_id']}"
    (sheet,) = PdfReader(io.BytesIO(send(office.key, "GET", f"{path}/receipt").body)).pages
    assert f"Card {said(send(office.key, 'GET', path))['id_tag']}" in sheet.extract_text()


def test_the_cost_of_an_active_session_grows(office: Office) -> None:
    session = page(office.key, status="active")["sessions"][0]
    path = f"/billing/sessions/{session['session_id']}/live-cost"
    before = said(send(office.key, "GET", path))
    office.advance(timedelta(minutes=1))
    after = said(send(office.key, "GET", path))
    assert after["duration_minutes"] == before["duration_minutes"] + 1
    assert after["estimated_cost"] >= before["estimated_cost"]


@pytest.mark.parametrize("part", PARTS)
def test_another_organizations_session_is_not_there(office: Office, part: str) -> None:
    session_id = page(office.key, limit=1)["sessions"][0]["session_id"]
    refused(send(office.polder_key, "GET", f"/billing/sessions/{session_id}{part}"), 404, "session_not_found")
    refused(send(office.key, "GET", f"/billing/sessions/sess_{NOBODY}{part}"), 404, "session_not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [({"from": "2026-03-11", "to": "2026-03-10"}, "to"), ({"limit": "201"}, "limit"), ({"status": "late"}, "status")],
)
def test_bad_queries_are_refused(office: Office, query: dict[str, str], field: str) -> None:
    error = refused(office.key.get(f"{BASE}/billing/sessions", query=query), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
