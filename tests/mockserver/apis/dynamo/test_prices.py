"""Tariffs, rules, codes and types of users: what clients make of them, and that sessions are billed by it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mockserver.apis.dynamo.seed import HARBOUR
from mockserver.apis.dynamo.seed_prices import rules_of, tariffs_of
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, OPERATIONS, Office, Wire, refused, said, send

TARIFFS, RULES, CODES, TYPES = (f"/billing/{name}" for name in ("tariffs", "rules", "promotional-codes", "user-types"))
ENERGY = {"type": "energy", "price": 1, "step_size": 0.001}
PLAIN = {"name": "Plain", "currency": "GBP", "components": [ENERGY]}
RULE: Wire = {"name": "Half off", "priority": 1, "conditions": [], "actions": [{"type": "apply_discount", "value": 50}]}
CODE: Wire = {"code": "HALF50", "discount_type": "percent", "discount_value": 50}
NIGHT: Wire = {"start_time": "23:00", "end_time": "06:00", "components": [ENERGY]}
WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def made(office: Office, path: str, body: Any) -> Wire:
    found: Wire = said(send(office.key, "POST", path, body), 201)
    return found


def listed(office: Office, path: str, name: str) -> list[Wire]:
    found = said(send(office.key, "GET", path))
    assert found["total"] == len(found[name])
    return list(found[name])


def shown(operation_id: str) -> list[Any]:
    """The bodies that the contract shows."""
    body = OPERATIONS[operation_id].request_body
    assert body is not None
    return [*body.content["application/json"].examples.values()]


@pytest.mark.parametrize("body", shown("create-tariff"), ids=lambda body: body["name"])
def test_a_tariff_is_what_was_sent_whatever_its_form(office: Office, body: Wire) -> None:
    tariff = made(office, TARIFFS, body)
    assert tariff["id"] == tariff["tariff_id"]
    assert listed(office, TARIFFS, "tariffs")[0] == tariff
    again = said(send(office.key, "PUT", f"{TARIFFS}/{tariff['id']}", {**PLAIN, "name": "Other"}))
    assert (again["name"], again["tax_rate_percent"], again["id"]) == ("Other", 0, tariff["id"])
    assert [each["price"] for each in again["components"]] == [1]
    assert [each["name"] for each in listed(office, TARIFFS, "tariffs")] == ["Other", "Harbour daytime"]
    assert listed(office, f"{TARIFFS}?currency=EUR", "tariffs") == []


def test_flat_rates_become_components(office: Office) -> None:
    rates = {"energy_rate_per_kwh": 0.38, "session_fee": 0.25, "idle_fee_per_minute": 0.15}
    tariff = made(
        office, TARIFFS, {"name": "x", "currency": "GBP", **rates, "idle_grace_period_minutes": 15, "session_fee": None}
    )
    assert [(each["type"], each["price"], each["min_duration_minutes"]) for each in tariff["components"]] == [
        ("energy", 0.38, None),
        ("parking", 0.15, 15),
    ]


@pytest.mark.parametrize("keyed", [False, True], ids=["a list", "an object"])
def test_rules_come_in_the_order_in_which_they_act(office: Office, keyed: bool) -> None:
    conditions: Any = {"day_of_week": ["sat"]} if keyed else [{"type": "day_of_week", "value": ["sat"]}]
    rule = made(office, RULES, {**RULE, "priority": 2, "conditions": conditions})
    assert rule["conditions"] == [{"type": "day_of_week", "value": ["sat"]}]
    assert (rule["active"], rule["tariff_id"]) == (True, None)
    priorities = [(each["priority"], each["name"]) for each in listed(office, RULES, "rules")]
    assert priorities[1:3] == [(2, "Cheaper energy at weekends"), (2, "Half off")]
    path = f"{RULES}/{rule['rule_id']}"
    assert said(send(office.key, "PUT", path, {**RULE, "active": False}))["active"] is False
    assert send(office.key, "DELETE", path).status == 204
    for method, body in (("PUT", RULE), ("DELETE", None)):
        refused(send(office.key, method, path, body), 404, "not_found")
    assert {each["rule_id"] for each in listed(office, RULES, "rules")} == {*rules_of(office.seed, office.harbour)}


@pytest.mark.parametrize("body", shown("create-promotional-code"), ids=lambda body: body["code"])
def test_a_code_is_there_once(office: Office, body: Wire) -> None:
    code = {**body, "code": f"NEW{body['code']}"}
    new = made(office, CODES, code)
    assert new.items() >= code.items()
    assert new["uses_count"] == 0
    refused(send(office.key, "POST", CODES, code), 409, "promotional_code_exists")
    refused(send(office.key, "POST", CODES, {**CODE, "code": "WELCOME10"}), 409, "promotional_code_exists")
    assert said(send(office.polder_key, "POST", CODES, code), 201)["code_id"] != new["code_id"]


def test_a_percentage_has_no_currency(office: Office) -> None:
    assert made(office, CODES, {**CODE, "currency": "EUR"})["currency"] is None


@pytest.mark.parametrize("body", shown("create-user-type"), ids=lambda body: body["name"])
def test_a_type_of_users_is_there_once(office: Office, body: Wire) -> None:
    user_type = made(office, TYPES, body)
    assert user_type.items() >= body.items()
    assert listed(office, TYPES, "user_types") == [user_type]
    refused(send(office.key, "POST", TYPES, body), 409, "user_type_exists")
    assert said(send(office.polder_key, "GET", TYPES)) == {"user_types": [], "total": 0}


WRONG: dict[str, tuple[str, Any, str]] = {
    "no such currency": (TARIFFS, {**PLAIN, "currency": "ABC"}, "currency"),
    "no component": (TARIFFS, {**PLAIN, "components": []}, "components"),
    "free minutes of energy": (
        TARIFFS,
        {**PLAIN, "components": [ENERGY, {**ENERGY, "min_duration_minutes": 5}]},
        "components.1.min_duration_minutes",
    ),
    "grace without a fee": (
        TARIFFS,
        {"name": "x", "currency": "GBP", "energy_rate_per_kwh": 1, "idle_grace_period_minutes": 3},
        "body",
    ),
    "a condition of no type": (RULES, {**RULE, "conditions": {"time_of_dya": "00:00-06:00"}}, "conditions.0"),
    "a condition of no type and no value": (RULES, {**RULE, "conditions": {"time_of_dya": None}}, "conditions.0"),
    "a value with a free session": (
        RULES,
        {**RULE, "actions": [*RULE["actions"], {"type": "free_session", "value": 1}]},
        "actions.1",
    ),
    "a rule for no tariff": (RULES, {**RULE, "tariff_id": f"tariff_{NOBODY}"}, "tariff_id"),
    "an amount in no currency": (
        CODES,
        {**CODE, "discount_type": "fixed", "currency": "ABC"},
        "currency",
    ),
    "a code that is past": (CODES, {**CODE, "expires_at": "2026-03-18T12:00:00Z"}, "expires_at"),
    "a code of no year": (CODES, {**CODE, "expires_at": "0000-01-01T00:00:00Z"}, "expires_at"),
}


@pytest.mark.parametrize(("path", "body", "field"), WRONG.values(), ids=WRONG)
def test_what_no_bill_can_have_is_refused_where_it_stands(office: Office, path: str, body: Any, field: str) -> None:
    before = office.written()
    error = refused(send(office.key, "POST", path, body), 422, "validation_error")
    assert field in [each["field"] for each in error["details"]]
    assert office.written() == before


def test_what_another_organization_has_is_not_there(office: Office) -> None:
    (tariff_id,), (rule_id, *_) = tariffs_of(office.seed, office.harbour), rules_of(office.seed, office.harbour)
    for key, body in (("assign", {"charge_point_ids": ["utrecht-street-009"]}), ("schedules", NIGHT)):
        refused(send(office.polder_key, "POST", f"{TARIFFS}/{tariff_id}/{key}", body), 404, "not_found")
    refused(send(office.polder_key, "PUT", f"{TARIFFS}/{tariff_id}", PLAIN), 404, "not_found")
    refused(send(office.polder_key, "PUT", f"{RULES}/{rule_id}", RULE), 404, "not_found")
    refused(send(office.polder_key, "POST", RULES, {**RULE, "tariff_id": tariff_id}), 422, "validation_error")
    (own,) = tariffs_of(office.seed, office.polder)
    body = {"charge_point_ids": ["utrecht-street-009", "london-hub-001"]}
    before = office.written()
    refused(send(office.polder_key, "POST", f"{TARIFFS}/{own}/assign", body), 404, "charge_point_not_found")
    assert office.written() == before


OVERLAPS: dict[str, tuple[Wire, str | None]] = {
    "the same": ({}, "mon"),
    "the day after": ({"days": ["tue"], "start_time": "05:59", "end_time": "07:00"}, "mon"),
    "from sunday on": ({"days": ["sun"], "start_time": "22:00", "end_time": "23:01"}, "sun"),
    "right before": ({"start_time": "06:00", "end_time": "23:00"}, None),
    "a whole day": ({"days": ["wed"], "start_time": "07:00", "end_time": "07:00"}, "tue"),
}


@pytest.mark.parametrize(("other", "day"), OVERLAPS.values(), ids=OVERLAPS)
def test_two_schedules_never_hold_at_once(office: Office, other: Wire, day: str | None) -> None:
    path = f"{TARIFFS}/{made(office, TARIFFS, PLAIN)['id']}/schedules"
    first = made(office, path, NIGHT)
    assert first["days"] == WEEK
    answer = send(office.key, "POST", path, NIGHT | other)
    if day is None:
        said(answer, 201)
    else:
        refused(answer, 409, "schedule_overlaps")
    said(send(office.key, "POST", f"{TARIFFS}/{made(office, TARIFFS, PLAIN)['id']}/schedules", NIGHT | other), 201)


def bills(office: Office) -> dict[str, tuple[Wire, Wire]]:
    """Sessions and bills of the first driver, by the id of the session."""
    page = said(office.driver.get(f"{BASE}/portal/sessions", query={"limit": "30"}))["data"]
    return {
        each["session_id"]: (
            each,
            said(send(office.driver, "GET", f"/portal/sessions/{each['session_id']}/cost-breakdown")),
        )
        for each in page
    }


def of_driver(office: Office) -> str:
    """The charge point where the first driver charged last."""
    return str(said(office.driver.get(f"{BASE}/portal/sessions"))["data"][0]["charge_point_id"])


def test_a_tariff_prices_what_begins_after_it_was_assigned(office: Office) -> None:
    before = bills(office)
    tariff_id = made(office, TARIFFS, PLAIN)["id"]
    point = of_driver(office)
    holds = said(send(office.key, "POST", f"{TARIFFS}/{tariff_id}/assign", {"charge_point_ids": [point]}))
    assert holds == {"tariff_id": tariff_id, "charge_point_ids": [point]}
    said(send(office.key, "POST", RULES, {**RULE, "tariff_id": tariff_id}), 201)
    office.advance(timedelta(days=3))
    now = bills(office)
    for session_id in before.keys() & now.keys():
        earlier = before[session_id][1]
        assert now[session_id][1]["tariff_id"] == earlier["tariff_id"] != tariff_id
        assert now[session_id][1] == earlier or not earlier["is_final"]
    new = [now[session_id] for session_id in now.keys() - before.keys()]
    for session, bill in new:
        assert (bill["tariff_id"] == tariff_id) == (session["charge_point_id"] == point)
        rules = [each["description"] for each in bill["discounts"] if each["type"] == "billing_rule"]
        if bill["tariff_id"] == tariff_id and bill["is_final"]:
            assert (bill["tax_rate_percent"], bill["components"][0]["quantity"]) == (0, session["energy_kwh"])
            assert "Half off" in rules
        else:
            assert "Half off" not in rules
    assert {bill["tariff_id"] == tariff_id for _, bill in new} == {True, False}
    ended = [each for each in bills(office).items() if each[1][1]["is_final"]]
    said(send(office.key, "PUT", f"{TARIFFS}/{tariff_id}", {**PLAIN, "tax_rate_percent": 20}))
    said(send(office.key, "PUT", f"/organizations/{office.harbour}/settings", {"timezone": "America/New_York"}))
    now = bills(office)
    assert [(name, now[name]) for name, _ in ended] == ended


def test_hours_are_those_of_the_organization_by_the_start(office: Office) -> None:
    tariff_id = made(office, TARIFFS, PLAIN)["id"]
    said(send(office.key, "PUT", f"/organizations/{office.harbour}/settings", {"timezone": "Asia/Kolkata"}))
    said(send(office.key, "POST", f"{TARIFFS}/{tariff_id}/assign", {"charge_point_ids": [of_driver(office)]}))
    hours = {"start_time": "15:30", "end_time": "05:30", "components": [{**ENERGY, "price": 2}]}  # from 10 to 24 UTC
    made(office, f"{TARIFFS}/{tariff_id}/schedules", hours)
    office.advance(timedelta(days=7))
    prices = [
        (int(session["started_at"][11:13]) >= 10, [each["unit_price"] for each in bill["components"][:1]])
        for session, bill in bills(office).values()
        if bill["tariff_id"] == tariff_id and not any(each["type"] == "billing_rule" for each in bill["discounts"])
    ]
    weekdays = [(late, price) for late, price in prices if price != [0.39]]  # of a rule of the seed world
    assert {late for late, _ in weekdays} == {True, False}
    assert all(price == ([2] if late else [1]) for late, price in weekdays)


def test_rules_ask_for_types_of_users(office: Office) -> None:
    mine = HARBOUR.driver_id(office.seed, 1)
    made(office, TYPES, {"name": "staff", "user_ids": [mine]})
    made(office, TYPES, {"name": "boss", "user_ids": [mine]})
    made(office, TYPES, {"name": "taxi"})
    for name, percent in (("staff", 10), ("taxi", 20)):
        actions = [{"type": "apply_discount", "value": percent}]
        made(office, RULES, {**RULE, "name": name, "conditions": {"user_type": [name]}, "actions": actions})
    before = bills(office)
    office.advance(timedelta(days=2))
    names = {
        each["description"]: Decimal(str(each["amount"]))
        for session_id, (_, bill) in bills(office).items()
        if session_id not in before
        for each in bill["discounts"]
    }
    assert names["staff"] > 0
    assert "taxi" not in names


def test_the_last_word_counts_also_when_the_clock_was_set_back(office: Office) -> None:
    for _ in range(2):
        made(office, RULES, {**RULE, "active": False})
    office.advance(-timedelta(days=2))
    before = bills(office)
    made(office, RULES, {**RULE, "name": "Last word"})
    office.advance(timedelta(days=1))
    ended = [bill for session_id, (_, bill) in bills(office).items() if bill["is_final"] and session_id not in before]
    assert ended
    assert all("Last word" in [each["description"] for each in bill["discounts"]] for bill in ended if bill["subtotal"])
