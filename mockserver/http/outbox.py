"""Webhooks: what the mock sends to its clients, in order, retried on the virtual clock, every attempt on record.

    send() -> pending -> in_flight -> delivered    2xx
                  ^          |------> refused      3xx, 4xx, a host that is not allowed: again would not help
                  `--- later-'                     no answer, 408, 425, 429, 5xx
    failed        the attempts that it has are used up: see `Webhook.retries_s`
    superseded    a newer one of its lane took its place before it was delivered
    cancelled     its lane was closed

Deliveries of a lane (the pushes about one charging session, say) go out one at a time and in order. A delivery whose
answer was lost is sent again, so it may arrive twice, but never after a newer one, unless it has `retries_s`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mockserver.clock import Clock
from mockserver.http.auth import is_loopback
from mockserver.http.deliveries import Attempt, Delivery, Status, Webhook
from mockserver.http.scheduler import Job, Scheduler
from mockserver.http.transport import Transport, Unreachable

logger = logging.getLogger("gridmock")

FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 5, 60
"""Virtual seconds between attempts: doubled each time, for as long as the lane is open."""
_RETRIED = frozenset({408, 425, 429})


@dataclass(slots=True)
class _Lane:
    waiting: deque[Delivery] = field(default_factory=deque)
    in_flight: Delivery | None = None
    task: asyncio.Task[Any] | None = None
    has_replaceable: bool = False
    """Whether anything has ever waited here that makes place for a newer one: else thousands need not be looked at."""

    def put(self, delivery: Delivery) -> None:
        """Have it wait: at the end, or, when what follows need not wait for it, where its time is."""
        self.has_replaceable |= delivery.webhook.latest_only
        at = len(self.waiting)
        if delivery.webhook.retries_s is not None:
            while at and _due(self.waiting[at - 1]) > _due(delivery):
                at -= 1
        self.waiting.insert(at, delivery)

    def put_back(self, delivery: Delivery) -> None:
        """Have it wait for another attempt, before what follows unless that need not wait."""
        if delivery.webhook.retries_s is None:
            self.waiting.appendleft(delivery)
        else:
            self.put(delivery)


class Outbox:
    """The last `size` deliveries, and the lanes of those that are not done."""

    def __init__(
        self, clock: Clock, scheduler: Scheduler, size: int, allowed_hosts: Collection[str], transport: Transport
    ) -> None:
        """`allowed_hosts` are the names beside those of this machine that may be sent to."""
        self.transport = transport
        self._clock = clock
        self._scheduler = scheduler
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._deliveries: deque[Delivery] = deque(maxlen=max(size, 1))
        self._lanes: dict[Hashable, _Lane] = {}
        self._sent = 0

    def __iter__(self) -> Iterator[Delivery]:
        """Newest first."""
        return reversed(tuple(self._deliveries))

    def refusal(self, url: str) -> str | None:
        """Why nothing may be sent to a URL; None when it may."""
        try:
            parts = urlsplit(url)
            host, names_user = (parts.hostname or "").lower(), parts.username is not None
            is_absolute = parts.scheme in ("http", "https") and host and parts.port != 0 and url.isprintable()
        except ValueError:
            is_absolute = False
        if not is_absolute:
            return f"{url[:200]!r} is not an absolute http or https URL"
        if names_user:
            return f"the URL of {host} holds a user name or a password, which are not sent; leave them out"
        if is_loopback(host) or host in self._allowed_hosts:
            return None
        return f"{host} is not this machine; start the mock with --callback-host {host} to let webhooks go there"

    def send(self, lane: Hashable, webhook: Webhook, *, due_at: datetime | None = None, tried: int = 0) -> Delivery:
        """Have a webhook delivered as soon as its lane is free, at `due_at` (aware) or now; it was `tried` before."""
        self._sent += 1
        now = self._clock.now()
        delivery = Delivery(f"dlv{self._sent:012d}", lane, webhook, now, due_at or now, tried)
        self._deliveries.append(delivery)
        state = self._lanes.setdefault(lane, _Lane())
        _supersede(state)
        state.put(delivery)
        self._schedule(lane, state)
        return delivery

    def retry(self, delivery: Delivery) -> bool:
        """Send once more, now; False when its lane is closed, or when it has made way for a newer one."""
        lane = delivery.lane
        newest = next((other for other in self if other.lane == lane), delivery)
        if not delivery.is_open or (delivery.webhook.latest_only and newest is not delivery):
            return False
        if delivery.status is not Status.IN_FLIGHT:
            state = self._lanes.setdefault(lane, _Lane())
            delivery.due_at = self._clock.now()
            if delivery.status is not Status.PENDING:
                delivery.status = Status.PENDING
                state.put(delivery)
            elif delivery.webhook.retries_s is not None:
                state.waiting.remove(delivery)
                state.put(delivery)
            self._schedule(lane, state)
        return True

    def readdress(self, lane: Hashable, change: Callable[[Webhook], Webhook]) -> None:
        """Have the attempts to come of all that a lane has so far, retries included, go out changed."""
        state = self._lanes.get(lane, _Lane())
        for delivery in {*self._deliveries, *state.waiting, *filter(None, (state.in_flight,))}:
            if delivery.lane == lane:
                delivery.webhook = change(delivery.webhook)

    def withdraw(self, lane: Hashable) -> None:
        """Try nothing again that a lane has so far, and send nothing that waits; what comes next is sent as ever."""
        for delivery in self._deliveries:
            if delivery.lane == lane:
                delivery.is_open = False
        state = self._lanes.get(lane)
        if state is not None:
            for delivery in state.waiting:
                delivery.end(Status.CANCELLED)
            state.waiting.clear()
            self._scheduler.cancel(("webhook", lane))

    async def close(self, lane: Hashable) -> None:
        """Nothing of the lane is sent any more once this returns; what is on its way is broken off."""
        for delivery in self._deliveries:
            if delivery.lane == lane:
                delivery.is_open = False
        state = self._lanes.pop(lane, None)
        if state is None:
            return
        task = state.task
        self._stop(lane, state)
        if task is not None and task.get_loop() is asyncio.get_running_loop():  # another one gets no further
            await asyncio.wait([task])

    def clear(self) -> None:
        """Forget the deliveries that are done; what waits goes on."""
        waiting = [delivery for delivery in self._deliveries if delivery.due_at is not None]
        self._deliveries.clear()
        self._deliveries.extend(waiting)

    def restart(self) -> None:
        """Forget all, break off what is on its way, and number from 1 again."""
        for lane, state in self._lanes.items():
            self._stop(lane, state)
        self._lanes.clear()
        self._deliveries.clear()
        self._sent = 0

    def _schedule(self, lane: Hashable, state: _Lane) -> None:
        if state.in_flight is None and state.waiting:
            due_at = state.waiting[0].due_at or self._clock.now()
            self._scheduler.at(due_at, ("webhook", lane), self._deliverer(lane, state))

    def _stop(self, lane: Hashable, state: _Lane) -> None:
        self._scheduler.cancel(("webhook", lane))
        for delivery in (*state.waiting, *filter(None, (state.in_flight,))):
            delivery.end(Status.CANCELLED)
        state.waiting.clear()
        if state.task is not None:
            state.task.cancel()

    def _deliverer(self, lane: Hashable, state: _Lane) -> Job:
        async def deliver() -> None:
            if state.in_flight is not None or not state.waiting:
                return
            delivery = state.in_flight = state.waiting.popleft()
            delivery.status, state.task = Status.IN_FLIGHT, asyncio.current_task()
            try:
                await self._attempt(delivery)
                await delivery.webhook.note(delivery)
            finally:
                state.in_flight = state.task = None
                if self._lanes.get(lane) is state:  # else closed while the answer was on its way
                    self._go_on(lane, state, delivery)

        return deliver

    def _go_on(self, lane: Hashable, state: _Lane, tried: Delivery) -> None:
        """Have the next delivery of a lane made: the one just tried, unless it is done or a newer one waits."""
        if tried.status is Status.PENDING and not tried.is_open:  # withdrawn while it was on its way
            tried.end(Status.CANCELLED)
        elif tried.status is Status.PENDING:
            state.put_back(tried)
            if len(state.waiting) > 1:
                _supersede(state, but=state.waiting[-1])
        if state.waiting:
            self._schedule(lane, state)
        else:
            del self._lanes[lane]

    async def _attempt(self, delivery: Delivery) -> None:
        """Try once: the delivery is then delivered, refused, or pending again."""
        webhook, loop = delivery.webhook, asyncio.get_running_loop()
        at, began = self._clock.now(), loop.time()
        status, outcome, error = None, Status.REFUSED, None
        try:
            error = self.refusal(webhook.url)
            if error is None:
                headers = {"content-type": "application/json", **webhook.headers, **webhook.secret_headers}
                status = await self.transport(webhook.url, headers, webhook.content, webhook.timeout_s)
                outcome = _outcome(status, is_final=webhook.retries_s is None)
        except Unreachable as unreachable:
            outcome, error = Status.PENDING, str(unreachable)
        except asyncio.CancelledError:
            outcome, error = Status.PENDING, "broken off"
            raise
        except Exception as failure:  # a defect of ours must neither hold up the lane nor pass in silence
            logger.exception("Delivery %s could not be sent.", delivery.delivery_id)
            error = f"the mock failed: {type(failure).__name__}"
        finally:
            delivery.attempts.append(Attempt(at, status, error, round((loop.time() - began) * 1000, 3)))
            delivery.tried += 1
            if delivery.status is Status.IN_FLIGHT:  # else cancelled in the meantime
                self._conclude(delivery, outcome)

    def _conclude(self, delivery: Delivery, outcome: Status) -> None:
        wait_s = _wait_s(delivery)
        if outcome is Status.PENDING and wait_s is not None:
            delivery.status, delivery.due_at = outcome, self._clock.now() + timedelta(seconds=wait_s)
        else:
            delivery.end(Status.FAILED if outcome is Status.PENDING else outcome)


def _due(delivery: Delivery) -> datetime:
    return delivery.due_at or delivery.created_at


def _wait_s(delivery: Delivery) -> int | None:
    """Virtual seconds from an attempt that came to nothing to the next; None when that was the last."""
    retries_s, again = delivery.webhook.retries_s, delivery.tried - 1
    if retries_s is None:
        return min(FIRST_BACKOFF_S << min(again, 10), LONGEST_BACKOFF_S)
    return retries_s[again] if again < len(retries_s) else None


def _outcome(status: int, *, is_final: bool) -> Status:
    """What an answer means for a delivery; it is pending when the same may be taken later."""
    if 200 <= status < 300:
        return Status.DELIVERED
    return Status.PENDING if status >= 500 or status in _RETRIED or not is_final else Status.REFUSED


def _supersede(state: _Lane, but: Delivery | None = None) -> None:
    """Let what waits in a lane, and may, make place for a newer one."""
    if not state.has_replaceable:
        return
    replaced = {each for each in state.waiting if each is not but and each.webhook.latest_only}
    for delivery in replaced:
        delivery.end(Status.SUPERSEDED)
    if replaced:
        state.waiting = deque(each for each in state.waiting if each not in replaced)
