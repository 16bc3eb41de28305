"""Work that is due without a request, on the virtual clock: retries of webhooks, prices that come out.

Nothing ticks: the scheduler sleeps until the next job is due by the clock as it runs, and looks again when the clock is
moved or a job is added. Where no server runs (tests, a frozen clock that a client moves), `settle` does what is due.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from datetime import datetime

from mockserver.clock import Clock

logger = logging.getLogger("gridmock")

Job = Callable[[], Awaitable[None]]

SETTLE_TIMEOUT_S = 10.0
"""Real seconds after which `settle` no longer waits for jobs that hang."""
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.001, 3600.0
"""Real seconds: event loops tell no shorter ones apart, and a clock at the end of its range never gets there."""


class Scheduler:
    """Jobs by key, each with the virtual time from which it is due; what is due together runs side by side."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[Hashable, tuple[datetime, int, Job]] = {}
        self._queue: list[tuple[datetime, int, Hashable]] = []
        self._added = 0
        self._running: set[asyncio.Task[None]] = set()
        self._closers: list[Job] = []
        self._changed: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        clock.watch(self._wake)

    def at(self, due: datetime, key: Hashable, job: Job) -> None:
        """Run a job once from `due` on (aware); it replaces the job of the same key, if that has not begun."""
        before = self._jobs.get(key)
        if before is not None and before[0] == due:
            self._jobs[key] = (due, before[1], job)
            return
        self._added += 1
        self._jobs[key] = (due, self._added, job)
        heapq.heappush(self._queue, (due, self._added, key))
        if len(self._queue) > 2 * len(self._jobs) + 64:  # most are replaced or cancelled
            queue = [(at, number, name) for name, (at, number, _) in self._jobs.items()]
            heapq.heapify(queue)
            self._queue = queue
        self._wake()

    def hasten(self, key: Hashable) -> None:
        """Have a job that has not begun run now; nothing happens when there is none."""
        if key in self._jobs:
            self.at(self._clock.now(), key, self._jobs[key][2])

    def cancel(self, key: Hashable) -> None:
        """Forget a job that has not begun; nothing happens when there is none."""
        self._jobs.pop(key, None)

    def clear(self) -> None:
        """Forget every job, and stop those that have begun."""
        self._jobs.clear()
        self._queue.clear()
        self._stop()

    def due_at(self, key: Hashable) -> datetime | None:
        """When a job that has not begun is due, or None."""
        job = self._jobs.get(key)
        return None if job is None else job[0]

    def at_rest(self, close: Job) -> None:
        """Have what jobs keep open closed in each event loop that runs no more of them.

        That is at the end of `run`, and of a `settle` beside which nothing runs.
        """
        self._closers.append(close)

    async def run(self) -> None:
        """Run jobs as they fall due, until cancelled; what has begun is then stopped, what has not is kept."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._loop, self._changed = loop, changed
        try:
            while True:
                changed.clear()
                self._start_due()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._wait_s()):
                        await changed.wait()
        finally:
            self._loop = self._changed = None
            self._stop()
            if tasks := self._running_in(loop):
                await asyncio.wait(tasks)
            await self._close()

    async def settle(self) -> None:
        """Run what is due, and what falls due by that, to the end; gives up after `SETTLE_TIMEOUT_S`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_TIMEOUT_S
        self._start_due()
        while (tasks := self._running_in(loop)) and loop.time() < until:
            await asyncio.wait(tasks, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED)
            self._start_due()
        if not tasks and self._loop is not loop:
            await self._close()

    def _start_due(self) -> None:
        now = self._clock.now()
        while self._queue and self._queue[0][0] <= now:
            _, number, key = heapq.heappop(self._queue)
            job = self._jobs.get(key)
            if job is not None and job[1] == number:  # else replaced or cancelled since
                del self._jobs[key]
                task = asyncio.ensure_future(self._run_one(key, job[2]))
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def _run_one(self, key: Hashable, job: Job) -> None:
        try:
            await job()
        except Exception:  # a defect in a job must not take the server down, nor pass in silence
            logger.exception("The job %s failed.", key)

    def _running_in(self, loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[None]]:
        """The jobs that an event loop has begun: those of another one get no further while this one runs."""
        return {task for task in self._running if task.get_loop() is loop}

    def _stop(self) -> None:
        for task in self._running:
            task.cancel()

    async def _close(self) -> None:
        for close in self._closers:
            await close()

    def _wait_s(self) -> float | None:
        """Real seconds until the next job is due; None while time stands still or there is none."""
        if not self._queue or self._clock.frozen:
            return None
        left_s = (self._queue[0][0] - self._clock.now()).total_seconds()
        return min(max(left_s / self._clock.speed, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    def _wake(self) -> None:
        """Have `run` look again; jobs and clocks may be set from other threads."""
        loop, changed = self._loop, self._changed
        if loop is not None and changed is not None:
            loop.call_soon_threadsafe(changed.set)
