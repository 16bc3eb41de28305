"""Billing rules: for which sessions they act, and what their conditions and actions may be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mockserver.domain.billing.actions import ACTIONS, action
from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.breakdown import breakdown
from mockserver.domain.billing.conditions import CONDITIONS, condition
from mockserver.domain.billing.rules import matching
from mockserver.domain.billing.session_facts import SessionFacts
from tests.mockserver.domain.billing.cases import WORKED_SESSION, WORKED_TARIFF, rule, session_of, tariff_of

SESSION = session_of(WORKED_SESSION)


def started(local: str, zone: str = "Europe/Amsterdam") -> SessionFacts:
    """A session that starts at that local time."""
    at = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return replace(SESSION, started_at=at, charging_stopped_at=None, until=at, timezone=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("window", "times"),
    [
        ("07:00–19:00", {"07:00": True, "06:59": False, "18:59": True, "19:00": False, "00:00": False}),
        ("22:00–06:00", {"22:00": True, "21:59": False, "23:59": True, "00:00": True, "05:59": True, "06:00": False}),
        ("22:00-06:00", {"23:00": True, "12:00": False}),
        ("00:00–24:00", {"00:00": True, "23:59": True}),
        ("18:00–24:00", {"17:59": False, "23:59": True, "00:00": False}),
        ("18:00–00:00", {"17:59": False, "23:59": True, "00:00": False}),
        ("08:00–08:00", {"07:59": True, "08:00": True, "20:00": True}),
    ],
)
def test_time_of_day(window: str, times: dict[str, bool]) -> None:
    during = condition("time_of_day", window)
    assert {time: during.holds(started(f"2026-03-03T{time}:30")) for time in times} == times


def test_time_and_day_are_the_sites_on_either_side_of_a_clock_change() -> None:
    night, saturday = condition("time_of_day", "22:00–06:00"), condition("day_of_week", "sat")
    # 20:30 UTC is 21:30 in the winter of Amsterdam, 22:30 in its summer, and Sunday morning in Auckland.
    for instant, zone, is_night, is_saturday in [
        ("2026-03-21T20:30", "Europe/Amsterdam", False, True),
        ("2026-04-04T20:30", "Europe/Amsterdam", True, True),
        ("2026-03-21T20:30", "Pacific/Auckland", False, False),
    ]:
        at = datetime.fromisoformat(instant).replace(tzinfo=UTC)
        there = replace(SESSION, started_at=at, charging_stopped_at=None, until=at, timezone=ZoneInfo(zone))
        assert (night.holds(there), saturday.holds(there)) == (is_night, is_saturday), (instant, zone)


def test_several_windows_are_alternatives() -> None:
    peaks = condition("time_of_day", ["07:00–09:00", "17:00–20:00"])
    held = [peaks.holds(started(f"2026-03-03T{time}")) for time in ("08:00", "12:00", "19:59")]
    assert held == [True, False, True]


def test_the_start_decides_the_day_though_the_night_began_the_day_before() -> None:
    friday_nights = rule(("free_session", None), conditions={"day_of_week": ["fri"], "time_of_day": "22:00–06:00"})
    assert friday_nights.matches(started("2026-03-06T23:00"), None)
    assert not friday_nights.matches(started("2026-03-07T01:00"), None)


@pytest.mark.parametrize("fact", ["charger_id", "site_id"])
def test_names_of_charger_and_site(fact: str) -> None:
    session = replace(SESSION, **{fact: "this"})
    assert condition(fact, "this").holds(session)
    assert condition(fact, ["that", "this"]).holds(session)
    assert not condition(fact, ["that"]).holds(session)
    assert not condition(fact, "this").holds(replace(SESSION, **{fact: None}))


def test_a_driver_may_be_of_several_types() -> None:
    session = replace(SESSION, user_types=frozenset({"guest", "staff"}))
    assert [condition("user_type", name).holds(session) for name in ("guest", "staff", "taxi")] == [True, True, False]
    assert condition("user_type", ["taxi", "staff"]).holds(session)
    assert not condition("user_type", "guest").holds(replace(SESSION, user_types=frozenset()))


@pytest.mark.parametrize(
    ("kind", "bound", "held"),
    [("min_energy_kwh", 10, [False, True, True]), ("max_energy_kwh", 10.0, [True, True, False])],
)
def test_bounds_of_energy_are_included(kind: str, bound: float, held: list[bool]) -> None:
    sessions = [replace(SESSION, energy_wh=energy_wh) for energy_wh in (9_999, 10_000, 10_001)]
    assert [condition(kind, bound).holds(session) for session in sessions] == held


def test_all_conditions_must_hold_and_none_always_do() -> None:
    both = rule(("free_session", None), conditions={"user_type": "guest", "min_energy_kwh": 12})
    assert both.matches(SESSION, None)
    assert not both.matches(replace(SESSION, energy_wh=11_000), None)
    assert not both.matches(replace(SESSION, user_types=frozenset({"employee"})), None)
    assert rule(("free_session", None)).matches(SESSION, None)


def test_lower_priorities_come_first_and_inactive_rules_never() -> None:
    free = ("free_session", None)
    rules = [
        rule(free, rule_id="third", priority=7),
        rule(free, rule_id="never", priority=1, active=False),
        rule(free, rule_id="first", priority=2),
        rule(free, rule_id="second", priority=2),
        rule(free, rule_id="other tariff", priority=1, tariff_id="tariff_02"),
        rule(free, rule_id="this tariff", priority=9, tariff_id="tariff_01"),
    ]
    assert [each.id for each in matching(rules, SESSION, "tariff_01")] == ["first", "second", "third", "this tariff"]


def test_each_type_of_the_sheet_is_known() -> None:
    assert {*CONDITIONS} == {
        "time_of_day",
        "day_of_week",
        "user_type",
        "charger_id",
        "site_id",
        "min_energy_kwh",
        "max_energy_kwh",
    }
    assert {*ACTIONS} == {"apply_discount", "override_price", "free_session", "add_flat_fee", "remove_component"}


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("weather", "rain", "condition type is 'weather'; it must be one of time_of_day, "),
        ("time_of_day", "22:00", "time_of_day is '22:00'; it must be HH:MM–HH:MM"),
        ("time_of_day", "24:00–06:00", "time_of_day is '24:00–06:00'"),
        ("time_of_day", "10:60–12:00", "time_of_day is '10:60–12:00'"),
        ("time_of_day", "10:00–24:01", "time_of_day is '10:00–24:01'"),
        ("time_of_day", "٠١:00–02:00", "time_of_day is '٠١:00–02:00'"),
        ("time_of_day", 22, "time_of_day is 22; it must be a string or a list of strings"),
        ("day_of_week", ["mon", "Tue"], "day_of_week has 'Tue'; a day is one of mon, tue"),
        ("day_of_week", [], "day_of_week is \\[\\]; it must be"),
        ("user_type", "", "user_type is ''; it must be a string"),
        ("site_id", ["site_01", 2], "site_id is \\['site_01', 2\\]; it must be"),
        ("min_energy_kwh", "10", "min_energy_kwh is '10'; it must be a number"),
        ("min_energy_kwh", True, "min_energy_kwh is True; it must be a number"),
        ("max_energy_kwh", -1, "max_energy_kwh is -1; it must be a number at least 0"),
        ("max_energy_kwh", float("nan"), "max_energy_kwh is NaN; it must be a number"),
    ],
)
def test_a_wrong_condition_is_refused(kind: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidBilling, match=message):
        condition(kind, value)


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("refund", 5, "action type is 'refund'; it must be one of apply_discount, "),
        ("apply_discount", None, "apply_discount is None; it must be a number"),
        ("apply_discount", -5, "apply_discount is -5; it must be a number at least 0"),
        ("override_price", float("inf"), "override_price is Infinity"),
        ("add_flat_fee", 10**10, "add_flat_fee is 10000000000; it must be a number at least 0 and at most 1000000000"),
        ("remove_component", "energi", "remove_component is 'energi'; it must be one of flat, energy, time, parking"),
        ("free_session", 1, "free_session has the value 1; leave it out"),
    ],
)
def test_a_wrong_action_is_refused(kind: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidBilling, match=message):
        action(kind, value)


def test_the_zero_with_a_sign_that_json_has_is_zero() -> None:
    made = breakdown(SESSION, tariff_of(WORKED_TARIFF), [rule(("add_flat_fee", -0.0))])
    assert (str(made.components[-1].unit_price), str(made.components[-1].amount)) == ("0.0", "0.00")


def test_a_priority_is_at_least_one() -> None:
    with pytest.raises(InvalidBilling, match="priority is 0; it must be at least 1"):
        rule(("free_session", None), priority=0)
