"""Order, concurrency, backpressure, retries: with connections that are none and time that does not pass."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockserver.commands.simulate.delivery import MOST_APART_S, MOST_PENDING, CannotPlay, Delivery, Job, Patience
from mockserver.commands.simulate.endpoint import Answer, NoAnswer
from mockserver.commands.simulate.summary import Failure, Tally
from mockserver.commands.simulate.timing import Limiter, Pace
from tests.mockserver.commands.simulate.stand_ins import FINE, FakeSender, FakeTime, nobody


def job(at_s: int, charger: str, number: int = 0) -> Job:
    return Job(at_s, charger, "POST", "MeterValues", {"event": None, "charger": charger, "number": number})


def deliver(
    jobs: list[Job],
    answer: Callable[[Any], Answer | Exception],
    *,
    senders: int = 1,
    per_second: float | None = None,
    patience: Patience | None = None,
    speed: float = 0.0,
) -> tuple[Tally, FakeTime, list[FakeSender], set[str]]:
    """One delivery to its end."""
    time, tally = FakeTime(), Tally()
    connections = [FakeSender(answer, time) for _ in range(senders)]
    delivery = Delivery(connections, tally, time, Limiter(per_second, time), patience)
    failed = asyncio.run(delivery.deliver(jobs, Pace(0, speed, time)))
    return tally, time, connections, failed


def test_every_charger_keeps_its_order() -> None:
    jobs = [job(at_s, charger, at_s) for at_s in range(40) for charger in "abcde"]
    seen = defaultdict(list)

    def answer(body: Any) -> Answer:
        seen[body["charger"]].append(body["number"])
        return FINE

    tally, _, _, failed = deliver(jobs, answer, senders=3)
    assert seen == {charger: [*range(40)] for charger in "abcde"}
    assert (tally.accepted.total(), failed) == (200, set())


class Gate:
    """A connection that answers everybody at once, but for one charger, which has to wait until it is opened."""

    def __init__(self, kept: str) -> None:
        self._kept = kept
        self.opened = asyncio.Event()
        self.passed: list[int] = []
        self.now = self.most = 0

    async def send(self, verb: str, content: bytes) -> Answer:
        self.now += 1
        self.most = max(self.most, self.now)
        if f'"charger":"{self._kept}"'.encode() in content:
            await self.opened.wait()
        else:
            self.passed.append(1)
            await asyncio.sleep(0)
        self.now -= 1
        return FINE


async def held_up(jobs: Iterator[Job]) -> tuple[int, int]:
    """How many jobs were taken from a stream while charger "slow" got no answer, and in the end."""
    taken = 0

    def counted() -> Iterator[Job]:
        nonlocal taken
        for each in jobs:
            taken += 1
            yield each

    gate, time = Gate("slow"), FakeTime()
    running = asyncio.create_task(Delivery([gate, gate], Tally(), time, Limiter(None, time)).deliver(counted()))
    before = -1
    while before != taken:
        before = taken
        for _ in range(200):
            await asyncio.sleep(0)
    gate.opened.set()
    await running
    return before, taken


def test_a_slow_charger_is_not_left_far_behind() -> None:
    stream = (job(at_s, "quick" if at_s else "slow", at_s) for at_s in range(4 * MOST_APART_S))
    before, after = asyncio.run(held_up(stream))
    assert before == MOST_APART_S + 2  # the one that has to wait for room has been looked at
    assert after == 4 * MOST_APART_S


def test_what_waits_is_limited_in_number() -> None:
    stream = (job(0, "quick" if number else "slow", number) for number in range(2 * MOST_PENDING))
    before, after = asyncio.run(held_up(stream))
    assert before == MOST_PENDING + 1
    assert after == 2 * MOST_PENDING


def test_there_are_as_many_requests_at_a_time_as_connections() -> None:
    async def run() -> int:
        gate, time = Gate("nobody"), FakeTime()
        jobs = [job(0, str(number)) for number in range(50)]
        await Delivery([gate] * 4, Tally(), time, Limiter(None, time)).deliver(jobs)
        return gate.most

    assert asyncio.run(run()) == 4


def test_events_wait_for_their_virtual_time() -> None:
    jobs = [job(at_s, "a") for at_s in (0, 60, 600)]
    _, _, (sender,), _ = deliver(jobs, lambda _: FINE, speed=60.0)
    assert sender.sent_at_s == pytest.approx([0.0, 1.0, 10.0])


def test_no_more_requests_a_second_than_allowed_retries_included() -> None:
    refusals = iter([Answer(503, "busy", None)] * 5)
    jobs = [job(0, "a", number) for number in range(100)]
    _, _, (sender,), _ = deliver(jobs, lambda _: next(refusals, FINE), per_second=20.0, patience=Patience(9, 0.0))
    assert len(sender.sent_at_s) == 105
    for first, last in zip(sender.sent_at_s, sender.sent_at_s[20:], strict=False):
        assert last - first >= 1.0 - 0.011


@pytest.mark.parametrize("status", [429, 502, 503, 504, None])
def test_what_may_go_well_another_time_is_tried_again(status: int | None) -> None:
    bad: list[Answer | Exception] = [NoAnswer("broken") if status is None else Answer(status, "busy", None)]
    answers = iter([*bad * 3, FINE])
    tally, time, (sender,), _ = deliver([job(0, "a")], lambda _: next(answers), patience=Patience(3, 0.5))
    assert (len(sender.sent), tally.accepted.total(), tally.retries, tally.errors) == (4, 1, 3, 0)
    assert time.slept_s == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 307])
def test_a_refusal_is_counted_and_the_charger_goes_on(status: int) -> None:
    answers = iter([FINE, Answer(status, "no", None), FINE])
    jobs = [job(at_s, "a", at_s) for at_s in range(3)]
    tally, _, (sender,), failed = deliver(jobs, lambda _: next(answers))
    assert [body["number"] for body in sender.sent] == [0, 1, 2]
    assert {kind: sample.count for kind, sample in tally.failures.items()} == {Failure("MeterValues", status, "no"): 1}
    assert (tally.accepted.total(), tally.retries, failed) == (2, 0, {"a"})


def test_an_event_is_lost_when_there_is_never_an_answer() -> None:
    answers = iter([FINE, *[NoAnswer("gone")] * 3, FINE])
    tally, _, _, _ = deliver([job(at_s, "a") for at_s in range(3)], lambda _: next(answers), patience=Patience(2))
    assert [*tally.failures] == [Failure("MeterValues", None, "gone")]
    assert tally.accepted.total() == 2


def test_retry_after_holds_everybody_up() -> None:
    answers = iter([Answer(429, "slow down", 30.0)])
    jobs = [job(0, charger) for charger in "abc"]
    _, _, senders, _ = deliver(jobs, lambda _: next(answers, FINE), senders=1)
    assert [at_s >= 30.0 for sender in senders for at_s in sender.sent_at_s] == [False, True, True, True]


def test_nobody_waits_longer_than_a_minute() -> None:
    assert Patience().wait_s(0, 3600.0) == 60.0
    assert Patience().wait_s(30, None) == 60.0


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused_at_once_end_it(status: int) -> None:
    with pytest.raises(CannotPlay, match="GRIDMOCK_TOKEN"):
        deliver([job(0, charger) for charger in "abc"], lambda _: Answer(status, "who?", None))


def test_credentials_that_are_refused_later_are_errors() -> None:
    answers = iter([FINE])
    tally, _, _, _ = deliver([job(0, "a")] * 3, lambda _: next(answers, Answer(401, "expired", None)))
    assert [(kind.status, sample.count) for kind, sample in tally.failures.items()] == [(401, 2)]


def test_a_server_that_is_not_there_ends_it() -> None:
    with pytest.raises(CannotPlay, match="All connection attempts failed"):
        deliver([job(0, charger) for charger in "abc"], nobody, senders=3)


def test_what_is_being_sent_may_end_when_all_is_stopped() -> None:
    async def run() -> tuple[Tally, int]:
        gate, time, tally = Gate("slow"), FakeTime(), Tally()
        jobs = [job(0, "slow"), *(job(at_s, "slow", at_s) for at_s in range(1, 9))]
        running = asyncio.create_task(Delivery([gate], tally, time, Limiter(None, time)).deliver(jobs))
        for _ in range(20):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.sleep(0)
        gate.opened.set()
        with pytest.raises(asyncio.CancelledError):
            await running
        return tally, gate.now

    tally, under_way = asyncio.run(run())
    assert (tally.accepted.total(), under_way) == (1, 0)


def test_an_error_in_the_stream_is_not_swallowed() -> None:
    def broken() -> Iterator[Job]:
        yield job(0, "a")
        raise ZeroDivisionError

    time = FakeTime()
    delivery = Delivery([FakeSender(lambda _: FINE, time)], Tally(), time, Limiter(None, time))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(delivery.deliver(broken()))
