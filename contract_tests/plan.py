"""What a run is to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.credentials import Credentials

PHASES = ("examples", "coverage", "fuzzing", "stateful")


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
