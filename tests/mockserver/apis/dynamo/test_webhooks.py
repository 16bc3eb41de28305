"""Webhook endpoints, and what arrives there: signed, tried again on the virtual clock, sent once more on request."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo import events
from mockserver.apis.dynamo.events import raise_event
from mockserver.http.unasked import unasked
from tests.asgi import Client
from tests.mock import CONTROL
from tests.mockserver.apis.dynamo.inbox import ENDPOINTS, Inbox, wait
from tests.mockserver.apis.dynamo.inbox import subscribe as subscribed
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

SECRET = "not-a-real-secret"
HANDOVER, COMMISSIONED = "handover.completed", "commissioning.completed"
MINUTE = 60
RETRIES_S = (MINUTE, 5 * MINUTE, 30 * MINUTE, 120 * MINUTE, 24 * 60 * MINUTE)
NEWS: Wire = {"project_id": "proj_5R9K2V7DMX4T0BQC", "site_owner_email": "estates@quayside.example"}
OTHER_NEWS: Wire = {"charge_point_id": "CP-1", "session_id": "comm_8D1N5R7WKX3T0QVC", "status": "passed"}


def subscribe(client: Client, url: str, *events: str, **others: Any) -> Wire:
    """An endpoint for some events, or for those that nothing raises but `happen`."""
    return subscribed(client, url, *(events or (HANDOVER, COMMISSIONED)), **others)


def happen(office: Office, event: str = HANDOVER, org_id: str | None = None, **data: Any) -> None:
    """Something happens; when this returns, its first attempts are over."""

    async def work() -> None:
        async with unasked(office.mock.runtime, "dynamo") as ctx:
            await raise_event(ctx, org_id or office.harbour, event, **(data or NEWS))

    asyncio.run(work())
    wait(office, 0)


def deliveries(office: Office, endpoint: Wire, **query: Any) -> list[Wire]:
    """What the API says of an endpoint's deliveries."""
    path = f"/dynamo/api/v1{ENDPOINTS}/{endpoint['id']}/deliveries"
    found: list[Wire] = said(office.admin.get(path, query=query))["deliveries"]
    return found


def signature(key: str, body: bytes) -> str:
    return "sha256=" + hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


# ---- endpoints


def test_an_endpoint_is_made_read_listed_changed_and_removed_and_shows_no_secret(office: Office) -> None:
    body = {"url": "https://hooks.example/a", "events": ["session.started"], "secret": SECRET, "description": "Books"}
    response = send(office.admin, "POST", ENDPOINTS, body)
    first = said(response, 201)
    path = f"{ENDPOINTS}/{first['id']}"
    assert response.headers["location"].endswith(path)
    assert first == {
        "id": first["id"],
        "url": "https://hooks.example/a",
        "events": ["session.started"],
        "description": "Books",
        "status": "active",
        "created_at": "2026-03-18T12:00:00Z",
    }
    second = subscribe(office.key, "https://hooks.example/b", status="disabled")
    assert second["status"] == "active"
    assert said(send(office.admin, "GET", ENDPOINTS)) == {"endpoints": [second, first], "total": 2}
    assert said(send(office.admin, "GET", path)) == first
    change = {"url": "https://hooks.example/c", "events": ["*"], "status": "disabled"}
    assert said(send(office.admin, "PUT", path, change)) == {**first, **change, "description": None}
    assert send(office.admin, "DELETE", path).status == 204
    refused(send(office.admin, "GET", path), 404, "webhook_endpoint_not_found")
    assert said(send(office.admin, "GET", ENDPOINTS)) == {"endpoints": [second], "total": 1}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://127.0.0.1:9000/hook"}, "url"),
        ({"url": "hooks.example"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["session.begun"]}, "events"),
        ({"events": ["*", "*"]}, "events"),
        ({"secret": ""}, "secret"),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_bad_value_is_422_and_named(office: Office, method: str, change: Wire, field: str) -> None:
    made = subscribe(office.admin, "https://hooks.example/")
    path = ENDPOINTS if method == "POST" else f"{ENDPOINTS}/{made['id']}"
    error = refused(
        send(office.admin, method, path, {"url": made["url"], "events": ["*"], **change}), 422, "validation_error"
    )
    assert error["details"][0]["field"].startswith(field)
    assert said(send(office.admin, "GET", ENDPOINTS))["endpoints"] == [made]


