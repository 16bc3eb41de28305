"""What a run is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.coverage.points import Points
    from contract_tests.credentials import Credentials
    from contract_tests.laws.law import Law
    from contract_tests.laws.observed.observer import ObservedLaw
    from contract_tests.receiver import Receiver
    from contract_tests.surface.surface import Surface

LAWS = "laws"
PHASES = (LAWS, "examples", "coverage", "fuzzing", "stateful")

Mode = Literal["read-only", "safe", "full"]
"""Only methods that change nothing; only what is undone afterwards, too; everything that the contract has."""
MODES: tuple[Mode, ...] = ("read-only", "safe", "full")


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a run behaves towards its target.

    `rate_per_s` is the most requests a second (0: no limit), `retries` how often a request that the network lost or a
    503 turned away is sent again, `settle_s` how many seconds a change may take to show.
    """

    mode: Mode = "full"
    rate_per_s: float = 0.0
    retries: int = 2
    settle_s: float = 2.0


@dataclass(frozen=True, slots=True)
class LawPlan:
    """Which laws to play and with what; a breach of one whose basis is not among `counted` is a note, no finding.

    Pushes are waited for at the receiver, if there is one, for `wait_s` seconds. The `observed` laws are judged on
    whatever is sent, all that there are if it is None.
    """

    laws: tuple[Law, ...]
    surface: Surface
    values: Mapping[str, str]
    counted: frozenset[str]
    receiver: Receiver | None = None
    wait_s: float = 5.0
    observed: tuple[ObservedLaw, ...] | None = None


@dataclass(frozen=True)
class Plan:
    """One run: `operations` are labels such as `GET /tariffs`, `time_s` the most seconds it may take, if limited."""

    contract: Contract
    url: str
    credentials: Credentials
    operations: frozenset[str]
    phases: tuple[str, ...]
    seed: int
    max_examples: int
    time_s: int | None
    laws: LawPlan | None = None
    conduct: Conduct = Conduct()
    lanes: int = 1
    """How many processes send generated requests at once."""
    lists: frozenset[str] = frozenset()
    """Lists that are read before the first generated request, for ids of what is in them."""
    share: tuple[int, int] = (0, 1)
    """Of requests at the limits of parameters, which one of so many is sent: all of them, the first of each two."""

    def barred(self, label: str) -> str:
        """Why an operation is not called: the mode of the run, or nobody to call it; an empty text where it is."""
        missing = self.credentials.missing_at(label)
        return self.surface.barred(label, self.conduct.mode) or (missing and f"only a {missing} calls it")

    def known_values(self, label: str, parameter: str) -> list[Any]:
        """Values of a parameter that the target knows: those the user gave for it, then those that are declared."""
        given = self.laws.values.get(parameter) if self.laws else None
        return [*([given] if given else []), *self.surface.declaration.values(parameter, label)]

    @cached_property
    def surface(self) -> Surface:
        """What there is to play laws on."""
        from contract_tests.declaration import Declaration
        from contract_tests.surface.surface import Surface

        return self.laws.surface if self.laws else Surface(self.contract, Declaration())

    @cached_property
    def generated(self) -> frozenset[str]:
        """What generated requests may be sent to: nobody takes back what these do, so only in full mode everything."""
        full = self.conduct.mode == "full"
        return frozenset(
            label for label in self.operations if not self.barred(label) and (full or self.surface.is_safe(label))
        )

    @cached_property
    def points(self) -> Points:
        """What there is to exercise, compiled once for the whole run."""
        from contract_tests.coverage.points import Points

        return Points(self.contract)
