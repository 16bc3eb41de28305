"""Webhooks go out one at a time and in order, are tried again on the virtual clock, and end when their lane does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from mockserver.clock import Clock
from mockserver.http.deliveries import TIMEOUT_S, Delivery, Status, Webhook
from mockserver.http.journal import MASK
from mockserver.http.outbox import Outbox
from mockserver.http.scheduler import Scheduler
from mockserver.http.transport import Unreachable
from tests.mockserver.loop import in_loop
from tests.mockserver.virtual_time import NOON, clock, in_virtual_loop

FROZEN = 0.0
LANE = ("session", 1)
WEBHOOK = Webhook(topic="set-profile", api="workshop", client_id="app", url="http://127.0.0.1:9000/hook", body=None)
BACKOFF_S = [5, 10, 20, 40, 60, 60]

Answer = int | BaseException | Callable[[], Awaitable[int]]
"""A status, what goes wrong, or what is waited for."""


class Receiver:
    """Where webhooks arrive: answers as it is told, and with 200 when it is told no more."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[Any] = []
        self.calls: list[tuple[str, dict[str, str], float]] = []

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        self.calls.append((url, dict(headers), timeout_s))
        self.bodies.append(orjson.loads(body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, int) else await answer()


class Post:
    """An outbox with its receiver, and the scheduler that works for it."""

    def __init__(self, clock: Clock, *answers: Answer, size: int = 100, hosts: tuple[str, ...] = ()) -> None:
        self.clock = clock
        self.receiver = Receiver(*answers)
        self.scheduler = Scheduler(clock)
        self.outbox = Outbox(clock, self.scheduler, size, hosts, self.receiver)

    def send(self, body: Any, lane: Any = LANE, *, latest_only: bool = False, **changes: Any) -> Delivery:
        """Have a body sent."""
        return self.outbox.send(lane, replace(WEBHOOK, body=body, latest_only=latest_only, **changes))

    async def settle(self, after_s: float = 0) -> None:
        """Move the clock, and have done what is due then."""
        self.clock.advance(timedelta(seconds=after_s))
        await self.scheduler.settle()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the scheduler running beside."""
        task = asyncio.create_task(self.scheduler.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def post(*answers: Answer, **options: Any) -> Post:
    return Post(Clock(NOON, FROZEN), *answers, **options)


class Gate:
    """An answer that comes when the gate is opened."""

    def __init__(self, status: int = 200) -> None:
        self.opened = asyncio.Event()
        self.status = status

    async def __call__(self) -> int:
        await self.opened.wait()
        return self.status


async def turns(count: int = 8) -> None:
    """Let what is ready go on."""
    for _ in range(count):
        await asyncio.sleep(0)


def after(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


# ---- what is sent


@in_loop
async def test_a_webhook_is_sent_as_json_with_its_own_headers_and_is_then_delivered() -> None:
    office = post()
    delivery = office.send({"limit": 11040.5, "é": None}, secret_headers={"secret": "s3cret"})
    assert (delivery.status, delivery.due_at, office.receiver.calls) == (Status.PENDING, NOON, [])
    await office.settle()
    headers = {"content-type": "application/json", "secret": "s3cret"}
    assert office.receiver.calls == [(WEBHOOK.url, headers, TIMEOUT_S)]
    assert office.receiver.bodies == [{"limit": 11040.5, "é": None}]
    assert (delivery.status, delivery.due_at) == (Status.DELIVERED, None)
    (attempt,) = delivery.attempts
    assert (attempt.at, attempt.status, attempt.error) == (NOON, 200, None)


OUTCOMES: dict[str, tuple[Answer, Status, int | None]] = {
    **{str(status): (status, Status.DELIVERED, status) for status in (200, 201, 204, 299)},
    **{str(status): (status, Status.REFUSED, status) for status in (101, 301, 302, 304, 308, 400, 401, 404, 410, 499)},
    **{str(status): (status, Status.PENDING, status) for status in (408, 425, 429, 500, 502, 503, 504, 599)},
    "no answer": (Unreachable("no answer within 5 s"), Status.PENDING, None),
}


@pytest.mark.parametrize(("answer", "expected", "status"), OUTCOMES.values(), ids=OUTCOMES)
@in_loop
async def test_what_became_of_an_attempt_follows_from_the_answer(
    answer: Answer, expected: Status, status: int | None
) -> None:
    office = post(answer)
    delivery = office.send("a")
    await office.settle()
    assert delivery.status is expected
    assert delivery.attempts[0].status == status
    assert delivery.attempts[0].error == (str(answer) if status is None else None)
    await office.settle(1_000_000)
    assert office.receiver.bodies == ["a"] * (2 if expected is Status.PENDING else 1)


@pytest.mark.parametrize("answer", [503, Unreachable("gone")], ids=["status", "no answer"])
@in_loop
async def test_attempts_are_5_10_20_40_and_then_60_virtual_seconds_apart(answer: Answer) -> None:
    office = post(*[answer] * 6)
    delivery = office.send("a")
    await office.settle()
    at_s = 0.0
    for pause_s in BACKOFF_S:
        at_s += pause_s
        assert delivery.due_at == after(at_s)
        await office.settle(pause_s - 0.001)
        assert delivery.due_at == after(at_s), "not a moment too soon"
        await office.settle(0.001)
    assert delivery.status is Status.DELIVERED
    assert [attempt.at for attempt in delivery.attempts] == [after(sum(BACKOFF_S[:n])) for n in range(7)]


@in_virtual_loop
async def test_retries_come_by_themselves_at_the_pace_of_the_clock() -> None:
    office = Post(clock(60.0), 503, 503)
    loop = asyncio.get_running_loop()
    async with office.running():
        began = loop.time()
        delivery = office.send("a")
        while delivery.status is not Status.DELIVERED:
            await asyncio.sleep(0.001)
    assert loop.time() - began == pytest.approx(15 / 60, abs=0.01)


@pytest.mark.parametrize("months", [1, -1])
@in_loop
async def test_a_delivery_that_waits_for_its_retry_outlives_moves_of_the_clock(months: int) -> None:
    office = post(503)
    office.send("a")
    await office.settle()
    await office.settle(months * 30 * 86_400.0)
    office.clock.set(after(5))
    await office.settle()
    assert office.receiver.bodies == ["a", "a"]


# ---- lanes


@in_loop
async def test_a_lane_sends_one_after_the_other_in_order_and_lanes_do_not_wait_for_each_other() -> None:
    gate = Gate()
    office = post(gate)
    for body in "abc":
        office.send(body)
    other = office.send("x", "other")
    settling = asyncio.create_task(office.settle())
    await turns()
    assert office.receiver.bodies == ["a", "x"]
    assert other.status is Status.DELIVERED
    assert [each.status.value for each in office.outbox] == ["delivered", "pending", "pending", "in_flight"]
    gate.opened.set()
    await settling
    assert office.receiver.bodies == ["a", "x", "b", "c"]


@in_loop
async def test_what_is_sent_when_the_one_before_is_about_to_go_out_waits_for_it() -> None:
    gate = Gate()
    office = post(gate)
    office.send(1)
    office.scheduler._start_due()  # its job has begun, and has not had its turn
    office.send(2)
    settling = asyncio.create_task(office.settle())
    await turns()
    assert office.receiver.bodies == [1]
    gate.opened.set()
    await settling
    assert office.receiver.bodies == [1, 2]


@in_loop
async def test_what_waits_behind_a_failed_attempt_does_not_overtake_it() -> None:
    office = post(503)
    office.send("a")
    await office.settle()
    office.send("b")
    await office.settle()
    assert office.receiver.bodies == ["a"]
    await office.settle(5)
    assert office.receiver.bodies == ["a", "a", "b"]


@in_loop
async def test_a_newer_one_takes_the_place_of_those_that_wait_and_may_make_way() -> None:
    office = post()
    first, second = office.send(1, latest_only=True), office.send(2, latest_only=True)
    must = office.send(3)
    last = office.send(4, latest_only=True)
    assert [each.status for each in (first, second, must, last)] == [
        Status.SUPERSEDED, Status.SUPERSEDED, Status.PENDING, Status.PENDING,
    ]  # fmt: skip
    assert first.due_at is None
    await office.settle()
    assert office.receiver.bodies == [3, 4]
    assert not first.attempts


@in_loop
async def test_what_is_in_flight_is_never_superseded() -> None:
    gate = Gate()
    office = post(gate)
    flying = office.send(1, latest_only=True)
    settling = asyncio.create_task(office.settle())
    await turns()
    waiting, newest = office.send(2, latest_only=True), office.send(3, latest_only=True)
    assert [each.status for each in (flying, waiting, newest)] == [
        Status.IN_FLIGHT, Status.SUPERSEDED, Status.PENDING,
    ]  # fmt: skip
    gate.opened.set()
    await settling
    assert (flying.status, office.receiver.bodies) == (Status.DELIVERED, [1, 3])


@pytest.mark.parametrize("latest_only", [True, False])
@in_loop
async def test_a_failed_attempt_that_may_make_way_is_not_repeated_when_a_newer_one_waits(latest_only: bool) -> None:
    gate = Gate(503)
    office = post(gate)
    failing = office.send(1, latest_only=latest_only)
    settling = asyncio.create_task(office.settle())
    await turns()
    office.send(2, latest_only=True)
    gate.opened.set()
    await settling
    assert office.receiver.bodies == ([1, 2] if latest_only else [1])
    assert failing.status is (Status.SUPERSEDED if latest_only else Status.PENDING)
    await office.settle(5)
    assert office.receiver.bodies == ([1, 2] if latest_only else [1, 1, 2])


@in_loop
async def test_a_newer_one_does_not_wait_for_the_pause_of_the_one_it_supersedes() -> None:
    office = post(503, 503, 503)
    office.send(1, latest_only=True)
    for pause_s in (0, 5, 10):
        await office.settle(pause_s)
    newer = office.send(2, latest_only=True)
    await office.settle()
    assert newer.status is Status.DELIVERED


@in_loop
async def test_a_defect_while_sending_ends_the_delivery_and_not_its_lane(caplog: pytest.LogCaptureFixture) -> None:
    office = post(ZeroDivisionError("division by zero"))
    unsendable, failing, good = office.send({1, 2}), office.send("b"), office.send("c")
    with caplog.at_level(logging.ERROR, logger="gridmock"):
        await office.settle()
    assert [each.status for each in (unsendable, failing, good)] == [
        Status.REFUSED, Status.REFUSED, Status.DELIVERED,
    ]  # fmt: skip
    assert "ZeroDivisionError" in str(failing.attempts[0].error)
    assert len(caplog.records) == 2
    assert "division by zero" in caplog.text


# ---- closing


@in_loop
async def test_closing_a_lane_cancels_what_waits_and_breaks_off_what_is_in_flight() -> None:
    office = post(Gate())
    flying, waiting, other = office.send(1), office.send(2), office.send("x", "other")
    settling = asyncio.create_task(office.settle())
    await turns()
    await office.outbox.close(LANE)
    assert flying.status is waiting.status is Status.CANCELLED
    assert flying.due_at is waiting.due_at is None
    assert [attempt.error for attempt in flying.attempts] == ["broken off"]
    await settling
    await office.settle(1000)
    assert office.receiver.bodies == [1, "x"]
    assert other.status is Status.DELIVERED
    await office.outbox.close(LANE)
    await office.outbox.close("never used")


@in_loop
async def test_a_lane_closed_between_attempts_makes_none_more() -> None:
    office = post(503)
    delivery = office.send(1)
    await office.settle()
    await office.outbox.close(LANE)
    assert not office.scheduler._jobs
    await office.settle(1000)
    assert (office.receiver.bodies, delivery.status) == ([1], Status.CANCELLED)


@in_loop
async def test_a_lane_closed_when_its_delivery_was_about_to_go_out_sends_nothing() -> None:
    office = post()
    delivery = office.send(1)
    office.scheduler._start_due()  # its job has begun, and has not had its turn
    await office.outbox.close(LANE)
    await office.settle(1000)
    assert (office.receiver.bodies, delivery.status) == ([], Status.CANCELLED)


STUBBORN: dict[str, Answer] = {"succeeds": 200, "fails": 503, "is not answered": Unreachable("reset")}


@pytest.mark.parametrize("answer", STUBBORN.values(), ids=STUBBORN)
@pytest.mark.parametrize("ending", ["close", "restart"])
@in_virtual_loop
async def test_an_attempt_that_cannot_be_broken_off_at_once_is_waited_for_and_is_the_last(
    ending: str, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    ended = []

    async def stubborn() -> int:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(1)  # a transport that has to tidy up first
        ended.append(True)
        if isinstance(answer, BaseException):
            raise answer
        assert isinstance(answer, int)
        return answer

    office = Post(clock(), stubborn)
    async with office.running():
        delivery, waiting = office.send(1), office.send(2)
        await asyncio.sleep(1)
        if ending == "close":
            await office.outbox.close(LANE)
            assert ended == [True]
        else:
            office.outbox.restart()
        assert delivery.status is waiting.status is Status.CANCELLED
        office.send(3)  # a new session in the same lane
        await asyncio.sleep(1000)
    assert office.receiver.bodies == [1, 3]
    assert caplog.records == []
    assert delivery.status is waiting.status is Status.CANCELLED


@in_loop
async def test_a_closed_lane_can_be_used_again() -> None:
    office = post(503)
    old = office.send(1, latest_only=True)
    await office.settle()
    await office.outbox.close(LANE)
    new = office.send(2, latest_only=True)
    await office.settle()
    assert (old.status, new.status) == (Status.CANCELLED, Status.DELIVERED)
    assert not office.outbox.retry(old)
    assert office.outbox.retry(new)
    await office.settle()
    assert office.receiver.bodies == [1, 2, 2]


def test_closing_does_not_wait_for_an_event_loop_that_stands_still() -> None:
    office = post(Gate())

    async def begin() -> None:
        office.send(1)
        settling = asyncio.create_task(office.settle())
        await turns()
        settling.cancel()

    with asyncio.Runner() as one, asyncio.Runner() as other:
        one.run(begin())
        other.run(asyncio.wait_for(office.outbox.close(LANE), 5))
    assert next(iter(office.outbox)).status is Status.CANCELLED


@in_virtual_loop
async def test_what_is_in_flight_when_the_scheduler_ends_goes_out_when_it_runs_again() -> None:
    office = Post(clock(), Gate())
    async with office.running():
        delivery = office.send(1)
        office.send(2)
        await asyncio.sleep(1)
    assert delivery.status is Status.PENDING
    async with office.running():
        await asyncio.sleep(10)
    assert office.receiver.bodies == [1, 1, 2]
    assert [attempt.error for attempt in delivery.attempts] == ["broken off", None]


# ---- asking for one more


@in_loop
async def test_a_delivery_that_waits_for_its_retry_can_be_sent_now() -> None:
    office = post(503)
    delivery = office.send(1)
    await office.settle()
    assert office.outbox.retry(delivery)
    assert (delivery.status, delivery.due_at) == (Status.PENDING, NOON)
    await office.settle()
    assert delivery.status is Status.DELIVERED
    await office.settle(1000)
    assert office.receiver.bodies == [1, 1]


@pytest.mark.parametrize("answer", [200, 404])
@pytest.mark.parametrize("latest_only", [True, False])
@in_loop
async def test_the_newest_of_a_lane_can_be_sent_again_though_it_is_done(latest_only: bool, answer: int) -> None:
    office = post(answer)
    delivery = office.send(1, latest_only=latest_only)
    await office.settle()
    assert office.outbox.retry(delivery)
    assert delivery.status is Status.PENDING
    await office.settle()
    assert (delivery.status, len(delivery.attempts)) == (Status.DELIVERED, 2)


@in_loop
async def test_what_a_newer_one_has_followed_is_not_sent_again_where_only_the_latest_counts() -> None:
    office = post()
    superseded = office.send(1, latest_only=True)
    delivered = office.send(2, latest_only=True)
    await office.settle()
    newest = office.send(3, latest_only=True)
    for old in (superseded, delivered):
        before = old.as_json()
        assert not office.outbox.retry(old)
        assert old.as_json() == before
    await office.settle()
    assert office.receiver.bodies == [2, 3]
    assert office.outbox.retry(newest)


@in_loop
async def test_a_delivery_in_flight_is_not_sent_twice_by_asking_for_it() -> None:
    gate = Gate()
    office = post(gate)
    delivery = office.send(1)
    settling = asyncio.create_task(office.settle())
    await turns()
    assert office.outbox.retry(delivery)
    gate.opened.set()
    await settling
    await office.settle(1000)
    assert office.receiver.bodies == [1]


@in_loop
async def test_a_delivery_that_is_sent_again_waits_for_what_is_in_flight() -> None:
    gate = Gate()
    office = post(200, gate)
    first = office.send(1)
    await office.settle()
    office.send(2)
    settling = asyncio.create_task(office.settle())
    await turns()
    assert office.outbox.retry(first)
    assert office.receiver.bodies == [1, 2]
    gate.opened.set()
    await settling
    assert office.receiver.bodies == [1, 2, 1]


# ---- where webhooks may go

ALLOWED = [
    "http://127.0.0.1:9000/hook", "https://localhost/hook", "http://LOCALHOST:1/", "http://[::1]:9000/", "http://127.9.9.9",
    "http://receiver.test/hook", "https://Receiver.Test:8443/a?b=c", "http://[fe80::1]/",
]  # fmt: skip
STRANGERS = {
    "http://example.com/hook": "example.com",
    "http://receiver.test.example.com/": "receiver.test.example.com",
    "http://10.0.0.1:8080/": "10.0.0.1",
    "http://0.0.0.0/": "0.0.0.0",
    "http://localhost.example.com/": "localhost.example.com",
    "http://[fe80::2]/": "fe80::2",
    "http://2130706433/": "2130706433",
}
NO_URLS = [
    "", "hook", "/hook", "//127.0.0.1/hook", "ftp://127.0.0.1/", "file:///etc/passwd", "javascript:alert(1)", "http://",
    "http:///hook", "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://[::1/",
    "127.0.0.1:80", "http://127.0.0.1:9000/\n", "http://127.0.0.1/\x00",
]  # fmt: skip
HOSTS = ("receiver.test", "FE80::1")


@pytest.mark.parametrize("url", ALLOWED)
def test_this_machine_and_the_hosts_named_may_be_sent_to(url: str) -> None:
    assert post(hosts=HOSTS).outbox.refusal(url) is None


@pytest.mark.parametrize(("url", "host"), STRANGERS.items())
@in_loop
async def test_another_host_is_refused_with_the_option_that_would_allow_it(url: str, host: str) -> None:
    office = post(hosts=HOSTS)
    delivery = office.send(1, url=url)
    await office.settle()
    assert (office.receiver.bodies, delivery.status) == ([], Status.REFUSED)
    assert f"--callback-host {host} " in str(delivery.attempts[0].error)
    assert post(hosts=(host,)).outbox.refusal(url) is None, "the advice is good"


@pytest.mark.parametrize("url", NO_URLS)
@in_loop
async def test_what_is_no_url_is_refused_and_said_to_be_none(url: str) -> None:
    office = post()
    delivery = office.send(1, url=url)
    await office.settle()
    assert (office.receiver.bodies, delivery.status) == ([], Status.REFUSED)
    assert delivery.attempts[0].error == f"{url!r} is not an absolute http or https URL"


@pytest.mark.parametrize("url", ["http://user:s3cret@127.0.0.1/", "http://s3cret@127.0.0.1/", "http://a@b@127.0.0.1/"])
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    refusal = post().outbox.refusal(url)
    assert refusal is not None
    assert "user name" in refusal
    assert "s3cret" not in refusal


# ---- what is on record


@in_loop
async def test_secrets_are_shown_nowhere() -> None:
    office = post(503, Unreachable("gone"))
    delivery = office.send(1, secret_headers={"secret": "s3cret", "x-functions-key": "s3cret"})
    texts = [repr(delivery), str(delivery.webhook)]
    for pause_s in (0, 5, 10):
        await office.settle(pause_s)
        texts += [orjson.dumps(delivery.as_json()).decode(), repr(delivery)]
    assert not [text for text in texts if "s3cret" in text]
    assert delivery.as_json()["headers"] == {"secret": "***", "x-functions-key": "***"}


@in_loop
async def test_a_delivery_as_json_says_everything_about_it() -> None:
    office = post(503)
    delivery = office.send({"limit": 0})
    await office.settle()
    shown = delivery.as_json()
    (attempt,) = shown.pop("attempts")
    assert shown == {
        "delivery_id": "dlv000000000001",
        "topic": "set-profile",
        "api": "workshop",
        "client_id": "app",
        "url": WEBHOOK.url,
        "headers": {},
        "body": {"limit": 0},
        "status": "pending",
        "created_at": "2026-03-18T12:00:00Z",
        "due_at": "2026-03-18T12:00:05Z",
    }
    assert attempt.pop("duration_ms") >= 0
    assert attempt == {"at": "2026-03-18T12:00:00Z", "status": 503, "error": None}


@in_loop
async def test_the_last_deliveries_are_kept_newest_first_and_those_forgotten_still_go_out() -> None:
    office = post(503, size=3)
    for body in range(5):
        office.send(body)
    assert [each.webhook.body for each in office.outbox] == [4, 3, 2]
    await office.settle()
    await office.settle(5)
    assert office.receiver.bodies == [0, 0, 1, 2, 3, 4]


@in_loop
async def test_a_lane_whose_deliveries_were_forgotten_can_be_closed() -> None:
    office = post(503, size=1)
    forgotten = office.send(1)
    office.send("x", "other")
    await office.settle()
    await office.outbox.close(LANE)
    await office.settle(1000)
    assert (forgotten.status, office.receiver.bodies) == (Status.CANCELLED, [1, "x"])


@in_loop
async def test_clearing_forgets_what_is_done_and_keeps_what_waits_or_is_in_flight() -> None:
    gate = Gate()
    office = post(200, 404, gate, 503)
    for lane in ("delivered", "refused", "flying", "retried"):
        office.send(lane, lane)
    closed = office.send("closed", "closed")
    await office.outbox.close("closed")
    settling = asyncio.create_task(office.settle())
    await turns()
    office.outbox.clear()
    assert closed not in list(office.outbox)
    assert [each.webhook.body for each in office.outbox] == ["retried", "flying"]
    gate.opened.set()
    await settling
    await office.settle(5)
    assert [each.status for each in office.outbox] == [Status.DELIVERED, Status.DELIVERED]
    assert office.send("next").delivery_id == "dlv000000000006"


@in_loop
async def test_restarting_forgets_all_and_numbers_from_1() -> None:
    office = post(Gate())
    for body in range(3):
        office.send(body, body % 2)
    settling = asyncio.create_task(office.settle())
    await turns()
    office.outbox.restart()
    await settling
    assert list(office.outbox) == []
    assert office.send("new", 0).delivery_id == "dlv000000000001"
    await office.settle(1000)
    assert office.receiver.bodies == [0, 1, "new"]


# ---- what is withdrawn


@in_loop
async def test_what_is_withdrawn_is_not_sent_again_and_the_lane_goes_on() -> None:
    office = post(503)
    withdrawn = office.send(1)
    await office.settle()
    office.outbox.withdraw(LANE)
    await office.settle(600)
    assert (withdrawn.status, withdrawn.due_at, office.receiver.bodies) == (Status.CANCELLED, None, [1])
    assert not office.outbox.retry(withdrawn)

    following = office.send(2)
    await office.settle()
    assert (following.status, office.receiver.bodies) == (Status.DELIVERED, [1, 2])


@pytest.mark.parametrize(("status", "outcome"), [(200, Status.DELIVERED), (503, Status.CANCELLED)])
@in_loop
async def test_what_is_on_its_way_when_it_is_withdrawn_has_this_one_try(status: int, outcome: Status) -> None:
    gate = Gate(status)
    office = post(gate)
    async with office.running():
        on_its_way = office.send(1)
        await turns()
        office.outbox.withdraw(LANE)
        gate.opened.set()
        await turns()
    await office.settle(600)
    assert (on_its_way.status, office.receiver.bodies) == (outcome, [1])


def test_withdrawing_from_a_lane_without_deliveries_does_nothing() -> None:
    office = post()
    office.outbox.withdraw(LANE)
    assert [*office.outbox] == []


# ---- a number of attempts


@in_loop
async def test_with_retries_whatever_is_no_success_is_tried_again_so_often_and_then_given_up() -> None:
    office = post(404, Unreachable("away"), 503, 302, 200)
    delivery = office.send(1, retries_s=(60, 300))
    await office.settle()
    for waits_s in (60, 300):
        assert (delivery.status, delivery.due_at) == (Status.PENDING, office.clock.now() + timedelta(seconds=waits_s))
        await office.settle(waits_s)
    assert (delivery.status, delivery.due_at, delivery.tried) == (Status.FAILED, None, 3)
    assert office.outbox.retry(delivery)
    await office.settle()
    assert (delivery.status, delivery.tried) == (Status.FAILED, 4)
    assert office.outbox.retry(delivery)
    await office.settle()
    assert (delivery.status, len(office.receiver.bodies)) == (Status.DELIVERED, 5)


@in_loop
async def test_what_was_tried_in_an_earlier_life_counts_and_goes_out_at_its_time() -> None:
    office = post(503)
    delivery = office.outbox.send(LANE, replace(WEBHOOK, retries_s=(60, 300)), due_at=after(20), tried=2)
    await office.settle(19)
    assert office.receiver.bodies == []
    await office.settle(1)
    assert (delivery.status, delivery.tried) == (Status.FAILED, 3)


@in_loop
async def test_one_that_waits_for_a_retry_lets_others_pass_and_goes_out_between_them_when_it_is_time() -> None:
    office = post(503, 503)
    first = office.send(1, retries_s=(60, 300))
    second = office.send(2, retries_s=(30,))
    await office.settle()
    office.send(3, retries_s=())
    await office.settle()
    assert office.receiver.bodies == [1, 2, 3]
    await office.settle(600)
    assert office.receiver.bodies == [1, 2, 3, 2, 1]
    assert (first.status, second.status) == (Status.DELIVERED, Status.DELIVERED)


@in_loop
async def test_one_that_waits_can_be_sent_at_once() -> None:
    office = post(503, 503)
    office.send(1, retries_s=(60,))
    second = office.send(2, retries_s=(60,))
    await office.settle()
    assert office.outbox.retry(second)
    await office.settle()
    assert (second.status, office.receiver.bodies) == (Status.DELIVERED, [1, 2, 2])


@in_loop
async def test_attempts_to_come_are_readdressed_and_those_of_other_lanes_are_not() -> None:
    office = post(503, 503, 200)
    for body, lane in ((1, LANE), (2, "other"), (3, "third")):
        office.send(body, lane, retries_s=(60,))
    await office.settle()
    office.outbox.readdress(LANE, lambda webhook: replace(webhook, url="http://localhost/moved", headers={"key": "2"}))
    await office.settle(60)
    urls = [(body, url) for body, (url, _, _) in zip(office.receiver.bodies, office.receiver.calls, strict=True)]
    assert sorted(urls[3:]) == [(1, "http://localhost/moved"), (2, WEBHOOK.url)]
    assert {headers.get("key") for url, headers, _ in office.receiver.calls if url.endswith("moved")} == {"2"}


@in_loop
async def test_each_attempt_is_noted_before_the_next_is_made() -> None:
    office, seen = post(503), list[Any]()

    async def note(delivery: Delivery) -> None:
        await asyncio.sleep(0)
        seen.append((delivery.webhook.body, delivery.status, delivery.tried, len(office.receiver.bodies)))

    for body in (1, 2):
        office.send(body, retries_s=(60,), note=note)
    await office.settle()
    await office.settle(60)
    assert seen == [(1, Status.PENDING, 1, 1), (2, Status.DELIVERED, 1, 2), (1, Status.DELIVERED, 2, 3)]


@in_loop
async def test_own_headers_are_shown_and_patience_is_as_asked_for() -> None:
    office = post()
    delivery = office.send(1, headers={"signature": "abc"}, secret_headers={"key": "s3cret"}, timeout_s=30.0)
    await office.settle()
    ((_, headers, timeout_s),) = office.receiver.calls
    assert (headers["signature"], headers["key"], timeout_s) == ("abc", "s3cret", 30.0)
    assert delivery.as_json()["headers"] == {"signature": "abc", "key": MASK}
