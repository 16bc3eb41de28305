"""Defects of what sensors measure, and of what is forecast from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.defects.altering import Change, answer_body, instead, items, request_body, without_parameter
from mockserver.defects.defect import Defect, Memory, Request, on
from mockserver.defects.stekker_bess.resources import API, NOBODY

SUBMIT, LIST = on(API, "submit-measurements"), on(API, "list-measurements")
FORECAST, SENSOR = on(API, "get-sensor-forecast"), on(API, "get-sensor")


def _until_included(asked: Request, _: Memory) -> Request:
    end = asked.parameter("to")
    return asked.with_parameter("to", end.replace(":00Z", ":01Z")) if end else asked


def _first_write_wins(asked: Request, memory: Memory) -> Request:
    def change(body: Any, _: Request) -> None:
        for measured in body["measurements"]:
            measured.update(memory.setdefault(f"{asked.path} {measured['timestamp']}", dict(measured)))

    return request_body(change)(asked, memory)


def _never_duplicates(body: Any, _: Request) -> None:
    body.update(accepted=body["accepted"] + body["duplicates"], duplicates=0)


def _only_the_first(body: Any, _: Request) -> None:
    body["measurements"] = body["measurements"][:1]


def _power_of_the_last(measured: list[Any]) -> None:
    for one in measured:
        one["power_kw"] = measured[-1]["power_kw"] * 2


def _lower_register(measured: list[Any]) -> None:
    for one in measured:
        if one["energy_import_kwh"] is not None:
            one["energy_import_kwh"] -= 0.5


def _each_period(change: Callable[[Any], object]) -> Change:
    def changed(body: Any, _: Request) -> None:
        for period in body["periods"]:
            change(period)

    return changed


DEFECTS = (
    Defect(
        "receipt-in-order-of-arrival",
        "The receipt of measurements takes the last one for the earliest.",
        SUBMIT,
        answer=answer_body(lambda body, _: body.update(first_timestamp=body["last_timestamp"])),
    ),
    Defect(
        "counted-again",
        "Measurements for a time that was known are counted as new ones.",
        SUBMIT,
        answer=answer_body(_never_duplicates),
    ),
    Defect(
        "first-write-wins", "What is measured again for the same time is ignored.", SUBMIT, request=_first_write_wins
    ),
    Defect(
        "interval-has-another-power",
        "The power of an interval is not the mean of what was measured.",
        LIST,
        answer=items(_power_of_the_last),
    ),
    Defect(
        "interval-has-another-register",
        "The register of an interval is not the last one in it.",
        LIST,
        answer=items(_lower_register),
    ),
    Defect(
        "interval-ignored",
        "Measurements come one by one, whatever interval is asked for.",
        LIST,
        request=without_parameter("interval"),
    ),
    Defect("range-end-included", "A range of measurements includes its end.", LIST, request=_until_included),
    Defect(
        "any-range",
        "A range of measurements may end before it begins, or be of any length.",
        LIST,
        answer=instead(200, 400, {"data": []}),
    ),
    Defect(
        "batch-cut", "Only the first measurement of a batch is taken.", SUBMIT, request=request_body(_only_the_first)
    ),
    Defect(
        "register-falls",
        "Measurements are taken whose register falls.",
        SUBMIT,
        answer=instead(201, 422, NOBODY),
    ),
    Defect(
        "never-measured",
        "A sensor never says when it measured last.",
        SENSOR,
        answer=answer_body(lambda body, _: body.update(last_measurement_at=None)),
    ),
    Defect(
        "measured-at-birth",
        "A new sensor says that it measured when it was created.",
        on(API, "create-sensor"),
        answer=answer_body(lambda body, _: body.update(last_measurement_at=body["created_at"])),
    ),
    Defect(
        "guesswork",
        "There is a forecast without any history.",
        FORECAST,
        answer=instead(200, 422, {"periods": []}),
    ),
    Defect(
        "bounds-crossed",
        "The upper bound of a forecast is below what is forecast.",
        FORECAST,
        answer=answer_body(_each_period(lambda one: one.update(power_upper_kw=one["power_kw"] - 1))),
    ),
    Defect(
        "midnight-sun",
        "The sun is forecast to shine at night.",
        FORECAST,
        answer=answer_body(_each_period(lambda one: one.update(power_kw=4.0, power_upper_kw=5.0))),
    ),
)
