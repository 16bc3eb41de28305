"""The fleet: what charge points do now, how long they were connected, and what is the matter with them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, put_up, refused, said, send

POINT, THEIRS = "utrecht-street-004", "london-hub-001"
HOUR = timedelta(hours=1)


def fleet(client: Client, name: str, **query: Any) -> Wire:
    found: Wire = said(client.get(f"{BASE}/cpo/{name}", query=query))
    return found


def summary(client: Client) -> Wire:
    found = fleet(client, "fleet/summary")
    assert found["online"] + found["offline"] == found["total_chargers"]
    assert found["charging"] + found["available"] + found["faulted"] <= found["online"]
    return found


def change(before: Wire, after: Wire) -> Wire:
    """What of the counts of a summary is another now, and by how much."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def backstage(office: Office, point: str, path: str = "", method: str = "PUT", **body: Any) -> None:
    said(office.anonymous.request(method, f"/_mock/dynamo/charge-points/{point}{path}", json=body or None))


def show(office: Office, number: int, status: str | None, point: str = POINT) -> None:
    backstage(office, point, f"/connectors/{number}", status=status)


SHOWN = [
    (("Charging", "Faulted"), "charging"),
    (("Faulted", None), "faulted"),
    (("Faulted", "Faulted"), "faulted"),
    (("Unavailable", None), "available"),
    (("Unavailable", "Finishing"), None),
]


@pytest.mark.parametrize(("statuses", "counted"), SHOWN)
def test_a_charge_point_counts_as_the_first_of_what_its_connectors_show(
    office: Office, statuses: tuple[str | None, str | None], counted: str | None
) -> None:
    for number in (1, 2):  # out of order, it is none of the three
        show(office, number, "Unavailable")
    before = summary(office.polder_key)
    for number, status in enumerate(statuses, 1):
        show(office, number, status)
    assert change(before, summary(office.polder_key)) == ({counted: 1} if counted else {})
    backstage(office, POINT, online=False)
    assert change(before, summary(office.polder_key)) == {"online": -1, "offline": 1}


def test_the_summary_is_about_the_same_sessions_as_the_bills(office: Office) -> None:
    office.mock.runtime.clock.set(datetime.fromisoformat("2026-03-18T00:00:00+00:00"))
    assert summary(office.polder_key)["total_energy_today_kwh"] == 0
    at_midnight = {each["session_id"]: each["energy_kwh"] for each in today(office)}
    office.mock.runtime.clock.set(NOON + 8 * HOUR)
    found, sessions = summary(office.polder_key), today(office)
    kwh = sum(each["energy_kwh"] - at_midnight.get(each["session_id"], 0) for each in sessions)
    assert round(found["total_energy_today_kwh"], 3) == round(kwh, 3) > 0
    assert found["active_sessions"] == sum(each["status"] == "active" for each in sessions)


def today(office: Office) -> list[Wire]:
    query = {"from": "2026-03-15", "limit": 200}
    page = said(office.polder_key.get(f"{BASE}/billing/sessions", query=query))
    sessions: list[Wire] = page["sessions"]
    assert len(sessions) == page["total"]
    return sessions


def uptime(
    office: Office, first: str = "2026-03-18", last: str = "2026-03-18", client: Client | None = None, **query: Any
) -> Wire:
    asked = {"from": first, "to": last, "charge_point_id": POINT, **query}
    (found,) = fleet(client or office.polder_key, "fleet/uptime", **asked)["chargers"]
    return dict(found)


def test_time_that_it_was_cut_off_is_downtime(office: Office) -> None:
    before = uptime(office)
    backstage(office, POINT, online=False)
    office.advance(HOUR)
    backstage(office, POINT, online=True)
    office.advance(HOUR)
    backstage(office, POINT, online=None)
    after = uptime(office)
    assert after["downtime_minutes"] - before["downtime_minutes"] == 60
    assert after["uptime_percent"] == round(100 - after["downtime_minutes"] / (14 * 60) * 100, 2)
    only = uptime(office, "2026-03-18T12:30:00Z", "2026-03-18T13:30:00Z")
    assert (only["downtime_minutes"], only["uptime_percent"]) == (30, 50)


