"""What a station answers to each action in each state, and what it does because of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fixtures.days import unix_s
from mockserver.apis.dynamo.stations.connectors import SHOWN, Connector
from mockserver.apis.dynamo.stations.ocpp16 import ACTIONS, READ_ONLY, answer
from mockserver.apis.dynamo.stations.schedules import Outlet
from mockserver.apis.dynamo.stations.state import CallError, Started, State, Stopped
from mockserver.clock import timestamp
from tests.mock import NOON

NOW_S = unix_s(NOON)
LATER, BEFORE = "2026-03-18T13:00:00Z", "2026-03-18T11:59:59Z"
TAG, OTHER = "04A1B2C3D4E580", "04FFFFFFFFFFFF"
HELD, RUNNING = 7, 99
CONFIGURATION = {
    "AuthorizeRemoteTxRequests": "false",
    "HeartbeatInterval": "300",
    "WebSocketPingInterval": "60",
    **dict.fromkeys(READ_ONLY, "2"),
}


def connector(status: str) -> Connector:
    """Connector 1 in that status, with a hold for `TAG` or the transaction `RUNNING` where it takes one."""
    made = Connector(1)
    if status == "Reserved":
        made.hold = {"reservation_id": HELD, "id_tag": TAG, "until_s": NOW_S + 3600}
    elif status == "Charging":
        made.running = {"transaction_id": RUNNING, "id_tag": TAG, "phases": [{"since_s": NOW_S, "status": "Charging"}]}
    elif status == "Unavailable":
        made.is_operative = False
    elif status != "Available":
        made.shown = status
    made.note(NOW_S)
    assert made.status(NOW_S) == status
    return made


def station(status: str = "Available", plug: str = "type2_socket") -> State:
    """A station with connector 1 in that status and connector 2 free."""
    return State(
        at_s=NOW_S,
        connectors={1: connector(status), 2: Connector(2)},
        plugs={1: plug, 2: plug},
        outlets=dict.fromkeys((1, 2), Outlet(22_080, 3)),
        transactions=lambda each: each.running["transaction_id"] if each.running else None,
        base_configuration=CONFIGURATION,
    )


def reserve(**changes: Any) -> dict[str, Any]:
    return {"connectorId": 1, "expiryDate": LATER, "idTag": TAG, "reservationId": 8, **changes}


def profile(purpose: str = "TxDefaultProfile", **changes: Any) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
    made = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": purpose}
    return {**made, "chargingProfileKind": "Relative", "chargingSchedule": schedule, **changes}


IN_USE = ("Preparing", "SuspendedEV", "SuspendedEVSE", "Finishing", "Charging", "Reserved")
RESERVE_NOW = {"Available": "Accepted", "Faulted": "Faulted", "Unavailable": "Unavailable"} | dict.fromkeys(
    IN_USE, "Occupied"
)


@pytest.mark.parametrize(("status", "said"), RESERVE_NOW.items(), ids=RESERVE_NOW)
def test_what_can_be_reserved(status: str, said: str) -> None:
    state = station(status)
    before = state.connectors[1].as_json()
    assert answer(state, "ReserveNow", reserve()) == {"status": said}
    if said == "Accepted":
        assert state.connectors[1].hold == {"reservation_id": 8, "id_tag": TAG, "until_s": NOW_S + 3600}
        assert state.status(state.connectors[1]) == "Reserved"
    else:
        assert state.connectors[1].as_json() == before


def test_every_status_is_tried() -> None:
    assert {*RESERVE_NOW} == {"Available", "Reserved", *SHOWN}


def test_a_reservation_of_the_same_number_is_replaced_wherever_it_was() -> None:
    state = station("Reserved")
    assert answer(state, "ReserveNow", reserve(reservationId=HELD, idTag=OTHER)) == {"status": "Accepted"}
    assert answer(state, "ReserveNow", reserve(reservationId=HELD, connectorId=2)) == {"status": "Accepted"}
    assert [state.status(each) for each in state.connectors.values()] == ["Available", "Reserved"]


@pytest.mark.parametrize("changes", [{"connectorId": 0}, {"connectorId": 3}, {"expiryDate": BEFORE}])
def test_nothing_is_held_nowhere_and_for_no_time(changes: dict[str, Any]) -> None:
    state = station()
    assert answer(state, "ReserveNow", reserve(**changes)) == {"status": "Rejected"}
    assert not [each for each in state.connectors.values() if each.hold]


def test_a_hold_ends_by_itself_at_its_very_end() -> None:
    held = connector("Reserved")
    held.settle(NOW_S + 3599)
    assert held.status(NOW_S + 3599) == "Reserved"
    held.settle(NOW_S + 3600)
    assert (held.status(NOW_S + 3600), held.closed) == ("Available", [[NOW_S, NOW_S + 3600]])


@pytest.mark.parametrize(("number", "said"), [(HELD, "Accepted"), (8, "Rejected")])
def test_what_is_held_is_given_up_by_its_number(number: int, said: str) -> None:
    state = station("Reserved")
    assert answer(state, "CancelReservation", {"reservationId": number}) == {"status": said}
    assert (state.connectors[1].hold is None) == (said == "Accepted")


STARTS: Mapping[str, tuple[str, dict[str, Any], int | None]] = {
    "free": ("Available", {"connectorId": 1, "idTag": OTHER}, 1),
    "a vehicle waits": ("Preparing", {"connectorId": 1, "idTag": OTHER}, 1),
    "held for the tag": ("Reserved", {"connectorId": 1, "idTag": TAG}, 1),
    "held for the tag in small letters": ("Reserved", {"connectorId": 1, "idTag": TAG.lower()}, 1),
    "held for another": ("Reserved", {"connectorId": 1, "idTag": OTHER}, None),
    "in use": ("Charging", {"connectorId": 1, "idTag": TAG}, None),
    "a vehicle that has charged": ("Finishing", {"connectorId": 1, "idTag": TAG}, None),
    "out of order": ("Faulted", {"connectorId": 1, "idTag": TAG}, None),
    "out of service": ("Unavailable", {"connectorId": 1, "idTag": TAG}, None),
    "no such connector": ("Available", {"connectorId": 3, "idTag": TAG}, None),
    "any: the one that is held for the tag": ("Reserved", {"idTag": TAG}, 1),
    "any: not the one that is held for another": ("Reserved", {"idTag": OTHER}, 2),
    "any: the first that is free": ("Available", {"idTag": OTHER}, 1),
    "any: not the one in use": ("Charging", {"idTag": OTHER}, 2),
}


@pytest.mark.parametrize(("status", "payload", "at"), STARTS.values(), ids=STARTS)
def test_where_a_driver_starts(status: str, payload: dict[str, Any], at: int | None) -> None:
    state = station(status)
    assert answer(state, "RemoteStartTransaction", payload) == {"status": "Rejected" if at is None else "Accepted"}
    assert state.events == ([] if at is None else [Started(state.connectors[at], payload["idTag"])])


def test_nobody_starts_where_nothing_is_free() -> None:
    state = station("Faulted")
    state.connectors[2].show("Faulted", NOW_S)
    assert answer(state, "RemoteStartTransaction", {"idTag": TAG}) == {"status": "Rejected"}


@pytest.mark.parametrize(("number", "said"), [(RUNNING, "Accepted"), (RUNNING + 1, "Rejected")])
def test_a_transaction_is_stopped_by_its_number(number: int, said: str) -> None:
    state = station("Charging")
    assert answer(state, "RemoteStopTransaction", {"transactionId": number}) == {"status": said}
    assert state.events == ([Stopped(state.connectors[1], "Remote")] if said == "Accepted" else [])


ANSWERS: Mapping[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "free to inoperative": (
        "Available",
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
        {"status": "Accepted"},
    ),
    "in use to inoperative": (
        "Charging",
        "ChangeAvailability",
        {"connectorId": 1, "type": "Inoperative"},
        {"status": "Scheduled"},
    ),
    "all, of which one is in use": (
        "Charging",
        "ChangeAvailability",
        {"connectorId": 0, "type": "Inoperative"},
        {"status": "Scheduled"},
    ),
    "in use to operative": (
        "Charging",
        "ChangeAvailability",
        {"connectorId": 1, "type": "Operative"},
        {"status": "Accepted"},
    ),
    "no such connector": (
        "Available",
        "ChangeAvailability",
        {"connectorId": 3, "type": "Operative"},
        {"status": "Rejected"},
    ),
    "reset": ("Charging", "Reset", {"type": "Soft"}, {"status": "Accepted"}),
    "unlock": ("Available", "UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
    "unlock none": ("Available", "UnlockConnector", {"connectorId": 3}, {"status": "NotSupported"}),
    "change": ("Available", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, {"status": "Accepted"}),
    "change to nonsense": (
        "Available",
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "often"},
        {"status": "Rejected"},
    ),
    "change to neither true nor false": (
        "Available",
        "ChangeConfiguration",
        {"key": "AuthorizeRemoteTxRequests", "value": "maybe"},
        {"status": "Rejected"},
    ),
    "change to true": (
        "Available",
        "ChangeConfiguration",
        {"key": "AuthorizeRemoteTxRequests", "value": "True"},
        {"status": "Accepted"},
    ),
    "change to a square": (
        "Available",
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "6²"},
        {"status": "Rejected"},
    ),
    "change to other digits": (
        "Available",
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "٦٠"},
        {"status": "Rejected"},
    ),
    "change for the next start": (
        "Available",
        "ChangeConfiguration",
        {"key": "WebSocketPingInterval", "value": "30"},
        {"status": "RebootRequired"},
    ),
    "change what is fixed": (
        "Available",
        "ChangeConfiguration",
        {"key": "NumberOfConnectors", "value": "9"},
        {"status": "Rejected"},
    ),
    "change to what is no number of theirs": (
        "Available",
        "ChangeConfiguration",
        {"key": "HeartbeatInterval", "value": "9" * 400},
        {"status": "Rejected"},
    ),
    "change what there is not": (
        "Available",
        "ChangeConfiguration",
        {"key": "Colour", "value": "9"},
        {"status": "NotSupported"},
    ),
    "get": (
        "Available",
        "GetConfiguration",
        {"key": ["Colour", "HeartbeatInterval"]},
        {
            "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
            "unknownKey": ["Colour"],
        },
    ),
    "clear the cache": ("Available", "ClearCache", {}, {"status": "Accepted"}),
    "data": ("Available", "DataTransfer", {"vendorId": "com.example"}, {"status": "UnknownVendorId"}),
    "firmware": (
        "Available",
        "UpdateFirmware",
        {"location": "https://files.example/f.bin", "retrieveDate": LATER},
        {},
    ),
    "diagnostics": (
        "Available",
        "GetDiagnostics",
        {"location": "https://files.example/"},
        {"fileName": f"diagnostics-{NOW_S}.log"},
    ),
    "trigger": ("Available", "TriggerMessage", {"requestedMessage": "Heartbeat"}, {"status": "Accepted"}),
    "trigger nothing": ("Available", "TriggerMessage", {"requestedMessage": "Music"}, {"status": "NotImplemented"}),
    "trigger nowhere": (
        "Available",
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "connectorId": 3},
        {"status": "Rejected"},
    ),
    "list version": ("Available", "GetLocalListVersion", {}, {"listVersion": 0}),
    "list": ("Available", "SendLocalList", {"listVersion": 4, "updateType": "Full"}, {"status": "Accepted"}),
    "an old list": (
        "Available",
        "SendLocalList",
        {"listVersion": 0, "updateType": "Differential"},
        {"status": "VersionMismatch"},
    ),
    "limit what charges": (
        "Charging",
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile("TxProfile")},
        {"status": "Accepted"},
    ),
    "limit what does not": (
        "Available",
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile("TxProfile")},
        {"status": "Rejected"},
    ),
    "limit the station at a connector": (
        "Available",
        "SetChargingProfile",
        {"connectorId": 1, "csChargingProfiles": profile("ChargePointMaxProfile")},
        {"status": "Rejected"},
    ),
    "clear no profile": ("Available", "ClearChargingProfile", {}, {"status": "Unknown"}),
    "the schedule of a connector": (
        "Available",
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"},
        {
            "status": "Accepted",
            "connectorId": 1,
            "scheduleStart": timestamp(NOON),
            "chargingSchedule": {
                "duration": 60,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32.0}],
            },
        },
    ),
    "the schedule of none": (
        "Available",
        "GetCompositeSchedule",
        {"connectorId": 3, "duration": 60},
        {"status": "Rejected"},
    ),
    "the schedule of no time": (
        "Available",
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 0},
        {"status": "Rejected"},
    ),
    "start with a limit": (
        "Available",
        "RemoteStartTransaction",
        {"idTag": TAG, "chargingProfile": profile("TxProfile")},
        {"status": "Accepted"},
    ),
    "start with a limit of another kind": (
        "Available",
        "RemoteStartTransaction",
        {"idTag": TAG, "chargingProfile": profile()},
        {"status": "Rejected"},
    ),
    "nothing held": ("Available", "CancelReservation", {"reservationId": 1}, {"status": "Rejected"}),
    "nobody charges": ("Available", "RemoteStopTransaction", {"transactionId": 1}, {"status": "Rejected"}),
    "start": ("Available", "RemoteStartTransaction", {"idTag": TAG}, {"status": "Accepted"}),
    "reserve": ("Available", "ReserveNow", reserve(), {"status": "Accepted"}),
    "reserve in small letters": (
        "Available",
        "ReserveNow",
        reserve(expiryDate=LATER.lower()),  # RFC 3339, 5.6: they are as good
        {"status": "Accepted"},
    ),
}


@pytest.mark.parametrize(("status", "action", "payload", "said"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer(status: str, action: str, payload: dict[str, Any], said: dict[str, Any]) -> None:
    assert answer(station(status), action, payload) == said


def test_every_action_is_tried() -> None:
    assert {action for _, action, _, _ in ANSWERS.values()} == {*ACTIONS}


def test_what_is_inoperative_is_so_once_it_is_free() -> None:
    state = station("Charging")
    answer(state, "ChangeAvailability", {"connectorId": 0, "type": "Inoperative"})
    assert [state.status(each) for each in state.connectors.values()] == ["Charging", "Unavailable"]
    state.connectors[1].stop(NOW_S)
    assert state.status(state.connectors[1]) == "Unavailable"
    answer(state, "ChangeAvailability", {"connectorId": 1, "type": "Operative"})
    assert [state.status(each) for each in state.connectors.values()] == ["Available", "Unavailable"]


@pytest.mark.parametrize(
    ("action", "payload", "reason"),
    [("Reset", {"type": "Hard"}, "HardReset"), ("UnlockConnector", {"connectorId": 1}, "UnlockCommand")],
)
def test_who_charges_is_cut_off(action: str, payload: dict[str, Any], reason: str) -> None:
    state = station("Charging")
    answer(state, action, payload)
    assert state.events == [Stopped(state.connectors[1], reason)]


def test_a_soft_reset_lets_them_charge_and_a_cable_is_not_unlocked() -> None:
    state = station("Charging", plug="ccs2")
    answer(state, "Reset", {"type": "Soft"})
    assert answer(state, "UnlockConnector", {"connectorId": 1}) == {"status": "NotSupported"}
    assert state.events == []


def test_what_was_configured_is_read_back() -> None:
    state = station()
    answer(state, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"})
    listed = answer(state, "GetConfiguration", {})["configurationKey"]
    assert {each["key"]: each["value"] for each in listed} == {**CONFIGURATION, "HeartbeatInterval": "60"}
    assert {each["key"] for each in listed if each["readonly"]} == READ_ONLY


def test_profiles_take_each_others_place_and_are_cleared_by_what_is_said_of_them() -> None:
    state = station()
    for number, level in ((1, 0), (2, 0), (3, 1)):
        made = profile(chargingProfileId=number, stackLevel=level)
        answer(state, "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": made})
    kept = [each["csChargingProfiles"]["chargingProfileId"] for each in state.profiles]
    assert kept == [2, 3]
    assert answer(state, "ClearChargingProfile", {"stackLevel": 1, "connectorId": 1}) == {"status": "Unknown"}
    assert answer(state, "ClearChargingProfile", {"stackLevel": 1}) == {"status": "Accepted"}
    assert answer(state, "ClearChargingProfile", {"id": 2}) == {"status": "Accepted"}
    assert state.profiles == []


ERRORS: Mapping[str, tuple[str, dict[str, Any], str]] = {
    "an action that there is not": ("Dance", {}, "NotImplemented"),
    "a member is missing": ("CancelReservation", {}, "OccurenceConstraintViolation"),
    "a member of another type": ("CancelReservation", {"reservationId": "1"}, "TypeConstraintViolation"),
    "a truth is no number": ("CancelReservation", {"reservationId": True}, "TypeConstraintViolation"),
    "no time": ("ReserveNow", reserve(expiryDate="soon"), "FormationViolation"),
    "a time nowhere": ("ReserveNow", reserve(expiryDate="2026-03-18T13:00:00"), "FormationViolation"),
    "no kind of reset": ("Reset", {"type": "Gentle"}, "PropertyConstraintViolation"),
    "no profile": (
        "SetChargingProfile",
        {"connectorId": 0, "csChargingProfiles": {}},
        "PropertyConstraintViolation",
    ),
    "no profile to start with": (
        "RemoteStartTransaction",
        {"idTag": TAG, "chargingProfile": profile(stackLevel="high")},
        "PropertyConstraintViolation",
    ),
    "no availability": (
        "ChangeAvailability",
        {"connectorId": 0, "type": "Off"},
        "PropertyConstraintViolation",
    ),
}


@pytest.mark.parametrize(("action", "payload", "code"), ERRORS.values(), ids=ERRORS)
def test_what_cannot_be_used_is_an_error(action: str, payload: dict[str, Any], code: str) -> None:
    state = station("Charging")
    with pytest.raises(CallError) as error:
        answer(state, action, payload)
    assert (error.value.code, state.events) == (code, [])


@pytest.mark.parametrize("action", [action for action, known in ACTIONS.items() if known.needs])
def test_every_member_that_is_needed_is_missed(action: str) -> None:
    for left_out in ACTIONS[action].needs:
        payload = {
            name: timestamp(NOON) if kind is str else kind()
            for name, kind in ACTIONS[action].needs.items()
            if name != left_out
        }
        with pytest.raises(CallError, match=f"{left_out} is missing"):
            answer(station(), action, payload)
