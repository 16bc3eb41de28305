"""Charge points seen from backstage: statuses, connections, ordered answers, transactions and messages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mockserver.apis.dynamo.steps import Office, Wire, said

POINT, THEIRS, BUSY = "london-hub-001", "utrecht-street-009", "amsterdam-office-001"


def ask(office: Office, method: str, path: str, content: Any = None, **query: Any) -> Any:
    return office.anonymous.request(method, f"/_mock/dynamo{path}", json=content, query=query)


def point(office: Office, charge_point_id: str = POINT) -> Wire:
    shown: Wire = said(ask(office, "GET", f"/charge-points/{charge_point_id}"))
    return shown


def test_a_charge_point_of_whatever_organization_is_shown(office: Office) -> None:
    mine, theirs = point(office), point(office, THEIRS)
    assert (mine["org_id"], theirs["org_id"]) == (office.harbour, office.polder)
    assert (mine["ocpp_version"], theirs["ocpp_version"]) == ("1.6", "2.0.1")
    free = [{"status": "Available", "transaction_id": None, "reservation": None}] * 2
    assert mine["connectors"] == [{"connector_id": number, **each} for number, each in enumerate(free, 1)]
    assert isinstance(point(office, BUSY)["connectors"][0]["transaction_id"], int)


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("GET", "/charge-points/nowhere", None),
        ("PUT", "/charge-points/nowhere", {"online": True}),
        ("PUT", f"/charge-points/{POINT}/connectors/3", {"status": None}),
        ("PUT", f"/charge-points/{POINT}/connectors/0", {"status": None}),
        ("POST", f"/charge-points/{POINT}/connectors/3/transaction", {"id_tag": "x"}),
        ("DELETE", f"/charge-points/{POINT}/connectors/3/transaction", None),
        ("POST", "/charge-points/nowhere/answers", {"action": "Reset", "silent": True}),
        ("DELETE", "/charge-points/nowhere/answers", None),
    ],
)
def test_what_is_not_there_is_not_found(office: Office, method: str, path: str, content: Any) -> None:
    assert ask(office, method, path, content).status == 404


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("PUT", f"/charge-points/{POINT}", {"online": "yes"}),
        ("PUT", f"/charge-points/{POINT}", {}),
        ("PUT", f"/charge-points/{POINT}/connectors/1", {"status": "Reserved"}),
        ("POST", f"/charge-points/{POINT}/connectors/1/transaction", {"id_tag": ""}),
        ("POST", f"/charge-points/{POINT}/answers", {"action": "Reset"}),
        ("POST", f"/charge-points/{POINT}/answers", {"action": "Reset", "silent": True, "payload": {}}),
        ("POST", f"/charge-points/{POINT}/answers", {"action": "Reset", "silent": False}),
        ("POST", f"/charge-points/{POINT}/answers", {"action": "Reset", "silent": True, "times": 0}),
        ("GET", "/ocpp-messages?sender=somebody", None),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(office: Office, method: str, path: str, content: Any) -> None:
    before = point(office)
    assert ask(office, method, path, content).status == 400
    assert point(office) == before


def test_answers_are_ordered_shown_and_withdrawn(office: Office) -> None:
    orders = [
        {"action": "Reset", "payload": {"status": "Rejected"}, "times": 1},
        {"action": "Reset", "silent": True, "times": 2},
        {"action": "ClearCache", "error": {"code": "InternalError", "description": "Full"}, "times": 1},
    ]
    for order in orders:
        shown = said(ask(office, "POST", f"/charge-points/{POINT}/answers", order), 201)
    assert shown["answers"] == point(office)["answers"] == orders
    assert point(office, THEIRS)["answers"] == []
    assert ask(office, "DELETE", f"/charge-points/{POINT}/answers").status == 204
    assert point(office)["answers"] == []


def test_a_reset_of_the_mock_forgets_orders_messages_and_states(office: Office) -> None:
    before = point(office)
    said(ask(office, "POST", f"/charge-points/{POINT}/answers", {"action": "Reset", "silent": True}), 201)
    said(ask(office, "PUT", f"/charge-points/{POINT}/connectors/1", {"status": "Faulted"}))
    said(ask(office, "PUT", f"/charge-points/{POINT}", {"online": False}))
    assert said(ask(office, "GET", "/ocpp-messages"))
    office.mock.reset()
    assert point(office) == before
    assert said(ask(office, "GET", "/ocpp-messages")) == []


@pytest.mark.parametrize(("charge_point_id", "shown"), [(POINT, "Charging"), (THEIRS, "Occupied")])
def test_a_driver_comes_and_goes(office: Office, charge_point_id: str, shown: str) -> None:
    path = f"/charge-points/{charge_point_id}/connectors/2/transaction"
    begun = said(ask(office, "POST", path, {"id_tag": "04A1"}), 201)
    (connector,) = point(office, charge_point_id)["connectors"][1:]
    assert (connector["status"], connector["transaction_id"]) == (shown, begun["ocpp_transaction_id"])
    assert "starts nothing" in said(ask(office, "POST", path, {"id_tag": "04A1"}), 409)["detail"]
    ended = said(ask(office, "DELETE", path))
    assert ended == {**begun, "stopped_at": "2026-03-18T12:00:00Z", "stop_reason": "Local"}
    assert point(office, charge_point_id)["connectors"][1]["status"] == "Available"
    assert ask(office, "DELETE", path).status == 409


def test_messages_are_filtered_and_newest_first(office: Office) -> None:
    for number in (1, 2):
        path = f"/charge-points/{POINT}/connectors/{number}/transaction"
        said(ask(office, "POST", path, {"id_tag": "04A1"}), 201)
    calls = said(ask(office, "GET", "/ocpp-messages"))
    assert [each["message_id"] for each in calls] == sorted((each["message_id"] for each in calls), reverse=True)
    starts = said(ask(office, "GET", "/ocpp-messages", action="StartTransaction"))
    assert [each["payload"]["connectorId"] for each in starts] == [2, 1]
    assert said(ask(office, "GET", "/ocpp-messages", limit=1)) == calls[:1]
    assert said(ask(office, "GET", "/ocpp-messages", charge_point_id=THEIRS)) == []
    assert said(ask(office, "GET", "/ocpp-messages", sender="csms")) == []