def test_endpoints_of_others_are_not_there(office: Office) -> None:
    made = subscribe(office.admin, "https://hooks.example/")
    for path in (f"{ENDPOINTS}/{made['id']}", f"{ENDPOINTS}/whe_{NOBODY}"):
        client = office.polder_key if made["id"] in path else office.admin
        for method, body in (("GET", None), ("PUT", {"url": "https://x.example/", "events": ["*"]}), ("DELETE", None)):
            refused(send(client, method, path, body), 404, "webhook_endpoint_not_found")
        refused(send(client, "GET", f"{path}/deliveries"), 404, "webhook_endpoint_not_found")
    assert said(send(office.admin, "GET", f"{ENDPOINTS}/{made['id']}")) == made
    assert said(send(office.polder_key, "GET", ENDPOINTS))["total"] == 0


def test_a_key_needs_the_scope(office: Office) -> None:
    keys = {"name": "Bookkeeping", "scopes": ["read:billing"]}
    key = said(send(office.key, "POST", "/org/api-keys", keys), 201)["key"]
    response = office.anonymous.get(f"/dynamo/api/v1{ENDPOINTS}", headers={"authorization": f"Bearer {key}"})
    refused(response, 403, "insufficient_scope")


# ---- what arrives


def test_an_event_goes_to_each_endpoint_that_asks_for_it_under_one_id(office: Office, inbox: Inbox) -> None:
    for name, asked in (("all", ("*",)), ("some", (HANDOVER, "alert.triggered")), ("others", (COMMISSIONED,))):
        subscribe(office.admin, f"{inbox.url}/{name}", *asked)
    subscribe(office.polder_key, f"{inbox.url}/polder")
    happen(office)
    assert sorted(each.path for each in inbox.got) == ["/hook/all", "/hook/some"]
    one, other = inbox.got
    assert one.body == other.body
    (event, _) = inbox.events
    assert event == {"id": event["id"], "event": HANDOVER, "timestamp": "2026-03-18T12:00:00Z", "data": NEWS}
    assert one.headers["content-type"] == "application/json"


def test_the_signature_is_that_of_the_body_and_a_secret_is_kept_until_it_is_changed(
    office: Office, inbox: Inbox
) -> None:
    body: Wire = {"url": inbox.url, "events": [HANDOVER]}
    made = subscribe(office.admin, inbox.url, secret=SECRET)
    keys = []
    for change, key in (({}, SECRET), ({"secret": "another"}, "another"), ({}, "another"), ({"secret": None}, None)):
        said(send(office.admin, "PUT", f"{ENDPOINTS}/{made['id']}", {**body, **change}))
        happen(office)
        keys.append(key)
    expected = [key and signature(key, got.body) for key, got in zip(keys, inbox.got, strict=True)]
    assert [got.headers.get("x-dynamo-signature") for got in inbox.got] == expected
    for path in ("webhooks/deliveries", "journal"):
        assert SECRET not in office.anonymous.get(f"{CONTROL}/{path}").body.decode()


def test_data_against_the_contract_is_a_defect_and_sends_nothing(office: Office, inbox: Inbox) -> None:
    subscribe(office.admin, inbox.url)
    with pytest.raises(Exception, match=r"handover\.completed breaks its contract: .*project_id"):
        happen(office, site_owner_email="estates@quayside.example")
    wait(office, MINUTE)
    assert inbox.got == []


# ---- tried again


@pytest.mark.parametrize("answer", [500, 503, 404, 302])
def test_an_attempt_without_success_is_repeated_on_the_virtual_clock_and_given_up_in_the_end(
    office: Office, inbox: Inbox, answer: int
) -> None:
    inbox.answers = [answer] * 6
    made = subscribe(office.admin, inbox.url, secret=SECRET)
    happen(office)
    for number, after_s in enumerate(RETRIES_S, start=1):
        now = office.mock.runtime.clock.now()
        (shown,) = deliveries(office, made, status="pending")
        assert (shown["attempts"], shown["response_status"]) == (number, answer)
        assert datetime.fromisoformat(shown["last_attempt_at"]) == now
        assert datetime.fromisoformat(shown["next_attempt_at"]) == now + timedelta(seconds=after_s)
        wait(office, after_s - 1)
        assert len(inbox.got) == number
        wait(office, 1)
    (shown,) = deliveries(office, made, status="failed")
    assert (shown["attempts"], shown["next_attempt_at"]) == (6, None)
    wait(office, 48 * 60 * MINUTE)
    assert len(inbox.got) == 6
    assert len({(each.body, each.headers["x-dynamo-signature"]) for each in inbox.got}) == 1


