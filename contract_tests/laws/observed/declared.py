"""Whether what is declared of the objects of a schema holds in every answer that shows one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.invariants import Invariants
from contract_tests.laws.general.declared import broken
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed
from contract_tests.plan import Plan


class DeclaredInvariantsHold(Observer):
    """What is declared to hold within an object does, also after a change."""

    def __init__(self, contract: Contract, credentials: Credentials, invariants: Invariants | None = None) -> None:
        super().__init__(contract, credentials)
        self._invariants = invariants

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The observer of a run, that knows what is declared."""
        return cls(plan.contract, plan.credentials, plan.surface.declaration.invariants)

    def judges(self, label: str) -> bool:
        """Whether a success of an operation may show anything of which something is declared."""
        return bool(self._invariants and self._invariants.within(label))

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """The first invariant that an answer breaks."""
        if self._invariants:
            yield from broken(self._invariants, exchange)


LAWS = (observed("published", "critical", DeclaredInvariantsHold),)
