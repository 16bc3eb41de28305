"""Charging profiles as one schedule: levels, purposes, validity, recurrence and units."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.days import unix_s
from mockserver.apis.dynamo.stations.schedules import DEFAULT, STATION, TRANSACTION, Outlet, composite, problem
from tests.mock import NOON

START_S = unix_s(NOON)
OUTLET = Outlet(22_080, 3)


def profile(limit: float, level: int = 0, purpose: str = DEFAULT, **changes: Any) -> dict[str, Any]:
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    kind = "Absolute" if "startSchedule" in changes else "Relative"
    schedule |= {name: changes.pop(name) for name in ("startSchedule", "duration") if name in changes}
    if "periods" in changes:
        schedule["chargingSchedulePeriod"] = [
            {"startPeriod": start, "limit": most} for start, most in changes.pop("periods")
        ]
    made = {"chargingProfileId": 1, "stackLevel": level, "chargingProfilePurpose": purpose}
    return {**made, "chargingProfileKind": kind, "chargingSchedule": schedule, **changes}


def schedule(*profiles: dict[str, Any], duration_s: int = 3600, unit: str = "W") -> list[tuple[int, float]]:
    assert [problem(each) for each in profiles] == [None] * len(profiles)
    periods = composite(profiles, OUTLET, START_S, duration_s, unit)
    return [(each["startPeriod"], each["limit"]) for each in periods]


SCHEDULES: dict[str, tuple[list[dict[str, Any]], list[tuple[int, float]]]] = {
    "none": ([], [(0, 22_080)]),
    "more than the outlet gives": ([profile(50_000)], [(0, 22_080)]),
    "the higher level": ([profile(5_000, 1), profile(9_000, 2), profile(1_000, 0)], [(0, 9_000)]),
    "the transaction before the default": ([profile(5_000, 9), profile(9_000, 0, TRANSACTION)], [(0, 9_000)]),
    "the station's limit over both": ([profile(9_000), profile(4_000, 0, STATION)], [(0, 4_000)]),
    "the station's limit under both": ([profile(3_000), profile(4_000, 0, STATION)], [(0, 3_000)]),
    "periods": ([profile(0, periods=[(0, 7_000), (600, 3_000)])], [(0, 7_000), (600, 3_000)]),
    "equal periods are one": ([profile(0, periods=[(0, 7_000), (600, 7_000)])], [(0, 7_000)]),
    "for a while": ([profile(5_000, duration=900)], [(0, 5_000), (900, 22_080)]),
    "a lower level below one that ends": (
        [profile(5_000, 1, duration=900), profile(3_000)],
        [(0, 5_000), (900, 3_000)],
    ),
    "later": ([profile(5_000, startSchedule="2026-03-18T12:30:00Z")], [(0, 22_080), (1800, 5_000)]),
    "begun before": (
        [profile(0, startSchedule="2026-03-18T11:50:00Z", periods=[(0, 7_000), (900, 3_000)])],
        [(0, 7_000), (300, 3_000)],
    ),
    "valid from and to": (
        [profile(5_000, validFrom="2026-03-18T12:10:00Z", validTo="2026-03-18T12:20:00Z")],
        [(0, 22_080), (600, 5_000), (1200, 22_080)],
    ),
    "every day": (
        [
            profile(
                5_000,
                startSchedule="2026-01-01T12:15:00Z",
                duration=600,
                chargingProfileKind="Recurring",
                recurrencyKind="Daily",
            )
        ],
        [(0, 22_080), (900, 5_000), (1500, 22_080)],
    ),
    "every week, on another day": (
        [
            profile(
                5_000,
                startSchedule="2026-03-17T12:15:00Z",
                duration=600,
                chargingProfileKind="Recurring",
                recurrencyKind="Weekly",
            )
        ],
        [(0, 22_080)],
    ),
}


@pytest.mark.parametrize(("profiles", "periods"), SCHEDULES.values(), ids=SCHEDULES)
def test_the_schedule(profiles: list[dict[str, Any]], periods: list[tuple[int, float]]) -> None:
    assert schedule(*profiles) == periods


def test_what_recurs_does_so_as_often_as_it_fits() -> None:
    nightly = profile(
        5_000,
        startSchedule="2026-01-01T13:00:00Z",
        duration=3600,
        chargingProfileKind="Recurring",
        recurrencyKind="Daily",
    )
    starts = [start for start, limit in schedule(nightly, duration_s=3 * 86_400) if limit == 5_000]
    assert starts == [3600, 3600 + 86_400, 3600 + 2 * 86_400]


def test_amperes_are_per_phase() -> None:
    in_a = profile(16)
    in_a["chargingSchedule"]["chargingRateUnit"] = "A"
    assert schedule(in_a) == [(0, 11_040)]
    assert schedule(in_a, unit="A") == [(0, 16.0)]
    assert schedule(unit="A") == [(0, 32.0)]


BROKEN: dict[str, dict[str, Any]] = {
    "no level": {"stackLevel": None},
    "no id": {"chargingProfileId": "1"},
    "no schedule": {"chargingSchedule": []},
    "no unit": {"chargingSchedule": {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1}]}},
    "no period": {"chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": []}},
    "a period without a start": {
        "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"limit": 1}]}
    },
    "a negative limit": {
        "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": -1}]}
    },
    "no recurrence": {"chargingProfileKind": "Recurring"},
    "no time": {"validTo": "soon"},
    "a number for a time": {"validFrom": 12},
}


@pytest.mark.parametrize("changes", BROKEN.values(), ids=BROKEN)
def test_what_is_no_profile_is_told(changes: dict[str, Any]) -> None:
    assert problem({**profile(1), **changes})
