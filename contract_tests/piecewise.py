"""A run of `gridmock check` in pieces: what each law and each phase of generated requests comes to, by operation.

`ordered` reads the words of the command, `Pieces` plays the run as far as the next piece needs it. Nothing here knows
pytest, for which it is made.
"""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import click

from contract_tests import waivers
from contract_tests.cli import check
from contract_tests.findings import Cause, Ended, Event, Judged, Key, PhaseEnded, PhaseStarted, Tally
from contract_tests.interrupts import Interrupts
from contract_tests.laws.law import Law
from contract_tests.plan import LAWS, Plan
from contract_tests.planning import planned
from contract_tests.report import coverage, terminal
from contract_tests.report.options import Telling
from contract_tests.waivers import Waiver


@dataclass(frozen=True, slots=True)
class Subject:
    """A law on something of the contract; the first of the operations says on what."""

    law: str
    operations: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """A run, the waivers that hold for it, and how much it has to exercise, in percent."""

    plan: Plan
    waivers: tuple[Waiver, ...] = ()
    min_coverage: float = 0.0

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every law that is to be played with every subject, in the order of playing."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for law in self._laws:
            found.setdefault((law.name, law.operations[0]), {}).update(dict.fromkeys(law.operations))
        return tuple(Subject(name, tuple(operations)) for (name, _), operations in found.items())

    @property
    def exercises(self) -> tuple[tuple[str, str], ...]:
        """Every phase with every operation."""
        labels = [label for label in self.plan.contract.operations if label in self.plan.operations]
        return tuple((phase, label) for phase in self.plan.phases for label in labels)

    def only(self, subjects: Iterable[Subject], exercises: Iterable[tuple[str, str]]) -> Order:
        """What is left of the run for these subjects and exercises; laws are only played where one of them needs it."""
        wanted = {(subject.law, subject.operations[0]): subject for subject in subjects}
        pairs = {*exercises}
        phases = {phase for phase, _ in pairs} | ({LAWS} if wanted else set())
        operations = {label for _, label in pairs}.union(*(subject.operations for subject in wanted.values()))
        laws = tuple(law for law in self._laws if not wanted or (law.name, law.operations[0]) in wanted)
        plan = replace(
            self.plan,
            phases=tuple(phase for phase in self.plan.phases if phase in phases),
            operations=frozenset(operations),
            laws=replace(self.plan.laws, laws=laws) if self.plan.laws else None,
        )
        return replace(self, plan=plan)

    @property
    def _laws(self) -> tuple[Law, ...]:
        return self.plan.laws.laws if self.plan.laws and LAWS in self.plan.phases else ()


