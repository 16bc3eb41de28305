"""Who sends what when: a charger's events strictly one after the other, chargers side by side, none far behind.

    jobs, by time --feed--> a lane for each charger --ready--> connections, each with one request at a time

The feed stops while the oldest job that is not done lies too far back in virtual time, or too many have come after it.
So a slow charger holds the others up instead of falling hours behind, and memory is bounded whatever the stream.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

import orjson

from mockserver.commands.simulate.endpoint import Answer, NoAnswer
from mockserver.commands.simulate.summary import Failure, Tally
from mockserver.commands.simulate.timing import Limiter, Pace, Time

Follow = Callable[[int], Awaitable[None]]
"""Is told the virtual time, in Unix seconds, to which the events have come."""

MOST_APART_S = 300
"""Virtual seconds by which the chargers of one run are apart at most."""
MOST_PENDING = 2048
_LONGEST_WAIT_S = 60.0
_GRACE_S = 3.0
_TURN = 64
TRY_AGAIN = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
"""Statuses after which the same may go well a little later."""
_UNWELCOME = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class CannotPlay(Exception):
    """The other side cannot be reached, or does not take our credentials; the message says what to do."""


class Sender(Protocol):
    """One connection."""

    async def send(self, verb: str, content: bytes) -> Answer:
        """The answer to a body; NoAnswer without one."""


class Job(NamedTuple):
    """One body to send: PUT or POST, at a virtual time in Unix seconds."""

    at_s: int
    charger: str
    verb: str
    label: str
    body: Any


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a body is sent again, and how long is waited before: doubling, or as long as the answer says."""

    retries: int = 4
    first_wait_s: float = 0.25

    def wait_s(self, attempt: int, told_s: float | None) -> float:
        """Before the next attempt, when `attempt` (from 0) has failed; a minute at most."""
        own_s = self.first_wait_s * 2.0 ** min(attempt, 16)
        return min(_LONGEST_WAIT_S, own_s if told_s is None else told_s)


class _Pending:
    """A job on its way."""

    __slots__ = ("is_done", "job")

    def __init__(self, job: Job) -> None:
        self.job = job
        self.is_done = False


class Delivery:
    """Sends jobs over connections, and counts what comes of them."""

    def __init__(
        self,
        senders: Sequence[Sender],
        tally: Tally,
        time: Time,
        limiter: Limiter,
        patience: Patience | None = None,
    ) -> None:
        self._senders = senders
        self._tally = tally
        self._time = time
        self._limiter = limiter
        self._patience = patience or Patience()
        self._pending: deque[_Pending] = deque()
        self._lanes: dict[str, deque[_Pending]] = {}
        self._ready: asyncio.Queue[str | None] = asyncio.Queue()
        self._freed = asyncio.Event()
        self._stopping = False
        self._resume_s = 0.0
        self._was_answered = self._was_welcome = False
        self._failed: set[str] = set()

    async def deliver(
        self,
        jobs: Iterable[Job],
        pace: Pace | None = None,
        follow: Follow | None = None,
    ) -> set[str]:
        """Send all jobs, which are by time, and return the chargers of which one was refused or lost.

        With a pace a job waits for its time; `follow` is told each job's time before. CannotPlay when the very first
        answers show that nothing will come of it. When cancelled, what is being sent may come to its end, and no more
        is sent.
        """
        self._failed = set()
        feeding = asyncio.create_task(self._feed(jobs, pace, follow))
        working = [asyncio.create_task(self._work(sender)) for sender in self._senders]
        try:
            done, _ = await asyncio.wait([feeding, *working], return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            self._stop(feeding)
            await asyncio.wait(working, timeout=_GRACE_S)
            raise
        finally:
            for task in (feeding, *working):
                task.cancel()
            await asyncio.gather(feeding, *working, return_exceptions=True)
        for task in done:
            task.result()
        return self._failed

    def _stop(self, feeding: asyncio.Task[None]) -> None:
        self._stopping = True
        feeding.cancel()
        self._dismiss()

    def _dismiss(self) -> None:
        for _ in self._senders:
            self._ready.put_nowait(None)

    async def _feed(self, jobs: Iterable[Job], pace: Pace | None, follow: Follow | None) -> None:
        for count, job in enumerate(jobs):
            if pace is not None:
                await pace.until(job.at_s)
            while not self._has_room(job.at_s):
                await self._news()
            if follow is not None:
                await follow(job.at_s)
            self._put(job)
            if count % _TURN == 0:
                await asyncio.sleep(0)
        while self._lanes:
            await self._news()
        self._pending.clear()
        self._dismiss()

    async def _news(self) -> None:
        self._freed.clear()
        await self._freed.wait()

    def _has_room(self, at_s: int) -> bool:
        pending = self._pending
        while pending and pending[0].is_done:
            pending.popleft()
        return not pending or (len(pending) < MOST_PENDING and at_s - pending[0].job.at_s <= MOST_APART_S)

    def _put(self, job: Job) -> None:
        pending = _Pending(job)
        self._pending.append(pending)
        if job.charger in self._lanes:
            self._lanes[job.charger].append(pending)
        else:
            self._lanes[job.charger] = deque([pending])
            self._ready.put_nowait(job.charger)

    async def _work(self, sender: Sender) -> None:
        while (charger := await self._ready.get()) is not None and not self._stopping:
            lane = self._lanes[charger]
            await self._send(sender, lane[0].job)
            lane.popleft().is_done = True
            if lane:
                self._ready.put_nowait(charger)
            else:
                del self._lanes[charger]
            self._freed.set()

    async def _send(self, sender: Sender, job: Job) -> None:
        """One job, sent until there is an answer that stands."""
        content = orjson.dumps(job.body)
        attempt = 0
        while True:
            while (wait_s := self._resume_s - self._time.now_s()) > 0.0:
                await self._time.sleep(wait_s)
            await self._limiter.take()
            began_s = self._time.now_s()
            told_s: float | None = None
            try:
                answer = await sender.send(job.verb, content)
            except NoAnswer as error:
                failure = Failure(job.label, None, str(error))
            else:
                self._was_answered = True
                self._tally.latencies.add(self._time.now_s() - began_s)
                if answer.is_fine:
                    self._was_welcome = True
                    self._tally.at_s = max(self._tally.at_s, job.at_s)
                    self._tally.accept(job.label, job.body)
                    return
                failure, told_s = Failure(job.label, answer.status, answer.message), answer.retry_after_s
            if not self._may_try_again(failure, attempt):
                break
            wait_s = self._patience.wait_s(attempt, told_s)
            if told_s is not None:  # that is for all
                self._resume_s = max(self._resume_s, self._time.now_s() + wait_s)
            await self._time.sleep(wait_s)
            attempt += 1
            self._tally.retries += 1
        self._give_up(failure, job)

    def _may_try_again(self, failure: Failure, attempt: int) -> bool:
        if attempt >= self._patience.retries or self._stopping:
            return False
        return failure.status is None or failure.status in TRY_AGAIN

    def _give_up(self, failure: Failure, job: Job) -> None:
        if failure.status is None and not self._was_answered:
            raise CannotPlay(f"there is no answer: {failure.message}. Is it running, and is --url right?")
        if failure.status in _UNWELCOME and not self._was_welcome:
            said = f"{failure.status} {failure.message}"
            raise CannotPlay(f"the credentials are refused ({said}): give a token in GRIDMOCK_TOKEN, or --token")
        self._failed.add(job.charger)
        self._tally.fail(failure, job.charger, job.body)
