"""What charge points and sensors may say, and what must be refused."""

from __future__ import annotations

from typing import Any

from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker.session import (
    AVAILABLE,
    ID_TAG,
    POST,
    PUT,
    REGISTER_WH,
    Session,
    paired,
    past,
    running,
    taken,
    wire,
)

PRICES = "GET /market_price_forecast"
_REFUSALS = (400, 404, 405, 409, 415, 422)
LARGE_CONNECTOR = 1_804_455


@law("inferred", "critical", PRICES)
def bearer_and_token_both_authenticate(stage: Stage) -> None:
    """The same token authenticates behind `Bearer` and behind `Token`, in any case of letters."""
    scheme, _, token = stage.run.credentials.headers.get("Authorization", "").partition(" ")
    if scheme.lower() not in ("bearer", "token") or not token:
        raise NotPlayed("needs a token")
    for word in ("Bearer", "Token", "token"):
        exchange = stage.call(PRICES, headers={"Authorization": f"{word} {token}"})
        stage.require(exchange.status != 401, exchange, f"Authorization: {word} <token> is as good as the other form")


@law("published", "critical", POST)
def event_is_an_object_or_text(stage: Stage) -> None:
    """`event` is an object in what a charge point says and text in what a sensor says; both are taken."""
    exchange = stage.call(POST, paired(stage).ocpp("StatusNotification", AVAILABLE, {}))
    stage.succeeds(exchange, "an OCPP event has its call as an object in event", "OcppEvent")
    exchange = stage.call(POST, _measured(stage, 7.25))
    stage.succeeds(exchange, "measurements have event: MeasurementValues", "MeasurementValuesEvent.event")


@law("published", "critical", POST, "GET /cdrs/{cpo_transaction_id}")
def response_is_read_where_documented(stage: Stage) -> None:
    """The answer to StartTransaction stands beside `event`, that to StopTransaction inside; both are read."""
    _play_through(stage, beside_at_start=True)


@law("inferred", "major", POST, "GET /cdrs/{cpo_transaction_id}")
def response_is_read_in_either_place(stage: Stage) -> None:
    """The answer may also stand inside `event` at the start and beside it at the end, and inside goes first."""
    _play_through(stage, beside_at_start=False)
    session = past(stage)
    event = session.start_event(inside=True)
    event["response"] = {"transactionId": session.transaction_id + 1, "idTagInfo": {"status": "Accepted"}}
    stage.succeeds(stage.call(POST, event), "a response in both places is fine", "OcppEvent")
    exchange = stage.call(POST, session.meter_event(1, 100))
    stage.succeeds(exchange, "of two responses, the one inside event has the transaction id", "OcppEvent")


def _play_through(stage: Stage, *, beside_at_start: bool) -> None:
    session = past(stage)
    exchange = stage.call(POST, session.start_event(inside=not beside_at_start))
    stage.succeeds(exchange, f"response stands {'beside' if beside_at_start else 'inside'} event", "OcppEvent")
    exchange = stage.call(POST, session.meter_event(20, 2_000))
    stage.succeeds(exchange, "the transaction id of that response is known from then on", "OcppEvent")
    stop = session.stop_event(40, 4_000)
    if not beside_at_start:
        stop["response"] = stop["event"].pop("response")
    stage.succeeds(stage.call(POST, stop), "the session ends", "OcppEvent")
    says = "the session that was started and stopped has a price"
    stage.succeeds(session.priced(), says, "Cdr")


@law("inferred", "major", PUT, POST)
def put_is_for_pairing_only(stage: Stage) -> None:
    """Pairing and unpairing go by PUT, everything else by POST, and neither by the other."""
    charge_point = paired(stage)
    stage.refuses(
        stage.call(PUT, charge_point.ocpp("StatusNotification", AVAILABLE, {})), _REFUSALS, "OCPP events go by POST"
    )
    stage.refuses(stage.call(PUT, _measured(stage, 1.5)), _REFUSALS, "measurements go by POST")
    for event in ("ChargePointDetailsNotification", "ChargePointUnPairNotification"):
        exchange = stage.call(POST, {"event": event, "chargePointId": charge_point.id})
        stage.refuses(exchange, _REFUSALS, f"{event} goes by PUT")
    exchange = stage.call(POST, charge_point.ocpp("StatusNotification", AVAILABLE, {}))
    stage.succeeds(exchange, "unpairing by POST, which was refused, has had no effect")


