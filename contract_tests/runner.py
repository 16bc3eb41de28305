"""Plays the laws of a contract and generated requests, and says what happens as our own events."""

from __future__ import annotations

import time
from collections.abc import Generator

from contract_tests.findings import Ended, Event, PhaseEnded, PhaseStarted, Started, Stop, Unplayed
from contract_tests.generation import Generation
from contract_tests.interrupts import Interrupts
from contract_tests.lanes import Lanes
from contract_tests.laws.observed import watch_of
from contract_tests.laws.performance import play
from contract_tests.plan import LAWS, Plan
from contract_tests.targets import wanted


def run(plan: Plan, interrupts: Interrupts | None = None) -> Generator[Event]:
    """The events of one run, from Started to Ended; raises ContractError if schemathesis cannot use the document."""
    # Made for lanes, too, so that a document which schemathesis cannot use is refused before the first request.
    generation = Generation(plan) if set(plan.phases) - {LAWS} else None
    points = plan.points.declared(plan.contract.operations)
    yield Started(
        plan.contract.title,
        plan.url,
        plan.seed,
        plan.phases,
        _labels(plan),
        points,
        {label: reason for label in plan.contract.operations if (reason := plan.barred(label))},
        plan.conduct.mode,
    )
    for role, label in plan.credentials.missing.items():
        yield Unplayed(label, f"calls of the {role}", wanted(f"{role}_token"))
    started = time.monotonic()
    deadline = started + plan.time_s if plan.time_s else None
    stop: Stop = "completed"
    watch = watch_of(plan)
    if plan.laws and LAWS in plan.phases:
        yield PhaseStarted(LAWS)
        try:
            yield from play(plan, plan.laws, deadline, interrupts, watch)
        except KeyboardInterrupt:
            yield Ended(time.monotonic() - started, "interrupted")
            return
        yield PhaseEnded(LAWS, "")
    if deadline is not None and time.monotonic() >= deadline:
        stop = "out of time"
    elif generation:
        stop = yield from Lanes(plan).events(deadline) if plan.lanes > 1 else generation.events(deadline, watch)
    yield from watch.ended()
    yield Ended(time.monotonic() - started, stop)


def _labels(plan: Plan) -> tuple[str, ...]:
    return tuple(label for label in plan.contract.operations if label in plan.operations)
