"""One simulation from end to end: pair, play, unpair; and what a signal does to it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from typing import TextIO

from fixtures.days import DAY_S
from mockserver.commands.simulate.delivery import CannotPlay, Delivery, Job, Patience
from mockserver.commands.simulate.endpoint import Endpoint, connections
from mockserver.commands.simulate.events import Traffic, pairing, unpairing
from mockserver.commands.simulate.live import Live
from mockserver.commands.simulate.mock_clock import MockClock
from mockserver.commands.simulate.summary import Summary, Tally
from mockserver.commands.simulate.timing import Limiter, Pace, RealTime
from mockserver.domain.sites import Charger, Site

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
LONGEST_TRANSACTION_S = 7 * DAY_S
"""Vehicles stay three days at most, and what queues in an outage comes later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is played where. `traffic` knows all chargers of the world, `cast` are those that play, with their sites."""

    endpoint: Endpoint
    traffic: Traffic
    cast: Sequence[tuple[Charger, Site]]
    start_s: int
    end_s: int
    continues: bool = False
    """Tell of transactions that began before `start_s`, too, as an earlier run has begun them."""
    speed: float = 0.0
    per_second: float | None = None
    connections: int = 32
    patience: Patience = field(default_factory=Patience)
    pair: bool = True
    codes: Mapping[str, str] = field(default_factory=dict)
    """Pairing codes by OCPP identity."""
    unpair: bool = False
    drive_clock: bool = False
    control_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended; `stopped_by` is the number of a signal."""

    summary: Summary
    stopped_by: int | None


async def simulate(plan: Plan, stream: TextIO | None) -> Outcome:
    """Play a plan, with a line on `stream` to look at; CannotPlay when the other side does not let us begin."""
    time, tally = RealTime(), Tally(chargers=len(plan.cast))
    live = Live(tally, time, stream)
    senders = connections(plan.endpoint, plan.connections)
    clock = None
    if plan.drive_clock:
        clock = MockClock(plan.endpoint.origin, plan.control_token, plan.endpoint.timeout_s, tally)
    delivery = Delivery(senders, tally, time, Limiter(plan.per_second, time), plan.patience)
    playing = asyncio.create_task(_play(plan, delivery, Pace(plan.start_s, plan.speed, time), tally, clock, live))
    showing = asyncio.create_task(live.run())
    stopped_by = None
    try:
        with _stopped_by_signals(playing) as asked:
            try:
                await playing
            except asyncio.CancelledError:
                stopped_by = asked[0] if asked else signal.SIGINT
    finally:
        showing.cancel()
        live.end()
        if clock is not None:
            with suppress(CannotPlay):  # whatever it was, it has been said
                await clock.release()
            await clock.close()
        for sender in senders:
            await sender.close()
    return Outcome(Summary(tally, time.now_s(), plan.start_s, stopped_by is not None), stopped_by)


async def _play(plan: Plan, delivery: Delivery, pace: Pace, tally: Tally, clock: MockClock | None, live: Live) -> None:
    cast = plan.cast
    if plan.pair:
        live.say("pairing")
        refused = await delivery.deliver(_pairings(plan))
        cast = [(charger, site) for charger, site in cast if charger.identity not in refused]
        tally.chargers, tally.unpaired = len(cast), len(refused)
    chargers = [charger for charger, _ in cast]
    if not chargers:
        return
    live.say("looking at the world")
    since_s = plan.start_s - LONGEST_TRANSACTION_S if plan.continues else None
    events = (
        Job(event.at_s, event.charger, "POST", event.method, event.body)
        for event in plan.traffic.merged(plan.start_s, plan.end_s, since_s, only=chargers)
    )
    jobs = _begun(events)  # before the clock starts, because the first event takes longest
    pace.begin()
    if clock is not None:
        await clock.start(pace, plan.start_s)
    live.say("")
    await delivery.deliver(jobs, pace, clock.follow if clock else None)
    if plan.unpair:
        live.say("unpairing")
        await delivery.deliver(
            Job(plan.end_s, charger.identity, "PUT", "ChargePointUnPairNotification", unpairing(charger))
            for charger in chargers
        )


def _pairings(plan: Plan) -> Iterator[Job]:
    for charger, site in plan.cast:
        body = pairing(charger, site, plan.codes.get(charger.identity))
        yield Job(plan.start_s, charger.identity, "PUT", "ChargePointDetailsNotification", body)


def _begun(jobs: Iterator[Job]) -> Iterable[Job]:
    """The same jobs, of which the first is made already."""
    first = next(jobs, None)
    return () if first is None else chain((first,), jobs)


@contextmanager
def _stopped_by_signals(task: asyncio.Task[None]) -> Iterator[list[int]]:
    """Let signals cancel a task; it gives their numbers. Elsewhere than on the main thread of a Unix there are none."""
    asked: list[int] = []
    loop = asyncio.get_running_loop()

    def stop(number: int) -> None:
        asked.append(number)
        task.cancel()

    heeded = []
    for number in _SIGNALS:
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop, number)
            heeded.append(number)
    try:
        yield asked
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
