"""The traps of the fact sheet, section 10: what the provider's documentation makes easy to get wrong, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.mock import NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import (
    ACCEPTED,
    EVENTS,
    KEY,
    PAIR,
    UNPAIR,
    Operator,
    Receiver,
    ocpp,
    reading,
    said,
)

EVENING = NOON - timedelta(hours=19)
AT = timestamp(EVENING)


def test_trap_1_event_is_an_object_or_text(north: Operator) -> None:
    measured = {"name": "total_active_power", "value": 1.5, "unit": "kW", "timestamp": AT}
    sensor = {"event": "MeasurementValues", "sensorId": "any text", "values": [measured]}
    assert said(north.post(sensor))["charge_point_id"] is None
    assert said(north.post(ocpp("cp", "Heartbeat", {})))["charge_point_id"] == "cp"
    assert north.post({**sensor, "event": {"method": "MeasurementValues", "params": {}}}).status in (400, 422)
    assert north.post({**ocpp("cp", "Heartbeat", {}), "event": "Heartbeat"}).status in (400, 422)


@pytest.mark.parametrize("where", ["response", "inside"])
def test_trap_2_the_answer_stands_inside_or_beside(north: Operator, where: str) -> None:
    params = {"connectorId": 1, "idTag": "A", "timestamp": AT, "meterStart": 0}
    answer: dict[str, Any] = {where: {"transactionId": 5, **ACCEPTED}}
    session_id = said(north.call("cp", "StartTransaction", params, **answer))["session_id"]
    values = {"connectorId": 1, "transactionId": 5, "meterValue": [reading(EVENING, 0)]}
    assert said(north.call("cp", "MeterValues", values, **{where: {}}))["session_id"] == session_id
    stop = {"transactionId": 5, "meterStop": 0, "timestamp": AT}
    assert said(north.call("cp", "StopTransaction", stop, **{where: ACCEPTED}))["session_id"] == session_id
    status = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
    said(north.call("cp", "StatusNotification", status, **{where: {}}))


def test_trap_3_token_and_bearer_both_authenticate(mock: Mock) -> None:
    token = mock.north.headers["authorization"].removeprefix("Bearer ")
    answers = {
        mock.anonymous.get(f"{STEKKER}/market_price_forecast", headers={"authorization": f"{word} {token}"}).body
        for word in ("Token", "Bearer")
    }
    assert len(answers) == 1


def test_trap_4_put_pairs_and_unpairs_and_post_does_all_else(north: Operator) -> None:
    for event in (PAIR, UNPAIR):
        assert said(north.post({"event": event, "chargePointId": "new"}), 422)
    for body in (ocpp("cp", "Heartbeat", {}), {"event": "MeasurementValues", "sensorId": "s", "values": []}):
        assert said(north.put(body), 422)
    said(north.put({"event": PAIR, "chargePointId": "new"}))
    said(north.put({"event": UNPAIR, "chargePointId": "new"}))
    for method in ("GET", "PATCH", "DELETE"):
        assert north.client.request(method, EVENTS).status == 405


def test_trap_5_the_id_of_a_charge_point_may_be_a_number(north: Operator) -> None:
    said(north.pair(70214))
    assert said(north.status("Available", "70214"))["charge_point_id"] == "70214"
    assert said(north.start(EVENING, charge_point_id=70214))["charge_point_id"] == "70214"
    said(north.unpair(70214))
    assert said(north.status("Available", "70214"), 404)


def test_trap_6_types_of_values(north: Operator) -> None:
    said(north.status("Faulted", errorCode="NotOfOcpp", connectorId=987_654_321_987))
    said(north.start(EVENING, connectorId=1_804_455))
    meter_value = {"timestamp": AT, "sampledValue": [{"value": 1100}]}
    assert said(north.meter(meter_value), 400)
    said(north.meter(reading(AT, "1100")))
    measured = {"name": "total_active_power", "value": "1.5", "unit": "kW", "timestamp": AT}
    assert said(north.post({"event": "MeasurementValues", "sensorId": "s", "values": [measured]}), 400)
    said(north.post({"event": "MeasurementValues", "sensorId": "s", "values": [{**measured, "value": 1.5}]}))


@pytest.mark.parametrize("digits", range(10))
def test_trap_7_seconds_have_up_to_nine_digits(north: Operator, digits: int) -> None:
    fraction = f".{'123456789'[:digits]}" if digits else ""
    text = f"2026-03-17T17:00:00{fraction}Z"
    said(north.start(text))
    said(north.meter(reading(f"2026-03-17T17:05:00{fraction}Z", 1_500)))
    said(north.status("Charging", timestamp=text))
    measured = {"name": "active_current_l1", "value": 5, "unit": "A", "timestamp": text}
    said(north.post({"event": "MeasurementValues", "sensorId": "s", "values": [measured]}))
    said(north.stop(f"2026-03-17T18:00:00{fraction}Z", 9_000))
    started_at = datetime.fromisoformat(said(north.cdr())["start_date_time"])
    assert started_at.microsecond == int("123456"[:digits].ljust(6, "0"))


def test_trap_8_profiles_have_headers_of_their_own_and_nest_the_transaction(
    north: Operator, receiver: Receiver
) -> None:
    said(north.start(EVENING, 880_142))
    receiver.settle()
    ((_, headers, body),) = receiver.calls
    assert (headers["secret"], headers["x-functions-key"]) == (KEY, KEY)
    assert "authorization" not in {name.lower() for name in headers}
    assert "transactionId" not in body
    assert body["csChargingProfiles"]["transactionId"] == 880_142


@pytest.mark.parametrize(("details", "power_w"), [
    ({"maxPower": 99_000, "maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_3_PHASE"}, 11_040),
    ({"maxPower": 99_000, "maxVoltage": 230, "maxAmperage": 32}, 7_360),
    ({"maxPower": 9_900, "powerType": "AC_3_PHASE"}, 9_900),
])  # fmt: skip
def test_trap_9_power_follows_from_volts_amperes_and_phases(
    north: Operator, details: dict[str, Any], power_w: int
) -> None:
    assert said(north.pair("new", **details))["max_power_w"] == power_w
    said(north.start(EVENING, charge_point_id="new"))
    assert north.session(77, "new")["plan"]["periods"][0]["limit_w"] == power_w


def test_trap_10_null_is_in_opposite_places(mock: Mock) -> None:
    periods = said(mock.prices.get(f"{STEKKER}/market_price_forecast"))["prices"]
    past = [each for each in periods if datetime.fromisoformat(each["period_start"]) + timedelta(hours=1) <= NOON]
    assert len(past) == 13  # since midnight in Amsterdam
    assert all(each["forecast"] is None and each["price_per_mwh"] is not None for each in past)
    assert all(each["forecast_lower"] is each["forecast_upper"] is None for each in past)
    unsettled = [each for each in periods if each["price_per_mwh"] is None]
    assert len(unsettled) == 48  # the last two of four days
    assert all(each["forecast"] is not None for each in unsettled)
    prices = set()
    for day in range(60, 110):
        mock.runtime.clock.set(NOON + timedelta(days=day))
        found = said(mock.prices.get(f"{STEKKER}/market_price_forecast"))["prices"]
        prices |= {each["price_per_mwh"] for each in found if each["price_per_mwh"] is not None}
    assert min(prices) < 0


def test_trap_11_a_cdr_follows_the_stop_and_has_an_id_of_its_own(north: Operator) -> None:
    assert said(north.cdr(), 404)
    said(north.start(EVENING))
    assert said(north.cdr(), 409)
    said(north.stop(EVENING + timedelta(hours=1), 9_000))
    cdr = said(north.cdr())
    assert cdr["id"] != "77"
    assert said(north.cdr(cdr["id"]), 404)


def test_trap_12_meter_readings_is_no_transaction(north: Operator) -> None:
    body = {
        "power_market": {"market_area_code": "NL", "sub_modality": "DayAhead"},
        "meter_readings": [
            {"timestamp": AT, "reading_kwh": 1},
            {"timestamp": timestamp(EVENING + timedelta(hours=1)), "reading_kwh": 2},
        ],
    }
    for method in ("POST", "GET"):
        assert said(north.client.request(method, f"{STEKKER}/cdrs/meter_readings", json=body))["total_cost"]


def test_trap_13_unpairing_ends_sessions_and_pushes(mock: Mock, north: Operator, receiver: Receiver) -> None:
    receiver.status = 503
    said(north.start(EVENING))
    said(north.start(EVENING, 78, connectorId=2))
    receiver.settle()
    receiver.status = 200
    said(north.unpair())
    assert {each["state"] for each in north.shown("/sessions")} == {"stopped_unpaired"}
    assert receiver.settle(86_400) == []  # not even what was to be tried again
    for response in (north.meter(reading(EVENING, 2_000)), north.stop(EVENING, 2_000), north.status("Available")):
        assert said(response, 404)
    assert said(north.cdr(), 409)