@law("published", "major", POST)
def error_code_is_any_text(stage: Stage) -> None:
    """The error code of a status may be one that OCPP does not know."""
    params = {"connectorId": 1, "status": "Faulted", "errorCode": "GridmockOutsideOcpp", "info": "a test"}
    exchange = stage.call(POST, paired(stage).ocpp("StatusNotification", params, {}))
    stage.succeeds(exchange, "errorCode is free text: the published sample has one outside OCPP's list", "OcppEvent")


@law("published", "major", POST)
def connector_id_has_no_upper_bound(stage: Stage) -> None:
    """A connector id may be a database id of seven digits."""
    session = Session(paired(stage), LARGE_CONNECTOR)
    exchange = stage.call(POST, session.start_event())
    stage.succeeds(exchange, f"connectorId has no upper bound, {LARGE_CONNECTOR} is one", "OcppEvent")


@law("published", "major", POST)
def sampled_value_is_text(stage: Stage) -> None:
    """A sampled value is text, needs nothing beside it, and may have decimals."""
    session = running(stage)
    for energy_wh in (1_000, 1_500.5):
        exchange = stage.call(POST, session.meter_event(5, energy_wh))
        stage.succeeds(exchange, "a sampledValue with only a value, which is text", "OcppEvent")
    more = {"value": "41", "measurand": "SoC", "unit": "Percent", "context": "Sample.Periodic"}
    exchange = stage.call(POST, session.meter_event(6, 1_600, more))
    stage.succeeds(exchange, "a state of charge as a percentage", "OcppEvent")


@law("published", "major", POST)
def sensor_value_is_a_number(stage: Stage) -> None:
    """The value of a sensor is a JSON number, with or without decimals."""
    for value in (7, 7.125):
        exchange = stage.call(POST, _measured(stage, value))
        stage.succeeds(exchange, f"value: {value}", "MeasurementValue.value")


@law("published", "major", POST)
def times_have_up_to_nine_decimals(stage: Stage) -> None:
    """A time may have no fraction of a second or up to nine digits of it, and a zone other than UTC."""
    charge_point = paired(stage)
    plain = wire(stage.now).removesuffix("Z")
    for fraction in ("", ".250", ".1234567", ".123456789"):
        says = f"{plain}{fraction}Z is a time"
        exchange = stage.call(POST, _measured(stage, 2.5, f"{plain}{fraction}Z"))
        stage.succeeds(exchange, says, "MeasurementValue.timestamp")
        status = {**AVAILABLE, "timestamp": f"{plain}{fraction}Z"}
        exchange = stage.call(POST, charge_point.ocpp("StatusNotification", status, {}))
        stage.succeeds(exchange, says, "OcppEvent")
    exchange = stage.call(POST, _measured(stage, 2.5, f"{plain}.1234567+00:00"))
    stage.succeeds(exchange, "+00:00 is a zone", "MeasurementValue.timestamp")


@law("inferred", "minor", POST)
def unit_fits_the_quantity(stage: Stage) -> None:
    """A power in amperes is refused."""
    exchange = stage.call(POST, _measured(stage, 5, unit="A"))
    stage.refuses(exchange, (422,), "422: total_active_power is in kW", "MeasurementValue.unit")


@law("inferred", "critical", POST, "GET /cdrs/{cpo_transaction_id}")
def repeated_event_has_no_second_effect(stage: Stage) -> None:
    """Sending exactly the same event again succeeds and changes nothing."""
    session = past(stage)
    says = "the exact repeat of an event is taken, and has no second effect"
    events = (session.start_event(), session.meter_event(20, 2_000), session.stop_event(60, 8_000))
    prices = []
    for event in events:
        receipts = []
        for _ in range(2):
            exchange = stage.succeeds(stage.call(POST, event), says, "EventReceipt")
            answer = exchange.json()
            receipts.append(answer.get("session_id") if isinstance(answer, dict) else None)
            prices.append(session.cdr() if event is not events[-1] else session.priced())
        same = receipts[0] == receipts[1]
        stage.require(same, exchange, says, f"session_id was {receipts[0]}, now {receipts[1]}", "EventReceipt")
    for before in prices[:4]:
        stage.require(before.status != 200, before, "before StopTransaction there is no price, repeats or not")
    first, second = prices[4:]
    if first.status == 200:
        costs = [one.json().get("total_cost") if isinstance(one.json(), dict) else None for one in (first, second)]
        stage.require(costs[0] == costs[1], second, says, f"total_cost was {costs[0]}", "Cdr.total_cost")


