"""An observed law is judged on every exchange of a run, whoever sent it and for whatever reason; it sends nothing.

ObservedLaw     its name, sentence, basis and severity, as those of any law, and the observer that judges by it
Observer        sees the exchanges of one run in their order, and yields a Breach for what is wrong
Watch           all observers of one run
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, Self

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.findings import Finding, Judged
from contract_tests.laws.finding import finding_of
from contract_tests.laws.law import BASES, Basis, Breach, Severity, sentence_of
from contract_tests.plan import LAWS, Plan

During = Literal["run", "laws", "generation"]
"""Whose exchanges are judged: all, those of laws, or those of generated requests."""


class Observer:
    """Sees the exchanges of one run with an answer, and those without."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        self.contract = contract
        self.credentials = credentials

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The observer of a run."""
        return cls(plan.contract, plan.credentials)

    def judges(self, label: str) -> bool:
        """Whether anything can be wrong with an operation of the contract."""
        return True

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """What an exchange shows to be wrong."""
        yield from ()

    def ended(self) -> Iterator[Breach]:
        """What all exchanges together show to be wrong."""
        yield from ()

    def is_ours(self, exchange: Exchange) -> bool:
        """Whether a request was sent with our own credentials, or those of whom the operation is for."""
        sent = {name.lower(): value for name, value in exchange.headers.items()}
        return all(
            sent.get(name.lower()) == value for name, value in self.credentials.headers_at(exchange.operation).items()
        )


@dataclass(frozen=True, slots=True)
class ObservedLaw:
    """A law by name, judged by an observer that is made for each run."""

    name: str
    sentence: str
    basis: Basis
    severity: Severity
    during: During
    observe: type[Observer]


def observed(basis: Basis, severity: Severity, observe: type[Observer], during: During = "run") -> ObservedLaw:
    """Make a law of an observer: its name is the class's in small letters, its sentence the docstring."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", observe.__name__).lower()
    return ObservedLaw(name, sentence_of(observe), basis, severity, during, observe)


class Watch:
    """The observers of one run; an event for each operation says what they judged, once, and what they found."""

    def __init__(self, plan: Plan, laws: Iterable[ObservedLaw]) -> None:
        self._contract = plan.contract
        self._credentials = plan.credentials
        self._counted = plan.laws.counted if plan.laws else frozenset(BASES)
        self._last = plan.phases[-1]
        self._told: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        self._observers = [(law, law.observe.of(plan)) for law in laws]

    def judged(self, phase: str, exchanges: Iterable[Exchange]) -> Iterator[Judged]:
        """What the exchanges of a phase show, in the order in which they were sent."""
        breaches: defaultdict[str, list[tuple[ObservedLaw, Breach]]] = defaultdict(list)
        during = ("run", "laws" if phase == LAWS else "generation")
        present = [(law, observer) for law, observer in self._observers if law.during in during]
        for exchange in exchanges:
            if exchange.operation not in self._contract.operations:
                continue
            breaches[exchange.operation]
            for law, observer in present:
                for breach in observer.see(exchange):
                    breaches[breach.exchange.operation].append((law, breach))
        for label, found in breaches.items():
            checks = frozenset(law.name for law, observer in present if observer.judges(label))
            if found or not checks <= self._told[label]:
                self._told[label] |= checks
                yield self._event(phase, label, checks, found)

    def ended(self) -> Iterator[Judged]:
        """What the whole run shows."""
        for law, observer in self._observers:
            for breach in observer.ended():
                yield self._event(self._last, breach.exchange.operation, frozenset({law.name}), [(law, breach)])

    def _event(
        self, phase: str, label: str, checks: frozenset[str], found: Iterable[tuple[ObservedLaw, Breach]]
    ) -> Judged:
        counted: list[Finding] = []
        notes: list[Finding] = []
        for law, breach in found:
            finding = finding_of(law, breach, (breach.exchange,), self._contract, self._credentials)
            (counted if law.basis in self._counted else notes).append(finding)
        return Judged(phase, label, {}, 0, checks, tuple(counted), tuple(notes), observed=True)
