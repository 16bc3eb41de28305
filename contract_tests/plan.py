"""What a run is to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.credentials import Credentials
    from contract_tests.laws.law import Law
    from contract_tests.receiver import Receiver

LAWS = "laws"
PHASES = (LAWS, "examples", "coverage", "fuzzing", "stateful")


@dataclass(frozen=True, slots=True)
class LawPlan:
    """Which laws to play and with what; a breach of one whose basis is not among `counted` is a note, no finding.

    Pushes are waited for at the receiver, if there is one, for `wait_s` seconds.
    """

    laws: tuple[Law, ...]
    values: Mapping[str, str]
    counted: frozenset[str]
    receiver: Receiver | None = None
    wait_s: float = 5.0


@dataclass(frozen=True, slots=True)
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
