"""Defects of OCPP events: what is taken, refused, and read of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mockserver.defects.altering import answer_body, counted, instead, refused, request_body
from mockserver.defects.defect import Answer, Defect, Memory, Request, every
from mockserver.defects.stekker.kinds import CDR, EVENTS, PAIR, RECEIPT, UNPAIR, both, is_kind, kind_of, params_of

_OCPP_CODES = ("NoError", "GroundFailure", "OtherError")
_LONG_FRACTION = re.compile(rb"T\d\d:\d\d:\d\d\.\d{7,}")


def _measured(asked: Request) -> Any:
    return asked.json["values"][0]


def _no_repeats(asked: Request, answer: Answer, memory: Memory) -> Answer:
    seen = memory.setdefault("seen", set())
    if asked.body in seen and kind_of(asked) == "StartTransaction":
        return asked.refusal(409, "This was seen before.")
    seen.add(asked.body)
    return answer


def _new_session_each_time(asked: Request, answer: Answer, memory: Memory) -> Answer:
    number = counted(memory)
    change = answer_body(lambda body, _: body.update(session_id=f"s{number}"), is_kind("StartTransaction"))
    return change(asked, answer, memory)


def _see_stops(asked: Request, answer: Answer, memory: Memory) -> None:
    if kind_of(asked) == "StopTransaction" and answer.is_success:
        counted(memory, str(params_of(asked)["transactionId"]))


def _dearer_each_time(asked: Request, answer: Answer, memory: Memory) -> Answer:
    def change(body: Any, _: Request) -> None:
        body["total_cost"]["excl_vat"] *= memory[asked.last_segment]

    return answer_body(change)(asked, answer, memory)


def _moved_to_post(asked: Request, _: Memory) -> Request:
    return asked if kind_of(asked) in (PAIR, UNPAIR) or asked.method != "PUT" else replace(asked, method="POST")


def _no_token_word(asked: Request, answer: Answer, _: Memory) -> Answer:
    if not asked.headers.get("authorization", "").startswith("Token "):
        return answer
    return asked.refusal(401, "Bearer only.").with_header("www-authenticate", "Bearer")


DEFECTS = (
    Defect(
        "bearer-only",
        "`Token` before the credential is refused; only `Bearer` is taken.",
        every(lambda at: at.contract.name == "stekker" and at.is_protected),
        answer=_no_token_word,
    ),
    Defect(
        "event-always-an-object",
        "MeasurementValues is refused, since its event is text and not an object.",
        EVENTS,
        answer=refused(is_kind("MeasurementValues"), 400),
    ),
    Defect(
        "response-only-inside",
        "The response of an event is not read where it stands beside the event.",
        EVENTS,
        request=request_body(lambda body, _: body.pop("response", None) and None, is_kind("StartTransaction")),
    ),
    Defect(
        "response-only-beside",
        "The response of an event is not read where it stands inside the event.",
        EVENTS,
        request=request_body(lambda body, _: body["event"].pop("response", None) and None, is_kind("StartTransaction")),
    ),
    Defect("put-takes-all", "PUT takes every event, not only pairing.", EVENTS, request=_moved_to_post),
    Defect(
        "post-unpairs",
        "POST unpairs, too.",
        EVENTS,
        request=lambda asked, _: replace(asked, method="PUT") if kind_of(asked) == UNPAIR else asked,
    ),
    Defect(
        "ocpp-codes-only",
        "A status with an error code outside OCPP is refused.",
        EVENTS,
        answer=refused(
            both(is_kind("StatusNotification"), lambda a: params_of(a)["errorCode"] not in _OCPP_CODES), 400
        ),
    ),
    Defect(
        "few-connectors",
        "Connector ids above 1000 are refused.",
        EVENTS,
        answer=refused(both(is_kind("StartTransaction"), lambda a: params_of(a)["connectorId"] > 1000), 400),
    ),
    Defect(
        "sampled-value-as-number",
        "Meter values are refused whose sampled value is text.",
        EVENTS,
        answer=refused(
            both(
                is_kind("MeterValues"),
                lambda a: isinstance(params_of(a)["meterValue"][0]["sampledValue"][0]["value"], str),
            ),
            400,
        ),
    ),
    Defect(
        "sampled-value-whole",
        "Meter values with decimals are refused.",
        EVENTS,
        answer=refused(both(is_kind("MeterValues"), lambda a: b'.5"' in a.body)),
    ),
    Defect(
        "sensor-value-as-text",
        "MeasurementValues are refused whose value is a number.",
        EVENTS,
        answer=refused(both(is_kind("MeasurementValues"), lambda a: not isinstance(_measured(a)["value"], str)), 400),
    ),
    Defect(
        "microseconds-only",
        "Times with more than six decimals are refused.",
        EVENTS,
        answer=refused(lambda asked: _LONG_FRACTION.search(asked.body) is not None, 400),
    ),
    Defect(
        "any-unit",
        "The unit of a measurement is ignored.",
        EVENTS,
        request=request_body(lambda body, _: body["values"][0].update(unit="kW"), is_kind("MeasurementValues")),
    ),
    Defect("repeat-refused", "An event that was sent before is refused.", EVENTS, answer=_no_repeats),
    Defect(
        "repeat-opens-another",
        "A repeated StartTransaction is answered with another session.",
        EVENTS,
        answer=_new_session_each_time,
    ),
    Defect(
        "repeat-costs-again",
        "A repeated StopTransaction makes the session dearer.",
        CDR,
        answer=_dearer_each_time,
        watch=_see_stops,
    ),
    Defect(
        "unknown-transactions-taken",
        "A transaction that was never started can be stopped.",
        EVENTS,
        answer=instead(200, 422, RECEIPT, is_kind("StopTransaction")),
    ),
    Defect(
        "start-without-id",
        "A StartTransaction that has no id is taken.",
        EVENTS,
        answer=instead(200, 422, RECEIPT, is_kind("StartTransaction")),
    ),
    Defect(
        "blocked-cards-charge",
        "A card that was refused opens a session.",
        EVENTS,
        request=request_body(
            lambda body, _: body["response"]["idTagInfo"].update(status="Accepted"), is_kind("StartTransaction")
        ),
    ),
    Defect("heartbeat-refused", "Heartbeat is refused.", EVENTS, answer=refused(is_kind("Heartbeat"), 400)),
    Defect(
        "heartbeat-accepted",
        "Heartbeat is said to be accepted, not ignored.",
        EVENTS,
        answer=answer_body(lambda body, _: body.update(status="accepted"), is_kind("Heartbeat")),
    ),
    Defect(
        "sessions-side-by-side",
        "A connector may have two sessions at a time.",
        EVENTS,
        request=request_body(
            lambda body, _: body["event"]["params"].update(connectorId=body["response"]["transactionId"]),
            is_kind("StartTransaction"),
        ),
    ),
    Defect(
        "broken-json-crashes",
        "A body that is not JSON is answered with 500.",
        EVENTS,
        answer=lambda asked, answer, _: asked.refusal(500, "Oops.") if asked.json is None and asked.body else answer,
    ),
)
