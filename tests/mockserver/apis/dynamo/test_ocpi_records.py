"""OCPI's sessions and charge detail records: the billing sessions of the partner's cards, to the cent and the Wh."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mockserver.apis.dynamo.ocpi.partners import cards_of
from mockserver.apis.dynamo.seed import HARBOUR, POLDER
from mockserver.apis.dynamo.sessions import sessions
from mockserver.ids import prefixed
from tests.mock import NOON
from tests.mockserver.apis.dynamo.roaming import NEW, START, Network, data, denied, partner
from tests.mockserver.apis.dynamo.steps import BASE, Office, Wire, said, send

TODAY = "2026-03-18T00:00:00Z"


def billing_sessions(office: Office) -> dict[str, Wire]:
    """All of Polderstroom by id, as its key sees them."""
    found: list[Wire] = []
    while True:
        page = said(office.polder_key.get(f"{BASE}/billing/sessions", query={"limit": 200, "offset": len(found)}))
        found += page["sessions"]
        if len(found) == page["total"]:
            return {each["session_id"]: each for each in found}


def exact(number: float) -> Decimal:
    return Decimal(str(number))


def test_a_record_costs_what_the_billing_session_costs(office: Office) -> None:
    billed = billing_sessions(office)
    with partner(office) as network:
        records = network.all("cdrs")
    assert len(records) > 100
    for record in records:
        session = billed[record["id"]]
        assert (record["total_cost"]["incl_vat"], record["currency"]) == (session["total_cost"], session["currency"])
        assert record["total_energy"] == session["energy_kwh"]
        assert (record["start_date_time"], record["end_date_time"]) == (session["started_at"], session["ended_at"])
        assert record["last_updated"] == session["ended_at"]
        assert record["cdr_location"]["id"] == session["site_id"]
        assert record["cdr_location"]["evse_uid"] == f"{session['charge_point_id']}-{session['connector_id']}"
        assert session["user_id"] is None
    for record in records[::20]:
        bill = said(send(office.polder_key, "GET", f"/billing/sessions/{record['id']}/cost-breakdown"))
        assert exact(record["total_cost"]["excl_vat"]) == exact(bill["subtotal"]) - exact(bill["discount_total"])
        assert [each["id"] for each in record["tariffs"]] == [bill["tariff_id"]]


def test_the_parts_of_a_record_add_up(office: Office) -> None:
    with partner(office, HARBOUR) as network:
        records = network.all("cdrs", date_from="2026-03-17T00:00:00Z")
    assert any("remark" in each for each in records)
    assert any(each["total_parking_time"] for each in records)
    billed = {each.id: each for each in sessions(office.mock.runtime.world, office.harbour, NOON)}
    for record in records:
        bill = billed[record["id"]].bill
        parts = [record[f"total_{part}_cost"]["excl_vat"] for part in ("fixed", "energy", "time", "parking")]
        assert sum(map(exact, parts)) - bill.discount_total == exact(record["total_cost"]["excl_vat"])
        assert ("remark" in record) == bool(bill.discounts)
        volumes: dict[str, Decimal] = {}
        for period in record["charging_periods"]:
            for each in period["dimensions"]:
                volumes[each["type"]] = volumes.get(each["type"], Decimal(0)) + exact(each["volume"])
        assert volumes["ENERGY"] == exact(record["total_energy"])
        assert volumes.get("PARKING_TIME", 0) == exact(record["total_parking_time"])
        assert abs(sum(volumes.values()) - volumes["ENERGY"] - exact(record["total_time"])) <= Decimal("0.0001")
        took = datetime.fromisoformat(record["end_date_time"]) - datetime.fromisoformat(record["start_date_time"])
        assert abs(record["total_time"] - took.total_seconds() / 3600) < 1e-4
        starts = [each["start_date_time"] for each in record["charging_periods"]]
        assert starts == sorted(starts)
        assert starts[0] == record["start_date_time"]


def test_a_record_is_there_once_the_session_is_over(office: Office) -> None:
    office.advance(timedelta(hours=6))
    with partner(office) as network:
        running = next(each for each in network.all("sessions", date_from=TODAY) if each["status"] == "ACTIVE")
        assert running["id"] not in [each["id"] for each in network.all("cdrs")]
        assert "end_date_time" not in running
        assert running["last_updated"] == "2026-03-18T18:00:00Z"
        office.advance(timedelta(minutes=5))
        live = said(send(office.polder_key, "GET", f"/billing/sessions/{running['id']}/live-cost"))
        (now,) = (each for each in network.all("sessions", date_from=TODAY) if each["id"] == running["id"])
        assert (now["kwh"], now["total_cost"]["incl_vat"]) == (live["energy_kwh"], live["estimated_cost"])
        charge_point_id, _, number = running["evse_uid"].rpartition("-")
        path = f"/_mock/dynamo/charge-points/{charge_point_id}/connectors/{number}/transaction"
        assert office.anonymous.delete(path).status == 200
        (ended,) = (each for each in network.all("sessions", date_from=TODAY) if each["id"] == running["id"])
        (record,) = (each for each in network.all("cdrs", date_from=TODAY) if each["id"] == running["id"])
        assert (ended["status"], ended["end_date_time"]) == ("COMPLETED", "2026-03-18T18:05:00Z")
        assert (record["total_energy"], record["total_cost"]) == (ended["kwh"], ended["total_cost"])
        office.advance(timedelta(hours=3))
        assert record in network.all("cdrs", date_from=TODAY)


def test_sessions_are_those_of_the_partner_s_cards(office: Office) -> None:
    billed = billing_sessions(office)
    with partner(office) as network, partner(office, registered=False) as newcomer:
        mine = {each["id"]: each for each in network.all("sessions", date_from=START)}
        token = data(newcomer.send("POST", "credentials", NEW))["token"]
    with Network(office, token) as network:
        theirs = {each["id"] for each in network.all("sessions", date_from=START)}
    assert mine
    assert theirs
    assert not mine.keys() & theirs
    assert mine.keys() | theirs < billed.keys()
    known = cards_of(office.seed, office.polder, prefixed("pty_", office.seed, POLDER.key, "OCPI partner"))
    details = [said(send(office.polder_key, "GET", f"/billing/sessions/{key}")) for key in [*billed][:20]]
    for detail in details:
        is_theirs = detail["user_id"] is None and known(detail["id_tag"])
        assert (detail["session_id"] in mine) == is_theirs
        if is_theirs:
            assert mine[detail["session_id"]]["cdr_token"]["uid"] == detail["id_tag"]


def test_another_organization_s_are_not_there(office: Office) -> None:
    with partner(office) as polder, partner(office, HARBOUR) as harbour:
        for module in ("cdrs", "locations", "tariffs"):
            mine, theirs = (
                {each["id"] for each in network.get(module, date_from="2020-01-01T00:00:00Z")}
                for network in (polder, harbour)
            )
            assert mine
            assert theirs
            assert not mine & theirs
        (location,) = polder.all("locations")
        uid = location["evses"][0]["uid"]
        for path in (
            f"locations/{location['id']}",
            f"locations/{location['id']}/{uid}",
            f"locations/{location['id']}/{uid}/1",
        ):
            assert polder.send("GET", path).status == 200
            denied(harbour.send("GET", path), 404, 2003)


def test_the_range_includes_its_beginning_and_not_its_end(office: Office) -> None:
    with partner(office) as network:
        records = network.all("cdrs")
        stamps = [each["last_updated"] for each in records]
        assert stamps == sorted(stamps)
        first, last = stamps[10], stamps[20]
        assert network.all("cdrs", date_from=first, date_to=last) == [
            each for each in records if first <= each["last_updated"] < last
        ]
        assert network.all("cdrs", date_from=last, date_to=first) == []
        shifted = datetime.fromisoformat(first).astimezone(NOON.tzinfo).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        assert network.all("cdrs", date_from=shifted, date_to=last) == network.all(
            "cdrs", date_from=first, date_to=last
        )


@pytest.mark.parametrize(("limit", "length"), [(None, 50), (7, 7), (100, 100), (101, 100), (10**12, 100)])
def test_a_page_says_how_long_it_and_the_list_are(office: Office, limit: int | None, length: int) -> None:
    query: dict[str, Any] = {} if limit is None else {"limit": limit}
    with partner(office) as network:
        response = network.send("GET", "cdrs", **query, date_from=START)
        total = int(response.headers["x-total-count"])
        assert len(response.json()["data"]) == length < total
        assert response.headers["x-limit"] == "100"
        assert f"limit={length}&offset={length}>" in response.headers["link"]
        assert "date_from=2026-01-01T00%3A00%3A00Z" in response.headers["link"]
        past = network.send("GET", "cdrs", offset=total, **query)
        assert past.json()["data"] == []
        assert "link" not in past.headers
