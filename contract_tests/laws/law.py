"""A law: one thing that must hold between calls, played as a short scenario with known values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from contract_tests.exchange import Exchange
    from contract_tests.laws.stage import Stage

Basis = Literal["published", "protocol", "inferred"]
"""The provider's own documents, a standard that everybody keeps, or a proposal where the documents are silent."""
BASES: tuple[Basis, ...] = ("published", "protocol", "inferred")

Severity = Literal["critical", "major", "minor"]
"""Money, safety or somebody else's data are at stake; clients break; clients can live with it."""


class NotPlayed(Exception):
    """A law that cannot be played against this target; says why."""


class Breach(Exception):
    """A law that is broken: the exchange that shows it, what should be and what came.

    `member` is a member of a component, `Cdr.total_cost`, where that says better than the operation what is broken.
    """

    def __init__(self, exchange: Exchange, says: str, came: str = "", member: str = "") -> None:
        super().__init__(says)
        self.exchange = exchange
        self.says = says
        self.came = came
        self.member = member


@dataclass(frozen=True, slots=True)
class Law:
    """A law by name; `operations` are those it judges, `play` raises Breach or NotPlayed."""

    name: str
    sentence: str
    basis: Basis
    severity: Severity
    operations: tuple[str, ...]
    play: Callable[[Stage], None]


def law(basis: Basis, severity: Severity, *operations: str) -> Callable[[Callable[[Stage], None]], Law]:
    """Make a law of a function: its name is the function's, its sentence the docstring."""

    def made(play: Callable[[Stage], None]) -> Law:
        sentence = " ".join((play.__doc__ or "").split()).rstrip(".")
        return Law(play.__name__, sentence, basis, severity, operations, play)

    return made
