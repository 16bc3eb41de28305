"""Events as they arrive: in which form, in which order and how often, with which numbers and times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.asgi import Response
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    ACCEPTED,
    EVENTS,
    THREE_PHASES,
    Operator,
    Receiver,
    ocpp,
    reading,
    refused,
    said,
    state_of,
)

EVENING = NOON + timedelta(hours=5)
POWER, SOC = "Power.Active.Import", "SoC"


def after(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def connector(operator: Operator) -> Any:
    (found,) = operator.charge_point()["connectors"]
    return found


def test_a_receipt_says_what_became_of_an_event(mock: Mock, north: Operator) -> None:
    receipt = said(north.start(EVENING))
    assert receipt == {
        "status": "accepted",
        "event_id": receipt["event_id"],
        "received_at": timestamp(NOON),
        "charge_point_id": "cp",
        "session_id": north.session()["session_id"],
        "max_power_w": None,
        "message": None,
    }
    assert said(north.start(EVENING))["event_id"] == receipt["event_id"]
    assert said(north.status("Charging"))["event_id"] != receipt["event_id"]


def test_the_last_status_of_each_connector_is_kept(north: Operator) -> None:
    said(north.status("Preparing", errorCode="SomethingNew", info="x" * 50, timestamp="2026-03-18T17:03:12.1Z"))
    said(north.status("Available", connectorId=0))
    said(north.status("Faulted", connectorId=2_000_000_000_000))
    shown = {each["connector_id"]: each for each in north.charge_point()["connectors"]}
    assert {number: each["status"] for number, each in shown.items()} == {
        0: "Available", 1: "Preparing", 2_000_000_000_000: "Faulted"
    }  # fmt: skip
    assert (shown[1]["error_code"], shown[1]["status_at"]) == ("SomethingNew", "2026-03-18T17:03:12.100000Z")
    assert shown[0]["status_at"] == timestamp(NOON)


@pytest.mark.parametrize(("first", "second", "last"), [
    ("2026-03-18T17:03:12Z", "2026-03-18T17:03:12.5Z", "second"),
    ("2026-03-18T17:03:12.5Z", "2026-03-18T17:03:12Z", "first"),
    ("2026-03-18T17:03:12Z", "2026-03-18T17:03:12Z", "second"),
    ("2026-03-18T17:03:12Z", "2026-03-18T18:03:11+01:00", "first"),
    ("2027-03-18T17:03:12Z", None, "second"),
])  # fmt: skip
def test_a_queued_status_does_not_replace_a_newer_one(
    north: Operator, first: str, second: str | None, last: str
) -> None:
    said(north.status("Preparing", timestamp=first))
    said(north.status("Charging", **({} if second is None else {"timestamp": second})))
    assert connector(north)["status"] == {"first": "Preparing", "second": "Charging"}[last]


def test_a_status_repeated_without_a_time_stands_since_it_came(mock: Mock, north: Operator) -> None:
    said(north.status("Charging"))
    mock.runtime.clock.advance(timedelta(minutes=5))
    said(north.status("Charging"))
    assert connector(north)["status_at"] == timestamp(NOON)
    said(north.status("SuspendedEV"))
    assert connector(north)["status_at"] == timestamp(NOON + timedelta(minutes=5))


@pytest.mark.parametrize("method", ["Heartbeat", "BootNotification", "Authorize", "DataTransfer"])
def test_other_calls_are_taken_and_ignored(mock: Mock, north: Operator, method: str) -> None:
    before = state_of(mock)
    receipt = said(north.call("cp", method, {"anything": [1]}, inside={"currentTime": "now"}))
    assert (receipt["status"], method in receipt["message"]) == ("ignored", True)
    assert state_of(mock) == before
    assert said(north.call("stranger", method, {}), 404)


@pytest.mark.parametrize("method", ["StatusNotification", "MeterValues", "StopTransaction", "Heartbeat"])
@pytest.mark.parametrize("where", [{}, {"response": {}}, {"inside": {}}, {"response": {"x": 1}, "inside": {"y": 2}}])
def test_the_answer_may_stand_beside_or_inside(north: Operator, method: str, where: dict[str, Any]) -> None:
    said(north.start(EVENING))
    params: dict[str, dict[str, Any]] = {
        "StatusNotification": {"connectorId": 1, "status": "Charging", "errorCode": "NoError"},
        "MeterValues": {"connectorId": 1, "transactionId": 77, "meterValue": [reading(after(1), 1100)]},
        "StopTransaction": {"transactionId": 77, "meterStop": 2000, "timestamp": timestamp(after(60))},
        "Heartbeat": {},
    }
    said(north.call("cp", method, params[method], **where))


@pytest.mark.parametrize(("where", "transaction_id"), [
    ({"response": {"transactionId": 5, **ACCEPTED}}, 5),
    ({"inside": {"transactionId": 6, **ACCEPTED}}, 6),
    ({"response": {"transactionId": 5, **ACCEPTED}, "inside": {"transactionId": 6, **ACCEPTED}}, 6),
    ({"response": {"transactionId": -(2**63), **ACCEPTED}}, -(2**63)),
    ({"response": {"transactionId": 0, **ACCEPTED, "more": 1}}, 0),
])  # fmt: skip
def test_the_answer_to_a_start_names_the_transaction(
    north: Operator, where: dict[str, Any], transaction_id: int
) -> None:
    params = {"connectorId": 1, "idTag": "A", "timestamp": timestamp(EVENING), "meterStart": 0}
    said(north.call("cp", "StartTransaction", params, **where))
    assert [each["transaction_id"] for each in north.shown("/sessions")] == [transaction_id]


@pytest.mark.parametrize(("where", "field", "status"), [
    ({}, "response.transactionId", 422),
    ({"response": {}}, "response.transactionId", 422),
    ({"inside": {}}, "event.response.transactionId", 422),
    ({"response": {"transactionId": 5, **ACCEPTED}, "inside": {}}, "event.response.transactionId", 422),
    ({"inside": {**ACCEPTED}}, "event.response.transactionId", 422),
    ({"response": {**ACCEPTED}}, "response.transactionId", 422),
    ({"response": {"transactionId": 5}}, "response.idTagInfo.status", 422),
    ({"response": {"transactionId": 2**63, **ACCEPTED}}, "response.transactionId", 422),
    ({"response": {"transactionId": "5", **ACCEPTED}}, "response.transactionId", 400),
    ({"response": {"transactionId": 5, "idTagInfo": {"status": "Fine"}}}, "response.idTagInfo.status", 422),
])  # fmt: skip
def test_a_start_whose_answer_names_none_is_refused(
    mock: Mock, north: Operator, where: dict[str, Any], field: str, status: int
) -> None:
    before = state_of(mock)
    params = {"connectorId": 1, "idTag": "A", "timestamp": timestamp(EVENING), "meterStart": 0}
    assert refused(north.call("cp", "StartTransaction", params, **where), status)[0] == field
    assert state_of(mock) == before


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid", "ConcurrentTx"])
def test_a_card_that_is_not_accepted_opens_no_session(mock: Mock, north: Operator, status: str) -> None:
    before = state_of(mock)
    params = {"connectorId": 1, "idTag": "A", "timestamp": timestamp(EVENING), "meterStart": 0}
    response = {"transactionId": 5, "idTagInfo": {"status": status, "parentIdTag": "P"}}
    receipt = said(north.call("cp", "StartTransaction", params, response=response))
    assert (receipt["status"], receipt["session_id"], status in receipt["message"]) == ("ignored", None, True)
    assert state_of(mock) == before
    assert said(north.meter(reading(after(1), 10), transaction_id=5), 422)


@pytest.mark.parametrize("value", [1e308, -1e308, 1e20])
def test_sensor_values_beyond_all_measure_are_refused(mock: Mock, north: Operator, value: float) -> None:
    said(north.set_site(9_000, ["cp"]))
    said(north.start(EVENING))
    before = state_of(mock)
    assert refused(north.measure(EVENING, value), 422)[0] == "values.0.value"
    assert state_of(mock) == before


@pytest.mark.parametrize(("name", "value", "status"), [
    ("meterStart", 2**63, 422), ("meterStart", 1.5, 400), ("meterStart", "1", 400), ("connectorId", 0, 422),
    ("connectorId", 2**63, 422), ("idTag", "", 422), ("idTag", "x" * 21, 422), ("idTag", 7, 400),
    ("timestamp", 1, 400), ("timestamp", "yesterday", 422), ("meterStart", None, 400), ("meterStart", 1e308, 422),
])  # fmt: skip
def test_a_start_with_a_bad_member_is_refused(north: Operator, name: str, value: Any, status: int) -> None:
    params = {"connectorId": 1, "idTag": "A", "timestamp": timestamp(EVENING), "meterStart": 0, name: value}
    response = north.call("cp", "StartTransaction", params, response={"transactionId": 5, **ACCEPTED})
    assert any(name in each["field"] for each in said(response, status)["details"])


def test_registers_as_large_as_they_can_be(north: Operator) -> None:
    largest = 2**63 - 1
    said(north.start(EVENING, meterStart=largest))
    said(north.meter(reading(after(5), str(largest))))
    said(north.stop(after(10), largest))
    assert said(north.cdr())["total_cost"]["excl_vat"] == 0
    said(north.start(EVENING, 78, meterStart=-(2**63)))
    said(north.stop(after(10), -(2**63) + 1000, 78))
    assert north.session(78)["state"] == "completed"


@pytest.mark.parametrize(("text", "status"), [
    ("2026-03-18T17:00:00.123456789Z", 200),
    ("2026-03-18T17:00:00.1234567Z", 200),
    ("2026-03-18T17:00:00.1Z", 200),
    ("2026-03-18t17:00:00z", 200),
    ("2026-03-18T17:00:00+23:59", 200),
    ("2018-01-01T00:00:00Z", 200),
    ("2198-12-31T23:59:59Z", 200),
    ("2017-12-31T23:59:59Z", 422),
    ("2199-01-01T00:00:00Z", 422),
    ("0001-01-01T00:00:00+23:59", 422),
    ("9999-12-31T23:59:59-23:59", 422),
    ("2016-12-31T23:59:60Z", 422),  # a leap second, of a year without prices
    ("2026-06-30T23:59:60Z", 422),
    ("2026-02-30T00:00:00Z", 422),
    ("2026-03-18T17:00:00", 422),
    ("2026-03-18T17:00Z", 422),
    ("2026-03-18T17:00:00+24:00", 422),
    ("1773853200", 422),
])  # fmt: skip
def test_times_are_read_leniently_and_within_the_years_of_prices(
    mock: Mock, north: Operator, text: str, status: int
) -> None:
    sensor = {"event": "MeasurementValues", "sensorId": "s", "values": [
        {"name": "total_active_power", "value": 1, "unit": "kW", "timestamp": text}]}  # fmt: skip
    for send in (
        lambda: north.start(text),
        lambda: north.stop(text, 1000),
        lambda: north.status("Charging", timestamp=text),
        lambda: north.post(sensor),
    ):
        answer = said(send(), status)
        assert ("details" in answer) == (status == 422)


def test_nanoseconds_are_cut_to_microseconds(north: Operator) -> None:
    said(north.start("2026-03-18T17:00:00.123456999Z"))
    assert north.session()["started_at"] == "2026-03-18T17:00:00.123456Z"


def five_readings(operator: Operator) -> Response:
    return operator.meter(*(reading(after(minute), 1000 + 184 * minute) for minute in range(1, 6)))


def older_reading(operator: Operator) -> Response:
    said(operator.meter(reading(after(20), 4000)))
    return operator.meter(reading(after(2), 1300, {"value": "3000", "measurand": POWER}))


def state_of_charge(operator: Operator) -> Response:
    return operator.meter(reading(after(3), {"value": "70", "measurand": SOC}))


REPEATED: dict[str, Callable[[Operator], Response]] = {
    "pair": lambda operator: operator.pair(**THREE_PHASES),
    "status": lambda operator: operator.status("Charging", timestamp=timestamp(EVENING)),
    "start": lambda operator: operator.start(EVENING),
    "one reading": lambda operator: operator.meter(reading(after(7), 2300)),
    "five readings": five_readings,
    "off plan": lambda operator: operator.meter(reading(after(30), 1000)),
    "an older reading": older_reading,
    "state of charge": state_of_charge,
    "a falling register": lambda operator: operator.meter(reading(after(9), 900)),
    "no transaction": lambda operator: operator.meter(reading(after(9), 1900), transaction_id=None),
    "before the start": lambda operator: operator.meter(reading(after(-9), 1900)),
    "sensor": lambda operator: operator.measure(after(6), 7.0),
    "stop": lambda operator: operator.stop(after(600), 30_000, transactionData=[reading(after(500), 29_000)]),
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_repeat_has_no_second_effect(mock: Mock, north: Operator, receiver: Receiver, name: str) -> None:
    said(north.set_site(15_000, ["cp"]))
    said(north.start(EVENING))
    said(north.meter(reading(after(1), 1184)))
    first = said(REPEATED[name](north))
    receiver.settle()
    once = state_of(mock)
    again = said(REPEATED[name](north))
    assert receiver.settle() == []
    assert state_of(mock) == once
    assert {key: first[key] for key in ("event_id", "session_id")} == {
        key: again[key] for key in ("event_id", "session_id")
    }


def test_a_repeated_sensor_value_changes_nothing_later_either(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.set_site(15_000, ["cp"]))
    said(north.start(EVENING))
    said(north.measure(after(1), 12.0))
    said(north.meter(reading(after(2), 1100)))  # 3 kW, by which the sensor's 12 would leave less room
    receiver.settle()
    before = state_of(mock)
    said(north.measure(after(1), 12.0))
    said(north.measure(after(0), 14.0))  # and an older one
    assert receiver.settle() == []
    assert state_of(mock) == before


@pytest.mark.parametrize(("name", "unit", "right"), [
    ("total_active_power", "A", "kW"), ("active_current_l1", "kW", "A"), ("active_voltage_l3", "A", "V"),
    ("active_power_l2", "V", "kW"),
])  # fmt: skip
def test_a_unit_of_another_quantity_is_not_acceptable(
    mock: Mock, north: Operator, name: str, unit: str, right: str
) -> None:
    before = state_of(mock)
    good = {"name": "total_active_power", "value": 1, "unit": "kW", "timestamp": timestamp(EVENING)}
    bad = {**good, "name": name, "unit": unit}
    field, message = refused(north.post({"event": "MeasurementValues", "sensorId": "s", "values": [good, bad]}), 422)
    assert (field, right in message) == ("values.1.unit", True)
    assert state_of(mock) == before


@pytest.mark.parametrize("body", [
    {"event": "MeasurementValues", "sensorId": "", "values": [{}]},
    {"event": "MeasurementValues", "sensorId": "s", "values": []},
    {"event": "MeasurementValues", "sensorId": "s"},
    {"event": "SensorMeasurements", "sensorId": "s", "values": []},
    {"event": "MeasurementValues", "sensorId": "s", "values": [
        {"name": "total_active_power", "value": "1", "unit": "kW", "timestamp": "2026-03-18T17:00:00Z"}]},
    {"event": "MeasurementValues", "sensorId": "s", "values": [
        {"name": "power", "value": 1, "unit": "kW", "timestamp": "2026-03-18T17:00:00Z"}]},
])  # fmt: skip
def test_measurements_of_another_form_are_refused(north: Operator, body: Any) -> None:
    assert north.post(body).status in (400, 422)


@pytest.mark.parametrize("change", [
    {"notification": "OcppEvents"}, {"protocol": "2.0.1"}, {"protocol": 1.6}, {"event": "StartTransaction"},
    {"event": {"method": "Nonsense", "params": {}}}, {"event": {"method": "Heartbeat"}}, {"event": {"params": {}}},
    {"event": {"method": "Heartbeat", "params": []}}, {"event": None}, {"event": []}, {"response": []},
])  # fmt: skip
def test_envelopes_of_another_form_are_refused(north: Operator, change: dict[str, Any]) -> None:
    response = north.post({**ocpp("cp", "Heartbeat", {}), **change})
    assert response.status in (400, 422)
    assert response.json()["error"]


@pytest.mark.parametrize("content", [b'{"a":1,}', b"{", b"\xff", b'"\\ud800"', b"[" * 2000, b"NaN", b"{'a':1}", b""])
def test_what_is_no_json_is_refused(north: Operator, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    for method in ("POST", "PUT"):
        response = north.client.request(method, EVENTS, content=content, headers=headers)
        assert said(response, 400)["error"]
