"""Defects of a battery API, one for each of its laws at least."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.contract_tests.altering import (
    answer_body,
    as_the_first,
    at,
    body_of,
    instead,
    law_bug,
    request_body,
    without_query,
)
from tests.contract_tests.planted import Answer, Memory, Request

UUID = "[0-9a-f-]{36}"
ONE = f"/(grid_connections|batteries|sensors)/{UUID}"
MANY = "/(grid_connections|batteries|sensors)"
SITES, BATTERIES, SENSORS = "/grid_connections", "/batteries", "/sensors"
MEASUREMENTS, FORECAST = f"/sensors/{UUID}/measurements", f"/sensors/{UUID}/forecast"
CASH, SOLAR = "/schedules/cash_optimized", "/schedules/solar_optimized"
NOBODY = {"id": "00000000-0000-4000-8000-000000000000"}


def data(change: Callable[[list[Any]], object]) -> Any:
    """Change the items of a page, in place."""
    return lambda body, _: change(body["data"]) and None


def each_period(change: Callable[[Any], object]) -> Any:
    def changed(body: Any, _: Request) -> None:
        for period in body["periods"]:
            change(period)

    return changed


def schedule(change: Callable[[Any], object]) -> Any:
    return answer_body(at("POST", "/schedules/[a-z_]+"), lambda body, _: change(body) and None)


def periods(change: Callable[[Any], object]) -> Any:
    return answer_body(at("POST", "/schedules/[a-z_]+"), each_period(change))


def _swallowed(asked: Request, _: Memory) -> Request:
    return replace(asked, method="GET") if asked.method == "DELETE" else asked


def _no_content(asked: Request, answer: Answer, _: Memory) -> Answer:
    return Answer(204, {}, b"") if asked.method == "DELETE" and answer.status == 200 else answer


def _renamed(body: Any, _: Request) -> None:
    body.setdefault("name", "unnamed")


def _unique(body: Any, _: Request) -> None:
    if body.get("external_id"):
        body["external_id"] = f"{body['external_id']}-{body['name']}"[:100]


def _still_listed(asked: Request, answer: Answer, memory: Memory) -> Answer:
    created = memory.notes.setdefault("created", {})
    if answer.status == 201 and at("POST", MANY)(asked):
        created.setdefault(asked.path, []).append(body_of(answer))
    if answer.status == 200 and at("GET", MANY)(asked):
        page = body_of(answer)
        listed = {item["id"] for item in page["data"]}
        page["data"] += [item for item in created.get(asked.path, []) if item["id"] not in listed]
        return replace(answer, body=json.dumps(page).encode())
    return answer


def _stale(asked: Request, answer: Answer, memory: Memory) -> Answer:
    """What is read is what was read first, or registered."""
    kept = memory.notes.setdefault("kept", {})
    if answer.status == 201 and at("POST", MANY)(asked):
        kept[body_of(answer)["id"]] = answer.body
    if answer.status == 200 and at("GET", ONE)(asked):
        return replace(answer, body=kept.get(asked.path.rpartition("/")[2], answer.body))
    return answer


def _until_included(asked: Request, _: Memory) -> Request:
    end = asked.parameter("to")
    return asked.with_parameter("to", end.replace(":00Z", ":01Z")) if at("GET", MEASUREMENTS)(asked) and end else asked


def _first_write_wins(asked: Request, memory: Memory) -> Request:
    seen = memory.notes.setdefault("times", {})

    def change(body: Any, _: Request) -> None:
        for measured in body["measurements"]:
            measured.update(seen.setdefault((asked.path, measured["timestamp"]), dict(measured)))

    return request_body(at("POST", MEASUREMENTS), change)(asked, memory)


def _never_duplicates(body: Any, _: Request) -> None:
    body.update(accepted=body["accepted"] + body["duplicates"], duplicates=0)


def _without_the_future(body: Any, _: Request) -> None:
    body["measurements"] = [one for one in body["measurements"] if one["timestamp"] < "2026-03-18T12:05"]


def _only_the_last(measured: list[Any]) -> None:
    for one in measured:
        one.update(power_kw=60.0 if one["power_kw"] == 30.0 else one["power_kw"])


def _first_register(measured: list[Any]) -> None:
    measured[0].update(energy_import_kwh=100.0)


def _jittered(asked: Request, answer: Answer, memory: Memory) -> Answer:
    memory.notes["count"] = memory.notes.get("count", 0) + 1
    jitter = random.Random(memory.notes["count"]).random() / 1000
    return periods(lambda period: period.update(power_kw=period["power_kw"] + jitter))(asked, answer, memory)


def _idle(body: Any) -> None:
    for period in body["periods"]:
        period.update(power_kw=0, mode="idle", soc_percent=body["initial_soc_percent"])
    body.update(expected_revenue=0, final_soc_percent=body["initial_soc_percent"])


def _dear_first(body: Any) -> None:
    """What is bought is bought at the highest price."""
    highest = max(period["price_per_mwh"] for period in body["periods"])
    for period in body["periods"]:
        if period["power_kw"] > 0:
            period["price_per_mwh"] = highest + 100


RESOURCES = (
    law_bug(
        "number-rounded",
        "what_is_registered_can_be_read",
        request=request_body(at("POST", SITES), lambda body, _: body["location"].update(latitude=52.0)),
    ),
    law_bug(
        "member-lost",
        "what_is_registered_can_be_read",
        answer=answer_body(at("GET", ONE), lambda body, _: body.update(external_id=None)),
    ),
    law_bug(
        "newest-not-listed",
        "what_is_registered_is_listed_once",
        answer=answer_body(at("GET", MANY), data(lambda items: items and items.pop())),
    ),
    law_bug(
        "listed-twice",
        "what_is_registered_is_listed_once",
        answer=answer_body(at("GET", MANY), data(lambda items: items.append(items[-1]))),
    ),
    law_bug(
        "listed-otherwise",
        "what_is_registered_is_listed_once",
        answer=answer_body(at("GET", MANY), data(lambda items: [item.update(name="short") for item in items])),
    ),
    law_bug(
        "page-ignored",
        "pages_hold_everything_once",
        request=lambda asked, _: asked.with_parameter("page", "1") if asked.parameter("page") else asked,
    ),
    law_bug("page-size-ignored", "pages_hold_everything_once", request=without_query("per_page")),
    law_bug(
        "count-of-the-page",
        "pages_hold_everything_once",
        answer=answer_body(at("GET", MANY), lambda body, _: body["pagination"].update(total_count=len(body["data"]))),
    ),
    law_bug(
        "pages-overlap",
        "pages_hold_everything_once",
        answer=answer_body(at("GET", MANY), data(lambda items: items and items.__setitem__(-1, items[0]))),
    ),
    law_bug("filter-ignored", "filters_select", request=without_query("grid_connection_id")),
    law_bug("kind-ignored", "filters_select", request=without_query("kind")),
    law_bug(
        "change-resets-the-rest",
        "change_changes_only_what_it_names",
        request=request_body(at("PATCH", ONE), _renamed),
    ),
    law_bug("change-not-kept", "change_changes_only_what_it_names", answer=_stale),
    law_bug("not-removed", "what_is_removed_is_gone", request=_swallowed, answer=_no_content),
    law_bug("removed-but-listed", "what_is_removed_is_gone", answer=_still_listed),
    law_bug("in-use-removed", "grid_connection_in_use_stays", answer=instead(at("DELETE", ONE), 204, 409)),
    law_bug("external-id-twice", "external_id_is_taken_once", request=request_body(at("POST", MANY), _unique)),
    law_bug(
        "phase-to-phase",
        "power_of_a_connection_follows_from_its_fuse",
        answer=answer_body(at("PATCH", ONE), lambda body, _: body.update(max_power_kw=body["max_power_kw"] * 1.732)),
    ),
    law_bug(
        "power-not-updated",
        "power_of_a_connection_follows_from_its_fuse",
        answer=answer_body(at("PATCH", ONE), lambda body, _: body.update(max_power_kw=14.49)),
    ),
    law_bug("no-such-connection", "grid_connection_has_to_exist", answer=instead(at("POST", MANY), 201, 422, NOBODY)),
    law_bug(
        "move-ignored",
        "grid_connection_is_for_good",
        request=request_body(at("PATCH", ONE), lambda body, _: body.pop("grid_connection_id", None) and None),
    ),
    law_bug("senseless-battery", "battery_makes_sense", answer=instead(at("POST", BATTERIES), 201, 422, NOBODY)),
    law_bug("made-senseless", "battery_makes_sense", answer=instead(at("PATCH", ONE), 200, 422, NOBODY)),
    law_bug("no-tenants", "another_organization_sees_nothing", request=as_the_first),
)

MEASURED = (
    law_bug(
        "newest-first",
        "measurements_are_read_as_submitted",
        answer=answer_body(at("GET", MEASUREMENTS), data(lambda items: items.reverse())),
    ),
    law_bug(
        "order-of-arrival",
        "measurements_are_read_as_submitted",
        answer=answer_body(
            at("POST", MEASUREMENTS), lambda body, asked: body.update(first_timestamp=body["last_timestamp"])
        ),
    ),
    law_bug(
        "whole-kilowatts",
        "measurements_are_read_as_submitted",
        answer=answer_body(
            at("GET", MEASUREMENTS), data(lambda items: [one.update(power_kw=round(one["power_kw"])) for one in items])
        ),
    ),
    law_bug(
        "counted-again",
        "measurement_for_the_same_time_replaces",
        answer=answer_body(at("POST", MEASUREMENTS), _never_duplicates),
    ),
    law_bug("first-write-wins", "measurement_for_the_same_time_replaces", request=_first_write_wins),
    law_bug(
        "last-power",
        "interval_has_mean_power_and_last_register",
        answer=answer_body(at("GET", MEASUREMENTS), data(_only_the_last)),
    ),
    law_bug(
        "first-register",
        "interval_has_mean_power_and_last_register",
        answer=answer_body(at("GET", MEASUREMENTS), data(_first_register)),
    ),
    law_bug("interval-ignored", "interval_has_mean_power_and_last_register", request=without_query("interval")),
    law_bug("end-included", "range_is_from_until", request=_until_included),
    law_bug(
        "any-range",
        "range_has_an_order_and_a_limit",
        answer=instead(at("GET", MEASUREMENTS), 200, 400, {"data": []}),
    ),
    law_bug(
        "future-left-out",
        "future_is_not_measured",
        request=request_body(at("POST", MEASUREMENTS), _without_the_future),
    ),
    law_bug("register-falls", "register_never_falls", answer=instead(at("POST", MEASUREMENTS), 201, 422, NOBODY)),
    law_bug(
        "never-measured",
        "sensor_knows_when_it_measured_last",
        answer=answer_body(at("GET", ONE), lambda body, _: body.update(last_measurement_at=None)),
    ),
    law_bug(
        "measured-at-birth",
        "sensor_knows_when_it_measured_last",
        answer=answer_body(at("POST", SENSORS), lambda body, _: body.update(last_measurement_at=body["created_at"])),
    ),
    law_bug("guesswork", "forecast_needs_history", answer=instead(at("GET", FORECAST), 200, 422, {"periods": []})),
    law_bug(
        "gap",
        "forecast_is_whole_and_within_its_bounds",
        answer=answer_body(at("GET", FORECAST), lambda body, _: body["periods"].pop(3) and None),
    ),
    law_bug(
        "too-short",
        "forecast_is_whole_and_within_its_bounds",
        answer=answer_body(at("GET", FORECAST), lambda body, _: body["periods"].pop() and None),
    ),
    law_bug(
        "bounds-crossed",
        "forecast_is_whole_and_within_its_bounds",
        answer=answer_body(
            at("GET", FORECAST), each_period(lambda one: one.update(power_upper_kw=one["power_kw"] - 1))
        ),
    ),
    law_bug(
        "midnight-sun",
        "there_is_no_sun_at_night",
        answer=answer_body(at("GET", FORECAST), each_period(lambda one: one.update(power_kw=4.0, power_upper_kw=5.0))),
    ),
)

SCHEDULES = (
    law_bug("last-period-missing", "schedule_is_whole", answer=schedule(lambda body: body["periods"].pop())),
    law_bug(
        "horizon-ignored",
        "schedule_is_whole",
        request=request_body(at("POST", CASH), lambda body, _: body.pop("horizon_hours", None) and None),
    ),
    law_bug(
        "begins-elsewhere", "schedule_is_whole", answer=schedule(lambda body: body.update(initial_soc_percent=49.0))
    ),
    law_bug(
        "too-much-power",
        "schedule_keeps_to_the_power_of_the_battery",
        answer=periods(lambda one: one.update(power_kw=one["power_kw"] * 1.1)),
    ),
    law_bug(
        "emptied",
        "schedule_keeps_to_the_limits_of_charge",
        answer=periods(lambda one: one.update(soc_percent=max(one["soc_percent"] - 5, 0))),
    ),
    law_bug(
        "no-losses",
        "charge_follows_from_power",
        answer=periods(lambda one: one.update(power_kw=round(one["power_kw"] * 0.9, 6))),
    ),
    law_bug(
        "final-is-initial",
        "charge_follows_from_power",
        answer=schedule(lambda body: body.update(final_soc_percent=body["final_soc_percent"] + 1)),
    ),
    law_bug("mode-turned", "mode_is_the_sign_of_the_power", answer=periods(lambda one: one.update(mode="idle"))),
    law_bug(
        "revenue-per-kwh",
        "revenue_is_the_sum_of_its_periods",
        answer=schedule(lambda body: body.update(expected_revenue=body["expected_revenue"] * 1000)),
    ),
    law_bug(
        "cost-for-revenue",
        "revenue_is_the_sum_of_its_periods",
        answer=schedule(lambda body: body.update(expected_revenue=-body["expected_revenue"])),
    ),
    law_bug("bought-dearly", "cycle_pays_for_its_losses", answer=schedule(_dear_first)),
    law_bug("always-idle", "profit_is_taken", answer=schedule(_idle)),
    law_bug(
        "target-ignored",
        "battery_does_not_end_emptier",
        request=request_body(at("POST", CASH), lambda body, _: body.pop("target_soc_percent", None) and None),
    ),
    law_bug(
        "sold-out",
        "battery_does_not_end_emptier",
        answer=schedule(lambda body: body.update(final_soc_percent=10)),
    ),
    law_bug(
        "cycles-ignored",
        "cycles_are_limited",
        request=request_body(at("POST", CASH), lambda body, _: body.pop("max_cycles", None) and None),
    ),
    law_bug("any-target", "unreachable_target_is_refused", answer=instead(at("POST", CASH), 201, 422, {"periods": []})),
    law_bug(
        "oldest-first",
        "schedules_are_kept_newest_first",
        answer=answer_body(at("GET", f"/batteries/{UUID}/schedules"), data(lambda items: items.reverse())),
    ),
    law_bug("not-kept", "schedules_are_kept_newest_first", answer=instead(at("GET", f"/schedules/{UUID}"), 404, 200)),
    law_bug("strategy-ignored", "schedules_are_kept_newest_first", request=without_query("strategy")),
    law_bug("dice", "same_question_has_the_same_answer", answer=_jittered),
    law_bug(
        "state-forgotten",
        "request_tells_the_state_of_charge",
        answer=answer_body(at("GET", ONE), lambda body, _: body.update(current_soc_percent=None)),
    ),
    law_bug("sun-without-sensor", "sun_needs_a_sensor", answer=instead(at("POST", SOLAR), 201, 422, {"periods": []})),
    law_bug(
        "charges-from-the-grid",
        "battery_charges_from_surplus_only",
        answer=periods(lambda one: one.update(power_kw=max(one["power_kw"], 1.0))),
    ),
    law_bug(
        "exports",
        "battery_never_exports",
        answer=periods(lambda one: one.update(power_kw=min(one["power_kw"], -7.0))),
    ),
    law_bug("sun-wasted", "sun_is_used_while_there_is_room", answer=schedule(_idle)),
    law_bug(
        "more-sun-than-there-is",
        "sun_is_used_while_there_is_room",
        answer=schedule(lambda body: body.update(expected_solar_self_consumption_kwh=99_999)),
    ),
    law_bug(
        "path-missing",
        "document_lists_every_operation",
        answer=answer_body(at("GET", "/swagger_doc"), lambda body, _: body["paths"].pop("/sensors/{id}") and None),
    ),
    law_bug(
        "definition-missing",
        "document_leads_nowhere_else",
        answer=answer_body(at("GET", "/swagger_doc"), lambda body, _: body["definitions"].pop("Battery") and None),
    ),
)

BUGS = (*RESOURCES, *MEASURED, *SCHEDULES)
