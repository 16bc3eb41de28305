"""CPO commands: each in the words of its station, what became of it, and what is remembered of it."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

POINT, NEIGHBOUR, BUSY, OF_OCPP_201 = "london-hub-001", "london-hub-002", "amsterdam-office-001", "london-hub-006"
OFFLINE, THEIRS = "london-hub-005", "utrecht-street-009"
"""The world has an outage; of the other organization, free at noon, and of OCPP 2.0.1."""
CARD = "04A1B2C3D4E580"
CARDS = [{"id_tag": CARD, "id_tag_info": {"status": "Accepted", "expiry_date": timestamp(NOON), "parent_id_tag": "x"}}]
LIMIT: Wire = {
    "chargingProfileId": 1_000_001,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": timestamp(NOON),
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7400}],
    },
}
SENT_CARD = {
    "idTag": CARD,
    "idTagInfo": {"status": "Accepted", "expiryDate": timestamp(NOON), "parentIdTag": "x"},
}
COMMANDS: dict[str, tuple[Wire, str, Wire, str, str]] = {
    "start_session": (
        {"connector_id": 1, "id_tag": CARD},
        *("RemoteStartTransaction", {"connectorId": 1, "idTag": CARD}, "Accepted", "RequestStartTransaction"),
    ),
    "stop_session": (
        {"transaction_id": 7},
        *("RemoteStopTransaction", {"transactionId": 7}, "Rejected", "RequestStopTransaction"),
    ),
    "set_available": (
        {"connector_id": 0},
        *("ChangeAvailability", {"connectorId": 0, "type": "Operative"}, "Accepted", "ChangeAvailability"),
    ),
    "set_unavailable": (
        {"connector_id": 1},
        *("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, "Accepted", "ChangeAvailability"),
    ),
    "soft_reset": ({"type": "Hard"}, "Reset", {"type": "Soft"}, "Accepted", "Reset"),
    "hard_reset": ({}, "Reset", {"type": "Hard"}, "Accepted", "Reset"),
    "set_power_limit": (
        {"connector_id": 1, "limit_watts": 7400.04},
        *("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": LIMIT}, "Accepted", "SetChargingProfile"),
    ),
    "clear_power_limit": (
        {"connector_id": 1},
        *("ClearChargingProfile", {"id": 1_000_001}, "Rejected", "ClearChargingProfile"),
    ),
    "unlock_connector": (
        {"connector_id": 1},
        *("UnlockConnector", {"connectorId": 1}, "Rejected", "UnlockConnector"),
    ),
    "update_firmware": (
        {"firmware_url": "https://a.example/1.bin", "retrieve_date": timestamp(NOON), "location": "x"},
        *("UpdateFirmware", {"location": "https://a.example/1.bin", "retrieveDate": timestamp(NOON)}),
        *("Accepted", "UpdateFirmware"),
    ),
    "get_diagnostics": (
        {"upload_url": "sftp://a.example/", "retries": 3},
        *("GetDiagnostics", {"location": "sftp://a.example/"}, "Accepted", "GetLog"),
    ),
    "send_local_list": (
        {"list_version": 8, "local_authorization_list": CARDS},
        "SendLocalList",
        {"listVersion": 8, "updateType": "Full", "localAuthorizationList": [SENT_CARD]},
        *("Accepted", "SendLocalList"),
    ),
}
"""By command: parameters, action and payload in OCPP 1.6, what comes of it where nothing goes on, action in 2.0.1."""


def command(office: Office, name: str, point: str = POINT, by: Client | None = None, **members: Any) -> Any:
    parameters = members.pop("parameters", COMMANDS[name][0])
    content = {"command": name, "parameters": parameters, **members}
    return send(by or office.key, "POST", f"/cpo/commands/{point}", content)


def bulk(office: Office, points: list[str], name: str = "soft_reset", **parameters: Any) -> Any:
    content = {"charge_point_ids": points, "command": name, "parameters": parameters}
    return send(office.key, "POST", "/cpo/commands/bulk", content)


def history(office: Office, point: str = POINT, **query: Any) -> Wire:
    page: Wire = said(office.key.get(f"/dynamo/api/v1/cpo/commands/{point}/history", query=query))
    return page


def order(office: Office, action: str, point: str = POINT, **answer: Any) -> None:
    path = f"/_mock/dynamo/charge-points/{point}/answers"
    said(office.anonymous.request("POST", path, json={"action": action, **answer}), 201)


def sent(office: Office) -> list[Wire]:
    calls: list[Wire] = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query={"sender": "csms"}))
    return calls


def active(office: Office, point: str) -> list[Wire]:
    path = "/dynamo/api/v1/ocpp16/active_transactions"
    found: list[Wire] = said(office.key.get(path, query={"charge_point_id": point}))["transactions"]
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_each_is_an_action_of_ocpp_16(office: Office, name: str) -> None:
    _, action, payload, status, _ = COMMANDS[name]
    result = said(command(office, name))
    (call,) = sent(office)
    assert (call["action"], call["payload"]) == (action, payload)
    assert (result["charge_point_id"], result["command"], result["status"]) == (POINT, name, status)
    assert (result["response"], result["sent_at"], result["message"]) == (call["answer"], timestamp(NOON), None)
    assert history(office) == {"commands": [result], "total": 1, "limit": 50, "offset": 0}


@pytest.mark.parametrize("name", COMMANDS)
def test_each_is_an_action_of_ocpp_201(office: Office, name: str) -> None:
    *_, status, action = COMMANDS[name]
    status = "Accepted" if name == "unlock_connector" else status  # it has sockets, not cables
    result = said(command(office, name, THEIRS, office.polder_key))
    (call,) = sent(office)
    assert (call["action"], call["ocpp_version"]) == (action, "2.0.1")
    assert (result["status"], result["response"]) == (status, call["answer"])
    for kind, content in (("Request", call["payload"]), ("Response", call["answer"])):
        schema = json.loads((files("ocpp") / "v201" / "schemas" / f"{action}{kind}.json").read_text("utf-8-sig"))
        jsonschema_rs.validator_for(schema, validate_formats=True).validate(content)


def test_a_connector_without_a_lock_is_not_unlocked_in_ocpp_201(office: Office) -> None:
    result = said(command(office, "unlock_connector", OF_OCPP_201))
    assert (result["status"], result["response"]) == ("Rejected", {"status": "UnlockFailed"})


ANSWERS: dict[str, tuple[Wire, str, str | None]] = {
    "yes": ({"payload": {"status": "Accepted"}}, "Accepted", None),
    "no": ({"payload": {"status": "Rejected"}}, "Rejected", None),
    "nonsense": ({"payload": {"status": []}}, "Rejected", None),
    "nonsense that looks like an error": ({"payload": {"status": [], "errorCode": "?"}}, "Rejected", None),
    "error": (
        {"error": {"code": "InternalError", "description": "Full"}},
        *("Error", f'{POINT} answered InternalError: "Full".'),
    ),
    "unknown": ({"error": {"code": "NotImplemented"}}, "Error", f"{POINT} does not know {{}}."),
    "silence": ({"silent": True}, "Timeout", f"{POINT} did not answer within 10 seconds."),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("answer", "status", "message"), ANSWERS.values(), ids=ANSWERS)
def test_what_became_of_it_is_told_and_kept(
    office: Office, name: str, answer: Wire, status: str, message: str | None
) -> None:
    action = COMMANDS[name][1]
    order(office, action, **answer)
    result = said(command(office, name))
    assert (result["status"], result["message"]) == (status, message and message.format(action))
    assert (result["response"] is None, result["response_time_ms"] is None) == (status == "Timeout",) * 2
    assert history(office)["commands"] == [result]


@pytest.mark.parametrize(
    ("word", "action", "name"),
    [
        ("Scheduled", "ChangeAvailability", "set_unavailable"),
        ("Unlocked", "UnlockConnector", "unlock_connector"),
        ("UnlockFailed", "UnlockConnector", "unlock_connector"),
        ("VersionMismatch", "SendLocalList", "send_local_list"),
    ],
)
def test_what_will_be_done_later_is_accepted_and_the_rest_is_not(
    office: Office, word: str, action: str, name: str
) -> None:
    order(office, action, payload={"status": word})
    expected = "Accepted" if word in ("Scheduled", "Unlocked") else "Rejected"
    assert said(command(office, name))["status"] == expected


def test_the_time_that_was_waited_is_told(office: Office) -> None:
    order(office, "Reset", silent=True)
    result = said(command(office, "hard_reset", timeout_seconds=1))
    assert result["message"] == f"{POINT} did not answer within 1 second."


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_sent_to_whom_it_cannot_be(office: Office, name: str) -> None:
    for point, by in ((THEIRS, office.key), ("nowhere", office.key), (POINT, office.polder_owner)):
        refused(command(office, name, point, by), 404, "charge_point_not_found")
    refused(command(office, name, OFFLINE), 409, "charge_point_offline")
    assert sent(office) == []
    assert history(office, OFFLINE)["commands"] == history(office)["commands"] == []


WRONG: dict[str, tuple[str, Wire, str]] = {
    "a transaction of nobody": ("stop_session", {"transaction_id": f"txn_{NOBODY}"}, "transaction_id"),
    "no time in the calendar": (
        "update_firmware",
        {"firmware_url": "https://a.example/", "retrieve_date": "9999-12-31T23:59:59-12:00"},
        "retrieve_date",
    ),
    "a card of which nothing is said": (
        "send_local_list",
        {"list_version": 8, "local_authorization_list": [{"id_tag": CARD}]},
        "local_authorization_list.0.id_tag_info",
    ),
    "no parameter": ("start_session", {"connector_id": 1}, "id_tag"),
    "below nothing": ("set_power_limit", {"connector_id": 1, "limit_watts": -1}, "limit_watts"),
}


@pytest.mark.parametrize(("name", "parameters", "field"), WRONG.values(), ids=WRONG)
def test_a_bad_parameter_is_told_by_its_name(office: Office, name: str, parameters: Wire, field: str) -> None:
    for response in (command(office, name, parameters=parameters), bulk(office, [POINT], name, **parameters)):
        error = refused(response, 422, "validation_error")
        assert [each["field"] for each in error["details"]] == [f"parameters.{field}"]
    assert sent(office) == []


def test_a_command_that_there_is_not_is_refused(office: Office) -> None:
    error = refused(send(office.key, "POST", f"/cpo/commands/{POINT}", {"command": "reboot"}), 422, "validation_error")
    assert "command" in {each["field"] for each in error["details"]}


def test_sessions_are_stopped_by_their_ids(office: Office) -> None:
    said(command(office, "start_session"))
    begun = f"/_mock/dynamo/charge-points/{POINT}/connectors/1/transaction"
    (running,) = active(office, POINT)
    kept = said(office.anonymous.get("/_mock/state"))["collections"][f"dynamo.transactions/{office.harbour}"]
    (transaction_id,) = kept
    refused(command(office, "stop_session", NEIGHBOUR, parameters={"transaction_id": transaction_id}), 422,
            "validation_error")  # fmt: skip
    assert said(command(office, "stop_session", parameters={"transaction_id": transaction_id}))["status"] == "Accepted"
    assert active(office, POINT) == []
    again = {"transaction_id": running["transaction_id"]}
    assert said(command(office, "stop_session", parameters=again))["status"] == "Rejected"
    assert office.anonymous.request("DELETE", begun).status == 409, "nothing runs there any more"


def test_a_vehicle_of_the_world_is_stopped_by_the_id_of_its_transaction(office: Office) -> None:
    (charging,) = active(office, BUSY)
    parameters = {"transaction_id": charging["session_id"].replace("sess_", "txn_")}
    assert said(command(office, "stop_session", BUSY, parameters=parameters))["status"] == "Accepted"
    assert active(office, BUSY) == []


@pytest.mark.parametrize("number", [0, 1])
def test_a_limit_holds_until_it_is_cleared(office: Office, number: int) -> None:
    asked = {"charge_point_id": POINT, "connector_id": number, "duration": 60, "charging_rate_unit": "W"}

    def limits() -> list[float]:
        schedule = said(send(office.key, "POST", "/ocpp16/get_composite_schedule", asked))["response"]
        return [each["limit"] for each in schedule["chargingSchedule"]["chargingSchedulePeriod"]]

    free = limits()
    said(command(office, "set_power_limit", parameters={"connector_id": number, "limit_watts": 1400}))
    assert limits() == [1400] != free
    said(command(office, "set_power_limit", parameters={"connector_id": number, "limit_watts": 1500}))
    assert limits() == [1500]
    cleared = said(command(office, "clear_power_limit", parameters={"connector_id": number}))
    assert (cleared["status"], limits()) == ("Accepted", free)


def test_a_bulk_is_told_in_order_with_what_failed(office: Office) -> None:
    order(office, "Reset", NEIGHBOUR, silent=True)
    answer = said(bulk(office, [OFFLINE, POINT, NEIGHBOUR, OF_OCPP_201]))
    found = [(each["charge_point_id"], each["status"], each["message"]) for each in answer["results"]]
    assert found == [
        (OFFLINE, "Error", f"{OFFLINE} is not connected."),
        (POINT, "Accepted", None),
        (NEIGHBOUR, "Timeout", f"{NEIGHBOUR} did not answer within 10 seconds."),
        (OF_OCPP_201, "Accepted", None),
    ]
    assert (answer["total"], answer["succeeded"], answer["failed"]) == (4, 2, 2)
    assert len({each["command_id"] for each in answer["results"]}) == 4
    for each in answer["results"]:
        assert history(office, each["charge_point_id"])["commands"] == [each]


@pytest.mark.parametrize("stranger", [THEIRS, "nowhere"])
def test_a_bulk_to_one_that_is_not_there_is_sent_to_nobody(office: Office, stranger: str) -> None:
    refused(bulk(office, [POINT, stranger]), 404, "charge_point_not_found")
    assert (sent(office), history(office)["total"]) == ([], 0)


@pytest.mark.parametrize("points", [[], [POINT, POINT], [f"p{number}" for number in range(101)]])
def test_a_bulk_is_to_some_each_once(office: Office, points: list[str]) -> None:
    error = refused(bulk(office, points), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == ["charge_point_ids"]


def test_the_history_is_newest_first_in_pages_and_ones_own(office: Office) -> None:
    made = []
    for name in ("soft_reset", "hard_reset", "set_available"):
        made.append(said(command(office, name)))
        office.advance(timedelta(minutes=1))
    said(command(office, "soft_reset", NEIGHBOUR))
    assert history(office)["commands"] == made[::-1]
    page = history(office, limit=1, offset=1)
    assert page == {"commands": [made[1]], "total": 3, "limit": 1, "offset": 1}
    path = f"/cpo/commands/{POINT}/history"
    refused(send(office.polder_key, "GET", path), 404, "charge_point_not_found")
    assert len(said(send(office.viewer, "GET", path))["commands"]) == 3


@pytest.mark.parametrize(("scope", "reads", "writes"), [("read", 200, 403), ("write", 200, 200)])
def test_either_scope_reads_and_one_writes(office: Office, scope: str, reads: int, writes: int) -> None:
    wanted = {"name": "One scope", "scopes": [f"{scope}:charge_points"]}
    key = said(send(office.owner, "POST", "/org/api-keys", wanted), 201)["key"]
    client = Client(office.mock.app, {"x-api-key": key})
    assert send(client, "GET", f"/cpo/commands/{POINT}/history").status == reads
    assert command(office, "soft_reset", by=client).status == writes
    client.close()
