"""Sessions that clients start or end: billed like those of the world, whose vehicles find their connectors taken."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from fixtures.days import HOUR_S
from mockserver.apis.dynamo.seed import HARBOUR, sites
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mockserver.apis.dynamo.inbox import Inbox, subscribe
from tests.mockserver.apis.dynamo.steps import BASE, Office, Wire, refused, said, send
from tests.mockserver.apis.dynamo.test_charge_points import POINT, put_into_service, register

FREE = "london-hub-001"
CARD = "04A1B2C3D4E580"
HOUR, LONG = timedelta(hours=1), timedelta(hours=12)
"""`LONG` is until any vehicle has enough at the connectors of these tests."""


def backstage(office: Office, method: str, point: str, number: int, body: Any = None) -> Wire:
    path = f"/_mock/dynamo/charge-points/{point}/connectors/{number}/transaction"
    found: Wire = said(office.anonymous.request(method, path, json=body), 201 if method == "POST" else 200)
    return found


def command(office: Office, name: str, point: str = FREE, **parameters: Any) -> None:
    body = {"command": name, "parameters": parameters}
    assert said(send(office.key, "POST", f"/cpo/commands/{point}", body))["status"] == "Accepted"


def begin(office: Office, id_tag: str = CARD, point: str = FREE) -> Wire:
    """Start a session from remote."""
    command(office, "start_session", point, connector_id=1, id_tag=id_tag)
    return billed(office, charge_point_id=point)[0]


def billed(office: Office, by: Client | None = None, **query: Any) -> list[Wire]:
    asked = {"limit": 20, "from": "2026-03-18", **query}
    found: list[Wire] = said((by or office.key).get(f"{BASE}/billing/sessions", query=asked))["sessions"]
    return found


def in_portal(office: Office) -> list[Wire]:
    found: list[Wire] = said(office.driver.get(f"{BASE}/portal/sessions", query={"limit": 20}))["data"]
    return found


def part(office: Office, session: Wire, name: str = "") -> Any:
    return said(send(office.key, "GET", f"/billing/sessions/{session['session_id']}{name}"))


def power_w(office: Office, point: str) -> int:
    return chargers(office.mock.runtime.world, office.harbour)[point].evses[0].traits.power_w


@pytest.mark.parametrize("way", ["ocpp", "cpo", "backstage"])
def test_a_session_that_a_client_starts_is_billed_from_then_on(office: Office, way: str) -> None:
    before = {each["session_id"] for each in billed(office, charge_point_id=FREE)}
    if way == "ocpp":
        body = {"charge_point_id": FREE, "connector_id": 1, "id_tag": CARD}
        said(send(office.key, "POST", "/ocpp16/remote_start_transaction", body))
    elif way == "cpo":
        command(office, "start_session", connector_id=1, id_tag=CARD)
    else:
        backstage(office, "POST", FREE, 1, {"id_tag": CARD})
    new, *_ = billed(office, charge_point_id=FREE)
    assert new["session_id"] not in before
    assert new["session_id"].removeprefix("sess_") == new["transaction_id"].removeprefix("txn_")
    assert (new["status"], new["started_at"], new["ended_at"]) == ("active", "2026-03-18T12:00:00Z", None)
    assert (new["connector_id"], new["energy_kwh"], new["user_id"]) == (1, 0, None)
    assert new["site_id"] == f"site_{next(each.id for each in sites_of(office) if each.key == 'london-hub')}"
    (running,) = said(send(office.key, "GET", f"/ocpp16/active_transactions?charge_point_id={FREE}"))["transactions"]
    assert running["session_id"] == new["session_id"]
    assert billed(office, office.polder_key, charge_point_id=FREE) == []
    refused(send(office.polder_key, "GET", f"/billing/sessions/{new['session_id']}"), 404, "session_not_found")


def sites_of(office: Office) -> Any:
    return sites(office.mock.runtime.world, office.harbour)


def test_it_draws_what_the_connector_gives_until_the_vehicle_has_enough(office: Office) -> None:
    session = begin(office)
    seen = []
    for minutes in range(0, 80, 16):
        drawn_wh = round(part(office, session)["energy_kwh"] * 1000)
        full = int(power_w(office, FREE) * minutes * 60 / HOUR_S)
        seen.append((drawn_wh, full))
        status = said(send(office.key, "GET", f"/cpo/charge-points/{FREE}"))["connectors"][0]["status"]
        assert status == ("Charging" if drawn_wh == full else "SuspendedEV")
        office.advance(timedelta(minutes=16))
    need_wh = seen[-1][0]
    assert 20_000 <= need_wh <= 60_000
    assert [drawn_wh for drawn_wh, _ in seen] == [min(full, need_wh) for _, full in seen]
    live, bill = part(office, session, "/live-cost"), part(office, session, "/cost-breakdown")
    assert (live["estimated_cost"], live["energy_kwh"]) == (bill["total_cost"], need_wh / 1000)
    assert not bill["is_final"]
    minutes_parked = {line["type"]: line["quantity"] for line in bill["components"]}["parking"]
    assert minutes_parked > 0


def test_it_draws_no_more_than_the_profiles_allow(office: Office) -> None:
    session, most_w = begin(office), power_w(office, FREE)
    seen = []

    def see() -> str:
        seen.append(round(part(office, session)["energy_kwh"] * 1000))
        shown: str = said(send(office.key, "GET", f"/cpo/charge-points/{FREE}"))["connectors"][0]["status"]
        return shown

    for limit_w in (6000, 0, None):
        office.advance(timedelta(minutes=3))
        assert see() == ("SuspendedEVSE" if limit_w is None else "Charging")
        if limit_w is None:
            command(office, "clear_power_limit", connector_id=1)
        else:
            command(office, "set_power_limit", connector_id=1, limit_watts=limit_w)
    office.advance(timedelta(minutes=3))
    assert see() == "Charging"
    free_wh, held_wh = most_w // 20, 6000 // 20
    assert seen == [free_wh, free_wh + held_wh, free_wh + held_wh, 2 * free_wh + held_wh]
    office.advance(LONG)
    assert see() == "SuspendedEV"
    bill = part(office, session, "/cost-breakdown")
    full_wh, drawn_wh = seen[-1], seen[-2]
    charged_s = -(-(full_wh - drawn_wh) * HOUR_S // most_w)
    parked = {line["type"]: line["quantity"] for line in bill["components"]}["parking"]
    assert 30 + parked == -(-(LONG.total_seconds() - charged_s) // 60)


def test_it_costs_by_the_tariff_that_holds_when_it_begins(office: Office) -> None:
    said(register(office), 201)
    put_into_service(office)
    flat = {"name": "Flat", "currency": "GBP", "components": [{"type": "flat", "price": 7.5}], "tax_rate_percent": 20}
    tariff_id = said(send(office.key, "POST", "/billing/tariffs", flat), 201)["tariff_id"]
    said(send(office.key, "POST", f"/billing/tariffs/{tariff_id}/assign", {"charge_point_ids": [POINT]}))
    session = begin(office, point=POINT)
    assert (session["site_id"], part(office, session)["tariff_id"]) == (None, tariff_id)
    dear = flat | {"components": [{"type": "flat", "price": 99}]}
    office.advance(timedelta(minutes=10))
    said(send(office.key, "PUT", f"/billing/tariffs/{tariff_id}", dear))
    assert part(office, session)["total_cost"] == 9
    command(office, "stop_session", POINT, transaction_id=session["transaction_id"])
    assert part(office, session, "/cost-breakdown")["is_final"]
    assert part(office, session)["total_cost"] == 9
    (sheet,) = PdfReader(io.BytesIO(receipt(office, session))).pages
    assert POINT in sheet.extract_text()


def test_it_costs_by_a_tariff_that_was_assigned_in_the_same_second(office: Office) -> None:
    flat = {"name": "Flat", "currency": "GBP", "components": [{"type": "flat", "price": 7.5}]}
    tariff_id = said(send(office.key, "POST", "/billing/tariffs", flat), 201)["tariff_id"]
    office.advance(timedelta(milliseconds=200))
    said(send(office.key, "POST", f"/billing/tariffs/{tariff_id}/assign", {"charge_point_ids": [FREE]}))
    office.advance(timedelta(milliseconds=200))
    assert part(office, begin(office))["tariff_id"] == tariff_id


def test_a_cost_has_no_bound(office: Office) -> None:
    dear = {"name": "Dear", "currency": "GBP", "components": [{"type": "time", "price": 1_000_000}]}
    tariff_id = said(send(office.key, "POST", "/billing/tariffs", dear), 201)["tariff_id"]
    said(send(office.key, "POST", f"/billing/tariffs/{tariff_id}/assign", {"charge_point_ids": [FREE]}))
    session = begin(office)
    office.advance(timedelta(days=7))
    for name in ("", "/cost-breakdown"):
        assert part(office, session, name)["total_cost"] == 7 * 24 * 60 * 1_000_000


def receipt(office: Office, session: Wire) -> bytes:
    response = send(office.key, "GET", f"/billing/sessions/{session['session_id']}/receipt")
    assert response.status == 200
    return response.body


@pytest.mark.parametrize(("stop", "status"), [("driver", "completed"), ("operator", "stopped"), ("at once", "stopped")])
def test_it_is_over_when_it_is_ended(office: Office, stop: str, status: str) -> None:
    session = begin(office)
    refused(send(office.key, "GET", f"/billing/sessions/{session['session_id']}/receipt"), 409, "session_not_finished")
    if stop != "at once":
        office.advance(timedelta(minutes=10))
    if stop == "operator":
        command(office, "stop_session", transaction_id=session["transaction_id"])
    else:
        backstage(office, "DELETE", FREE, 1)
    ended = part(office, session)
    assert (ended["status"], ended["ended_at"]) == (status, timestamp(office.mock.runtime.clock.now()))
    assert ended["energy_kwh"] == int(power_w(office, FREE) * (0 if stop == "at once" else 600) / HOUR_S) / 1000
    refused(send(office.key, "GET", f"/billing/sessions/{session['session_id']}/live-cost"), 409, "session_not_active")
    office.advance(timedelta(hours=3))
    assert part(office, session) == ended
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(receipt(office, session))).pages)
    assert "London" in text
    assert f"Card {CARD}" in text


@pytest.mark.parametrize("tag", ["id", "card", "card in small letters"])
def test_a_driver_sees_what_was_started_for_them(office: Office, tag: str) -> None:
    me, earlier = HARBOUR.driver_id(office.seed, 1), in_portal(office)
    card = part(office, next(each for each in billed(office, user_id=me)))["id_tag"]
    session = begin(office, {"id": me, "card": card}.get(tag, card.lower()))
    assert session["user_id"] == me
    mine, *others = in_portal(office)
    assert mine == {name: value for name, value in session.items() if name != "user_id"}
    assert [each["session_id"] for each in others] == [each["session_id"] for each in earlier][: len(others)]
    office.advance(timedelta(minutes=30))
    backstage(office, "DELETE", FREE, 1)
    path = f"/portal/sessions/{session['session_id']}"
    bill = said(send(office.driver, "GET", f"{path}/cost-breakdown"))
    assert bill == part(office, session, "/cost-breakdown")
    assert send(office.driver, "GET", f"{path}/receipt").status == 200
    dispute = said(send(office.driver, "POST", f"{path}/dispute", {"reason": "I was not there."}), 201)
    assert dispute["charged_cost"] == bill["total_cost"]
    assert part(office, session)["dispute_status"] == "open"
    other = office.client(HARBOUR, "driver 2")
    refused(send(other, "GET", f"{path}/cost-breakdown"), 404, "session_not_found")
    other.close()


def test_a_session_of_the_world_that_a_client_ends_is_shorter(office: Office) -> None:
    running = next(each for each in billed(office, status="active") if each["energy_kwh"] > 1)
    number = running["connector_id"]
    office.advance(timedelta(minutes=1))
    command(office, "stop_session", running["charge_point_id"], transaction_id=running["transaction_id"])
    cut = part(office, running)
    assert (cut["status"], cut["ended_at"]) == ("stopped", "2026-03-18T12:01:00Z")
    assert cut["connector_id"] == number
    office.advance(LONG)
    assert part(office, running) == cut


def test_a_vehicle_that_finds_its_connector_taken_has_no_session(office: Office) -> None:
    office.advance(LONG)
    there = [each for each in billed(office, charge_point_id=FREE) if each["connector_id"] == 1]
    to_come = [each for each in there if each["started_at"] > "2026-03-18T12:30:00Z"]
    assert to_come
    office.advance(-LONG)
    mine = begin(office)
    office.advance(LONG)
    there = [each for each in billed(office, charge_point_id=FREE) if each["connector_id"] == 1]
    assert not {each["session_id"] for each in to_come} & {each["session_id"] for each in there}
    assert there[0]["session_id"] == mine["session_id"]
    ends = [each["ended_at"] or "9" for each in there[1:]]
    assert all(end <= later["started_at"] for end, later in zip(ends, there, strict=False))


def test_a_vehicle_that_waits_is_the_one_that_a_client_starts(office: Office) -> None:
    office.advance(LONG)
    *_, first = billed(office, charge_point_id=FREE, **{"from": "2026-03-18T12:30:00Z"})
    world = office.mock.runtime.world
    visit = world.session(first["session_id"].removeprefix("sess_"))
    assert visit is not None
    waits_at = visit.plugged_in_at + (datetime.fromisoformat(first["started_at"]) - visit.plugged_in_at) / 2
    office.mock.runtime.clock.set(waits_at)
    number = first["connector_id"]
    backstage(office, "POST", FREE, number, {"id_tag": CARD})
    office.advance(timedelta(minutes=10))
    active = billed(office, charge_point_id=FREE, status="active")
    (mine,) = [each for each in active if each["connector_id"] == number]
    assert part(office, mine)["id_tag"] == CARD
    backstage(office, "DELETE", FREE, number)
    there = said(send(office.key, "GET", f"/cpo/charge-points/{FREE}"))["connectors"][number - 1]
    assert there["status"] == "Available"
    assert first["session_id"] not in {each["session_id"] for each in billed(office, charge_point_id=FREE)}


@pytest.mark.parametrize("limits", [False, True])
def test_with_the_clock_set_back_nothing_ends_before_it_began(office: Office, inbox: Inbox, limits: bool) -> None:
    subscribe(office.admin, inbox.url, "*")
    session = begin(office)
    office.advance(-HOUR)
    assert session["session_id"] not in [each["session_id"] for each in billed(office, charge_point_id=FREE)]
    if limits:
        command(office, "set_power_limit", connector_id=1, limit_watts=2000)
    else:
        command(office, "stop_session", transaction_id=session["transaction_id"])
    office.advance(HOUR)
    now = billed(office, charge_point_id=FREE)[0]
    kept = ("session_id", "started_at", "duration_minutes", "energy_kwh")
    assert [now[name] for name in kept] == [session[name] for name in kept]
    assert now["ended_at"] == (None if limits else session["started_at"])
