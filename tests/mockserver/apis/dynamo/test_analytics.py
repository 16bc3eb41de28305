"""Analytics: sums of what the billing sessions of the same days say, for anybody who may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from tests.asgi import Client
from tests.mockserver.apis.dynamo.steps import BASE, NOBODY, Office, Wire, put_up, refused, said, send

POINT, HUB = "london-hub-001", "london-hub"
TODAY = date(2026, 3, 18)
SESSION_REPORTS = (
    "energy/by-charge-point", "energy/by-project", "energy/trend", "revenue/by-charge-point", "revenue/by-project",
)  # fmt: skip
REPORTS = (*SESSION_REPORTS, "issues", "fleet-health")
TOTALS = {"energy": "total_energy_kwh", "revenue": "total_revenue"}
FIGURES = {"energy": "energy_kwh", "revenue": "revenue"}
Figures = Mapping[str, tuple[int, int]]
"""By what a line is about, how many Wh or cents, and how many sessions."""


def report(client: Client, name: str, **query: Any) -> Wire:
    found: Wire = said(client.get(f"{BASE}/analytics/{name}", query=query))
    return found


def sessions(client: Client, first: str, last: str, **query: Any) -> list[Wire]:
    """The billing sessions that ended on some days, however long before they began."""
    begun = str(date.fromisoformat(first) - timedelta(days=3))
    found: list[Wire] = []
    total = 1
    while len(found) < total:
        asked = {"from": begun, "to": last, "limit": 200, "offset": len(found), **query}
        page = said(client.get(f"{BASE}/billing/sessions", query=asked))
        found, total = found + page["sessions"], page["total"]
    return [each for each in found if each["ended_at"] and first <= each["ended_at"][:10] <= last]


def added_up(found: Iterable[Wire], by: Callable[[Wire], str | None]) -> dict[str, Figures]:
    """Energy and revenue of sessions by something; those of which it is None do not count."""
    sums: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in FIGURES}
    for each in found:
        about = by(each)
        for name, value in (("energy", each["energy_kwh"] * 1000), ("revenue", each["total_cost"] * 100)):
            if about is not None:
                so_far, count = sums[name].get(about, (0, 0))
                sums[name][about] = (so_far + round(value), count + 1)
    return sums


def figures(found: Wire, name: str, about: str) -> Figures:
    """Those of a report that are not zero; and its totals have to be their sums."""
    kind = name.partition("/")[0]
    unit = 1000 if kind == "energy" else 100
    lines = {each[about]: (round(each[FIGURES[kind]] * unit), each["session_count"]) for each in found["data"]}
    assert len(lines) == len(found["data"])
    sums = tuple(map(sum, zip(*lines.values(), strict=True))) or (0, 0)
    assert (round(found[TOTALS[kind]] * unit), found["total_sessions"]) == sums
    return {key: each for key, each in lines.items() if each != (0, 0)}


def project_of(session: Wire) -> str | None:
    """Charge points of the public sites are there by a project."""
    public = ("london-hub", "warsaw-retail", "adelaide-street", "lord-howe-lodge", "utrecht-street")
    is_public = session["charge_point_id"].rpartition("-")[0] in public
    return session["site_id"].replace("site_", "proj_") if is_public else None


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("key", "2026-03-18", "2026-03-18"),
        ("polder_key", "2026-03-16", "2026-03-17"),
        ("polder_key", "2026-02-20", "2026-03-10"),
    ],
)
def test_sums_are_those_of_the_billing_sessions(office: Office, name: str, first: str, last: str) -> None:
    client = getattr(office, name)
    found = sessions(client, first, last)
    by_point = added_up(found, lambda each: each["charge_point_id"])
    by_project = added_up(found, project_of)
    assert len({*by_point["energy"]}) > 5
    for kind in FIGURES:
        asked = {"from": first, "to": last}
        points = report(client, f"{kind}/by-charge-point", **asked)
        assert figures(points, kind, "charge_point_id") == by_point[kind]
        values = [each[FIGURES[kind]] for each in points["data"]]
        assert values == sorted(values, reverse=True)
        projects = report(client, f"{kind}/by-project", **asked)
        assert figures(projects, kind, "project_id") == by_project[kind]
        assert (points["from"], points["to"]) == (first, last)


@pytest.mark.parametrize("granularity", ["day", "week", "month"])
@pytest.mark.parametrize(("first", "last"), [("2026-02-20", "2026-03-05"), ("2026-02-16", "2026-03-18")])
def test_the_trend_adds_up_whatever_its_buckets(office: Office, granularity: str, first: str, last: str) -> None:
    def bucket(session: Wire) -> str:
        day = date.fromisoformat(session["ended_at"][:10])
        monday = day - timedelta(days=day.weekday())
        return str({"day": day, "week": monday, "month": day.replace(day=1)}[granularity])

    found = sessions(office.polder_key, first, last)
    asked = {"from": first, "to": last}
    trend = report(office.polder_key, "energy/trend", granularity=granularity, **asked)
    assert figures(trend, "energy", "bucket") == added_up(found, bucket)["energy"]
    buckets = [each["bucket"] for each in trend["data"]]
    assert buckets == sorted(buckets)
    assert trend["granularity"] == granularity
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    assert len(buckets) == {"day": days, "week": len({*weeks(first, days)}), "month": 2}[granularity]
    for name in ("by-charge-point", "by-project"):  # all of its charge points are there by one project
        assert report(office.polder_key, f"energy/{name}", **asked)["total_energy_kwh"] == trend["total_energy_kwh"]


def weeks(first: str, days: int) -> list[tuple[int, int]]:
    return [(date.fromisoformat(first) + timedelta(days=number)).isocalendar()[:2] for number in range(days)]


def test_filters_keep_what_fits(office: Office) -> None:
    asked = {"from": "2026-03-01", "to": "2026-03-17"}
    (of_project,) = report(office.polder_key, "energy/by-project", **asked)["data"]
    for charge_point_id in ("utrecht-street-001", "utrecht-street-002"):
        found = sessions(office.polder_key, asked["from"], asked["to"], charge_point_id=charge_point_id)
        fitting = {"charge_point_id": charge_point_id, **asked}
        for name in SESSION_REPORTS:
            for project_id, count in ((of_project["project_id"], len(found)), (f"proj_{NOBODY}", 0)):
                kept = report(office.polder_key, name, project_id=project_id, **fitting)
                assert kept["total_sessions"] == count
                if "revenue" in name and count:
                    cents = sum(round(each["total_cost"] * 100) for each in found)
                    assert round(kept["total_revenue"] * 100) == cents


def test_a_project_is_about_its_charge_points(office: Office) -> None:
    asked = {"from": "2026-03-16", "to": "2026-03-17"}
    line = report(office.key, "energy/by-project", **asked)["data"][0]
    points = report(office.key, "energy/by-charge-point", project_id=line["project_id"], **asked)
    assert {each["charge_point_id"].rpartition("-")[0] for each in points["data"]} == {HUB}
    assert (line["energy_kwh"], line["session_count"]) == (points["total_energy_kwh"], points["total_sessions"])
    health = report(office.key, "fleet-health", project_id=line["project_id"], **asked)["data"]
    assert [each["charge_point_id"] for each in health] == sorted(each["charge_point_id"] for each in points["data"])


def test_what_clients_do_is_in_the_reports(office: Office) -> None:
    project = said(send(office.installer, "GET", "/installer/projects"))["projects"][0]["id"]
    put_up(office, project, "CP-1")
    asked = {"charge_point_id": "CP-1", "from": str(TODAY), "to": str(TODAY)}
    (line,) = report(office.key, "energy/by-charge-point", **asked)["data"]
    assert (line["charge_point_name"], line["energy_kwh"], line["session_count"]) == ("CP-1", 0, 0)
    path = "/_mock/dynamo/charge-points/CP-1/connectors/1/transaction"
    said(office.anonymous.post(path, json={"id_tag": "CARD-1"}), 201)
    office.advance(timedelta(minutes=40))
    assert report(office.key, "energy/trend", **asked)["total_sessions"] == 0
    said(office.anonymous.request("DELETE", path))
    (session,) = sessions(office.key, str(TODAY), str(TODAY), charge_point_id="CP-1")
    assert session["energy_kwh"] > 1
    for name in ("energy/by-charge-point", "revenue/by-project"):
        found = report(office.key, name, **asked)
        kind = name.partition("/")[0]
        value = {"energy": "energy_kwh", "revenue": "total_cost"}[kind]
        assert (found[TOTALS[kind]], found["total_sessions"]) == (session[value], 1)


def test_a_session_that_a_client_ends_counts_as_it_was_ended(office: Office) -> None:
    running = said(office.key.get(f"{BASE}/billing/sessions", query={"status": "active"}))["sessions"]
    session = next(each for each in running if each["energy_kwh"] > 0)
    point, connector = session["charge_point_id"], session["connector_id"]
    asked = {"charge_point_id": point, "from": str(TODAY)}
    before = report(office.key, "energy/by-charge-point", **asked)
    said(office.anonymous.request("DELETE", f"/_mock/dynamo/charge-points/{point}/connectors/{connector}/transaction"))
    after = report(office.key, "energy/by-charge-point", **asked)
    assert after["total_sessions"] == before["total_sessions"] + 1
    assert round(after["total_energy_kwh"] - before["total_energy_kwh"], 3) == session["energy_kwh"]


def test_revenue_is_in_the_currency_of_the_organization(office: Office) -> None:
    asked = {"from": str(TODAY), "to": str(TODAY)}
    before = report(office.billing, "revenue/by-charge-point", **asked)
    assert (before["currency"], before["total_revenue"] > 0) == ("GBP", True)
    said(send(office.owner, "PUT", f"/organizations/{office.harbour}/settings", {"currency": "EUR"}))
    after = report(office.billing, "revenue/by-charge-point", **asked)
    assert (after["currency"], after["total_revenue"], after["total_sessions"]) == ("EUR", 0, 0)
    assert report(office.billing, "energy/by-charge-point", **asked)["total_sessions"] == before["total_sessions"]


def test_issues_are_the_faults_of_the_fleet(office: Office) -> None:
    faults = said(office.key.get(f"{BASE}/cpo/fleet/faults", query={"limit": 200}))["faults"]
    first, last = "2026-02-25", "2026-03-15"
    inside = [each for each in faults if first <= each["started_at"][:10] <= last]
    assert 0 < len(inside) < len(faults)
    issues = report(office.key, "issues", **{"from": first, "to": last})
    counts = Counter((each["charge_point_id"], each["error_code"]) for each in inside)
    assert {(each["charge_point_id"], each["error_code"]): each["occurrences"] for each in issues["data"]} == counts
    assert issues["total_issues"] == len(inside)
    occurrences = [each["occurrences"] for each in issues["data"]]
    assert occurrences == sorted(occurrences, reverse=True)
    for each in issues["data"]:
        alike = [fault["started_at"] for fault in inside if fault["charge_point_id"] == each["charge_point_id"]]
        assert each["last_occurred_at"] in alike


def test_health_follows_from_uptime_and_faults(office: Office) -> None:
    asked = {"from": "2026-03-10", "to": str(TODAY)}
    said(office.anonymous.put(f"/_mock/dynamo/charge-points/{POINT}/connectors/1", json={"status": "Faulted"}))
    found = report(office.key, "fleet-health", **asked)
    uptimes = said(office.key.get(f"{BASE}/cpo/fleet/uptime", query=asked))["chargers"]
    lines = found["data"]
    assert [(each["charge_point_id"], each["uptime_percent"]) for each in uptimes] == [
        (each["charge_point_id"], each["uptime_percent"]) for each in lines
    ]
    for each in lines:
        if each["charge_point_id"] == POINT or each["uptime_percent"] < 95:
            expected = "poor"
        else:
            expected = "good" if each["uptime_percent"] >= 99 and not each["fault_count"] else "fair"
        assert each["health"] == expected, each
    names = Counter(each["health"] for each in lines)
    assert {name: found[name] for name in ("good", "fair", "poor")} == dict(names)
    assert found["total_chargers"] == len(lines) == names.total()
    assert sum(each["fault_count"] for each in lines) == report(office.key, "issues", **asked)["total_issues"]
    office.advance(timedelta(days=2))  # the fault began before these days, and lasts
    later = report(office.key, "fleet-health", charge_point_id=POINT, **{"from": "2026-03-19"})
    assert [(each["fault_count"], each["health"]) for each in later["data"]] == [(0, "poor")]


def test_days_that_are_left_out_are_the_last_thirty(office: Office) -> None:
    usual = report(office.polder_key, "energy/trend")
    assert (usual["from"], usual["to"], usual["granularity"]) == ("2026-02-16", str(TODAY), "day")
    before = report(office.polder_key, "energy/trend", to="2026-03-01")
    assert (before["from"], before["to"]) == ("2026-01-30", "2026-03-01")


WRONG = [
    ({"from": "2026-03-11", "to": "2026-03-10"}, "to"),
    ({"from": "2026-03-19"}, "from"),
    ({"from": "2025-03-17", "to": "2026-03-18"}, "to"),
    ({"from": "0001-01-01", "to": "9999-12-31"}, "to"),
    ({"from": "2026-02-30"}, "from"),
    ({"from": "2026-03-01T00:00:00Z"}, "from"),
    ({"to": "yesterday"}, "to"),
    ({"granularity": "hour"}, "granularity"),
    ({"charge_point_id": "no such id"}, "charge_point_id"),
    ({"project_id": "site_1"}, "project_id"),
]


@pytest.mark.parametrize(("query", "field"), WRONG)
def test_bad_queries_are_refused(office: Office, query: dict[str, str], field: str) -> None:
    for name in REPORTS:
        error = refused(office.polder_key.get(f"{BASE}/analytics/{name}", query=query), 422, "validation_error")
        assert [each["field"] for each in error["details"]] == [field]


ENDS = [("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"), ("2025-03-18", "2026-03-18")]


def test_the_ends_of_the_calendar_are_days(office: Office) -> None:
    for first, last in ENDS:
        for name in REPORTS:
            found = report(office.polder_key, name, granularity="month", **{"from": first, "to": last})
            assert (found["from"], found["to"]) == (first, last)


def test_another_organizations_charge_points_are_not_there(office: Office) -> None:
    for name in REPORTS:
        asked = {"from": "2026-03-15"}
        other = report(office.polder_key, name, charge_point_id=POINT, **asked)
        assert not other.get("total_sessions")
        assert other["data"] == [] or name == "energy/trend"
        if "by-charge-point" not in name and name not in ("issues", "fleet-health"):
            continue
        mine, theirs = (
            {each["charge_point_id"].rpartition("-")[0] for each in report(client, name, **asked)["data"]}
            for client in (office.key, office.polder_key)
        )
        assert theirs <= {"utrecht-street"}
        assert "utrecht-street" not in mine
        assert HUB in mine


def test_scopes_and_roles_are_kept(office: Office) -> None:
    asked = {"from": str(TODAY)}
    refused(office.member.get(f"{BASE}/analytics/revenue/by-project", query=asked), 403, "insufficient_role")
    assert office.member.get(f"{BASE}/analytics/energy/by-project", query=asked).status == 200
    body = {"name": "no analytics", "scopes": ["read:billing"]}
    key = said(send(office.owner, "POST", "/org/api-keys", body), 201)["key"]
    for name in REPORTS:
        response = office.anonymous.get(f"{BASE}/analytics/{name}", headers={"x-api-key": key})
        refused(response, 403, "insufficient_scope")
