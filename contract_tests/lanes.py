"""Generated requests in several processes at once, for targets that are slow to answer.

Within a process one request follows the other, because only that can be repeated. Where most of the time is spent
waiting, requests are dealt to some lanes, each a process with the same seed: those at the limits of parameters one by
one, because one operation may have most of them; random ones by operation; walks over all operations have a lane of
their own. Each lane sends the same requests in the same order in every run, and is told of in the same order.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from threading import Thread

from contract_tests.findings import Event, PhaseEnded, PhaseStarted, Stop, Trouble
from contract_tests.generation import Generation
from contract_tests.laws.observed import watch_of
from contract_tests.plan import LAWS, PHASES, Plan

MOST = 10
"""More would gain little, and many a server takes so many connections at once for an attack."""
SLOW_S = 0.025
"""Slower than this, and a processor that waits for one answer after the other is idle most of the time."""
_EXAMPLES, _LIMITS, _RANDOM, _WALKS = PHASES[1:]
_WORST_FIRST: tuple[Stop, ...] = ("broken", "server gone", "interrupted", "out of time", "completed")


def lanes_for(answer_s: float, rate_per_s: float) -> int:
    """How many lanes suit a target that takes so long to answer and may be asked so often (0: without limit)."""
    return MOST if answer_s > SLOW_S and not rate_per_s else 1


class Lanes:
    """The phases of generated requests, played in lanes."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._phases = tuple(phase for phase in plan.phases if phase != LAWS)

    def events(self, deadline: float | None) -> Generator[Event, None, Stop]:
        """Their events until a time of `time.monotonic`, phase by phase and lane by lane; returns why they ended."""
        plans = [*self._dealt()]
        with _started(plans, deadline) as lanes:
            for phase in self._phases:
                yield PhaseStarted(phase)
                present = [lane for lane in lanes if phase in lane.phases]
                played, reason = not present, ""
                for lane in present:
                    skipped = yield from lane.until(phase)
                    played, reason = played or not skipped, reason or skipped
                yield PhaseEnded(phase, "" if played else reason)
            for lane in lanes:
                yield from lane.rest()
            return min((lane.stop or "broken" for lane in lanes), key=_WORST_FIRST.index, default="completed")

    def _dealt(self) -> Iterator[Plan]:
        """A plan for each lane; lists come first, where they show ids for requests that do not come upon them."""
        plan = self._alone()
        walks, limits = _WALKS in self._phases, _LIMITS in self._phases
        by_operation = tuple(phase for phase in self._phases if phase in (_EXAMPLES, _RANDOM))
        lanes = max(1, plan.lanes - walks)
        at_random = 0 if not by_operation else max(1, lanes // 3) if limits else lanes
        at_limits = max(1, lanes - at_random) if limits else 0
        for turn in range(at_limits):
            lists = frozenset(label for label in plan.surface.addressed if label in plan.generated)
            yield replace(plan, phases=(_LIMITS,), share=(turn, at_limits), lists=lists)
        labels = [label for label in plan.contract.operations if label in plan.generated]
        for turn in range(min(at_random, len(labels))):
            mine = frozenset(labels[turn::at_random])
            yield replace(plan, phases=by_operation, operations=mine, lists=self._lists_for(mine))
        if walks:
            yield replace(plan, phases=(_WALKS,))

    def _alone(self) -> Plan:
        """The plan without what only one process can have; laws are functions, which cannot be sent to another."""
        laws = self._plan.laws and replace(self._plan.laws, laws=(), receiver=None)
        return replace(self._plan, laws=laws)

    def _lists_for(self, operations: Iterable[str]) -> frozenset[str]:
        """Lists that show the ids which these operations need, and which are in other lanes."""
        paths = [label.partition(" ")[2] for label in operations]
        addressed = self._plan.surface.addressed.items()
        needed = (label for label, (_, resource) in addressed if any(map(resource.is_at_or_below, paths)))
        return frozenset(label for label in needed if label in self._plan.generated and label not in operations)


@dataclass
class _Lane:
    """A process at work; its events come in as it sends them, whether they are taken or not."""

    phases: tuple[str, ...]
    process: BaseProcess
    incoming: SimpleQueue[Event | Stop]
    stop: Stop | None = None

    def until(self, phase: str) -> Generator[Event, None, str]:
        """The events of a phase; returns why it was skipped."""
        for event in self._events():
            match event:
                case PhaseStarted():
                    pass
                case PhaseEnded(phase=ended, skipped=skipped):
                    if ended == phase:
                        return skipped
                case _:
                    yield event
        return ""

    def rest(self) -> Iterator[Event]:
        """What is left."""
        yield from (event for event in self._events() if not isinstance(event, PhaseStarted | PhaseEnded))

    def _events(self) -> Iterator[Event]:
        while self.stop is None:
            event = self.incoming.get()
            if isinstance(event, str):
                self.stop = event
            else:
                yield event


@contextmanager
def _started(plans: list[Plan], deadline: float | None) -> Iterator[list[_Lane]]:
    """A process for each plan; none of them is left afterwards."""
    context = multiprocessing.get_context("spawn")  # a copy of this process would have its locks without its threads
    seconds = None if deadline is None else deadline - time.monotonic()
    lanes = []
    try:
        for plan in plans:
            receiver, sender = context.Pipe(duplex=False)
            process = context.Process(target=_play, args=(plan, seconds, sender), daemon=True)
            process.start()
            sender.close()
            lanes.append(_Lane(plan.phases, process, SimpleQueue()))
            Thread(target=_receive, args=(receiver, lanes[-1]), daemon=True).start()
        yield lanes
    finally:
        for lane in lanes:
            lane.process.terminate()
            lane.process.join()


def _receive(receiver: Connection, lane: _Lane) -> None:
    with receiver:
        while True:
            try:
                event = receiver.recv()
            except EOFError:
                # Behind a stop that the lane itself sent, nobody reads this any more.
                lane.incoming.put(Trouble("", "a lane ended too early", f"its process ended by itself: {lane.process}"))
                lane.incoming.put("broken")
                return
            lane.incoming.put(event)


def _play(plan: Plan, seconds: float | None, sender: Connection) -> None:
    """What the process of a lane does; Ctrl-C is for the process that started it to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watch = watch_of(plan)
    events = Generation(plan).events(None if seconds is None else time.monotonic() + seconds, watch)
    while True:
        try:
            sender.send(next(events))
        except StopIteration as end:
            stop: Stop = end.value
            break
    for event in watch.ended():
        sender.send(event)
    sender.send(stop)
    sender.close()
