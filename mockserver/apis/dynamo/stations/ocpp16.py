"""How a station takes the calls of OCPP 1.6 part 1, chapter 5: what it answers, and what it does because of it.

To add an action, write a function (state, payload) -> answer and put it into `ACTIONS` with the members it needs. A
station without an entry does not know the action. What has to be told to the CSMS, it leaves in `state.events`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fixtures.days import unix_s
from mockserver.apis.dynamo.stations.connectors import FREE, OCCUPIED, TAKEN, Connector, free_for, is_for
from mockserver.apis.dynamo.stations.firmware import ordered
from mockserver.apis.dynamo.stations.profiles import (
    check,
    clear_charging_profile,
    get_composite_schedule,
    set_charging_profile,
)
from mockserver.apis.dynamo.stations.schedules import TRANSACTION
from mockserver.apis.dynamo.stations.state import (
    Answer,
    CallError,
    Released,
    Started,
    State,
    Stopped,
    addressed,
    said,
)
from mockserver.http.ocpp import Payload
from mockserver.http.parameters import instant

READ_ONLY = frozenset(
    {"LocalAuthListMaxLength", "NumberOfConnectors", "ReserveConnectorZeroSupported", "SupportedFeatureProfiles"}
)
_AFTER_REBOOT = frozenset({"WebSocketPingInterval"})
_MESSAGES = frozenset(
    {"BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification", "Heartbeat", "MeterValues"}
    | {"StatusNotification"}
)
_NUMBER = re.compile("[0-9]{1,9}")
"""As many digits as any number has that fits into 32 bits."""
_TRUTHS = ("true", "false")
_CABLES = frozenset({"type2_cable", "ccs2", "chademo"})
"""Plugs that hang on the station: there is no lock to open."""


def _reserve_now(state: State, payload: Payload) -> Answer:
    """5.13; a reservation of the same number is replaced."""
    connector = state.connectors.get(payload["connectorId"])  # 0 is refused: ReserveConnectorZeroSupported is false
    until_s = unix_s(_instant(payload, "expiryDate"))
    if connector is None or until_s <= state.at_s:
        return said("Rejected")
    number = payload["reservationId"]
    status = state.status(connector)
    is_same = status == TAKEN and connector.hold is not None and connector.hold["reservation_id"] == number
    if status != FREE and not is_same:
        return said(status if status in ("Faulted", "Unavailable") else "Occupied")
    _release(state, number)
    connector.hold = {"reservation_id": number, "id_tag": payload["idTag"], "until_s": until_s}
    connector.note(state.at_s)
    return said("Accepted")


def _cancel_reservation(state: State, payload: Payload) -> Answer:
    """5.2"""
    return said("Accepted" if _release(state, payload["reservationId"]) else "Rejected")


def _remote_start(state: State, payload: Payload) -> Answer:
    """5.11; a vehicle that waits at the connector is as good as none, and one that is held for another tag is not."""
    id_tag = payload["idTag"]
    if payload.get("connectorId") is None:
        connector = free_for([*state.connectors.values()], id_tag, state.at_s)
    else:
        connector = state.connectors.get(payload["connectorId"])
    profile = payload.get("chargingProfile")
    if profile is not None:
        check(profile)
    is_fitting = profile is None or profile["chargingProfilePurpose"] == TRANSACTION
    if connector is None or not is_fitting or not start(state, connector, id_tag):
        return said("Rejected")
    if profile is not None:
        state.profiles = [*state.profiles, {"connectorId": connector.number, "csChargingProfiles": profile}]
    return said("Accepted")


def _remote_stop(state: State, payload: Payload) -> Answer:
    """5.12"""
    for connector in state.connectors.values():
        if state.transactions(connector) == payload["transactionId"]:
            stop(state, connector, "Remote")
            return said("Accepted")
    return said("Rejected")


def _change_availability(state: State, payload: Payload) -> Answer:
    """5.3; what is in use becomes unavailable when it is free again."""
    kind = payload["type"]
    if kind not in ("Operative", "Inoperative"):
        raise CallError("PropertyConstraintViolation", f"type is neither Operative nor Inoperative but {kind}")
    connectors = addressed(state, payload["connectorId"])
    if not connectors:
        return said("Rejected")
    for connector in connectors:
        connector.is_operative = kind == "Operative"
        connector.note(state.at_s)
    in_use = kind == "Inoperative" and any(state.status(each) in OCCUPIED for each in connectors)
    return said("Scheduled" if in_use else "Accepted")


def _reset(state: State, payload: Payload) -> Answer:
    """5.14; soft lets what runs go on until it ends by itself, hard ends it. Reservations outlive both."""
    kind = payload["type"]
    if kind not in ("Hard", "Soft"):
        raise CallError("PropertyConstraintViolation", f"type is neither Hard nor Soft but {kind}")
    if kind == "Hard":
        for connector in state.connectors.values():
            stop(state, connector, "HardReset")
    return said("Accepted")


def _unlock_connector(state: State, payload: Payload) -> Answer:
    """5.18; whoever charges there stops."""
    connector = state.connectors.get(payload["connectorId"])
    if connector is None or state.plugs[connector.number] in _CABLES:
        return said("NotSupported")
    stop(state, connector, "UnlockCommand")
    return said("Unlocked")


def _change_configuration(state: State, payload: Payload) -> Answer:
    """5.4"""
    key, value = payload["key"], payload["value"]
    if key not in state.base_configuration:
        return said("NotSupported")
    usual = state.base_configuration[key]
    is_fitting = _NUMBER.fullmatch(value) if usual.isdecimal() else usual not in _TRUTHS or value.lower() in _TRUTHS
    if key in READ_ONLY or not is_fitting:
        return said("Rejected")
    state.configuration = {**state.configuration, key: value}
    return said("RebootRequired" if key in _AFTER_REBOOT else "Accepted")


def _get_configuration(state: State, payload: Payload) -> Answer:
    """5.8; without keys, all of them."""
    known = {**state.base_configuration, **state.configuration}
    asked: Iterable[str] = payload.get("key") or sorted(known)
    listed = [
        {"key": key, "readonly": key in READ_ONLY, "value": known[key]} for key in dict.fromkeys(asked) if key in known
    ]
    unknown = [key for key in dict.fromkeys(asked) if key not in known]
    return {"configurationKey": listed, **({"unknownKey": unknown} if unknown else {})}


def _trigger_message(state: State, payload: Payload) -> Answer:
    """5.17"""
    if payload["requestedMessage"] not in _MESSAGES:
        return said("NotImplemented")
    number = payload.get("connectorId")
    return said("Rejected" if number is not None and not addressed(state, number) else "Accepted")


def _send_local_list(state: State, payload: Payload) -> Answer:
    """5.15; a differential update has to go beyond the version that is there."""
    version, kind = payload["listVersion"], payload["updateType"]
    if kind == "Differential" and version <= state.list_version:
        return said("VersionMismatch")
    state.list_version = version
    return said("Accepted")


def _get_local_list_version(state: State, payload: Payload) -> Answer:
    """5.10"""
    return {"listVersion": state.list_version}


def _clear_cache(state: State, payload: Payload) -> Answer:
    """5.6"""
    return said("Accepted")


def _data_transfer(state: State, payload: Payload) -> Answer:
    """4.3: no vendor's extension is known."""
    return said("UnknownVendorId")


