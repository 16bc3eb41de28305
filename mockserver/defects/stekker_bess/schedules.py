"""Defects of the schedules of batteries, and of the document that describes the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mockserver.defects.altering import answer_body, counted, instead, without_member, without_parameter
from mockserver.defects.defect import AlterAnswer, Answer, Defect, Memory, Request, on
from mockserver.defects.stekker_bess.resources import API

CASH, SOLAR = "request-cash-optimized-schedule", "request-solar-optimized-schedule"
PLAN = on(API, CASH, SOLAR)
DOCUMENT = on(API, "get-swagger-doc")


def _schedule(change: Callable[[Any], object]) -> AlterAnswer:
    return answer_body(lambda body, _: change(body) and None)


def _periods(change: Callable[[Any], object]) -> AlterAnswer:
    def changed(body: Any, _: Request) -> None:
        for period in body["periods"]:
            change(period)

    return answer_body(changed)


def _jittered(asked: Request, answer: Answer, memory: Memory) -> Answer:
    jitter = counted(memory) / 1_000_000
    return _periods(lambda period: period.update(power_kw=period["power_kw"] + jitter))(asked, answer, memory)


def _idle(body: Any) -> None:
    for period in body["periods"]:
        period.update(power_kw=0, mode="idle", soc_percent=body["initial_soc_percent"])
    body.update(expected_revenue=0, final_soc_percent=body["initial_soc_percent"])


def _dear_first(body: Any) -> None:
    """What is bought is bought above the highest price."""
    highest = max(period["price_per_mwh"] for period in body["periods"])
    for period in body["periods"]:
        if period["power_kw"] > 0:
            period["price_per_mwh"] = highest + 100


DEFECTS = (
    Defect(
        "begins-elsewhere",
        "A schedule begins with another state of charge than the battery has.",
        PLAN,
        answer=_schedule(lambda body: body.update(initial_soc_percent=body["initial_soc_percent"] - 1)),
    ),
    Defect(
        "too-much-power",
        "A schedule asks a tenth more power than it should, and than the battery has.",
        PLAN,
        answer=_periods(lambda one: one.update(power_kw=one["power_kw"] * 1.1)),
    ),
    Defect(
        "emptied",
        "A schedule goes below the lowest state of charge.",
        PLAN,
        answer=_periods(lambda one: one.update(soc_percent=max(one["soc_percent"] - 5, 0))),
    ),
    Defect(
        "no-losses",
        "A schedule forgets the losses of charging.",
        PLAN,
        answer=_periods(lambda one: one.update(power_kw=round(one["power_kw"] * 0.9, 6))),
    ),
    Defect(
        "final-charge-wrong",
        "A schedule ends with another state of charge than its last period.",
        PLAN,
        answer=_schedule(lambda body: body.update(final_soc_percent=body["final_soc_percent"] + 1)),
    ),
    Defect(
        "mode-wrong", "Every period is said to be idle.", PLAN, answer=_periods(lambda one: one.update(mode="idle"))
    ),
    Defect(
        "revenue-per-kwh",
        "The revenue is computed as if prices were per kWh.",
        PLAN,
        answer=_schedule(lambda body: body.update(expected_revenue=body["expected_revenue"] * 1000)),
    ),
    Defect(
        "cost-for-revenue",
        "The revenue has the wrong sign.",
        PLAN,
        answer=_schedule(lambda body: body.update(expected_revenue=-body["expected_revenue"])),
    ),
    Defect("bought-dearly", "What is bought is dearer than what is sold.", PLAN, answer=_schedule(_dear_first)),
    Defect("always-idle", "A schedule does nothing, whatever could be earned or saved.", PLAN, answer=_schedule(_idle)),
    Defect("horizon-ignored", "The horizon of a schedule is ignored.", PLAN, request=without_member("horizon_hours")),
    Defect(
        "target-ignored",
        "The state of charge that a battery should end with is ignored.",
        on(API, CASH),
        request=without_member("target_soc_percent"),
    ),
    Defect(
        "cycles-ignored",
        "The limit of cycles is ignored.",
        on(API, CASH),
        request=without_member("max_cycles"),
    ),
    Defect(
        "sold-out",
        "A battery ends at 10 %, whatever it should end with.",
        PLAN,
        answer=_schedule(lambda body: body.update(final_soc_percent=10)),
    ),
    Defect(
        "any-target",
        "A target is taken that cannot be reached.",
        on(API, CASH),
        answer=instead(201, 422, {"periods": []}),
    ),
    Defect(
        "oldest-first",
        "Schedules are listed oldest first.",
        on(API, "list-schedules"),
        answer=answer_body(lambda body, _: body["data"].reverse()),
    ),
    Defect("not-kept", "Schedules cannot be read again.", on(API, "get-schedule"), answer=instead(404, 200)),
    Defect(
        "strategy-ignored",
        "Schedules of every strategy are listed, whichever is asked for.",
        on(API, "list-schedules"),
        request=without_parameter("strategy"),
    ),
    Defect("dice", "The same question gets another schedule each time.", PLAN, answer=_jittered),
    Defect(
        "state-forgotten",
        "A battery does not know its state of charge.",
        on(API, "get-battery"),
        answer=answer_body(lambda body, _: body.update(current_soc_percent=None)),
    ),
    Defect(
        "sun-without-sensor",
        "The sun can be used without a sensor that measures it.",
        on(API, SOLAR),
        answer=instead(201, 422, {"periods": []}),
    ),
    Defect(
        "charges-from-the-grid",
        "A battery that should charge from the sun only charges with 1 kW at any time.",
        on(API, SOLAR),
        answer=_periods(lambda one: one.update(power_kw=max(one["power_kw"], 1.0))),
    ),
    Defect(
        "exports",
        "A battery that should never export does so with 7 kW.",
        on(API, SOLAR),
        answer=_periods(lambda one: one.update(power_kw=min(one["power_kw"], -7.0))),
    ),
    Defect(
        "more-sun-than-there-is",
        "More of the sun is used than there is.",
        on(API, SOLAR),
        answer=_schedule(lambda body: body.update(expected_solar_self_consumption_kwh=99_999)),
    ),
    Defect(
        "path-missing",
        "The document of the API lacks a path.",
        DOCUMENT,
        answer=answer_body(lambda body, _: body["paths"].pop("/sensors/{id}") and None),
    ),
    Defect(
        "definition-missing",
        "The document of the API refers to a definition that it lacks.",
        DOCUMENT,
        answer=answer_body(lambda body, _: body["definitions"].pop("Battery") and None),
    ),
)
