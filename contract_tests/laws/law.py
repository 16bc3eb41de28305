"""A law: one thing that must hold between calls, played as a short scenario with known values.

Law             on fixed operations: those of one contract of ours, or a general law on what was found for it
GeneralLaw      says what it can be played on, in any contract, by a selector of `Surface`
Breach          a law is broken
NotPlayed       a law cannot be played against this target
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from contract_tests.exchange import Exchange
    from contract_tests.laws.stage import Stage
    from contract_tests.surface.surface import Surface

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
        return Law(play.__name__, sentence_of(play), basis, severity, operations, play)

    return made


@dataclass(frozen=True, slots=True)
class Subject:
    """What a general law is played on: a resource, a list or an operation, and the labels of those it judges."""

    value: Any
    operations: tuple[str, ...]
    declared: bool = False
    """Whether the user's own declaration says what is judged: then it is published, whatever the law's basis."""


@dataclass(frozen=True, slots=True)
class GeneralLaw:
    """A law that finds what it applies to in a contract."""

    name: str
    sentence: str
    basis: Basis
    severity: Severity
    select: Callable[[Surface], Iterable[Subject]]
    play: Callable[[Stage, Any], None]

    def on(self, surface: Surface) -> Iterator[Law]:
        """The law for each thing in the contract that it applies to."""
        for subject in self.select(surface):
            basis: Basis = "published" if subject.declared else self.basis
            play = partial(_played_on, self.play, subject.value)
            yield Law(self.name, self.sentence, basis, self.severity, subject.operations, play)


def general(
    basis: Basis, severity: Severity, select: Callable[[Surface], Iterable[Subject]]
) -> Callable[[Callable[[Stage, Any], None]], GeneralLaw]:
    """Make a general law of a function of a stage and what the selector finds."""

    def made(play: Callable[[Stage, Any], None]) -> GeneralLaw:
        return GeneralLaw(play.__name__, sentence_of(play), basis, severity, select, play)

    return made


def _played_on(play: Callable[[Stage, Any], None], value: Any, stage: Stage) -> None:
    play(stage, value)


def sentence_of(judge: Callable[..., Any]) -> str:
    """What a law says, by the docstring of what judges by it."""
    return " ".join((judge.__doc__ or "").split()).rstrip(".")