def _update_firmware(state: State, payload: Payload) -> Answer:
    """5.19: the answer says nothing."""
    at = _instant(payload, "retrieveDate")
    state.update = ordered(state.update, payload["location"], unix_s(at), state.at_s)
    return {}


def _get_diagnostics(state: State, payload: Payload) -> Answer:
    """5.9"""
    return {"fileName": f"diagnostics-{state.at_s}.log"}


@dataclass(frozen=True)
class Action:
    """How a station takes a call, and the members that the call has to have, with their types."""

    answer: Callable[[State, Payload], Answer]
    needs: Mapping[str, type] = field(default_factory=dict)


ACTIONS: Mapping[str, Action] = {
    "CancelReservation": Action(_cancel_reservation, {"reservationId": int}),
    "ChangeAvailability": Action(_change_availability, {"connectorId": int, "type": str}),
    "ChangeConfiguration": Action(_change_configuration, {"key": str, "value": str}),
    "ClearCache": Action(_clear_cache),
    "ClearChargingProfile": Action(clear_charging_profile),
    "DataTransfer": Action(_data_transfer, {"vendorId": str}),
    "GetCompositeSchedule": Action(get_composite_schedule, {"connectorId": int, "duration": int}),
    "GetConfiguration": Action(_get_configuration),
    "GetDiagnostics": Action(_get_diagnostics, {"location": str}),
    "GetLocalListVersion": Action(_get_local_list_version),
    "RemoteStartTransaction": Action(_remote_start, {"idTag": str}),
    "RemoteStopTransaction": Action(_remote_stop, {"transactionId": int}),
    "ReserveNow": Action(_reserve_now, {"connectorId": int, "expiryDate": str, "idTag": str, "reservationId": int}),
    "Reset": Action(_reset, {"type": str}),
    "SendLocalList": Action(_send_local_list, {"listVersion": int, "updateType": str}),
    "SetChargingProfile": Action(set_charging_profile, {"connectorId": int, "csChargingProfiles": dict}),
    "TriggerMessage": Action(_trigger_message, {"requestedMessage": str}),
    "UnlockConnector": Action(_unlock_connector, {"connectorId": int}),
    "UpdateFirmware": Action(_update_firmware, {"location": str, "retrieveDate": str}),
}


