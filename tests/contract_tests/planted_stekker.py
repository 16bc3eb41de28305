"""Defects of a smart charging API, one for each of its laws at least: what it takes, refuses, computes and says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.contract_tests.altering import (
    JSON,
    answer_body,
    as_the_first,
    at,
    body_of,
    both,
    instead,
    is_kind,
    kind_of,
    law_bug,
    params_of,
    refused,
    request_body,
    without_query,
)
from tests.contract_tests.planted import Answer, Memory, Request

PAIR, UNPAIR = "ChargePointDetailsNotification", "ChargePointUnPairNotification"
RECEIPT = {
    "status": "accepted",
    "event_id": "00000000-0000-4000-8000-000000000000",
    "received_at": "2026-03-18T12:00:00Z",
}
CDR = {
    "id": "cdr1",
    "currency": "EUR",
    "start_date_time": "2026-03-18T10:00:00Z",
    "end_date_time": "2026-03-18T11:00:00Z",
    "last_updated": "2026-03-18T12:00:00Z",
    "total_cost": {"excl_vat": 1.0},
}
PRICES = at("GET", "/market_price_forecast")
READINGS = at("GET|POST", "/cdrs/meter_readings")
CDR_OF = at("GET", r"/cdrs/\d+")
OCPP_CODES = ("NoError", "GroundFailure", "OtherError")


def measured(asked: Request) -> Any:
    return body_of(asked)["values"][0]


def is_integer_id(asked: Request) -> bool:
    body = body_of(asked)
    return isinstance(body, dict) and isinstance(body.get("chargePointId"), int)


def cost(change: Any) -> Any:
    return lambda body, _: body["total_cost"].update(excl_vat=change(body["total_cost"]["excl_vat"]))


def moved(name: str, **by: float) -> Any:
    def change(body: Any, _: Request) -> None:
        moved = datetime.fromisoformat(body[name]) + timedelta(**by)
        body[name] = moved.isoformat().replace("+00:00", "Z")

    return change


def past(change: Any) -> Any:
    """Change the prices of this morning; the clock of the mock stands at noon."""

    def changed(body: Any, _: Request) -> None:
        for price in body["prices"]:
            if price["period_start"] < "2026-03-18T09":
                change(price)

    return changed


def coming(change: Any) -> Any:
    def changed(body: Any, _: Request) -> None:
        for price in body["prices"]:
            if price["period_start"] > "2026-03-20T09":
                change(price)

    return changed


def _no_repeats(asked: Request, answer: Answer, memory: Memory) -> Answer:
    seen = memory.notes.setdefault("seen", set())
    if asked.body in seen and kind_of(asked) == "StartTransaction":
        return Answer(409, JSON, b'{"error": "seen before"}')
    seen.add(asked.body)
    return answer


def _new_session_each_time(asked: Request, answer: Answer, memory: Memory) -> Answer:
    memory.notes["count"] = memory.notes.get("count", 0) + 1
    change = answer_body(
        is_kind("StartTransaction"), lambda body, _: body.update(session_id=f"s{memory.notes['count']}")
    )
    return change(asked, answer, memory)


def _dearer_each_time(asked: Request, answer: Answer, memory: Memory) -> Answer:
    memory.notes["stops"] = memory.notes.get("stops", 0) + (kind_of(asked) == "StopTransaction")
    return answer_body(CDR_OF, cost(lambda euro: euro * memory.notes["stops"]))(asked, answer, memory)


def _moved_to_post(asked: Request, _: Memory) -> Request:
    return asked if kind_of(asked) in (PAIR, UNPAIR) or asked.method != "PUT" else replace(asked, method="POST")


def _kept(asked: Request, _: Memory) -> Request:
    """Unpairing pairs again instead."""
    return request_body(is_kind(UNPAIR), lambda body, _: body.update(event=PAIR))(asked, Memory())


def _forbidden_if_it_is_there(asked: Request, answer: Answer, memory: Memory) -> Answer:
    memory.token = memory.token or asked.headers["authorization"]
    is_stranger = asked.headers["authorization"] != memory.token
    if is_stranger and asked.method == "POST" and answer.status == 404:
        return Answer(409, JSON, b'{"error": "belongs to somebody else"}')
    return answer


def _no_token_word(asked: Request, answer: Answer, _: Memory) -> Answer:
    token = asked.headers.get("authorization", "").startswith("Token ")
    return Answer(401, JSON | {"www-authenticate": "Bearer"}, b'{"error": "Bearer only"}') if token else answer


def _priced_by_the_next_period(body: Any, _: Request) -> None:
    for reading in body["meter_readings"]:
        moved("timestamp", minutes=60)(reading, _)


def _by_mean_price(body: Any, asked: Request) -> None:
    """The readings between the first and the last are left out."""
    body["meter_readings"] = [body["meter_readings"][0], body["meter_readings"][-1]]


def _crossed(price: Any) -> None:
    if price["forecast"] is not None:
        price.update(forecast_lower=price["forecast_upper"] + 1)


PAIRING = (
    law_bug("status-refused", "pairing_lets_a_charge_point_speak", answer=refused(is_kind("StatusNotification"))),
    law_bug(
        "max-power-wins",
        "max_power_is_volts_times_amperes_times_phases",
        answer=answer_body(is_kind(PAIR), lambda b, a: b.update(max_power_w=body_of(a).get("maxPower", 11_040))),
    ),
    law_bug(
        "three-phases-by-default",
        "missing_power_type_is_one_phase",
        request=request_body(is_kind(PAIR), lambda body, _: body.setdefault("powerType", "AC_3_PHASE") and None),
    ),
    law_bug(
        "another-default",
        "max_power_is_as_given_or_a_default",
        answer=answer_body(is_kind(PAIR), lambda b, a: b.update(max_power_w=7_400) if len(body_of(a)) == 2 else None),
    ),
    law_bug(
        "strangers-speak",
        "stranger_charge_point_is_404",
        answer=instead(is_kind("StatusNotification"), 200, 404, RECEIPT),
    ),
    law_bug("strangers-leave", "unpairing_a_stranger_is_404", answer=instead(is_kind(UNPAIR), 200, 404, RECEIPT)),
    law_bug("any-code-pairs", "unknown_pairing_code_is_refused", answer=instead(is_kind(PAIR), 200, 422, RECEIPT)),
    law_bug(
        "unpair-wants-text",
        "unpair_takes_an_id_as_a_number",
        answer=refused(both(is_kind(UNPAIR), is_integer_id), 400),
    ),
    law_bug("unpair-by-number-does-nothing", "unpair_takes_an_id_as_a_number", request=_kept),
    law_bug("ids-want-text", "ids_as_numbers_and_as_text_are_the_same", answer=refused(is_integer_id, 400)),
    law_bug(
        "numbers-are-others",
        "ids_as_numbers_and_as_text_are_the_same",
        request=request_body(is_integer_id, lambda body, _: body.update(chargePointId=f"n{body['chargePointId']}")),
    ),
    law_bug("unpair-ends-nothing", "unpair_ends_running_sessions", request=_kept),
    law_bug("unpair-forgotten", "pairing_again_does_not_revive_a_session", request=_kept),
    law_bug("no-tenants", "another_organization_sees_nothing", request=as_the_first),
    law_bug(
        "forbidden-shows-it-is-there",
        "another_organization_sees_nothing",
        answer=_forbidden_if_it_is_there,
    ),
)

EVENTS = (
    law_bug("bearer-only", "bearer_and_token_both_authenticate", answer=_no_token_word),
    law_bug(
        "event-is-always-an-object", "event_is_an_object_or_text", answer=refused(is_kind("MeasurementValues"), 400)
    ),
    law_bug(
        "response-only-inside",
        "response_is_read_where_documented",
        request=request_body(is_kind("StartTransaction"), lambda body, _: body.pop("response", None) and None),
    ),
    law_bug(
        "response-only-beside",
        "response_is_read_in_either_place",
        request=request_body(is_kind("StartTransaction"), lambda body, _: body["event"].pop("response", None) and None),
    ),
    law_bug("put-takes-all", "put_is_for_pairing_only", request=_moved_to_post),
    law_bug(
        "post-unpairs",
        "put_is_for_pairing_only",
        request=lambda asked, _: replace(asked, method="PUT") if kind_of(asked) == UNPAIR else asked,
    ),
    law_bug(
        "ocpp-codes-only",
        "error_code_is_any_text",
        answer=refused(both(is_kind("StatusNotification"), lambda a: params_of(a)["errorCode"] not in OCPP_CODES), 400),
    ),
    law_bug(
        "few-connectors",
        "connector_id_has_no_upper_bound",
        answer=refused(both(is_kind("StartTransaction"), lambda a: params_of(a)["connectorId"] > 1000), 400),
    ),
    law_bug(
        "sampled-number",
        "sampled_value_is_text",
        answer=refused(
            both(
                is_kind("MeterValues"),
                lambda a: isinstance(params_of(a)["meterValue"][0]["sampledValue"][0]["value"], str),
            ),
            400,
        ),
    ),
    law_bug(
        "sampled-whole",
        "sampled_value_is_text",
        answer=refused(both(is_kind("MeterValues"), lambda a: b'.5"' in a.body)),
    ),
    law_bug(
        "sensor-text",
        "sensor_value_is_a_number",
        answer=refused(both(is_kind("MeasurementValues"), lambda a: not isinstance(measured(a)["value"], str)), 400),
    ),
    law_bug(
        "microseconds",
        "times_have_up_to_nine_decimals",
        answer=refused(lambda asked: re.search(rb"T\d\d:\d\d:\d\d\.\d{7,}", asked.body) is not None, 400),
    ),
    law_bug(
        "any-unit",
        "unit_fits_the_quantity",
        request=request_body(is_kind("MeasurementValues"), lambda body, _: body["values"][0].update(unit="kW")),
    ),
    law_bug("repeat-refused", "repeated_event_has_no_second_effect", answer=_no_repeats),
    law_bug("repeat-is-new", "repeated_event_has_no_second_effect", answer=_new_session_each_time),
    law_bug("repeat-costs-again", "repeated_event_has_no_second_effect", answer=_dearer_each_time),
    law_bug(
        "unknown-transactions-taken",
        "unknown_transaction_is_refused",
        answer=instead(is_kind("StopTransaction"), 200, 422, RECEIPT),
    ),
    law_bug(
        "start-without-id",
        "transaction_id_is_needed_at_the_start",
        answer=instead(is_kind("StartTransaction"), 200, 422, RECEIPT),
    ),
    law_bug("register-falls", "register_does_not_fall", answer=instead(is_kind("StopTransaction"), 200, 422, RECEIPT)),
    law_bug(
        "blocked-cards-charge",
        "refused_card_opens_no_session",
        request=request_body(
            is_kind("StartTransaction"), lambda body, _: body["response"]["idTagInfo"].update(status="Accepted")
        ),
    ),
    law_bug("heartbeat-refused", "other_ocpp_methods_are_ignored", answer=refused(is_kind("Heartbeat"), 400)),
    law_bug(
        "heartbeat-accepted",
        "other_ocpp_methods_are_ignored",
        answer=answer_body(is_kind("Heartbeat"), lambda body, _: body.update(status="accepted")),
    ),
    law_bug(
        "sessions-side-by-side",
        "a_connector_has_one_session",
        request=request_body(
            is_kind("StartTransaction"),
            lambda body, _: body["event"]["params"].update(connectorId=body["response"]["transactionId"]),
        ),
    ),
    law_bug(
        "trailing-comma-crashes",
        "broken_json_is_refused",
        answer=lambda asked, answer, _: Answer(500, JSON, b"{}") if body_of(asked) is None and asked.body else answer,
    ),
)

MARKET = (
    law_bug(
        "default-is-be",
        "region_is_nl_unless_said_otherwise",
        request=lambda asked, _: asked if asked.query else asked.with_parameter("region", "BE"),
    ),
    law_bug("interval-ignored", "region_says_how_long_periods_are", request=without_query("region")),
    law_bug("any-region", "unknown_region_is_refused", request=without_query("region")),
    law_bug(
        "gap", "periods_follow_one_another", answer=answer_body(PRICES, lambda body, _: body["prices"].pop(20) and None)
    ),
    law_bug(
        "descending", "periods_follow_one_another", answer=answer_body(PRICES, lambda body, _: body["prices"].reverse())
    ),
    law_bug(
        "day-of-24-quarters",
        "prices_cover_whole_market_days",
        answer=answer_body(PRICES, lambda body, _: body.update(prices=body["prices"][4:])),
    ),
    law_bug(
        "forecast-of-the-past",
        "past_periods_have_no_forecast",
        answer=answer_body(PRICES, past(lambda price: price.update(forecast=1, forecast_lower=0, forecast_upper=2))),
    ),
    law_bug(
        "past-unsettled",
        "past_periods_have_a_price",
        answer=answer_body(PRICES, past(lambda price: price.update(price_per_mwh=None))),
    ),
    law_bug(
        "no-forecast",
        "every_coming_period_has_a_price_or_a_forecast",
        answer=answer_body(
            PRICES, coming(lambda price: price.update(forecast=None, forecast_lower=None, forecast_upper=None))
        ),
    ),
    law_bug(
        "all-settled",
        "every_coming_period_has_a_price_or_a_forecast",
        answer=answer_body(PRICES, coming(lambda price: price.update(price_per_mwh=price["forecast"]))),
    ),
    law_bug("crossed-bounds", "forecast_lies_within_its_bounds", answer=answer_body(PRICES, coming(_crossed))),
    law_bug(
        "half-a-forecast",
        "forecast_lies_within_its_bounds",
        answer=answer_body(PRICES, coming(lambda price: price.update(forecast_upper=None))),
    ),
    law_bug(
        "highest-is-lowest",
        "lowest_upcoming_price_is_the_lowest",
        answer=answer_body(PRICES, lambda body, _: body["lowest_upcoming_price"].update(price_per_mwh=500.0)),
    ),
    law_bug(
        "lowest-is-over",
        "lowest_upcoming_price_is_the_lowest",
        answer=answer_body(
            PRICES, lambda body, _: body["lowest_upcoming_price"].update(period_start=body["prices"][0]["period_start"])
        ),
    ),
)

COSTS = (
    law_bug("priced-while-running", "price_comes_only_after_the_stop", answer=instead(CDR_OF, 200, 409, CDR)),
    law_bug("never-priced", "price_comes_only_after_the_stop", answer=instead(CDR_OF, 409, 200, {"error": "later"})),
    law_bug("running-is-404", "running_session_is_409", answer=instead(CDR_OF, 404, 409)),
    law_bug(
        "id-is-the-transaction",
        "price_id_is_not_the_transaction_id",
        answer=answer_body(CDR_OF, lambda body, asked: body.update(id=asked.path.rpartition("/")[2])),
    ),
    law_bug(
        "updated-before-the-end",
        "price_is_dated_by_its_session",
        answer=answer_body(CDR_OF, lambda body, _: body.update(last_updated=body["start_date_time"])),
    ),
    law_bug(
        "ends-an-hour-late",
        "price_is_dated_by_its_session",
        answer=answer_body(CDR_OF, moved("end_date_time", minutes=60)),
    ),
    law_bug(
        "post-costs-more",
        "price_is_the_same_by_post",
        answer=answer_body(at("POST", r"/cdrs/\d+"), cost(lambda euro: euro + 0.01)),
    ),
    law_bug("template-wins", "meter_readings_is_no_transaction_id", answer=refused(READINGS, 404)),
    law_bug(
        "get-drops-its-body",
        "meter_readings_is_no_transaction_id",
        answer=refused(at("GET", "/cdrs/meter_readings"), 400),
    ),
    law_bug("one-mean-price", "readings_cost_energy_times_price", request=request_body(READINGS, _by_mean_price)),
    law_bug(
        "with-vat",
        "readings_cost_energy_times_price",
        answer=answer_body(READINGS, cost(lambda euro: round(euro * 1.21, 4))),
    ),
    law_bug(
        "price-of-another-hour",
        "a_single_period_costs_its_own_price",
        request=request_body(READINGS, _priced_by_the_next_period),
    ),
    law_bug(
        "fixed-fee",
        "readings_without_energy_cost_nothing",
        answer=answer_body(READINGS, cost(lambda euro: euro + 0.01)),
    ),
    law_bug(
        "session-with-vat",
        "session_costs_what_its_readings_cost",
        answer=answer_body(CDR_OF, cost(lambda euro: euro * 1.21)),
    ),
    law_bug("readings-may-fall", "readings_only_rise", answer=instead(READINGS, 200, 422, CDR)),
    law_bug(
        "any-market",
        "readings_need_a_market_with_prices",
        request=request_body(READINGS, lambda body, _: body["power_market"].update(sub_modality="DayAhead")),
    ),
)

ENERGY = (
    law_bug(
        "forecast-below-its-bounds",
        "energy_forecast_is_in_order",
        answer=answer_body(at("POST", "/charge_energy_forecast"), lambda body, _: body.update(forecast_kwh=0.0)),
    ),
    law_bug(
        "nothing-so-far",
        "energy_so_far_is_the_last_measurement",
        answer=answer_body(at("POST", "/charge_energy_forecast"), lambda body, _: body.update(energy_so_far_kwh=0.0)),
    ),
    law_bug(
        "over-before-it-began",
        "forecast_end_is_not_before_the_start",
        answer=answer_body(
            at("POST", "/charge_energy_forecast"), lambda body, _: body.update(expected_end_at="2020-01-01T00:00:00Z")
        ),
    ),
)

BUGS = (*PAIRING, *EVENTS, *MARKET, *COSTS, *ENERGY)
