"""Work that is due without a request, on the virtual clock: retries of webhooks, prices that come out.

Nothing ticks: the scheduler sleeps until the next job is due by the clock as it runs, and looks again when the clock is
moved or a job is added. Where no server runs (tests, a frozen clock that a client moves), `settle` does what is due.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime

from mockserver.clock import Clock

logger = logging.getLogger("gridmock")

Job = Callable[[], Awaitable[None]]

SETTLE_TIMEOUT_S = 10.0
"""Real seconds after which `settle` no longer waits for jobs that hang."""


class Scheduler:
    """Jobs by key, each with the virtual time from which it is due; what is due together runs side by side."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[Hashable, tuple[datetime, int, Job]] = {}
        self._queue: list[tuple[datetime, int, Hashable]] = []
        self._added = 0
        self._running: set[asyncio.Task[None]] = set()
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
            self._queue = [(at, number, name) for name, (at, number, _) in self._jobs.items()]
            heapq.heapify(self._queue)
        self._wake()

    def cancel(self, key: Hashable) -> None:
        """Forget a job that has not begun; nothing happens when there is none."""
        self._jobs.pop(key, None)

    def clear(self) -> None:
        """Forget every job, and stop those that have begun."""
        self._jobs.clear()
        self._queue.clear()
        for task in self._running:
            task.cancel()

    def due_at(self, key: Hashable) -> datetime | None:
        """When a job that has not begun is due, or None."""
        job = self._jobs.get(key)
        return None if job is None else job[0]

    async def run(self) -> None:
        """Run jobs as they fall due, until cancelled."""
        self._changed, self._loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            while True:
                self._changed.clear()
                self._start_due()
                try:
                    await asyncio.wait_for(self._changed.wait(), self._wait_s())
                except TimeoutError:
                    continue
        finally:
            self._changed = self._loop = None
            self.clear()

    async def settle(self) -> None:
        """Run what is due, and what falls due by that, to the end; gives up after `SETTLE_TIMEOUT_S`."""
        loop = asyncio.get_running_loop()
        until = loop.time() + SETTLE_TIMEOUT_S
        self._start_due()
        while self._running and loop.time() < until:
            await asyncio.wait(self._running, timeout=until - loop.time())
            self._start_due()

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

    def _wait_s(self) -> float | None:
        """Real seconds until the next job is due; None while time stands still or there is none."""
        if not self._queue or self._clock.frozen:
            return None
        left_s = (self._queue[0][0] - self._clock.now()).total_seconds()
        return min(max(left_s, 0.0) / self._clock.speed, 3600.0)

    def _wake(self) -> None:
        if self._changed is not None and self._loop is not None:
            try:
                inside = asyncio.get_running_loop() is self._loop
            except RuntimeError:
                inside = False
            if inside:
                self._changed.set()
            else:
                self._loop.call_soon_threadsafe(self._changed.set)