@contextmanager
def ordered(words: str) -> Iterator[Order]:
    """What `gridmock check` would do with these words, while all that it needs is there; raises ClickException."""
    try:
        context = check.make_context("gridmock check", shlex.split(words))
    except ValueError as error:
        raise click.UsageError(f"{words!r}: {error}") from error
    except click.exceptions.Exit as error:
        raise click.UsageError("these words only ask for help") from error
    with context:
        telling = Telling.chosen(context.params)
        if telling.files or telling.before:
            raise click.UsageError("no reports in files and no comparison here: pytest writes reports of its own")
        with planned(context) as plan:
            yield Order(plan, telling.waivers, context.params["min_coverage"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is to say of a piece, in blocks of lines.

    `excused` are breaches that do not count, because nobody has promised the opposite or because they are waived;
    `untested` says why nothing was tested, or is empty.
    """

    wrong: tuple[str, ...]
    excused: tuple[str, ...] = ()
    untested: str = ""


class Pieces:
    """The pieces of a run; each breach is told by the first piece that it belongs to."""

    def __init__(self, order: Order) -> None:
        from contract_tests.runner import run

        self._order = order
        self._interrupts = Interrupts()
        self._events = run(order.plan, self._interrupts)
        self._whole = Tally(min_coverage=order.min_coverage)
        self._phases: defaultdict[str, Tally] = defaultdict(Tally)
        self._phase = ""
        self._skipped: dict[str, str] = {}
        self._over: set[str] = set()
        self._told: set[tuple[str, ...]] = set()

    def close(self) -> None:
        """End the run where it is; what laws created is gone then."""
        self._events.close()

    def law(self, subject: Subject) -> Outcome:
        """What a law comes to, on its subject."""
        tally = self._played(LAWS)
        untested = tally.laws.get((subject.operations[0], subject.law), self._stopped)
        return self._outcome(
            LAWS, lambda operation, check: check == subject.law and operation in subject.operations, "", untested
        )

    def exercise(self, phase: str, operation: str) -> Outcome:
        """What the requests of a phase to an operation come to; in that of the laws, what else their answers show."""
        tally = self._played(phase)
        untested = "" if tally.answers.get(operation) else self._skipped.get(phase) or self._stopped
        return self._outcome(
            phase,
            lambda label, check: label == operation and (phase != LAWS or (label, check) in tally.observed),
            operation,
            untested,
        )

    def rest(self) -> Outcome:
        """What belongs to no other piece: why the run proves nothing or did not end, and breaches elsewhere."""
        for phase in self._order.plan.phases:
            self._played(phase)
        outcomes = [
            self._outcome(phase, lambda *_: True, trouble, "")
            for phase, tally in [*self._phases.items()]
            for trouble in dict.fromkeys(["", *(operation for operation, _ in tally.troubles)])
        ]
        wrong = [text for outcome in outcomes for text in outcome.wrong]
        if self._whole.warning:
            wrong.append(self._whole.warning)
        if self._whole.end and self._whole.end.stop in ("server gone", "broken"):
            wrong.append(self._stopped)
        return Outcome(tuple(wrong), tuple(text for outcome in outcomes for text in outcome.excused))

    def summary(self) -> Iterator[str]:
        """How much of the contract was exercised."""
        yield from coverage.lines(self._whole.coverage)

    @property
    def _stopped(self) -> str:
        end = self._whole.end
        return "no request was sent" if end is None or end.stop == "completed" else f"the run stopped: {end.stop}"

    def _played(self, phase: str) -> Tally:
        """The tally of a phase, when it is over; those before it are played first."""
        with self._interrupts.caught():
            while phase not in self._over and (event := next(self._events, None)):
                self._add(event)
                if self._interrupts.is_due:
                    raise KeyboardInterrupt
        return self._phases[phase]

    def _add(self, event: Event) -> None:
        match event:
            case PhaseStarted(phase=phase):
                self._phase = phase
            case PhaseEnded(phase=phase, skipped=skipped):
                self._skipped[phase] = skipped
        tally = self._phases[event.phase if isinstance(event, Judged) else self._phase]
        self._whole.add(event)
        tally.add(event)
        match event:
            case PhaseEnded(phase=phase) if phase != self._order.plan.phases[-1]:
                self._end(phase)
            case Ended():
                # What only all exchanges show comes behind the last phase.
                for phase in self._order.plan.phases:
                    self._end(phase)
                if event.stop == "interrupted":
                    raise KeyboardInterrupt

    def _end(self, phase: str) -> None:
        if phase not in self._over:
            self._over.add(phase)
            waivers.apply(self._order.waivers, self._phases[phase], datetime.now(UTC).astimezone().date())

    def _outcome(self, phase: str, is_part: Callable[[str, str], bool], trouble: str, untested: str) -> Outcome:
        tally = self._phases[phase]

        def untold(causes: Iterable[tuple[Key, Cause]]) -> list[Cause]:
            new = [(key, cause) for key, cause in causes if is_part(*key[:2]) and (phase, *key) not in self._told]
            self._told.update((phase, *key) for key, _ in new)
            return [cause for _, cause in new]

        wrong = [*_blocks(untold(tally.causes.items()))]
        for (operation, title), told in tally.troubles.items():
            if operation == trouble and (phase, operation, title) not in self._told:
                self._told.add((phase, operation, title))
                wrong.append(f"Not tested as planned: {operation or 'the run'}: {title}\n{told.message}")
        excused = [*_blocks(untold(tally.notes.items()), "Does not count")]
        waived = ((key, cause) for key, (cause, _) in tally.waived.items())
        excused += _blocks(untold(waived), "Waived")
        return Outcome(tuple(wrong), tuple(excused), "" if wrong or excused else untested)


def _blocks(causes: Iterable[Cause], heading: str = "") -> Iterator[str]:
    for number, cause in enumerate(causes, 1):
        text = "\n".join(terminal.block(number, cause))
        yield f"{heading}: {text}" if heading else text