def answer(state: State, action: str, payload: Payload) -> Answer:
    """What the station answers; CallError for an action that it does not know, or a payload that it cannot use."""
    known = ACTIONS.get(action)
    if known is None:
        raise CallError("NotImplemented", f"{action[:50]} is not known")
    for name, kind in known.needs.items():
        if name not in payload:
            raise CallError("OccurenceConstraintViolation", f"{name} is missing")  # the code is spelt so
        if not isinstance(payload[name], kind) or isinstance(payload[name], bool):
            raise CallError("TypeConstraintViolation", f"{name} is no {kind.__name__}")
    return known.answer(state, payload)


def start(state: State, connector: Connector, id_tag: str) -> bool:
    """Start a transaction for a tag where nothing stands against it; True when it did."""
    status = state.status(connector)
    if status != FREE and not (status == "Preparing" or (status == TAKEN and is_for(connector.hold, id_tag))):
        return False
    state.events.append(Started(connector, id_tag))
    return True


def stop(state: State, connector: Connector, reason: str) -> None:
    """End the transaction of a connector, if one runs."""
    if state.transactions(connector) is not None:
        state.events.append(Stopped(connector, reason))


def release(state: State, connector: Connector) -> None:
    """Give up what is held at a connector, if something is."""
    if connector.hold is not None:
        state.events.append(Released(connector.hold["reservation_id"]))
        connector.hold = None
        connector.note(state.at_s)


def _release(state: State, reservation_id: int) -> bool:
    """Give up what is held under a number; False when nothing is."""
    for connector in state.connectors.values():
        if connector.hold is not None and connector.hold["reservation_id"] == reservation_id:
            release(state, connector)
            return True
    return False


def _instant(payload: Payload, name: str) -> datetime:
    try:
        if datetime.fromisoformat(payload[name].upper()).tzinfo is None:
            raise ValueError("without an offset it is a time nowhere")
        return instant(payload[name])
    except ValueError:
        raise CallError("FormationViolation", f"{name} is no time") from None
