"""The clock: moving it, and what the APIs make of it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.asgi import Client
from tests.mock import CONTROL, NOON, OAUTH, V2, Mock

CLOCK = f"{CONTROL}/clock"
AT_NOON = {"now": "2026-03-18T12:00:00Z", "speed": 0, "frozen": True}


def test_the_clock_can_be_read(control: Client) -> None:
    response = control.get(CLOCK)

    assert (response.status, response.json()) == (200, AT_NOON)


def test_set_takes_time_pace_or_both(control: Client) -> None:
    assert control.put(CLOCK, json={"now": "2026-01-14T18:30:00+01:00"}).json()["now"] == "2026-01-14T17:30:00Z"
    assert control.put(CLOCK, json={"speed": 60}).json()["speed"] == 60
    both = control.put(CLOCK, json={"now": "2026-06-01T00:00:00Z", "speed": 0})
    assert both.json() == {"now": "2026-06-01T00:00:00Z", "speed": 0, "frozen": True}


@pytest.mark.parametrize(
    "now",
    [
        "1970-01-01T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "2026-03-29T00:59:59.999999Z",
        "2026-03-18t12:00:00z",  # RFC 3339 section 5.6: letters of either case
        "2026-03-18T12:00:00-00:00",
    ],
)
def test_every_rfc_3339_time_from_1970_to_2200_is_taken(control: Client, now: str) -> None:
    response = control.put(CLOCK, json={"now": now})

    assert response.status == 200
    assert datetime.fromisoformat(response.json()["now"]) == datetime.fromisoformat(now.upper())


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {}, "body"),
        ("", {"now": "1969-12-31T23:59:59.999999Z"}, "now"),
        ("", {"now": "2200-01-01T00:00:00.000001Z"}, "now"),
        ("", {"now": "9999-12-31T23:59:59-23:59"}, "now"),
        ("", {"now": "0001-01-01T00:00:00+23:59"}, "now"),
        ("", {"now": "0000-01-01T00:00:00Z"}, "now"),
        ("", {"now": "2026-03-18T12:00:00"}, "now"),
        ("", {"now": "2026-02-30T12:00:00Z"}, "now"),
        ("", {"now": "2016-12-31T23:59:60Z"}, "now"),
        ("", {"now": "noon"}, "now"),
        ("", {"now": 1}, "now"),
        ("", {"now": None}, "now"),
        ("", {"speed": -0.001}, "speed"),
        ("", {"speed": 1_000_001}, "speed"),
        ("", {"speed": "fast"}, "speed"),
        ("", {"speed": True}, "speed"),
        ("", {"now": "2026-01-01T00:00:00Z", "speed": -1}, "speed"),
        ("", {"now": "1900-01-01T00:00:00Z", "speed": 2}, "now"),
        ("", {"tomorrow": True}, "body"),
        ("", [], "body"),
        ("/advance", {}, "body"),
        ("/advance", {"duration_s": "1"}, "duration_s"),
        ("/advance", {"duration_s": 7_258_118_401}, "duration_s"),
        ("/advance", {"duration_s": 7_258_118_400}, "duration_s"),
        ("/advance", {"duration_s": -7_258_118_400}, "duration_s"),
        ("/advance", {"duration_s": 1, "x": 1}, "body"),
        ("/freeze", {"now": "1900-01-01T00:00:00Z"}, "now"),
        ("/freeze", {"speed": 1}, "body"),
        ("/run", {"speed": -1}, "speed"),
        ("/run", {"now": "2026-01-01T00:00:00Z"}, "body"),
    ],
)
def test_what_the_clock_cannot_take_is_400_and_changes_nothing(
    control: Client, path: str, body: Any, field: str
) -> None:
    response = control.request("POST" if path else "PUT", f"{CLOCK}{path}", json=body)

    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"
    assert list(response.json()["field_errors"]) == [field]
    assert control.get(CLOCK).json() == AT_NOON


def test_advance_moves_both_ways_and_keeps_the_pace(control: Client) -> None:
    assert control.post(f"{CLOCK}/advance", json={"duration_s": 1800}).json()["now"] == "2026-03-18T12:30:00Z"
    back = control.post(f"{CLOCK}/advance", json={"duration_s": -86400.5})
    assert back.json() == {"now": "2026-03-17T12:29:59.500000Z", "speed": 0, "frozen": True}


def test_freeze_and_run(control: Client) -> None:
    running = control.post(f"{CLOCK}/run")
    assert running.json()["speed"] == 1
    assert not running.json()["frozen"]
    assert control.post(f"{CLOCK}/run", json={"speed": 100_000}).json()["speed"] == 100_000
    time.sleep(0.05)
    frozen = control.post(f"{CLOCK}/freeze").json()
    assert frozen["frozen"]
    assert datetime.fromisoformat(frozen["now"]) > NOON + timedelta(hours=1), "it ran at 100 000 s a second"
    time.sleep(0.02)
    assert control.get(CLOCK).json() == frozen
    there = control.post(f"{CLOCK}/freeze", json={"now": "2026-03-29T00:59:00Z"})
    assert there.json() == {"now": "2026-03-29T00:59:00Z", "speed": 0, "frozen": True}


def test_a_running_clock_frozen_at_a_time_stands_at_it_exactly(control: Client) -> None:
    control.post(f"{CLOCK}/run", json={"speed": 1_000_000})

    assert control.put(CLOCK, json={"now": "2026-01-01T00:00:00Z", "speed": 0}).json()["now"] == "2026-01-01T00:00:00Z"


def test_the_clock_stops_at_the_end_of_time_and_can_be_brought_back(control: Client) -> None:
    control.put(CLOCK, json={"now": "2199-12-31T23:59:59Z", "speed": 1_000_000})
    time.sleep(0.01)

    assert control.get(CLOCK).json()["now"] == "2200-01-01T00:00:00Z"
    assert control.get(f"{CONTROL}/health").status == 200
    assert control.put(CLOCK, json={"now": "2026-01-01T00:00:00Z", "speed": 0}).status == 200


def test_health_and_the_date_header_show_the_time(mock: Mock, control: Client) -> None:
    control.put(CLOCK, json={"now": "2026-12-24T18:00:00Z"})

    assert control.get(f"{CONTROL}/health").json()["now"] == "2026-12-24T18:00:00Z"
    assert mock.get("/tariffs").headers["date"] == "Thu, 24 Dec 2026 18:00:00 GMT"


def test_an_oauth_token_ends_with_the_virtual_clock(mock: Mock, control: Client) -> None:
    application = control.get(f"{CONTROL}/applications/ev-energy-full").json()
    form = {
        "grant_type": "client_credentials",
        "client_id": application["client_id"],
        "client_secret": application["client_secret"],
    }
    answer = control.post(f"{OAUTH}/token/", form=form).json()
    bearer = {"authorization": f"Bearer {answer['access_token']}"}

    def status() -> int:
        return control.get(f"{V2}/tariffs", headers=bearer).status

    assert status() == 200
    control.post(f"{CLOCK}/advance", json={"duration_s": answer["expires_in"] - 0.001})
    assert status() == 200
    control.post(f"{CLOCK}/advance", json={"duration_s": 0.001})
    assert status() == 401
    control.post(f"{CLOCK}/advance", json={"duration_s": -1})
    assert status() == 200, "what clients wrote stays when the time goes back"


def test_prices_follow_the_clock(mock: Mock, control: Client) -> None:
    def newest(tariff_id: str) -> str:
        return mock.get(f"/tariffs/{tariff_id}/prices?page_size=1").json()[0]["started_at"]

    varying = next(
        tariff["id"] for tariff in mock.get("/tariffs?page_size=100").json() if tariff["type"] not in ("FLAT_RATE",)
    )
    before = newest(varying)
    control.post(f"{CLOCK}/advance", json={"duration_s": 30 * 86400})
    later = newest(varying)
    control.put(CLOCK, json={"now": AT_NOON["now"]})

    assert later > before
    assert newest(varying) == before, "the same time has the same prices"
