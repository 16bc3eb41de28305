"""Plays laws, one after the other, and says what happens as events."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing

from contract_tests.exchange import Exchange, shown
from contract_tests.findings import Event, Finding, Judged, Trouble, Unplayed
from contract_tests.interrupts import Interrupts
from contract_tests.laws.client import Client
from contract_tests.laws.finding import finding_of
from contract_tests.laws.law import Breach, Law, NotPlayed
from contract_tests.laws.observed.observer import Watch
from contract_tests.laws.stage import ClearUp, Run, Stage
from contract_tests.plan import LAWS, LawPlan, Plan

_GONE = (404, 410)


def play(
    plan: Plan,
    laws: LawPlan,
    deadline: float | None = None,
    interrupts: Interrupts | None = None,
    watch: Watch | None = None,
) -> Iterator[Event]:
    """Play the laws of a plan until a time of `time.monotonic`; their events. What they created is gone afterwards.

    A watch sees all that is sent. Raises KeyboardInterrupt once it is, where one is pressed on the way.
    """
    surface, conduct, interrupts = laws.surface, plan.conduct, interrupts or Interrupts()
    client = Client(plan.url, plan.credentials, conduct, plan.barred, interrupts.heed)
    with closing(client), interrupts.held():
        run = Run(
            surface,
            client,
            plan.credentials,
            laws.values,
            plan.seed,
            receiver=laws.receiver,
            wait_s=laws.wait_s,
            settle_s=conduct.settle_s,
        )
        interrupt: KeyboardInterrupt | None = None
        try:
            for law in laws.laws:
                if deadline is not None and time.monotonic() >= deadline:
                    yield Unplayed(law.operations[0], law.name, "the time was up")
                    continue
                yield from _Performance(plan, laws, run, law).events()
                yield from watch.judged(LAWS, client.taken()) if watch else ()
        except KeyboardInterrupt as pressed:
            interrupt = pressed
        finally:
            left = _cleared(client, run.cleanups)
        yield from watch.judged(LAWS, client.taken()) if watch else ()
        yield from (_left_behind(exchange, plan) for exchange in left)
        if interrupt:
            raise interrupt


class _Performance:
    """One law, played once."""

    def __init__(self, plan: Plan, laws: LawPlan, run: Run, law: Law) -> None:
        self._plan = plan
        self._counts = law.basis in laws.counted
        self._law = law
        self._stage = Stage(run, law.name)

    def events(self) -> Iterator[Event]:
        missing = [label for label in self._law.operations if label not in self._plan.operations]
        if missing:
            yield Unplayed(self._law.operations[0], self._law.name, f"{missing[0]} is excluded")
            return
        finding, reason = None, ""
        interrupt: KeyboardInterrupt | None = None
        try:
            self._law.play(self._stage)
        except Breach as breach:
            finding = self._finding(breach)
        except NotPlayed as refusal:
            reason = shown(str(refusal), self._plan.credentials)
        except KeyboardInterrupt as pressed:
            interrupt, reason = pressed, "interrupted"
        except Exception as error:
            # An answer that nobody thought of: the run has more to tell than this law.
            yield self._stumbled(error)
            reason = "it stumbled over an answer"
        finally:
            left = _cleared(self._stage.run.client, self._stage.cleanups)
        if reason:
            yield Unplayed(self._law.operations[0], self._law.name, reason)
        yield from self._judged(finding, played=not reason)
        yield from (_left_behind(exchange, self._plan) for exchange in left)
        if interrupt:
            raise interrupt

    def _stumbled(self, error: Exception) -> Trouble:
        credentials = self._plan.credentials
        lines = [shown(f"{type(error).__name__}: {error}", credentials), "A defect of gridmock: please report it."]
        for exchange in self._stage.exchanges[-1:]:
            lines += [exchange.curl(credentials), f"answers {exchange.outcome(credentials)}"]
        return Trouble(self._law.operations[0], f"the law {self._law.name} stumbled over an answer", "\n".join(lines))

    def _judged(self, finding: Finding | None, *, played: bool) -> Iterator[Judged]:
        sent: defaultdict[str, list[Exchange]] = defaultdict(list)
        for exchange in (*self._stage.exchanges, *self._stage.asides):
            sent[exchange.operation].append(exchange)
        for label in self._law.operations:
            sent[label]
        for label, exchanges in sent.items():
            if label not in self._plan.contract.operations:
                continue
            judged = played and label in self._law.operations
            here = (finding,) if finding and finding.operation == label else ()
            yield Judged(
                phase=LAWS,
                operation=label,
                answers=Counter(exchange.status for exchange in exchanges),
                successes=sum(exchange.succeeded for exchange in exchanges),
                checks=frozenset({self._law.name} if judged else ()),
                findings=here if self._counts else (),
                notes=() if self._counts else here,
                points=frozenset().union(*map(self._plan.points.exercised, exchanges)),
            )

    def _finding(self, breach: Breach) -> Finding:
        exchanges = self._stage.exchanges
        upto = max((n for n, one in enumerate(exchanges, 1) if one is breach.exchange), default=None)
        return finding_of(self._law, breach, exchanges[:upto], self._plan.contract, self._plan.credentials)


def _cleared(client: Client, cleanups: list[ClearUp]) -> list[Exchange]:
    """Clear up, the last thing first; what could not be."""
    left = []
    with client.clearing_up():
        while cleanups:
            try:
                exchange = cleanups.pop()()
            except NotPlayed:  # the mode forbids it, as it has forbidden the deed
                continue
            if exchange and not 200 <= exchange.status < 300 and exchange.status not in _GONE:
                left.append(exchange)
    return left


def _left_behind(exchange: Exchange, plan: Plan) -> Trouble:
    message = f"{exchange.curl(plan.credentials)}\nanswers {exchange.outcome(plan.credentials)}"
    return Trouble(exchange.operation, "left behind what a law created", message)
