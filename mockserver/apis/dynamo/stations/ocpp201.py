"""OCPP 1.6 messages in the words of OCPP 2.0.1, for the stations that speak it: part 2, chapter 2 of the edition 2.

A station is one thing, whatever it speaks, so the calls are those of 1.6 everywhere, and only what goes over the wire
is different. To have one more action reach these stations, write how it is worded into `WORDED`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mockserver.apis.dynamo.stations.connectors import OCCUPIED
from mockserver.http.ocpp import Payload


class Worded(NamedTuple):
    """The action in 2.0.1, and its payload from that of 1.6, with the members of the answer beside."""

    action: str
    payload: Callable[[Payload], dict[str, Any]]


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
    "RemoteStartTransaction": Worded("RequestStartTransaction", _remote_start),
    "RemoteStopTransaction": Worded(
        "RequestStopTransaction", lambda payload: {"transactionId": str(payload["transactionId"])}
    ),
    "ReserveNow": Worded("ReserveNow", _reserve_now),
    "Reset": Worded("Reset", _reset),
    "StartTransaction": Worded("TransactionEvent", _started),
    "StatusNotification": Worded("StatusNotification", _status_notification),
    "StopTransaction": Worded("TransactionEvent", _stopped),
    "UnlockConnector": Worded("UnlockConnector", lambda payload: {"evseId": payload["connectorId"], "connectorId": 1}),
}


def exchange(action: str, payload: Payload, answer: Payload | None) -> tuple[str, Payload, Payload | None]:
    """A call of 1.6 and its answer; KeyError for an action that is not worded.

    The number of a transaction, which the CSMS gives in the answer of 1.6, the station of 2.0.1 says itself.
    """
    worded, said = WORDED[action], answer
    if answer is not None and "idTagInfo" in answer:
        said = {"idTokenInfo": answer["idTagInfo"]}
    return worded.action, worded.payload({**payload, **(answer or {})}), said