@law("inferred", "major", POST)
def unknown_transaction_is_refused(stage: Stage) -> None:
    """Readings and the end of a transaction that was never started are refused with 422."""
    session = past(stage)
    for event in (session.meter_event(5, 500), session.stop_event(9, 900)):
        stage.refuses(stage.call(POST, event), (422,), "422: no StartTransaction gave this transaction id")


@law("inferred", "major", POST)
def transaction_id_is_needed_at_the_start(stage: Stage) -> None:
    """A StartTransaction whose answer has no transaction id is refused."""
    session = past(stage)
    event = session.start_event()
    del event["response"]["transactionId"]
    stage.refuses(stage.call(POST, event), (400, 422), "response.transactionId is the only place for the id")


@law("inferred", "major", POST)
def register_does_not_fall(stage: Stage) -> None:
    """A session cannot end with less on the meter than it began with."""
    session = past(stage)
    session.start()
    exchange = stage.call(POST, session.stop_event(30, -1_000))
    stage.refuses(exchange, (422,), "422: meterStop is below meterStart")
    stage.succeeds(stage.call(POST, session.stop_event(30, 1_000)), "the refused end has not ended the session")


@law("inferred", "major", POST, "GET /cdrs/{cpo_transaction_id}")
def refused_card_opens_no_session(stage: Stage) -> None:
    """A StartTransaction that the operator did not accept is taken and ignored."""
    session = past(stage)
    event = session.start_event()
    event["response"]["idTagInfo"]["status"] = "Blocked"
    exchange = stage.succeeds(stage.call(POST, event), "it is taken, and ignored", "EventReceipt.status")
    came = stage.fitting(exchange)["status"]
    stage.require(came == "ignored", exchange, "status: ignored", f"status is {came}", "EventReceipt.status")
    stage.refuses(session.cdr(), (404,), "404: there is no such session", "Cdr")


@law("inferred", "minor", POST)
def other_ocpp_methods_are_ignored(stage: Stage) -> None:
    """OCPP methods that have nothing to do with charging are taken and ignored."""
    charge_point = paired(stage)
    boot = {"chargePointVendor": "gridmock", "chargePointModel": "test"}
    for method, params in (("Heartbeat", {}), ("BootNotification", boot), ("Authorize", {"idTag": ID_TAG})):
        exchange = stage.call(POST, charge_point.ocpp(method, params, {}))
        stage.succeeds(exchange, f"{method} is taken, and ignored", "EventReceipt.status")
        ignored = not taken(exchange)
        stage.require(ignored, exchange, "status: ignored", "it is said to have had an effect", "EventReceipt.status")


@law("protocol", "major", PUT)
def broken_json_is_refused(stage: Stage) -> None:
    """A body that is no JSON, a comma too many for instance, is a mistake of the client (RFC 8259)."""
    body = b'{"event": "ChargePointUnPairNotification", "chargePointId": 4711,}'
    exchange = stage.call(PUT, body)
    stage.require(400 <= exchange.status < 500, exchange, "no JSON: a 4xx, and nothing is done")


@law("inferred", "major", POST, "GET /cdrs/{cpo_transaction_id}")
def a_connector_has_one_session(stage: Stage) -> None:
    """A second start on a connector ends the session that was there, with its last reading."""
    first = past(stage)
    first.start()
    first.meter(20, 2_000)
    second = Session(first.charge_point, start=first.started_at)
    second.stage.done(POST, second.start_event(timestamp=first.at(40), meterStart=REGISTER_WH + 2_000))
    stage.succeeds(first.priced(), "the first session was completed by the second start, and has a price", "Cdr")


def _measured(stage: Stage, value: float, timestamp: str = "", unit: str = "kW") -> dict[str, Any]:
    """Measurements of a sensor of this law."""
    measured = {
        "name": "total_active_power",
        "value": value,
        "unit": unit,
        "timestamp": timestamp or wire(stage.now),
    }
    return {"event": "MeasurementValues", "sensorId": f"gridmock-{stage.run.run_id}", "values": [measured]}


LAWS = (
    bearer_and_token_both_authenticate,
    event_is_an_object_or_text,
    response_is_read_where_documented,
    response_is_read_in_either_place,
    put_is_for_pairing_only,
    error_code_is_any_text,
    connector_id_has_no_upper_bound,
    sampled_value_is_text,
    sensor_value_is_a_number,
    times_have_up_to_nine_decimals,
    unit_fits_the_quantity,
    repeated_event_has_no_second_effect,
    unknown_transaction_is_refused,
    transaction_id_is_needed_at_the_start,
    register_does_not_fall,
    refused_card_opens_no_session,
    other_ocpp_methods_are_ignored,
    a_connector_has_one_session,
    broken_json_is_refused,
)
