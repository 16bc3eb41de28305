"""Settings: what is usual in a country at first, then changed member by member."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.seed import HARBOUR, NOTIFICATIONS
from tests.mockserver.apis.dynamo.steps import Office, refused, said, send

FIRST = {
    "currency": "GBP",
    "timezone": "Europe/London",
    "billing_email": HARBOUR.email("operations"),
    "notification_preferences": dict.fromkeys(NOTIFICATIONS, True),
    "updated_at": None,
}


def path(org_id: str) -> str:
    return f"/organizations/{org_id}/settings"


def test_the_seed_organization_starts_as_is_usual_in_its_country(office: Office) -> None:
    assert said(send(office.billing, "GET", path(office.harbour))) == FIRST


@pytest.mark.parametrize(
    ("country", "currency", "timezone"),
    [
        ("US", "USD", "America/New_York"),
        ("DE", "EUR", "Europe/Berlin"),
        ("CH", "CHF", "UTC"),
        ("NL", "EUR", "UTC"),
        ("JP", "EUR", "UTC"),
    ],
)
def test_a_new_organization_does_too_whatever_else_was_sent(
    office: Office, country: str, currency: str, timezone: str
) -> None:
    body = {"name": "x", "country": country, "contact_email": "post@x.example"}
    noise = {"currency": "XXX", "notification_preferences": "x", "billing_email": 1}
    made = said(send(office.key, "POST", "/organizations", body | noise), 201)
    assert said(send(office.key, "GET", path(made["id"]))) == {
        **FIRST,
        "currency": currency,
        "timezone": timezone,
        "billing_email": "post@x.example",
    }


CHANGES: dict[str, dict[str, Any]] = {
    "one member": {"currency": "EUR"},
    "no bills": {"billing_email": None},
    "both": {"timezone": "Europe/Amsterdam", "billing_email": "a@b.example"},
    "some events": {"notification_preferences": {"weekly_summary": False, "alert_triggered": False}},
    "an event of its own": {"notification_preferences": {"tea_ready": False}},
    "no event": {"notification_preferences": {}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_sent_changes_and_the_rest_stays(office: Office, change: dict[str, Any]) -> None:
    office.advance(timedelta(minutes=1))
    preferences = {**FIRST["notification_preferences"], **change.get("notification_preferences", {})}  # type: ignore[dict-item]
    expected = {**FIRST, **change, "notification_preferences": preferences, "updated_at": "2026-03-18T12:01:00Z"}
    assert said(send(office.admin, "PUT", path(office.harbour), {**change, "colour": "red"})) == expected
    assert said(send(office.viewer, "GET", path(office.harbour))) == expected


def test_changes_add_up(office: Office) -> None:
    for event in NOTIFICATIONS:
        said(send(office.key, "PUT", path(office.harbour), {"notification_preferences": {event: False}}))
    found = said(send(office.key, "GET", path(office.harbour)))
    assert not any(found["notification_preferences"].values())
    assert found["currency"] == "GBP"


WRONG: dict[str, tuple[Any, str]] = {
    "nothing": ({}, "body"),
    "no such currency": ({"currency": "ABC"}, "currency"),
    "small letters": ({"currency": "eur"}, "currency"),
    "no such zone": ({"timezone": "Europe/Bristol"}, "timezone"),
    "a path": ({"timezone": "../etc/passwd"}, "timezone"),
    "no address": ({"billing_email": "x"}, "billing_email"),
    "no truth value": (
        {"notification_preferences": {"weekly_summary": "no"}},
        "notification_preferences.weekly_summary",
    ),
}


@pytest.mark.parametrize(("body", "field"), WRONG.values(), ids=WRONG)
def test_a_bad_value_changes_nothing(office: Office, body: Any, field: str) -> None:
    error = refused(send(office.owner, "PUT", path(office.harbour), body), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
    assert said(send(office.owner, "GET", path(office.harbour))) == FIRST
