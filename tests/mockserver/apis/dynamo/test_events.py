"""Events of stations: what clients do is told at once, and what the world does when the clock reaches it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from fixtures.chargers import CELL_S
from fixtures.days import DAY_S, unix_s, utc
from fixtures.ocpp.faults import fault_of
from fixtures.ocpp.link import Link
from fixtures.sessions import ChargingSession, Outcome, sessions
from mockserver.apis.dynamo import world_events
from mockserver.apis.dynamo.events import job_of
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.clock import timestamp
from tests.asgi import Response
from tests.mock import CONTROL, NOON
from tests.mockserver.apis.dynamo.inbox import ENDPOINTS, Inbox, subscribe, wait
from tests.mockserver.apis.dynamo.steps import BASE, Office, Wire, put_up, said, send

POINT, THEIRS = "london-hub-001", "utrecht-street-009"
MINUTE_S, HOUR_S = 60, 3600
MONEY = ("session_id", "transaction_id", "charge_point_id", "connector_id", "started_at", "ended_at", "status",
         "energy_kwh", "total_cost", "currency")  # fmt: skip


def backstage(office: Office, method: str, path: str, content: Any = None) -> Response:
    return office.anonymous.request(method, f"/_mock/dynamo/charge-points/{path}", json=content)


def show(office: Office, status: str | None, point: str = POINT) -> None:
    said(backstage(office, "PUT", f"{point}/connectors/1", {"status": status}))
    wait(office, 0)


def command(office: Office, name: str, **parameters: Any) -> Wire:
    body = {"command": name, "parameters": parameters}
    answer: Wire = said(send(office.admin, "POST", f"/cpo/commands/{POINT}", body))
    wait(office, 0)
    return answer


def bill(office: Office, session_id: str) -> Wire:
    """What the events of a session have in common with its bill."""
    shown = said(send(office.admin, "GET", f"/billing/sessions/{session_id}"))
    return {name: shown[name] for name in (*MONEY, "id_tag")}


def of_point(inbox: Inbox) -> list[tuple[str, Wire]]:
    """What is new about the charge point of these tests."""
    return [each for each in inbox.news() if each[1]["charge_point_id"] == POINT]


# ---- what clients do


def test_a_connection_that_is_cut_and_restored_is_told_once_each(office: Office, inbox: Inbox) -> None:
    subscribe(office.admin, inbox.url, "*")
    for online in (False, False, True, True):
        said(backstage(office, "PUT", POINT, {"online": online}))
    wait(office, 0)
    place = {"charge_point_id": POINT}
    assert inbox.news() == [("charge_point.disconnected", place), ("charge_point.connected", place)]


def test_a_new_charge_point_connects_for_its_first_run(office: Office, inbox: Inbox) -> None:
    body = {"name": "Quayside", "address": "Albion Road", "site_owner_email": "estates@quayside.example"}
    project_id = said(send(office.installer, "POST", "/installer/projects", body), 201)["id"]
    put_up(office, project_id, "CP-1", commissioned=False)
    subscribe(office.admin, inbox.url, "charge_point.connected", "commissioning.started")
    said(send(office.installer, "POST", "/installer/commissioning/CP-1/start", {}), 202)
    wait(office, 0)
    connected, started = inbox.news()
    assert connected == ("charge_point.connected", {"charge_point_id": "CP-1"})
    assert started[0] == "commissioning.started"
    wait(office, 10 * MINUTE_S)
    said(send(office.installer, "POST", "/installer/charge-points/CP-1/commission"))
    show(office, "Faulted", point="CP-1")
    assert [each for each in inbox.news() if each[1]["charge_point_id"] == "CP-1"] == []


def test_a_fault_that_is_shown_is_told_and_its_alert_is_over_with_it(office: Office, inbox: Inbox) -> None:
    subscribe(office.admin, inbox.url, "*")
    for _ in range(2):
        show(office, "Faulted")
    wait(office, 10)
    show(office, None)
    place = {"charge_point_id": POINT, "connector_id": 1}
    changed, fault, triggered, back, resolved = of_point(inbox)
    assert changed == (
        "charge_point.status_changed", {**place, "status": "Faulted", "previous_status": "Available"},
    )  # fmt: skip
    assert fault == ("charge_point.fault", {**place, "error_code": "OtherError", "info": None})
    assert back == (
        "charge_point.status_changed", {**place, "status": "Available", "previous_status": "Faulted"},
    )  # fmt: skip
    alert = triggered[1]
    assert (triggered[0], resolved) == ("alert.triggered", ("alert.resolved", alert))
    assert (alert["charge_point_id"], alert["severity"]) == (POINT, "critical")
    show(office, "Faulted")
    assert of_point(inbox)[2][1]["alert_id"] != alert["alert_id"]


@pytest.mark.parametrize("begun", ["by the driver", "by command"])
@pytest.mark.parametrize("ended", ["by the driver", "by command"])
def test_a_session_of_a_client_is_told_from_card_to_bill(office: Office, inbox: Inbox, begun: str, ended: str) -> None:
    subscribe(office.admin, inbox.url, "*")
    if begun == "by the driver":
        said(backstage(office, "POST", f"{POINT}/connectors/1/transaction", {"id_tag": "CARD"}), 201)
        wait(office, 0)
    else:
        command(office, "start_session", connector_id=1, id_tag="CARD")
    place = {"charge_point_id": POINT, "connector_id": 1}
    authorized, (name, started), changed = inbox.news()
    assert authorized == ("session.authorized", {**place, "id_tag": "CARD"})
    assert (name, started["status"], started["ended_at"], started["energy_kwh"]) == (
        "session.started",
        "active",
        None,
        0,
    )
    assert started == bill(office, started["session_id"])
    assert changed[1] == {**place, "status": "Charging", "previous_status": "Available"}

    for minutes in (15, 30):
        wait(office, 15 * MINUTE_S)
        ((name, told),) = [each for each in inbox.news() if each[1].get("session_id") == started["session_id"]]
        assert (name, told) == ("session.cost_updated", bill(office, started["session_id"]))
        live = said(send(office.admin, "GET", f"/billing/sessions/{started['session_id']}/live-cost"))
        assert (told["total_cost"], live["duration_minutes"]) == (live["estimated_cost"], minutes)
    wait(office, 1)
    inbox.news()
    if ended == "by the driver":
        said(backstage(office, "DELETE", f"{POINT}/connectors/1/transaction"))
        wait(office, 0)
    else:
        command(office, "stop_session", transaction_id=started["transaction_id"])
    (name, told), *_ = inbox.news()
    assert (name, told) == ("session.ended", bill(office, started["session_id"]))
    assert told["status"] == ("completed" if ended == "by the driver" else "stopped")
    wait(office, 15 * MINUTE_S)
    assert [event for event, told in inbox.news() if told.get("session_id") == started["session_id"]] == []


def test_a_session_of_the_world_that_is_cut_short_is_told_as_it_is_billed_and_not_again(
    office: Office, inbox: Inbox
) -> None:
    listen(office, inbox, "session.ended", "session.started")
    (running, *_) = said(office.polder_key.get(f"{BASE}/billing/sessions", query={"status": "active"}))["sessions"]
    place = f"{running['charge_point_id']}/connectors/{running['connector_id']}/transaction"
    said(backstage(office, "DELETE", place))
    wait(office, 0)
    cut = said(send(office.polder_key, "GET", f"/billing/sessions/{running['session_id']}"))
    assert inbox.news() == [("session.ended", {name: cut[name] for name in (*MONEY, "id_tag")})]
    wait(office, 12 * HOUR_S)
    later = [told["session_id"] for _, told in inbox.news()]
    assert later
    assert running["session_id"] not in later


def test_new_firmware_is_told_when_it_is_fetched_and_when_it_runs(office: Office, inbox: Inbox) -> None:
    subscribe(office.admin, inbox.url, "firmware.update_started", "firmware.update_completed")
    url, at = "https://firmware.example/terra-ac/1.8.32.bin", NOON + timedelta(hours=1)
    before = said(send(office.admin, "GET", f"/cpo/charge-points/{POINT}"))["firmware_version"]
    command(office, "update_firmware", firmware_url=url, retrieve_date=timestamp(at))
    wait(office, HOUR_S - 1)
    assert inbox.news() == []
    wait(office, 1)
    assert inbox.news() == [("firmware.update_started", {"charge_point_id": POINT, "firmware_url": url})]
    assert said(send(office.admin, "GET", f"/cpo/charge-points/{POINT}"))["firmware_version"] == before != "1.8.32"
    wait(office, 10 * MINUTE_S)
    assert inbox.news() == [("firmware.update_completed", {"charge_point_id": POINT, "firmware_version": "1.8.32"})]
    assert said(send(office.admin, "GET", f"/cpo/charge-points/{POINT}"))["firmware_version"] == "1.8.32"
    command(office, "update_firmware", firmware_url="https://firmware.example/", retrieve_date=timestamp(at))
    wait(office, HOUR_S)
    assert [each[1].get("firmware_version") for each in inbox.news()] == [None, "1.8.32"]


def test_what_a_client_makes_come_sooner_is_told_in_time(office: Office, inbox: Inbox) -> None:
    subscribe(office.polder_key, inbox.url, "firmware.update_started")
    wait(office, 0)
    next_at = office.mock.runtime.scheduler.due_at(job_of(office.polder))
    assert next_at is not None
    assert next_at > NOON + timedelta(seconds=1)
    parameters = {"firmware_url": "https://a.example/", "retrieve_date": timestamp(NOON + timedelta(seconds=1))}
    body = {"command": "update_firmware", "parameters": parameters}
    said(send(office.polder_key, "POST", f"/cpo/commands/{THEIRS}", body))
    wait(office, 1)
    assert [event for event, _ in inbox.news()] == ["firmware.update_started"]


def test_a_hold_that_lapses_frees_the_connector(office: Office, inbox: Inbox) -> None:
    subscribe(office.admin, inbox.url, "charge_point.status_changed")
    body = {"charge_point_id": POINT, "connector_id": 2, "id_tag": "CARD"}
    expires_at = timestamp(NOON + timedelta(minutes=7))
    said(send(office.admin, "POST", "/reservations", {**body, "expires_at": expires_at}), 201)
    wait(office, 7 * MINUTE_S)
    mine = [(told["previous_status"], told["status"]) for _, told in inbox.news() if told["charge_point_id"] == POINT]
    assert mine == [("Available", "Reserved"), ("Reserved", "Available")]


def test_what_is_refused_is_not_told(office: Office, inbox: Inbox) -> None:
    show(office, "Faulted")
    subscribe(office.admin, inbox.url, "*")
    assert backstage(office, "POST", f"{POINT}/connectors/1/transaction", {"id_tag": "CARD"}).status == 409
    assert backstage(office, "DELETE", f"{POINT}/connectors/1/transaction").status == 409
    wait(office, 0)
    assert inbox.news() == []


def test_stations_of_others_are_not_told_of(office: Office, inbox: Inbox) -> None:
    subscribe(office.polder_key, inbox.url, "*")
    show(office, "Faulted")
    assert inbox.news() == []
    said(backstage(office, "PUT", THEIRS, {"online": False}))
    wait(office, 0)
    assert [event for event, _ in inbox.news()] == ["charge_point.disconnected"]


# ---- what the world does


def listen(office: Office, inbox: Inbox, *events: str) -> Wire:
    """Have Polderstroom, which has ten charge points, told."""
    return subscribe(office.polder_key, inbox.url, *(events or ["*"]))


def told(inbox: Inbox) -> Sequence[Wire]:
    """What arrived, but for the ids of the events."""
    return [{name: value for name, value in each.items() if name != "id"} for each in inbox.events]


def test_the_sessions_of_the_world_are_told_as_they_are_billed(office: Office, inbox: Inbox) -> None:
    listen(office, inbox, "session.started", "session.ended")
    wait(office, 8 * HOUR_S)
    began, ended = (NOON, NOON + timedelta(hours=8)), defaultdict[str, list[Wire]](list)
    for event, session in inbox.news():
        ended[event].append(session)
    billed = said(office.polder_key.get(f"{BASE}/billing/sessions", query={"limit": 200}))["sessions"]

    def within(at: str | None) -> bool:
        return at is not None and began[0] < datetime.fromisoformat(at) <= began[1]

    expected = [{name: each[name] for name in MONEY} for each in billed if within(each["ended_at"])]
    shown = [{name: each[name] for name in MONEY} for each in ended["session.ended"]]
    assert len(expected) > 5
    assert sorted(shown, key=str) == sorted(expected, key=str)
    assert [each["ended_at"] for each in shown] == sorted(each["ended_at"] for each in shown)
    started = {each["session_id"] for each in billed if within(each["started_at"])}
    assert sorted(each["session_id"] for each in ended["session.started"]) == sorted(started)


def test_statuses_and_connections_follow_from_each_other_and_lead_to_what_is_shown(
    office: Office, inbox: Inbox
) -> None:
    listed = said(send(office.polder_key, "GET", "/cpo/charge-points"))["charge_points"]
    points = [each["charge_point_id"] for each in listed]
    before = {point: said(backstage(office, "GET", point)) for point in points}
    listen(office, inbox)
    wait(office, 12 * HOUR_S)
    statuses = {
        (point, each["connector_id"]): each["status"] for point in points for each in before[point]["connectors"]
    }
    online = {point: before[point]["is_online"] for point in points}
    seen = set()
    for event, data in inbox.news():
        seen.add(event)
        if event == "charge_point.status_changed":
            place = (data["charge_point_id"], data["connector_id"])
            assert data["previous_status"] == statuses[place] != data["status"]
            statuses[place] = data["status"]
        elif event in ("charge_point.connected", "charge_point.disconnected"):
            assert online[data["charge_point_id"]] == (event == "charge_point.disconnected")
            online[data["charge_point_id"]] = event == "charge_point.connected"
    after = {point: said(backstage(office, "GET", point)) for point in points}
    assert statuses == {
        (point, each["connector_id"]): each["status"] for point in points for each in after[point]["connectors"]
    }
    assert online == {point: after[point]["is_online"] for point in points}
    assert {"charge_point.status_changed", "session.authorized", "session.cost_updated"} <= seen


def first_visit(office: Office, is_meant: Callable[[ChargingSession], bool]) -> tuple[str, int, ChargingSession]:
    """The next such visit at Polderstroom: at which charge point and connector."""
    world, start_s = office.mock.runtime.world, unix_s(NOON)
    return min(
        (
            (charger.identity, evse.number, session)
            for charger in chargers(world, office.polder).values()
            for evse in charger.evses
            for session in sessions(world.seed, evse.traits, start_s, start_s + 60 * DAY_S)
            if is_meant(session)
        ),
        key=lambda found: found[2].plugged_in_s,
    )


def at(office: Office, at_s: int) -> None:
    office.mock.runtime.clock.set(utc(at_s))


def test_a_fault_of_the_world_is_told_when_it_comes_and_when_it_goes(office: Office, inbox: Inbox) -> None:
    def lasts(session: ChargingSession) -> bool:
        fault = fault_of(session)
        return fault is not None and fault.cleared_s < session.unplugged_s

    identity, number, session = first_visit(office, lasts)
    fault = fault_of(session)
    assert fault is not None
    at(office, fault.started_s - MINUTE_S)
    listen(office, inbox, "charge_point.fault", "alert.triggered", "alert.resolved")
    wait(office, MINUTE_S - 1)
    assert inbox.news() == []
    wait(office, 1)
    (event, data), (_, alert) = inbox.news()
    assert event == "charge_point.fault"
    assert (data["charge_point_id"], data["connector_id"], data["error_code"]) == (identity, number, fault.code)
    wait(office, fault.cleared_s - fault.started_s - 1)
    assert inbox.news() == []
    wait(office, 1)
    assert inbox.news() == [("alert.resolved", alert)]


def test_a_connection_that_drops_by_itself_is_told_when_it_does_and_when_it_is_back(
    office: Office, inbox: Inbox
) -> None:
    world, cell = office.mock.runtime.world, unix_s(NOON) // CELL_S + 1
    outage, identity = min(
        (outage, identity)
        for identity, charger in chargers(world, office.polder).items()
        for outage in Link(world.seed, charger.traits).outages(cell)
    )
    place = {"charge_point_id": identity}
    at(office, outage.start_s - 1)
    listen(office, inbox, "charge_point.connected", "charge_point.disconnected")
    wait(office, 1)
    assert inbox.news() == [("charge_point.disconnected", place)]
    wait(office, outage.end_s - outage.start_s)
    assert ("charge_point.connected", place) in inbox.news()


def test_a_card_that_is_rejected_is_not_let_in(office: Office, inbox: Inbox) -> None:
    identity, number, session = first_visit(office, lambda session: session.outcome is Outcome.REJECTED)
    at(office, session.plugged_in_s - 1)
    listen(office, inbox)
    wait(office, session.unplugged_s - session.plugged_in_s + 1)
    place = (identity, number)
    mine = [event for event, data in inbox.news() if (data["charge_point_id"], data.get("connector_id")) == place]
    assert mine
    assert {*mine} == {"charge_point.status_changed"}


def test_step_by_step_the_same_is_told_as_after_a_jump_and_with_the_clock_put_back_nothing_again(
    office: Office, inbox: Inbox
) -> None:
    listen(office, inbox)
    wait(office, 5 * HOUR_S)
    expected = told(inbox)
    assert [each["timestamp"] for each in expected] == sorted(each["timestamp"] for each in expected)
    wait(office, -4 * HOUR_S)
    wait(office, 4 * HOUR_S)
    assert told(inbox) == expected
    office.mock.reset()
    inbox.news()
    listen(office, inbox)
    for _ in range(20):
        wait(office, 15 * MINUTE_S)
    assert told(inbox) == expected


def test_an_imported_state_is_told_what_it_has_not_been_told(office: Office, inbox: Inbox) -> None:
    listen(office, inbox)
    wait(office, 4 * HOUR_S)
    expected = told(inbox)
    office.mock.reset()
    inbox.news()
    listen(office, inbox)
    wait(office, 2 * HOUR_S)
    state = said(office.anonymous.get(f"{CONTROL}/state"))
    said(office.anonymous.post(f"{CONTROL}/reset"))
    wait(office, 2 * HOUR_S)
    said(office.anonymous.put(f"{CONTROL}/state", json=state))
    wait(office, 2 * HOUR_S)
    assert told(inbox) == expected


def test_a_longer_jump_is_told_of_its_last_day(office: Office, inbox: Inbox) -> None:
    listen(office, inbox, "session.ended")
    wait(office, 365 * 24 * HOUR_S)
    now = NOON + timedelta(days=365)
    times = [datetime.fromisoformat(each["timestamp"]) for each in told(inbox)]
    assert now - timedelta(days=1) < min(times) < now - timedelta(hours=18)
    assert now - timedelta(hours=6) < max(times) <= now


def test_nothing_is_told_of_while_nobody_asked(office: Office, inbox: Inbox) -> None:
    made = listen(office, inbox, "session.ended")
    body: Mapping[str, Any] = {"url": inbox.url, "events": ["session.ended"]}
    assert "dynamo.told" in office.written()
    said(send(office.polder_key, "PUT", f"{ENDPOINTS}/{made['id']}", {**body, "status": "disabled"}))
    assert "dynamo.told" not in office.written()
    wait(office, 6 * HOUR_S)
    said(send(office.polder_key, "PUT", f"{ENDPOINTS}/{made['id']}", body))
    wait(office, 6 * HOUR_S)
    times = [datetime.fromisoformat(each["timestamp"]) for each in told(inbox)]
    assert times
    assert min(times) > NOON + timedelta(hours=6)


def test_of_two_that_tell_at_the_same_time_each_event_is_told_once(office: Office, inbox: Inbox) -> None:
    listen(office, inbox)
    wait(office, 3 * HOUR_S)
    expected = told(inbox)
    office.mock.reset()
    inbox.news()
    listen(office, inbox)
    office.advance(timedelta(hours=3))

    async def both() -> None:
        runtime = office.mock.runtime
        await asyncio.gather(*(world_events._go_on(runtime, office.polder) for _ in range(2)))

    asyncio.run(both())
    wait(office, 0)
    assert told(inbox) == expected
