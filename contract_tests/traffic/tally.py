"""Verdicts added up: one cause for everything that comes from the same place, and what each operation saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contract_tests.contract import Contract
from contract_tests.credentials import MASK, NOBODY, Credentials
from contract_tests.exchange import shown
from contract_tests.traffic.recorded import Recorded, Verdict, Violation
from contract_tests.traffic.secrets import Censor

# Of these, the message says what is wrong, and not only with which value.
_NAMED_BY_MESSAGE = ("status", "content-type", "required", "style")


@dataclass
class Cause:
    """Violations of one kind in one place: the first of them, its exchange, when that was, and how often."""

    operation: str
    violation: Violation
    message: str
    answer: str
    curl: str
    first_seen: str
    refused: bool
    times: int = 0

    def as_json(self) -> dict[str, Any]:
        """The cause as JSON values."""
        return {
            "operation": self.operation,
            "direction": self.violation.direction,
            "rule": self.violation.rule,
            "message": self.message,
            "where": self.violation.where,
            "pointer": self.violation.pointer,
            "times": self.times,
            "first_seen": self.first_seen,
            "answer": self.answer,
            "curl": self.curl,
        }


@dataclass
class Seen:
    """What one operation saw: exchanges, and those of them with a violation of one side."""

    exchanges: int = 0
    request: int = 0
    response: int = 0
    refused: int = 0


@dataclass
class Tally:
    """All verdicts of a recording, or of a proxy's life."""

    contract: Contract
    operations: dict[str, Seen] = field(default_factory=dict)
    causes: dict[tuple[str, ...], Cause] = field(default_factory=dict)
    refused: dict[tuple[str, ...], Cause] = field(default_factory=dict)
    """What was wrong with requests that were refused, as they should be."""
    unknown: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0
    """Exchanges that are not below the base URL, or of another API."""
    unjudged: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._censor = Censor(self.contract)

    def add(self, exchange: Recorded, verdict: Verdict, at: str) -> list[Cause]:
        """Take a verdict into account; the causes that are new, and count."""
        if not verdict.operation:
            if verdict.unknown:
                self.unknown[verdict.unknown] += 1
            else:
                self.elsewhere += 1
            return []
        seen = self.operations.setdefault(verdict.operation, Seen())
        seen.exchanges += 1
        directions = {violation.direction for violation in verdict.violations}
        seen.request += "request" in directions
        seen.response += "response" in directions
        seen.refused += bool(verdict.refused)
        self.unjudged.update(verdict.unjudged)
        new = [*self._take(self.causes, verdict.violations, exchange, verdict, at)]
        for _ in self._take(self.refused, verdict.refused, exchange, verdict, at):
            pass
        return new

    def _take(
        self,
        causes: dict[tuple[str, ...], Cause],
        violations: tuple[Violation, ...],
        exchange: Recorded,
        verdict: Verdict,
        at: str,
    ) -> Iterator[Cause]:
        for violation in violations:
            detail = violation.message if violation.rule in _NAMED_BY_MESSAGE else ""
            key = (verdict.operation, violation.direction, violation.where, violation.rule, detail)
            if key not in causes:
                causes[key] = self._cause(violation, exchange, verdict, at, refused=causes is self.refused)
                yield causes[key]
            causes[key].times += 1

    def _cause(self, violation: Violation, exchange: Recorded, verdict: Verdict, at: str, *, refused: bool) -> Cause:
        masked, secrets = self._censor.masked(exchange)
        example = masked.exchange(verdict.operation)
        # In a line to paste, a masked token is the variable that it would be in.
        bearer = {name: value for name, value in masked.request_headers.items() if name.lower() == "authorization"}
        return Cause(
            operation=verdict.operation,
            violation=violation,
            message=shown(violation.message, secrets),
            answer=example.outcome(NOBODY),
            curl=example.curl(Credentials(bearer, {MASK: "GRIDMOCK_TOKEN"})),
            first_seen=at,
            refused=refused,
        )

    @property
    def exchanges(self) -> int:
        """Exchanges that were judged."""
        return sum(seen.exchanges for seen in self.operations.values())

    @property
    def never_seen(self) -> list[str]:
        """Operations of the contract without any exchange."""
        return [label for label in self.contract.operations if label not in self.operations]

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values."""
        return {
            "contract": str(self.contract.path),
            "exchanges": self.exchanges,
            "operations": [
                {
                    "operation": label,
                    "exchanges": seen.exchanges,
                    "with_request_violations": seen.request,
                    "with_response_violations": seen.response,
                    "refused_requests": seen.refused,
                }
                for label, seen in self.operations.items()
            ],
            "never_seen": self.never_seen,
            "unknown": [{"request": name, "times": times} for name, times in self.unknown.most_common()],
            "elsewhere": self.elsewhere,
            "unjudged": [{"what": what, "times": times} for what, times in self.unjudged.most_common()],
            "violations": [cause.as_json() for cause in self.causes.values()],
            "refused": [cause.as_json() for cause in self.refused.values()],
        }
