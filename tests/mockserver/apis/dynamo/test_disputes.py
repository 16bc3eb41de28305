"""Disputes: opened by drivers, settled backstage; each transition from each state as declared."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.apis.dynamo.disputes import DISPUTE
from mockserver.apis.dynamo.seed import HARBOUR
from tests.asgi import Response
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, refused, said, send

REASON = {"reason": "The cable would not unlock."}
WAYS: dict[str, tuple[str, ...]] = {
    "open": (),
    "under_review": ("review",),
    "resolved": ("review", "resolve"),
    "rejected": ("review", "reject"),
    "withdrawn": ("withdraw",),
}
"""By which transitions a new dispute gets into a state."""
MOVES: dict[str, Wire] = {
    "review": {"status": "under_review"},
    "resolve": {"status": "resolved", "outcome": "refund", "refunded_amount": 0.5, "note": "The lock was stuck."},
    "reject": {"status": "rejected", "note": "It was locked by you."},
    "withdraw": {"status": "withdrawn"},
}


def sessions(office: Office) -> list[Wire]:
    found: list[Wire] = said(office.driver.get(f"{BASE}/portal/sessions", query={"limit": "100"}))["data"]
    return found


def session_in(office: Office, status: str) -> Wire:
    return next(each for each in sessions(office) if each["status"] == status)


def dispute(office: Office, session: Wire, body: Any = REASON) -> Response:
    return send(office.driver, "POST", f"/portal/sessions/{session['session_id']}/dispute", body)


def listed(office: Office) -> list[Wire]:
    found: list[Wire] = said(office.anonymous.get(f"/_mock/dynamo/organizations/{office.harbour}/disputes"))["data"]
    return found


def move(office: Office, dispute_id: str, body: Any) -> Response:
    return office.anonymous.put(f"/_mock/dynamo/organizations/{office.harbour}/disputes/{dispute_id}", json=body)


def code(response: Response) -> str:
    """Of a refusal, in whichever form."""
    body = response.json()
    return str(body["error"]["code"] if "error" in body else body["type"].rstrip("/").rpartition("/")[2])


def state_of(office: Office, session: Wire) -> str | None:
    again = next(each for each in sessions(office) if each["session_id"] == session["session_id"])
    return again["dispute_status"] and str(again["dispute_status"])


@pytest.mark.parametrize("state", DISPUTE.states)
def test_disputes_go_as_declared(office: Office, state: str) -> None:
    completed = [each for each in sessions(office) if each["status"] == "completed"]
    for name, session in zip(DISPUTE.transitions, completed, strict=False):
        made = said(dispute(office, session), 201)
        for way in WAYS[state]:
            said(move(office, made["id"], MOVES[way]))
        assert state_of(office, session) == state
        transition, before = DISPUTE.transitions[name], office.written()
        is_new = name == "open_another"
        response = dispute(office, session) if is_new else move(office, made["id"], MOVES[name])
        if state in transition.sources:
            moved = said(response, 201 if is_new else 200)
            assert (moved["id"] == made["id"]) == (not is_new)
            assert moved["status"] == state_of(office, session) == transition.target
            assert (moved["resolved_at"] is not None) == (transition.stamp == "resolved_at")
        else:
            refusal = transition.refusals[state]
            assert (response.status, code(response)) == (refusal.raised().status, refusal.code), (name, response.body)
            assert office.written() == before
            assert state_of(office, session) == state


def test_what_was_settled_is_told_and_the_cost_stays(office: Office) -> None:
    session = session_in(office, "completed")
    made = said(dispute(office, session, {**REASON, "expected_cost": 1.25}), 201)
    assert made == {
        "id": made["id"],
        "session_id": session["session_id"],
        "status": "open",
        **REASON,
        "expected_cost": 1.25,
        "charged_cost": session["total_cost"],
        "currency": "GBP",
        "created_at": "2026-03-18T12:00:00Z",
        "resolved_at": None,
        "resolution": None,
    }
    assert made in listed(office)
    said(move(office, made["id"], MOVES["review"]))
    settled = said(move(office, made["id"], MOVES["resolve"]))
    told = {"outcome": "refund", "refunded_amount": 0.5, "note": "The lock was stuck."}
    assert settled == {**made, "status": "resolved", "resolved_at": "2026-03-18T12:00:00Z", "resolution": told}
    assert settled in listed(office)
    assert {**session, "dispute_status": "resolved"} in sessions(office)


def test_what_is_turned_down_gives_nothing_back_and_what_is_withdrawn_is_not_settled(office: Office) -> None:
    session = session_in(office, "completed")
    first = said(dispute(office, session), 201)
    said(move(office, first["id"], MOVES["review"]))
    rejected = said(move(office, first["id"], MOVES["reject"]))
    assert rejected["resolution"] == {"outcome": "rejected", "refunded_amount": 0, "note": "It was locked by you."}
    second = said(dispute(office, session), 201)
    withdrawn = said(move(office, second["id"], MOVES["withdraw"]))
    assert (withdrawn["resolved_at"], withdrawn["resolution"]) == (None, None)
    assert [each["id"] for each in listed(office)].count(first["id"]) == 1


def test_the_dispute_of_the_seed_world_can_be_settled(office: Office) -> None:
    session = session_in(office, "stopped")
    refused(dispute(office, session), 409, "dispute_already_open")
    found = next(each for each in listed(office) if each["session_id"] == session["session_id"])
    assert (found["status"], found["charged_cost"]) == ("open", session["total_cost"])
    said(move(office, found["id"], MOVES["review"]))
    said(move(office, found["id"], MOVES["resolve"]))
    refused(dispute(office, session), 409, "dispute_already_resolved")
    assert session_in(office, "stopped")["dispute_status"] == "resolved"


def test_an_active_session_has_nothing_to_dispute(office: Office) -> None:
    before = office.written()
    refused(dispute(office, session_in(office, "active")), 409, "session_not_finished")
    assert office.written() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({**REASON, "expected_cost": -0.01}, "expected_cost"),
        ({**REASON, "expected_cost": "1"}, "expected_cost"),
    ],
)
def test_a_bad_complaint_is_told_by_its_field(office: Office, body: Any, field: str) -> None:
    before = office.written()
    error = refused(dispute(office, session_in(office, "completed"), body), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
    assert office.written() == before


@pytest.mark.parametrize("expected", [None, 0, 0.5, 12])
def test_the_cost_that_seems_right_is_optional(office: Office, expected: float | None) -> None:
    session = session_in(office, "completed")
    assert said(dispute(office, session, {**REASON, "expected_cost": expected}), 201)["expected_cost"] == expected
    assert said(send(office.driver, "GET", "/portal/sessions"))["total"] > 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "open"}, "status"),
        ({"status": "resolved"}, "outcome"),
        ({"status": "resolved", "outcome": "rejected", "refunded_amount": 0}, "outcome"),
        ({"status": "resolved", "outcome": "refund", "refunded_amount": 1e6}, "refunded_amount"),
        ({"status": "resolved", "outcome": "adjustment"}, "refunded_amount"),
    ],
)
def test_a_settlement_that_makes_no_sense_is_refused_and_changes_nothing(office: Office, body: Any, field: str) -> None:
    made = said(dispute(office, session_in(office, "completed")), 201)
    said(move(office, made["id"], MOVES["review"]))
    before = office.written()
    response = move(office, made["id"], body)
    assert response.status == 400, response.body
    assert field in response.json()["field_errors"]
    assert office.written() == before


def test_disputes_belong_to_their_organization(office: Office) -> None:
    made = said(dispute(office, session_in(office, "completed")), 201)
    path = "/_mock/dynamo/organizations"
    for org_id, dispute_id in ((office.polder, made["id"]), (office.harbour, f"dsp_{NOBODY}"), ("org_0", made["id"])):
        response = office.anonymous.put(f"{path}/{org_id}/disputes/{dispute_id}", json=MOVES["review"])
        assert response.status == 404, response.body
    polder = said(office.anonymous.get(f"{path}/{office.polder}/disputes"))["data"]
    assert made["id"] not in [each["id"] for each in polder]
    other = office.client(HARBOUR, "driver 2")
    assert made["session_id"] not in str(said(send(other, "GET", "/portal/sessions")))
    other.close()