def test_one_that_arrives_at_last_is_delivered_and_does_not_hold_up_what_follows(office: Office, inbox: Inbox) -> None:
    inbox.answers = [500]
    made = subscribe(office.admin, inbox.url)
    happen(office)
    happen(office, COMMISSIONED, **OTHER_NEWS)
    wait(office, MINUTE)
    assert [event["event"] for event in inbox.events] == [HANDOVER, COMMISSIONED, HANDOVER]
    newest, first = deliveries(office, made, status="delivered")
    assert (newest["event"], first["attempts"], first["response_status"]) == (COMMISSIONED, 2, 200)
    assert first["last_attempt_at"] == "2026-03-18T12:01:00Z"
    assert first["event_id"] == inbox.events[0]["id"]
    assert first["created_at"] == "2026-03-18T12:00:00Z"


def test_a_receiver_that_is_not_there_has_no_status_and_one_elsewhere_is_not_sent_to(office: Office) -> None:
    urls = ("https://localhost:9", "https://hooks.example/", "https://")
    away, elsewhere, nowhere = (subscribe(office.admin, url) for url in urls)
    happen(office)
    assert [each["status"] for each in deliveries(office, nowhere)] == ["failed"]
    (shown,) = deliveries(office, away)
    assert (shown["status"], shown["attempts"], shown["response_status"]) == ("pending", 1, None)
    (shown,) = deliveries(office, elsewhere)
    assert (shown["status"], shown["response_status"], shown["next_attempt_at"]) == ("failed", None, None)
    refusals = said(office.anonymous.get(f"{CONTROL}/webhooks/deliveries", query={"status": "refused"}))
    (no_url, not_allowed) = sorted(each["attempts"][0]["error"] for each in refusals)
    assert "is not an absolute http or https URL" in no_url
    assert "--callback-host hooks.example" in not_allowed


def test_an_answer_may_take_thirty_seconds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    patience: list[float] = []

    async def receive(url: str, headers: Any, body: bytes, timeout_s: float) -> int:
        patience.append(timeout_s)
        return 200

    monkeypatch.setattr(office.mock.runtime.outbox, "transport", receive)
    subscribe(office.admin, "https://localhost:9")
    happen(office)
    assert patience == [30.0]


# ---- what becomes of those that wait


def test_what_waits_goes_to_where_the_endpoint_has_moved(office: Office, inbox: Inbox) -> None:
    inbox.answers = [500]
    made = subscribe(office.admin, inbox.url)
    happen(office)
    change = {"url": f"{inbox.url}/moved", "events": [COMMISSIONED], "secret": SECRET}
    said(send(office.admin, "PUT", f"{ENDPOINTS}/{made['id']}", change))
    wait(office, MINUTE)
    assert [each.path for each in inbox.got] == ["/hook", "/hook/moved"]
    assert inbox.got[1].headers["x-dynamo-signature"] == signature(SECRET, inbox.got[0].body)
    happen(office)
    assert len(inbox.got) == 2


def test_a_disabled_endpoint_gets_nothing_and_what_waited_is_given_up(office: Office, inbox: Inbox) -> None:
    inbox.answers = [500]
    made = subscribe(office.admin, inbox.url)
    happen(office)
    body = {"url": inbox.url, "events": [HANDOVER]}
    said(send(office.admin, "PUT", f"{ENDPOINTS}/{made['id']}", {**body, "status": "disabled"}))
    happen(office)
    wait(office, 60 * MINUTE)
    (shown,) = deliveries(office, made)
    assert (shown["status"], shown["attempts"], shown["next_attempt_at"]) == ("failed", 1, None)
    said(send(office.admin, "PUT", f"{ENDPOINTS}/{made['id']}", body))
    wait(office, 60 * MINUTE)
    assert len(inbox.got) == 1
    happen(office)
    assert len(inbox.got) == 2


def test_a_removed_endpoint_gets_nothing_more_and_nothing_of_it_is_kept(office: Office, inbox: Inbox) -> None:
    inbox.answers = [500]
    made = subscribe(office.admin, inbox.url)
    happen(office)
    assert send(office.admin, "DELETE", f"{ENDPOINTS}/{made['id']}").status == 204
    wait(office, 60 * MINUTE)
    assert len(inbox.got) == 1
    assert not any(made["id"] in name for name in office.written() if name != "counters")