def test_downtime_adds_up_over_periods(office: Office) -> None:
    whole, parts = (
        [uptime(office, *each)["downtime_minutes"] for each in periods]
        for periods in (
            [("2026-01-01", "2026-03-18")],
            [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-18")],
        )
    )
    assert sum(parts) == pytest.approx(sum(whole), abs=0.02)
    assert sum(whole) > 0


def test_a_period_without_any_time_has_no_charge_points(office: Office) -> None:
    for first, last in (("2019-01-01", "2019-02-01"), ("2026-03-19", "2026-03-20")):
        for name, found in (("uptime", "chargers"), ("utilisation", "data")):
            assert fleet(office.key, f"fleet/{name}", **{"from": first, "to": last})[found] == []


def test_a_new_charge_point_counts_from_its_registration_on(office: Office) -> None:
    project = said(send(office.installer, "GET", "/installer/projects"))["projects"][0]["id"]
    put_up(office, project, "CP-1", commissioned=False)
    office.advance(HOUR)
    found = uptime(office, client=office.key, charge_point_id="CP-1")
    assert (found["site_id"], found["uptime_percent"], found["downtime_minutes"]) == (None, 0, 60)
    backstage(office, "CP-1", online=True)
    office.advance(3 * HOUR)
    found = uptime(office, client=office.key, charge_point_id="CP-1")
    assert (found["uptime_percent"], found["downtime_minutes"]) == (75, 60)


def test_utilisation_is_the_share_of_online_time_with_energy(office: Office) -> None:
    show(office, 1, "Available", POINT)
    backstage(office, POINT, online=True)
    said(
        office.anonymous.post(f"/_mock/dynamo/charge-points/{POINT}/connectors/1/transaction", json={"id_tag": "X"}),
        201,
    )
    office.advance(HOUR / 2)
    asked = {"from": "2026-03-18T12:00:00Z", "to": "2026-03-18T14:00:00Z", "charge_point_id": POINT}
    assert utilisation(office, **asked) == {"2026-03-18T12:00:00Z": 100}
    backstage(office, POINT, "/connectors/1/transaction", "DELETE")
    office.advance(HOUR / 2)
    assert utilisation(office, **asked) == {"2026-03-18T12:00:00Z": 50}
    backstage(office, POINT, online=False)
    office.advance(HOUR)
    assert utilisation(office, **asked) == {"2026-03-18T12:00:00Z": 50}  # an hour that it was never online is left out


def utilisation(office: Office, granularity: str = "hour", **asked: Any) -> dict[str, float]:
    found = fleet(office.polder_key, "fleet/utilisation", granularity=granularity, **asked)
    assert found["period"] == {name: asked[name] for name in ("from", "to")}
    return {each["bucket"]: each["utilisation_percent"] for each in found["data"]}


@pytest.mark.parametrize(
    ("granularity", "first", "second"),
    [("day", "2026-03-09", "2026-03-10"), ("week", "2026-03-09", "2026-03-16"), ("month", "2026-02-01", "2026-03-01")],
)
def test_buckets_begin_where_the_calendar_says(office: Office, granularity: str, first: str, second: str) -> None:
    asked = {
        "from": "2026-03-09" if granularity == "day" else "2026-02-28",
        "to": "2026-03-16",
        "charge_point_id": POINT,
    }
    buckets = [*utilisation(office, granularity, **asked)]
    assert buckets == sorted(buckets)
    assert {f"{first}T00:00:00Z", f"{second}T00:00:00Z"} <= {*buckets}
    if granularity == "day":
        assert len(buckets) == 8


def test_days_weigh_into_their_week(office: Office) -> None:
    asked = {"from": "2026-03-09", "to": "2026-03-15", "charge_point_id": POINT}
    (week,) = utilisation(office, "week", **asked).values()
    days = utilisation(office, "day", **asked)
    down = [
        fleet(office.polder_key, "fleet/uptime", **asked | {"from": day[:10], "to": day[:10]})["chargers"][0]
        for day in days
    ]
    online = [24 * 60 - each["downtime_minutes"] for each in down]
    weighed = sum(share * minutes for share, minutes in zip(days.values(), online, strict=True)) / sum(online)
    assert weighed == pytest.approx(week, abs=0.02)
    assert week > 0


def faults(client: Client, **query: Any) -> list[Wire]:
    page = fleet(client, "fleet/faults", limit=200, **query)
    found: list[Wire] = page["faults"]
    assert page["total"] == len(found)
    return found


def test_a_fault_of_the_world_lasts_until_it_is_cleared(office: Office) -> None:
    known = faults(office.key)
    started = [each["started_at"] for each in known]
    assert started == sorted(started, reverse=True)
    last = known[0]
    assert last["error_code"] in ("GroundFailure", "OverCurrentFailure")
    began, cleared = (datetime.fromisoformat(last[name]) for name in ("started_at", "cleared_at"))
    point, number = last["charge_point_id"], last["connector_id"]
    office.mock.runtime.clock.set(began - timedelta(seconds=1))
    assert faults(office.key, charge_point_id=point)[:1] != [last]
    for at, cleared_at in ((began, None), (cleared, last["cleared_at"])):
        office.mock.runtime.clock.set(at)
        assert faults(office.key)[0] == {**last, "cleared_at": cleared_at}
        shown = said(office.anonymous.get(f"/_mock/dynamo/charge-points/{point}"))["connectors"][number - 1]
        assert (shown["status"] == "Faulted") == (cleared_at is None)


def test_a_connector_that_is_made_to_show_a_fault_has_one(office: Office) -> None:
    before = faults(office.polder_key)
    show(office, 2, "Faulted")
    (fault,) = [each for each in faults(office.polder_key) if each not in before]
    site_id = uptime(office)["site_id"]
    assert fault == {
        "charge_point_id": POINT, "connector_id": 2, "site_id": site_id, "error_code": "OtherError", "info": None,
        "started_at": "2026-03-18T12:00:00Z", "cleared_at": None,
    }  # fmt: skip
    (said_so, *_) = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query={"charge_point_id": POINT}))
    assert said_so["payload"].items() >= {"errorCode": "OtherError", "status": "Faulted"}.items()
    office.advance(HOUR)
    show(office, 2, None)
    assert faults(office.polder_key) == [{**fault, "cleared_at": "2026-03-18T13:00:00Z"}, *before]
    assert faults(office.polder_key, site_id=site_id)[0]["charge_point_id"] == POINT
    assert faults(office.polder_key, site_id=f"site_{NOBODY}") == faults(office.key, charge_point_id=POINT) == []


