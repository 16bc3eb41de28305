"""OCPP 1.6 messages in the words of OCPP 2.0.1, for the stations that speak it: part 2, chapter 2 of the edition 2.

A station is one thing, whatever it speaks, so the calls are those of 1.6 everywhere, and only what goes over the wire
is different. To have one more action reach these stations, write how it is worded into `WORDED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mockserver.apis.dynamo.stations.connectors import OCCUPIED
from mockserver.http.ocpp import Payload


def _the_same(answer: Payload) -> Payload:
    return answer


class Worded(NamedTuple):
    """The action in 2.0.1, its payload from that of 1.6, with the members of the answer beside, and the answer."""

    action: str
    payload: Callable[[Payload], dict[str, Any]]
    answer: Callable[[Payload], Payload] = _the_same


def status(of_ocpp16: str) -> str:
    """A ConnectorStatusEnumType."""
    return "Occupied" if of_ocpp16 in OCCUPIED else of_ocpp16


def _evse(payload: Payload) -> dict[str, Any]:
    number = payload.get("connectorId")
    return {"evse": {"id": number}} if number else {}


def _token(payload: Payload) -> dict[str, str]:
    return {"idToken": payload["idTag"], "type": "Central"}


def _reserve_now(payload: Payload) -> dict[str, Any]:
    number = payload["connectorId"]
    return {
        "id": payload["reservationId"],
        "expiryDateTime": payload["expiryDate"],
        "idToken": _token(payload),
        **({"evseId": number} if number else {}),
    }


def _remote_start(payload: Payload) -> dict[str, Any]:
    number = payload.get("connectorId")
    return {"remoteStartId": 0, "idToken": _token(payload), **({"evseId": number} if number else {})}


def _reset(payload: Payload) -> dict[str, Any]:
    return {"type": "Immediate" if payload["type"] == "Hard" else "OnIdle"}


def _unlocked(answer: Payload) -> Payload:
    """There is no word for a connector without a lock."""
    return {"status": "UnlockFailed"} if answer.get("status") == "NotSupported" else answer


def _profile(payload: Payload) -> dict[str, Any]:
    profile = payload["csChargingProfiles"]
    named = {name: value for name, value in profile.items() if name != "chargingProfileId"}
    if "transactionId" in named:
        named["transactionId"] = str(named["transactionId"])
    named["chargingProfilePurpose"] = _purpose(named["chargingProfilePurpose"])
    named["chargingSchedule"] = [{"id": 1, **profile["chargingSchedule"]}]
    return {"evseId": payload["connectorId"], "chargingProfile": {"id": profile["chargingProfileId"], **named}}


def _profiles(payload: Payload) -> dict[str, Any]:
    if "id" in payload:
        return {"chargingProfileId": payload["id"]}
    names = {"connectorId": "evseId", "stackLevel": "stackLevel"}
    criteria = {new: payload[old] for old, new in names.items() if old in payload}
    if "chargingProfilePurpose" in payload:
        criteria["chargingProfilePurpose"] = _purpose(payload["chargingProfilePurpose"])
    return {"chargingProfileCriteria": criteria} if criteria else {}


def _purpose(of_ocpp16: str) -> str:
    return "ChargingStationMaxProfile" if of_ocpp16 == "ChargePointMaxProfile" else of_ocpp16


def _firmware(payload: Payload) -> dict[str, Any]:
    return {
        "requestId": 0,
        "firmware": {"location": payload["location"], "retrieveDateTime": payload["retrieveDate"]},
    }


def _log(payload: Payload) -> dict[str, Any]:
    return {"logType": "DiagnosticsLog", "requestId": 0, "log": {"remoteLocation": payload["location"]}}


def _logged(answer: Payload) -> Payload:
    return {"status": "Accepted", "filename": answer["fileName"]} if "fileName" in answer else answer


def _taken(answer: Payload) -> Payload:
    """What says nothing in 1.6 has a status."""
    return answer or {"status": "Accepted"}


def _local_list(payload: Payload) -> dict[str, Any]:
    cards = [_card(card) for card in payload.get("localAuthorizationList", ())]
    return {
        "versionNumber": payload["listVersion"],
        "updateType": payload["updateType"],
        **({"localAuthorizationList": cards} if cards else {}),
    }


def _card(card: Payload) -> dict[str, Any]:
    if "idTagInfo" not in card:
        return {"idToken": _token(card)}
    info = card["idTagInfo"]
    told = {"status": info["status"]}
    if "expiryDate" in info:
        told["cacheExpiryDateTime"] = info["expiryDate"]
    if "parentIdTag" in info:
        told["groupIdToken"] = _token({"idTag": info["parentIdTag"]})
    return {"idToken": _token(card), "idTokenInfo": told}


def _status_notification(payload: Payload) -> dict[str, Any]:
    return {
        "timestamp": payload["timestamp"],
        "connectorStatus": status(payload["status"]),
        "evseId": payload["connectorId"],
        "connectorId": 1,
    }


def _started(payload: Payload) -> dict[str, Any]:
    return {
        "eventType": "Started",
        "timestamp": payload["timestamp"],
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": str(payload["transactionId"])},
        "evse": {"id": payload["connectorId"]},
        "idToken": _token(payload),
        **({"reservationId": payload["reservationId"]} if "reservationId" in payload else {}),
    }


def _stopped(payload: Payload) -> dict[str, Any]:
    return {
        "eventType": "Ended",
        "timestamp": payload["timestamp"],
        "triggerReason": "RemoteStop" if payload["reason"] == "Remote" else "StopAuthorized",
        "seqNo": 1,
        "transactionInfo": {"transactionId": str(payload["transactionId"])},
    }


WORDED: Mapping[str, Worded] = {
    "CancelReservation": Worded("CancelReservation", lambda payload: {"reservationId": payload["reservationId"]}),
    "ChangeAvailability": Worded(
        "ChangeAvailability", lambda payload: {"operationalStatus": payload["type"], **_evse(payload)}
    ),
    "ClearCache": Worded("ClearCache", lambda payload: {}),
    "ClearChargingProfile": Worded("ClearChargingProfile", _profiles),
    "GetDiagnostics": Worded("GetLog", _log, _logged),
    "RemoteStartTransaction": Worded("RequestStartTransaction", _remote_start),
    "RemoteStopTransaction": Worded(
        "RequestStopTransaction", lambda payload: {"transactionId": str(payload["transactionId"])}
    ),
    "ReserveNow": Worded("ReserveNow", _reserve_now),
    "Reset": Worded("Reset", _reset),
    "SendLocalList": Worded("SendLocalList", _local_list),
    "SetChargingProfile": Worded("SetChargingProfile", _profile),
    "StartTransaction": Worded("TransactionEvent", _started),
    "StatusNotification": Worded("StatusNotification", _status_notification),
    "StopTransaction": Worded("TransactionEvent", _stopped),
    "UnlockConnector": Worded(
        "UnlockConnector", lambda payload: {"evseId": payload["connectorId"], "connectorId": 1}, _unlocked
    ),
    "UpdateFirmware": Worded("UpdateFirmware", _firmware, _taken),
}


def exchange(action: str, payload: Payload, answer: Payload | None) -> tuple[str, Payload, Payload | None]:
    """A call of 1.6 and its answer; KeyError for an action that is not worded.

    The number of a transaction, which the CSMS gives in the answer of 1.6, the station of 2.0.1 says itself.
    """
    worded, said = WORDED[action], answer
    if answer is not None and "idTagInfo" in answer:
        said = {"idTokenInfo": answer["idTagInfo"]}
    elif answer is not None and "errorCode" not in answer:
        said = worded.answer(answer)
    return worded.action, worded.payload({**payload, **(answer or {})}), said