def test_an_imported_state_goes_on_with_what_waits_and_sends_nothing_twice(office: Office, inbox: Inbox) -> None:
    made = subscribe(office.admin, inbox.url, secret=SECRET)
    happen(office)
    inbox.answers = [500, 500]
    happen(office)
    wait(office, MINUTE)
    state = said(office.anonymous.get(f"{CONTROL}/state"))
    said(office.anonymous.post(f"{CONTROL}/reset"))
    wait(office, 60 * MINUTE)
    assert len(inbox.got) == 3
    said(office.anonymous.put(f"{CONTROL}/state", json=state))
    wait(office, 5 * MINUTE - 1)
    assert len(inbox.got) == 3
    wait(office, 1)
    assert [each.body for each in inbox.got[1:]] == [inbox.got[1].body] * 3
    assert inbox.got[3].headers["x-dynamo-signature"] == signature(SECRET, inbox.got[1].body)
    (last, _) = deliveries(office, made, status="delivered")
    assert last["attempts"] == 3
    wait(office, 48 * 60 * MINUTE)
    assert len(inbox.got) == 4


def test_the_control_plane_sends_once_more_what_arrived_and_what_was_given_up(office: Office, inbox: Inbox) -> None:
    made = subscribe(office.admin, inbox.url)
    inbox.answers = [200, 500]
    happen(office)
    (sent,) = said(office.anonymous.get(f"{CONTROL}/webhooks/deliveries", query={"topic": HANDOVER}))
    assert (sent["status"], sent["client_id"], sent["body"]) == ("delivered", office.harbour, inbox.events[0])
    for attempts, status in ((2, "pending"), (3, "delivered")):
        said(office.anonymous.post(f"{CONTROL}/webhooks/deliveries/{sent['delivery_id']}/retry"))
        wait(office, 0)
        (shown,) = deliveries(office, made)
        assert (shown["attempts"], shown["status"]) == (attempts, status)
    wait(office, 48 * 60 * MINUTE)
    assert [each.body for each in inbox.got] == [inbox.got[0].body] * 3
    send(office.admin, "DELETE", f"{ENDPOINTS}/{made['id']}")
    path = f"{CONTROL}/webhooks/deliveries/{sent['delivery_id']}/retry"
    assert office.anonymous.post(path).status == 409


# ---- the list of deliveries


def test_deliveries_are_listed_newest_first_by_pages_and_by_status(office: Office, inbox: Inbox) -> None:
    inbox.answers = [200, 500, 200]
    made, other = subscribe(office.admin, inbox.url), subscribe(office.admin, inbox.url, COMMISSIONED)
    for _ in range(3):
        happen(office)
        office.advance(timedelta(seconds=1))
    path = f"/dynamo/api/v1{ENDPOINTS}/{made['id']}/deliveries"
    page = said(office.admin.get(path, query={"limit": 2, "offset": 1}))
    assert [each["created_at"][-3:] for each in page.pop("deliveries")] == ["01Z", "00Z"]
    assert page == {"total": 3, "limit": 2, "offset": 1}
    assert [each["status"] for each in deliveries(office, made)] == ["delivered", "pending", "delivered"]
    assert [each["created_at"] for each in deliveries(office, made, status="pending")] == ["2026-03-18T12:00:01Z"]
    assert deliveries(office, other) == []


def test_the_latest_deliveries_are_kept_and_those_forgotten_still_arrive(
    office: Office, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT", 2)
    inbox.answers = [500]
    made, other = subscribe(office.admin, inbox.url), subscribe(office.admin, inbox.url, COMMISSIONED)
    happen(office, COMMISSIONED, **OTHER_NEWS)
    for _ in range(3):
        happen(office)
    assert [each["event"] for each in deliveries(office, made)] == [HANDOVER, HANDOVER]
    assert [each["event"] for each in deliveries(office, other)] == [COMMISSIONED]
    arrived = len(inbox.got)
    wait(office, MINUTE)
    assert len(inbox.got) == arrived + 1


def test_whoever_begins_with_plain_http_is_told_how_to_write_it(office: Office) -> None:
    body = {"url": "http://127.0.0.1:9000/hook", "events": ["*"]}
    error = refused(send(office.admin, "POST", ENDPOINTS, body), 422, "validation_error")
    assert "https://localhost:PORT" in error["message"]
