"""From what schemathesis recorded to our own events: which answers came, which checks judged them, what they found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from schemathesis import Case
from schemathesis.core.failures import Failure
from schemathesis.engine.recorder import ScenarioRecorder

from contract_tests.breaches import breach
from contract_tests.contract import Contract
from contract_tests.coverage.points import Points
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange, shown
from contract_tests.false_alarms import FalseAlarms
from contract_tests.findings import Finding, Judged
from contract_tests.laws.observed.observer import Watch
from contract_tests.wire import recorded, unanswered

ANSWERED = "request_is_answered"


class Translation:
    """Turns recorded scenarios into events; all text in them is free of secrets."""

    def __init__(
        self,
        contract: Contract,
        credentials: Credentials,
        points: Points,
        alarms: FalseAlarms,
        watch: Watch,
    ) -> None:
        self._contract = contract
        self._credentials = credentials
        self._alarms = alarms
        self._watch = watch
        self._points = points

    def judged(self, phase: str, recorder: ScenarioRecorder) -> Iterator[Judged]:
        """One event per operation that a scenario sent requests to, in the order of their first request.

        What observed laws say of them comes after these.
        """
        sent: defaultdict[str, list[Exchange]] = defaultdict(list)
        findings: defaultdict[str, list[Finding]] = defaultdict(list)
        checks: defaultdict[str, set[str]] = defaultdict(set)
        exchanges = dict(self._exchanges(recorder))
        for exchange in exchanges.values():
            label = exchange.operation
            sent[label].append(exchange)
            checks[label].add(ANSWERED)
            if not exchange.status and self._alarms.is_lost_for_good(exchange):
                findings[label].append(self._silence(exchange))
        for case_id, nodes in recorder.checks.items():
            case = recorder.cases[case_id].value
            label = case.operation.label
            for node in nodes:
                checks[label].add(node.name)
                if node.failure_info is not None:
                    failure = node.failure_info.failure
                    steps = [exchanges[step] for step in _steps(recorder, case_id, failure) if step in exchanges]
                    reduced = self._alarms.reduced
                    steps = [reduced[case_id]] if case_id in reduced else steps
                    findings[label].append(self._finding(node.name, failure, case, steps))
        for label in dict.fromkeys([*sent, *findings]):
            yield Judged(
                phase=phase,
                operation=label,
                answers=Counter(exchange.status for exchange in sent[label]),
                successes=sum(exchange.succeeded for exchange in sent[label]),
                checks=frozenset(checks[label]),
                findings=tuple(findings[label]),
                points=frozenset().union(*map(self._points.exercised, sent[label])),
            )
        yield from self._watch.judged(phase, exchanges.values())

    def _exchanges(self, recorder: ScenarioRecorder) -> Iterator[tuple[str, Exchange]]:
        for case_id, node in recorder.cases.items():
            label = node.value.operation.label
            interaction = recorder.interactions.get(case_id)
            if interaction:
                yield case_id, recorded(label, interaction)
            elif exchange := unanswered(label, node.value, self._credentials.headers_at(label)):
                yield case_id, exchange

    def _finding(self, check: str, failure: Failure, case: Case[Any], steps: list[Exchange]) -> Finding:
        exchange = steps[-1]
        broken = breach(self._contract, failure, case, exchange)
        came = (shown(broken.came, self._credentials), exchange.outcome(self._credentials))
        return Finding(
            operation=exchange.operation,
            check=check,
            cause=f"{type(failure).__name__} {exchange.status} {broken.place.pointer} {broken.cause}",
            title=failure.title,
            where=self._contract.where(broken.place),
            contract=shown(broken.says, self._credentials),
            came="; ".join(filter(None, came)),
            curl="\n".join(step.curl(self._credentials) for step in steps),
        )

    def _silence(self, exchange: Exchange) -> Finding:
        return Finding(
            operation=exchange.operation,
            check=ANSWERED,
            cause="",
            title="No answer",
            where=self._contract.where(self._contract.operations[exchange.operation]),
            contract="every request gets an answer",
            came="the connection was closed or timed out, again and again",
            curl=exchange.curl(self._credentials),
        )


def _steps(recorder: ScenarioRecorder, case_id: str, failure: Failure) -> list[str]:
    """Ids of the cases that it takes to show a failure: one, unless it is about a thing made or deleted before."""
    if "ensure_resource_availability" not in failure.checks and not failure.related_case_ids():
        return [case_id]
    chain = recorder.iter_chain_cases(case_id=case_id, related_case_ids=failure.related_case_ids())
    return [case.id for case in chain]
