"""The outbox as the control plane shows it, and what a moved clock makes due."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from mockserver.http.deliveries import Delivery, Webhook
from mockserver.http.transport import Unreachable
from tests.asgi import Client, Response
from tests.mock import CONTROL, NOON, Mock

DELIVERIES = f"{CONTROL}/webhooks/deliveries"
CLOCK = f"{CONTROL}/clock"
WEBHOOK = Webhook(
    topic="setChargingProfile",
    api="stekker",
    client_id="stekker-north",
    url="http://127.0.0.1:9000/hook",
    body={"connectorId": 1},
    secret_headers={"secret": "s3cret", "x-functions-key": "s3cret"},
)


class Receiver:
    """Answers with the statuses it is told, then with 200; None is no answer."""

    def __init__(self) -> None:
        self.answers: list[int | None] = []
        self.bodies: list[bytes] = []

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        self.bodies.append(body)
        await asyncio.sleep(0)
        answer = self.answers.pop(0) if self.answers else 200
        if answer is None:
            raise Unreachable("connection refused")
        return answer


@pytest.fixture
def receiver(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> Receiver:
    receiver = Receiver()
    monkeypatch.setattr(mock.runtime.outbox, "transport", receiver)
    return receiver


def send(mock: Mock, lane: Any = "a", **changes: Any) -> Delivery:
    return mock.runtime.outbox.send(lane, replace(WEBHOOK, **changes))


def settle(control: Client) -> None:
    """Have done what is due now."""
    assert control.post(f"{CLOCK}/advance", json={"duration_s": 0}).status == 200


def ids(response: Response) -> list[int]:
    assert response.status == 200, response.body
    return [int(delivery["delivery_id"].removeprefix("dlv")) for delivery in response.json()]


# ---- reading


def test_without_webhooks_there_are_no_deliveries(control: Client) -> None:
    assert control.get(DELIVERIES).json() == []


def test_a_delivery_is_shown_with_its_attempts_and_without_its_secrets(
    mock: Mock, control: Client, receiver: Receiver
) -> None:
    receiver.answers = [503, None]
    send(mock)
    settle(control)
    control.post(f"{CLOCK}/advance", json={"duration_s": 5})
    response = control.get(f"{DELIVERIES}/dlv000000000001")
    shown = response.json()
    assert control.get(DELIVERIES).json() == [shown]
    assert "s3cret" not in response.body.decode()
    attempts = [(attempt["at"], attempt["status"], attempt["error"]) for attempt in shown.pop("attempts")]
    assert attempts == [
        ("2026-03-18T12:00:00Z", 503, None),
        ("2026-03-18T12:00:05Z", None, "connection refused"),
    ]
    assert shown == {
        "delivery_id": "dlv000000000001",
        "topic": "setChargingProfile",
        "api": "stekker",
        "client_id": "stekker-north",
        "url": WEBHOOK.url,
        "headers": {"secret": "***", "x-functions-key": "***"},
        "body": {"connectorId": 1},
        "status": "pending",
        "created_at": "2026-03-18T12:00:00Z",
        "due_at": "2026-03-18T12:00:15Z",
    }


@pytest.fixture
def busy(mock: Mock, control: Client, receiver: Receiver) -> Mock:
    """Seven deliveries of all kinds, to two applications, of two topics."""
    receiver.answers = [200, 404, 503]
    send(mock, 1)  # delivered
    send(mock, 2, client_id="stekker-south")  # refused
    send(mock, 3, topic="other")  # pending, tried
    settle(control)
    send(mock, 4, latest_only=True)  # superseded
    send(mock, 4, latest_only=True)  # pending, not tried
    send(mock, 5, url="http://example.com/")  # pending, and not going to be sent
    send(mock, 6, body=[None, 1.5, "é"])
    return mock


FILTERS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "none": ({}, [7, 6, 5, 4, 3, 2, 1]),
    "limit": ({"limit": 2}, [7, 6]),
    "before": ({"before": "dlv000000000004"}, [3, 2, 1]),
    "before the first": ({"before": "dlv000000000001"}, []),
    "before one to come": ({"before": "dlv999999999999", "limit": 1}, [7]),
    "status": ({"status": "pending"}, [7, 6, 5, 3]),
    "delivered": ({"status": "delivered"}, [1]),
    "refused": ({"status": "refused"}, [2]),
    "superseded": ({"status": "superseded"}, [4]),
    "in flight": ({"status": "in_flight"}, []),
    "application": ({"client_id": "stekker-south"}, [2]),
    "nobody": ({"client_id": "nobody"}, []),
    "topic": ({"topic": "other"}, [3]),
    "together": ({"status": "pending", "topic": "setChargingProfile", "before": "dlv000000000007", "limit": 1}, [6]),
}


@pytest.mark.parametrize(("query", "expected"), FILTERS.values(), ids=FILTERS)
def test_deliveries_are_listed_newest_first_and_only_those_that_fit_all_filters(
    busy: Mock, control: Client, query: dict[str, Any], expected: list[int]
) -> None:
    assert ids(control.get(DELIVERIES, query=query)) == expected


def test_going_on_before_the_last_one_seen_visits_all_once(busy: Mock, control: Client) -> None:
    seen: list[int] = []
    query: dict[str, Any] = {"limit": 2}
    while page := ids(control.get(DELIVERIES, query=query)):
        seen += page
        query["before"] = f"dlv{page[-1]:012}"
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query",
    [{"limit": 0}, {"limit": 1001}, {"limit": "x"}, {"before": "1"}, {"before": "dlv1"}, {"status": "lost"},
     {"topic": ""}, {"nope": "1"}],
)  # fmt: skip
def test_a_filter_that_is_none_is_400_and_named(control: Client, query: dict[str, Any]) -> None:
    response = control.get(DELIVERIES, query=query)
    assert response.status == 400
    assert list(response.json()["field_errors"]) == list(query)


@pytest.mark.parametrize("delivery_id", ["dlv000000000002", "dlv1", "nope", "DLV000000000001"])
@pytest.mark.parametrize("retry", [False, True])
def test_an_unknown_delivery_is_404(
    mock: Mock, control: Client, receiver: Receiver, delivery_id: str, retry: bool
) -> None:
    send(mock)
    path = f"{DELIVERIES}/{delivery_id}"
    assert (control.post(f"{path}/retry") if retry else control.get(path)).status == 404


# ---- retrying


@pytest.mark.parametrize("answer", [503, 404, 200, None])
def test_the_newest_of_its_lane_is_sent_once_more_whatever_became_of_it(
    mock: Mock, control: Client, receiver: Receiver, answer: int | None
) -> None:
    receiver.answers = [answer]
    send(mock, latest_only=True)
    settle(control)
    mock.runtime.clock.advance(timedelta(seconds=1))
    response = control.post(f"{DELIVERIES}/dlv000000000001/retry")
    assert (response.status, response.json()["status"]) == (200, "pending")
    assert response.json()["due_at"] == "2026-03-18T12:00:01Z"
    settle(control)
    shown = control.get(f"{DELIVERIES}/dlv000000000001").json()
    assert (shown["status"], len(shown["attempts"]), len(receiver.bodies)) == ("delivered", 2, 2)


def test_what_was_superseded_or_closed_is_409_and_is_not_sent(mock: Mock, control: Client, receiver: Receiver) -> None:
    send(mock, "a", latest_only=True)
    send(mock, "a", latest_only=True)
    send(mock, "b")
    settle(control)
    mock.anonymous._loop.run_until_complete(mock.runtime.outbox.close("b"))
    for delivery_id, stands in (("dlv000000000001", "superseded"), ("dlv000000000003", "delivered")):
        response = control.post(f"{DELIVERIES}/{delivery_id}/retry")
        assert response.status == 409
        assert f"Delivery {delivery_id} is {stands}" in response.json()["detail"]
    settle(control)
    assert len(receiver.bodies) == 2


# ---- forgetting


def test_clearing_forgets_what_is_done_and_goes_on_numbering(busy: Mock, control: Client) -> None:
    assert control.delete(DELIVERIES).status == 204
    assert ids(control.get(DELIVERIES)) == [7, 6, 5, 3]
    assert send(busy).delivery_id == "dlv000000000008"


def test_a_reset_forgets_all_and_sends_nothing_more(busy: Mock, control: Client, receiver: Receiver) -> None:
    sent = len(receiver.bodies)
    assert control.post(f"{CONTROL}/reset").status == 200
    assert control.get(DELIVERIES).json() == []
    control.post(f"{CLOCK}/advance", json={"duration_s": 3600})
    assert len(receiver.bodies) == sent
    assert send(busy).delivery_id == "dlv000000000001"


def test_a_receiver_that_is_not_this_machine_is_not_sent_to(mock: Mock, control: Client, receiver: Receiver) -> None:
    send(mock, url="http://example.com/hook")
    settle(control)
    (shown,) = control.get(DELIVERIES).json()
    assert (shown["status"], receiver.bodies) == ("refused", [])
    assert "--callback-host example.com" in shown["attempts"][0]["error"]


def test_deliveries_are_for_callers_on_this_machine(mock: Mock) -> None:
    stranger = Client(mock.app, {"host": "127.0.0.1:8080"}, "10.0.0.1")
    assert {stranger.get(DELIVERIES).status, stranger.delete(DELIVERIES).status} == {403}
    stranger.close()


# ---- a moved clock answers when what it made due is done

MOVES: dict[str, tuple[str, str, Any]] = {
    "set": ("PUT", "", {"now": "2026-03-18T13:00:00Z"}),
    "set both": ("PUT", "", {"now": "2026-03-18T13:00:00Z", "speed": 60}),
    "advance": ("POST", "/advance", {"duration_s": 3600}),
    "freeze": ("POST", "/freeze", {"now": "2026-03-18T13:00:00Z"}),
}


@pytest.mark.parametrize(("method", "path", "body"), MOVES.values(), ids=MOVES)
def test_what_a_move_makes_due_is_done_when_the_answer_arrives(
    mock: Mock, control: Client, method: str, path: str, body: Any
) -> None:
    done: list[str] = []

    async def follow_up() -> None:
        done.append("follow-up")

    async def job() -> None:
        for _ in range(10):
            await asyncio.sleep(0)
        done.append("job")
        mock.runtime.scheduler.at(mock.runtime.clock.now(), "follow-up", follow_up)

    mock.runtime.scheduler.at(NOON + timedelta(hours=1), "job", job)
    mock.runtime.scheduler.at(NOON + timedelta(days=1), "later", job)
    assert control.request(method, f"{CLOCK}{path}", json=body).status == 200
    assert done == ["job", "follow-up"]
    assert mock.runtime.scheduler.due_at("later") is not None


@pytest.mark.parametrize(("path", "body"), [("/run", {"speed": 60}), ("/freeze", None), ("/run", None)])
def test_a_change_of_pace_does_what_is_due_too(mock: Mock, control: Client, path: str, body: Any) -> None:
    done: list[bool] = []

    async def job() -> None:
        done.append(True)

    mock.runtime.scheduler.at(NOON, "job", job)
    assert control.post(f"{CLOCK}{path}", json=body).status == 200
    assert done == [True]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PUT", "", {"now": "1900-01-01T00:00:00Z"}), ("POST", "/advance", {"duration_s": "x"}), ("GET", "", None)],
)
def test_a_clock_that_was_not_moved_does_nothing(
    mock: Mock, control: Client, method: str, path: str, body: Any
) -> None:
    done: list[bool] = []

    async def job() -> None:
        done.append(True)

    mock.runtime.scheduler.at(NOON, "job", job)
    control.request(method, f"{CLOCK}{path}", json=body)
    assert done == []
