"""OCPP 1.6 commands: every action is sent as OCPP writes it, and whatever the station makes of it is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.ocpp_1_6_commands import STATUSES
from mockserver.apis.dynamo.stations.ocpp16 import ACTIONS
from mockserver.apis.dynamo.stations.payloads import snake
from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import CONTRACT, OPERATIONS, Office, Wire, body_of, refused, said, send

POINT, BUSY, OF_OCPP_201 = "london-hub-001", "amsterdam-office-001", "london-hub-006"
THEIRS = "utrecht-street-009"
CARD = "04A1B2C3D4E580"
BY_ACTION = {action: OPERATIONS["ocpp16-" + snake(action)[1:].replace("_", "-")] for action in ACTIONS}
AN_HOUR_ON = timestamp(NOON + timedelta(hours=1))
PROFILE: Wire = {
    "charging_profile_id": 7,
    "stack_level": 0,
    "charging_profile_purpose": "TxDefaultProfile",
    "charging_profile_kind": "Relative",
    "charging_schedule": {
        "charging_rate_unit": "W",
        "charging_schedule_period": [{"start_period": 0, "limit": 7400}, {"start_period": 60, "limit": 3700.04}],
    },
}


def body(action: str, **members: Any) -> Wire:
    """What the contract shows for an action, for a station and a time of the world."""
    shown: Wire = body_of(BY_ACTION[action])
    times = {"expiry_date": AN_HOUR_ON} if action == "ReserveNow" else {}
    return {**shown, "charge_point_id": POINT, **times, **members}


def command(office: Office, action: str, by: Client | None = None, **members: Any) -> Any:
    return send(by or office.key, "POST", BY_ACTION[action].path, body(action, **members))


def raw(office: Office, action: str, payload: Wire) -> Any:
    return send(
        office.key,
        "POST",
        "/ocpp16/send_command",
        {"charge_point_id": POINT, "command": action, "payload": payload},
    )


def test_the_words_are_those_of_the_contract() -> None:
    assert CONTRACT.document["components"]["schemas"]["Ocpp16Status"]["enum"] == [*STATUSES]


def order(office: Office, action: str, **answer: Any) -> None:
    path = f"/_mock/dynamo/charge-points/{POINT}/answers"
    said(office.anonymous.request("POST", path, json={"action": action, **answer}), 201)


def sent(office: Office, **query: Any) -> list[Wire]:
    calls: list[Wire] = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query={"sender": "csms", **query}))
    return calls


def running(office: Office, **query: Any) -> list[Wire]:
    found = said(office.key.get("/dynamo/api/v1/ocpp16/active_transactions", query=query))
    assert found["total"] == len(found["transactions"])
    transactions: list[Wire] = found["transactions"]
    return transactions


FREE_STATION = {
    "CancelReservation": "Rejected",
    "ChangeConfiguration": "Accepted",
    "ClearChargingProfile": "Unknown",
    "DataTransfer": "UnknownVendorId",
    "RemoteStopTransaction": "Rejected",
    "UnlockConnector": "NotSupported",
}
"""What a station says on which nothing goes on, where it does not accept."""


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_sent_as_ocpp_writes_it(office: Office, action: str) -> None:
    answer = said(command(office, action, nonsense=1, chargePointId="x", connectorID=2))
    (call,) = sent(office)
    assert (call["action"], call["charge_point_id"]) == (action, POINT)
    assert {snake(name) for name in call["payload"]} == {*body(action)} - {"charge_point_id"}
    assert answer["status"] == FREE_STATION.get(action, "Accepted")
    took_ms = answer.pop("response_time_ms")
    assert isinstance(took_ms, int)
    assert answer == {
        "charge_point_id": POINT,
        "command": action,
        "status": answer["status"],
        "response": call["answer"],
        "sent_at": timestamp(NOON),
    }


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_goes_by_its_name_and_payload(office: Office, action: str) -> None:
    first = said(command(office, action))
    (call,) = sent(office)
    office.mock.reset()
    assert said(raw(office, action, call["payload"])) == first


ANSWERS: dict[str, tuple[Wire, int, str]] = {
    "no": ({"payload": {"status": "Rejected"}}, 200, "Rejected"),
    "unknown": ({"error": {"code": "NotImplemented"}}, 200, "NotImplemented"),
    "unsupported": ({"error": {"code": "NotSupported"}}, 200, "NotSupported"),
    "error": ({"error": {"code": "InternalError", "description": "Lock motor blocked"}}, 502, "charge_point_rejected"),
    "a word that OCPP has not": ({"payload": {"status": "Perhaps"}}, 502, "charge_point_rejected"),
    "no word": ({"payload": {"status": []}}, 502, "charge_point_rejected"),
    "silence": ({"silent": True}, 504, "charge_point_timeout"),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("answer", "code", "word"), ANSWERS.values(), ids=ANSWERS)
def test_what_a_station_answers_is_told(office: Office, action: str, answer: Wire, code: int, word: str) -> None:
    order(office, action, **answer)
    response = command(office, action)
    if code != 200:
        refused(response, code, word)
        return
    result = said(response)
    error = {"errorCode": word, "errorDescription": "", "errorDetails": {}}
    assert (result["status"], result["response"]) == (word, answer.get("payload", error))


@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_is_sent_to_whom_it_cannot_be(office: Office, action: str) -> None:
    for by in (office.key, office.member):
        refused(command(office, action, by, charge_point_id=THEIRS), 404, "charge_point_not_found")
    refused(command(office, action, office.polder_key), 404, "charge_point_not_found")
    refused(command(office, action, charge_point_id=OF_OCPP_201), 409, "ocpp_version_mismatch")
    said(office.anonymous.request("PUT", f"/_mock/dynamo/charge-points/{POINT}", json={"online": False}))
    refused(command(office, action), 409, "charge_point_offline")
    assert sent(office) == []


WRONG: dict[str, tuple[str, Wire, str]] = {
    "a reservation until now": ("ReserveNow", {"expiry_date": timestamp(NOON)}, "expiry_date"),
    "no day": ("ReserveNow", {"expiry_date": "2026-02-30T12:00:00Z"}, "expiry_date"),
    "outside the calendar": ("ReserveNow", {"expiry_date": "9999-12-31T23:59:59-12:00"}, "expiry_date"),
    "nor is this one inside": ("GetDiagnostics", {"start_time": "0001-01-01T00:00:00+12:00"}, "start_time"),
    "an end before the start": ("GetDiagnostics", {"stop_time": "2026-03-16T00:00:00Z"}, "stop_time"),
    "a card in a full list of which nothing is said": (
        "SendLocalList",
        {"local_authorization_list": [{"id_tag": CARD}]},
        "local_authorization_list.0.id_tag_info",
    ),
    "a profile that ends before it begins": (
        "SetChargingProfile",
        {"cs_charging_profiles": {**PROFILE, "valid_from": AN_HOUR_ON, "valid_to": timestamp(NOON)}},
        "cs_charging_profiles.valid_to",
    ),
    "a profile that recurs, but not how": (
        "SetChargingProfile",
        {"cs_charging_profiles": {**PROFILE, "charging_profile_kind": "Recurring"}},
        "cs_charging_profiles",
    ),
    "a start with a profile for others": (
        "RemoteStartTransaction",
        {"charging_profile": PROFILE},
        "charging_profile.charging_profile_purpose",
    ),
}
PERIODS: dict[str, list[int]] = {"not from the start": [1], "twice": [0, 5, 5], "backwards": [0, 9, 5]}


@pytest.mark.parametrize(("action", "members", "field"), WRONG.values(), ids=WRONG)
def test_what_ocpp_does_not_allow_is_refused(office: Office, action: str, members: Wire, field: str) -> None:
    error = refused(command(office, action, **members), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
    assert sent(office) == []


@pytest.mark.parametrize("starts", PERIODS.values(), ids=PERIODS)
def test_periods_follow_each_other_from_0(office: Office, starts: list[int]) -> None:
    periods = [{"start_period": start, "limit": 1} for start in starts]
    profile = {
        **PROFILE,
        "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": periods},
    }
    error = refused(command(office, "SetChargingProfile", cs_charging_profiles=profile), 422, "validation_error")
    where = f"cs_charging_profiles.charging_schedule.charging_schedule_period.{len(starts) - 1}.start_period"
    assert [each["field"] for each in error["details"]] == [where]


RAW: dict[str, tuple[str, Wire, str]] = {
    "a member that is missing": ("Reset", {}, "payload.type"),
    "another type": ("UnlockConnector", {"connectorId": "1"}, "payload.connectorId"),
    "a value that there is not": ("ChangeAvailability", {"connectorId": 1, "type": "Off"}, "payload.type"),
    "a member that OCPP has not": ("ClearCache", {"connectorId": 1}, "payload"),
    "no tag": ("RemoteStartTransaction", {"idTag": ""}, "payload.idTag"),
    "a long tag": ("RemoteStartTransaction", {"idTag": "x" * 21}, "payload.idTag"),
    "in the words of Dynamo": ("RemoteStopTransaction", {"transaction_id": 1}, "payload.transactionId"),
    "past": (
        "ReserveNow",
        {"connectorId": 1, "idTag": CARD, "reservationId": 1, "expiryDate": timestamp(NOON)},
        "payload.expiryDate",
    ),
}


@pytest.mark.parametrize(("action", "payload", "field"), RAW.values(), ids=RAW)
def test_a_payload_is_held_to_the_schemas_of_ocpp(office: Office, action: str, payload: Wire, field: str) -> None:
    error = refused(raw(office, action, payload), 422, "validation_error")
    assert field in [each["field"] for each in error["details"]]
    assert sent(office) == []


@pytest.mark.parametrize("action", ["GetLog", "BootNotification", "ResetResponse", "Nonsense"])
def test_an_action_that_the_station_does_not_know_is_for_it_to_refuse(office: Office, action: str) -> None:
    result = said(raw(office, action, {"whatever": 1}))
    assert (result["command"], result["status"]) == (action, "NotImplemented")
    assert result["response"]["errorCode"] == "NotImplemented"


def test_a_session_is_started_seen_and_stopped(office: Office) -> None:
    before = running(office)
    said(command(office, "RemoteStartTransaction", connector_id=2, id_tag=CARD))
    (begun,) = running(office, charge_point_id=POINT)
    assert begun == {
        "transaction_id": begun["transaction_id"],
        "charge_point_id": POINT,
        "connector_id": 2,
        "id_tag": CARD,
        "session_id": begun["session_id"],
        "started_at": timestamp(NOON),
        "energy_kwh": 0,
    }
    assert said(send(office.key, "GET", f"/billing/sessions/{begun['session_id']}"))["status"] == "active"
    assert running(office) == [begun, *before]
    office.advance(timedelta(minutes=5))
    stopped = said(command(office, "RemoteStopTransaction", transaction_id=begun["transaction_id"]))
    assert (stopped["status"], running(office, charge_point_id=POINT)) == ("Accepted", [])


def test_a_vehicle_of_the_world_is_stopped_by_its_number(office: Office) -> None:
    (charging,) = running(office, charge_point_id=BUSY)
    assert charging["energy_kwh"] > 0
    assert charging["session_id"].startswith("sess_")
    stopped = command(office, "RemoteStopTransaction", charge_point_id=BUSY, transaction_id=charging["transaction_id"])
    assert (said(stopped)["status"], running(office, charge_point_id=BUSY)) == ("Accepted", [])


def test_transactions_are_those_of_the_organization_last_started_first(office: Office) -> None:
    mine = running(office)
    theirs = said(send(office.polder_key, "GET", "/ocpp16/active_transactions"))["transactions"]
    assert {each["charge_point_id"] for each in mine}.isdisjoint(each["charge_point_id"] for each in theirs)
    assert OF_OCPP_201 not in {each["charge_point_id"] for each in mine}
    started = [each["started_at"] for each in mine]
    assert started == sorted(started, reverse=True)
    assert running(office, charge_point_id=THEIRS) == running(office, charge_point_id="nowhere") == []


def test_limits_are_sent_with_one_decimal(office: Office) -> None:
    said(command(office, "SetChargingProfile", connector_id=1, cs_charging_profiles=PROFILE))
    (call,) = sent(office)
    periods = call["payload"]["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
    assert [each["limit"] for each in periods] == [7400, 3700]
    schedule = said(command(office, "GetCompositeSchedule", duration=120, charging_rate_unit="W"))["response"]
    assert [each["limit"] for each in schedule["chargingSchedule"]["chargingSchedulePeriod"]] == [7400, 3700]


def test_what_was_heard_stays_so_with_another_interval(office: Office) -> None:
    def heard() -> str:
        return str(said(send(office.key, "GET", f"/cpo/charge-points/{POINT}"))["last_heartbeat_at"])

    before = heard()
    said(command(office, "ChangeConfiguration", key="HeartbeatInterval", value="86400"))
    assert heard() == before
    office.advance(timedelta(days=1))
    assert heard() > before


def test_what_is_reserved_in_this_way_is_no_reservation_of_the_organization(office: Office) -> None:
    before = said(send(office.key, "GET", "/reservations"))
    said(command(office, "ReserveNow", reservation_id=9, connector_id=1))
    assert said(send(office.key, "GET", "/reservations")) == before
    assert said(command(office, "CancelReservation", reservation_id=9))["status"] == "Accepted"


def test_a_key_needs_the_scope(office: Office) -> None:
    made = said(send(office.owner, "POST", "/org/api-keys", {"name": "Reading", "scopes": ["read:charge_points"]}), 201)
    reading = Client(office.mock.app, {"x-api-key": made["key"]})
    refused(command(office, "Reset", reading), 403, "insufficient_scope")
    assert send(reading, "GET", "/ocpp16/active_transactions").status == 200
    reading.close()
