"""What is wrong with a spec, said so that its author can jump to the place.

SpecError               raised by the loader, carries every SpecProblem found, not only the first
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from specs.operation import Location


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """One thing to mend: where it stands and what to do about it."""

    location: Location
    message: str

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


class SpecError(Exception):
    """A spec that cannot be used; `problems` lists all that was found, in file order."""

    def __init__(self, problems: Sequence[SpecProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
