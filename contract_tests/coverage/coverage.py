"""Per operation what was exercised of what the contract declares, what never was, and why."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from contract_tests.coverage.point import KINDS, MOST, Kind, Point

_RESPONSES = {
    "304": "needs a conditional request",
    "401": "no request was refused for its credentials",
    "403": "no credential without that scope",
    "404": "all that was asked for was there",
    "406": "no other media type was asked for",
    "409": "no conflict was provoked",
    "410": "nothing that was deleted was asked for",
    "412": "no precondition failed",
    "413": "no body was too large",
    "415": "no other media type was sent",
    "429": "needs a rate limit, which was never reached",
}


@dataclass(frozen=True)
class OperationCoverage:
    """One operation: `declared` in the order of the contract, `exercised` among these, `never` with the reason."""

    label: str
    barred: str
    declared: tuple[Point, ...]
    exercised: frozenset[Point]
    never: Mapping[Point, str]

    @property
    def cut(self) -> bool:
        """Whether the operation has more points than are counted."""
        return len(self.declared) >= MOST

    def of(self, kind: Kind) -> tuple[Point, ...]:
        """What is declared of a kind."""
        return tuple(point for point in self.declared if point.kind == kind)


@dataclass(frozen=True)
class Coverage:
    """The sum of a run: `declared` and `tried` points by operation, and its answers by status.

    `barred` says why the run was not allowed to call an operation. `excluded` are the operations that the user left
    out: they have rows, but count in no total.
    """

    declared: Mapping[str, tuple[Point, ...]]
    tried: Mapping[str, frozenset[Point] | set[Point]]
    answers: Mapping[str, Counter[int]]
    barred: Mapping[str, str] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()

    @cached_property
    def operations(self) -> tuple[OperationCoverage, ...]:
        """The operations that count, in the order of the contract."""
        return tuple(self._operation(label) for label in self.declared if label not in self.excluded)

    @property
    def totals(self) -> dict[Kind, tuple[int, int]]:
        """Exercised and declared points by kind, kinds without any left out."""
        exercised, declared = Counter[Kind](), Counter[Kind]()
        for operation in self.operations:
            exercised.update(point.kind for point in operation.exercised)
            declared.update(point.kind for point in operation.declared)
        return {kind: (exercised[kind], declared[kind]) for kind in KINDS if declared[kind]}

    @property
    def share(self) -> float:
        """Exercised points of all declared ones, in percent; 0 where nothing is declared."""
        totals = self.totals.values()
        declared = sum(total for _, total in totals)
        return 100 * sum(seen for seen, _ in totals) / declared if declared else 0.0

    def rows(self) -> list[dict[str, Any]]:
        """One JSON object per operation, excluded ones too: by kind how many points, which were exercised, which never.

        `{"operation": "GET /a", "barred": "", "cut": false, "kinds": {"responses": {"declared": 2,
        "exercised": ["200"], "never": [{"point": "429", "reason": "..."}]}}}`, without kinds that have no points.
        """
        return [_row(self._operation(label)) for label in self.declared]

    def _operation(self, label: str) -> OperationCoverage:
        declared = self.declared[label]
        tried = self.tried.get(label, frozenset())
        refusals: defaultdict[tuple[str, str, str], set[int]] = defaultdict(set)
        for point in tried:
            if point.refused:
                refusals[point.kind, point.name, point.value].add(point.refused)
        answers = self.answers.get(label, Counter())
        barred = "operation excluded" if label in self.excluded else self.barred.get(label, "")
        never = {
            point: barred or _reason(point, refusals.get((point.kind, point.name, point.value), set()), answers)
            for point in declared
            if point not in tried
        }
        return OperationCoverage(label, barred, declared, frozenset(declared) - never.keys(), never)


def _reason(point: Point, refusals: set[int], answers: Counter[int]) -> str:
    """Why a point of an operation was never exercised; `refusals` are the statuses that refused it."""
    if not answers:
        return "no request was sent"
    if refusals:
        return f"only ever refused ({', '.join(map(str, sorted(refusals)))})"
    if point.direction == "request":
        return "never sent"
    succeeded = any(0 < status < 400 for status in answers)
    if point.kind == "branches":
        return "no answer held it" if succeeded else "no answer was a success"
    if point.is_server_trouble:
        return "server-side trouble (5xx) is nothing that a client can provoke"
    if point.name.startswith("2") and not succeeded:
        return "no answer was a success"
    return _RESPONSES.get(point.name, "no answer had this status")


def _row(operation: OperationCoverage) -> dict[str, Any]:
    return {
        "operation": operation.label,
        "barred": operation.barred,
        "cut": operation.cut,
        "kinds": dict(_kinds(operation)),
    }


def _kinds(operation: OperationCoverage) -> Iterator[tuple[Kind, dict[str, Any]]]:
    for kind in KINDS:
        if points := operation.of(kind):
            yield (
                kind,
                {
                    "declared": len(points),
                    "exercised": [str(point) for point in points if point in operation.exercised],
                    "never": [
                        {"point": str(point), "reason": operation.never[point]}
                        for point in points
                        if point in operation.never
                    ],
                },
            )