def test_maintenance_is_planned_goes_on_and_is_done(office: Office) -> None:
    everything = fleet(office.key, "maintenance", limit=200)["maintenance"]
    starts = [each["starts_at"] for each in everything]
    assert starts == sorted(starts)
    assert {each["status"] for each in everything} >= {"planned", "completed"}
    work = next(each for each in everything if each["status"] == "planned")
    for name, status in (("starts_at", "in_progress"), ("ends_at", "completed")):
        office.mock.runtime.clock.set(datetime.fromisoformat(work[name]))
        again = fleet(office.key, "maintenance", charge_point_id=work["charge_point_id"])["maintenance"]
        assert {**work, "status": status} in again
    of_site = fleet(office.key, "maintenance", site_id=work["site_id"], limit=200)["maintenance"]
    assert {each["site_id"] for each in of_site} == {work["site_id"]}
    assert fleet(office.polder_key, "maintenance", charge_point_id=work["charge_point_id"])["total"] == 0


def test_another_organizations_charge_points_are_not_there(office: Office) -> None:
    asked = {"from": "2026-03-18", "to": "2026-03-18"}
    mine = {each["charge_point_id"] for each in fleet(office.key, "fleet/uptime", **asked)["chargers"]}
    theirs = {each["charge_point_id"] for each in fleet(office.polder_key, "fleet/uptime", **asked)["chargers"]}
    assert len(mine) == summary(office.key)["total_chargers"]
    assert len(theirs) == summary(office.polder_key)["total_chargers"]
    assert not mine & theirs
    for name, found in (("uptime", "chargers"), ("utilisation", "data")):
        assert fleet(office.polder_key, f"fleet/{name}", charge_point_id=THEIRS, **asked)[found] == []


BOTH = {"from": "2026-03-01", "to": "2026-03-17"}
WRONG = [
    ("uptime", {"to": "2026-03-17"}, "from"),
    ("uptime", {"from": "2026-03-17"}, "to"),
    ("uptime", {"from": "2026-03-18", "to": "2026-03-17"}, "to"),
    ("uptime", {"from": "2026-03-17T10:00:00Z", "to": "2026-03-17T09:59:59Z"}, "to"),
    ("uptime", {"from": "2025-03-17", "to": "2026-03-18"}, "to"),
    ("uptime", {"from": "2026-02-30", "to": "2026-03-17"}, "from"),
    ("uptime", {"from": "soon", "to": "2026-03-17"}, "from"),
    ("uptime", {**BOTH, "site_id": "here"}, "site_id"),
    ("utilisation", {"from": "2026-03-18", "to": "2026-03-17"}, "to"),
    ("utilisation", {**BOTH, "granularity": "hour"}, "to"),
    ("utilisation", {**BOTH, "granularity": "year"}, "granularity"),
    ("faults", {"limit": "0"}, "limit"),
    ("faults", {"charge_point_id": "no such id"}, "charge_point_id"),
]


@pytest.mark.parametrize(("name", "query", "field"), WRONG)
def test_bad_queries_are_refused(office: Office, name: str, query: dict[str, str], field: str) -> None:
    error = refused(office.polder_key.get(f"{BASE}/cpo/fleet/{name}", query=query), 422, "validation_error")
    assert {each["field"] for each in error["details"]} == {field}
