"""Organizations are strangers to each other: nothing of one's can be seen, changed or guessed by another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.mock import NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import (
    PAIR,
    THREE_PHASES,
    UNPAIR,
    Operator,
    Receiver,
    ocpp,
    reading,
    said,
    state_of,
)

EVENING = NOON - timedelta(hours=19)
AT = timestamp(EVENING)

START = ocpp("cp", "StartTransaction", {"connectorId": 1, "idTag": "A", "timestamp": AT, "meterStart": 1}, {
    "transactionId": 77, "idTagInfo": {"status": "Accepted"}})  # fmt: skip
METER = ocpp("cp", "MeterValues", {"connectorId": 1, "transactionId": 77, "meterValue": [reading(AT, 5_000)]})
STOP = ocpp("cp", "StopTransaction", {"transactionId": 77, "meterStop": 5_000, "timestamp": AT})
STATUS = ocpp("cp", "StatusNotification", {"connectorId": 1, "status": "Faulted", "errorCode": "x"})

CALLS: list[tuple[str, str, Any, int]] = [
    ("POST", "/events", STATUS, 404),
    ("POST", "/events", START, 404),
    ("POST", "/events", METER, 404),
    ("POST", "/events", STOP, 404),
    ("POST", "/events", ocpp("cp", "Heartbeat", {}), 404),
    ("PUT", "/events", {"event": UNPAIR, "chargePointId": "cp"}, 404),
    ("GET", "/cdrs/77", None, 404),
    ("POST", "/cdrs/77", None, 404),
    ("GET", "/cdrs/78", None, 404),
    ("POST", "/cdrs/78", None, 404),
]
"""Every operation that takes an id, with those of the first organization: 77 has ended, 78 goes on."""


@pytest.fixture
def busy(north: Operator) -> Operator:
    """The first organization in the middle of its day."""
    said(north.set_site(20_000, ["cp"]))
    said(north.start(EVENING))
    said(north.stop(EVENING + timedelta(hours=1), 9_000))
    said(north.start(EVENING + timedelta(hours=2), 78))
    said(north.status("Charging"))
    return north


@pytest.mark.parametrize(("method", "path", "body", "status"), CALLS)
def test_what_is_another_s_is_not_there(
    mock: Mock, busy: Operator, method: str, path: str, body: Any, status: int
) -> None:
    before = state_of(mock)
    response = mock.south.request(method, STEKKER + path, json=body)
    theirs = said(response, status)
    assert state_of(mock) == before
    # It is worded as if nobody had it: the same for what nobody has, but for the id.
    said(busy.unpair())
    mock.reset()
    assert said(mock.south.request(method, STEKKER + path, json=body), status) == theirs


def test_the_same_ids_are_other_things(mock: Mock, busy: Operator, south: Operator) -> None:
    said(south.change(auto_link=True))
    mine = [busy.session(number) for number in (77, 78)]
    said(south.pair("cp", maxPower=5_000))
    said(south.start(EVENING, 77))
    said(south.stop(EVENING + timedelta(hours=1), 100_000))
    assert [busy.session(number) for number in (77, 78)] == mine
    assert busy.charge_point()["max_power_w"] == 11_040
    assert said(south.start(EVENING, 77))["event_id"] != said(busy.start(EVENING, 77))["event_id"]
    assert said(south.cdr())["id"] != said(busy.cdr())["id"]
    said(south.unpair())
    assert busy.charge_point()["connectors"][0]["session_id"] == mine[1]["session_id"]


def test_sensors_and_cards_are_an_organization_s_own(mock: Mock, north: Operator, south: Operator) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.wish("CARD", departure_time="20:00"))
    said(south.measure(EVENING, 16.9))
    said(south.change(auto_link=True))
    said(south.pair(**THREE_PHASES))
    for operator, departure in ((north, "19:00"), (south, "07:00")):
        said(operator.start(EVENING))
        session = operator.session()
        assert departure in session["departure_at"]
        assert session["plan"]["periods"][0]["limit_w"] == 11_040


def test_history_is_an_organization_s_own(mock: Mock, busy: Operator) -> None:
    session = {"id_tag": "CARD", "charge_point_id": "cp", "connector_id": 1, "started_at": AT,
               "expected_departure_at": None, "max_power_kw": None}  # fmt: skip
    body = {"session": session, "measurements": []}
    bases = [said(client.post(f"{STEKKER}/charge_energy_forecast", json=body))["basis"]
             for client in (mock.north, mock.south)]  # fmt: skip
    assert bases == ["history", "default"]


def test_profiles_go_to_their_own_organization(
    mock: Mock, north: Operator, south: Operator, receiver: Receiver
) -> None:
    said(south.change(auto_link=True))
    said(south.pair(**THREE_PHASES))
    said(south.start(EVENING))
    assert receiver.settle() == []
    said(south.change(callback_url="http://127.0.0.1:9/south", callback_api_key="other"))
    said(north.start(EVENING))
    said(south.start(EVENING, 78))
    assert len(receiver.settle()) == 2
    assert sorted((url, headers["secret"]) for url, headers, _ in receiver.calls) == [
        ("http://127.0.0.1:9/api/v1/chargers/cp/set-charging-profile", "not-a-real-key"),
        ("http://127.0.0.1:9/south/cp/set-charging-profile", "other"),
    ]


def test_a_code_is_not_told_by_whether_another_used_it(mock: Mock, north: Operator, south: Operator) -> None:
    said(mock.anonymous.post("/_mock/stekker/pairing-codes", json={"pairing_code": "MINE1"}), 201)
    said(north.put({"event": PAIR, "chargePointId": "z", "pairingCode": "MINE1"}))
    error = said(south.pair("y", pairingCode="MINE1"), 409)
    assert not any(word in str(error) for word in ("north", "'z'", '"z"'))


def test_prices_are_everybody_s(mock: Mock) -> None:
    answers = {client.get(f"{STEKKER}/market_price_forecast").body for client in (mock.north, mock.south, mock.prices)}
    assert len(answers) == 1
