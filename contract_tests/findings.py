"""What a run says while it goes on, and the tally that every report is written from.

Started, PhaseStarted, Judged, Unplayed, Trouble, PhaseEnded, Ended     events, in the order in which a run sends them
Finding             one breach of the contract, in words that people can act on
Tally               all events of a run added up: findings by cause, answers by operation, the exit code
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from contract_tests.coverage.coverage import Coverage
from contract_tests.coverage.point import Point
from contract_tests.plan import LAWS, Mode
from specs.operation import Location

if TYPE_CHECKING:
    from contract_tests.waivers import Waiver

Key = tuple[str, str, str]
"""Operation, check and cause: what makes two findings the same one."""
Stop = Literal["completed", "out of time", "interrupted", "server gone", "broken"]

# What `Contract.where` makes of a location.
_WHERE = re.compile(r"(?P<file>.+?)(?::(?P<line>\d+))?: #(?P<pointer>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach of the contract; findings of the same operation, check and cause are the same one seen again."""

    operation: str
    check: str
    cause: str
    title: str
    where: str
    contract: str
    came: str
    curl: str
    basis: str = ""
    """For the breach of a law: what it rests on."""
    severity: str = ""

    @property
    def key(self) -> Key:
        """What this finding shares with the same one seen again."""
        return (self.operation, self.check, self.cause)

    @property
    def fingerprint(self) -> str:
        """The key in 16 hexadecimal digits: the same in every run that finds the same, whatever the words."""
        return hashlib.sha256("\0".join(self.key).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def location(self) -> Location:
        """The parts of `where`; line 0 where no line is known."""
        parts = _WHERE.fullmatch(self.where)
        if parts is None:
            return Location(Path(self.where), 0, "")
        return Location(Path(parts["file"]), int(parts["line"] or 0), parts["pointer"])


@dataclass(frozen=True, slots=True)
class Started:
    """The first event: what is checked, where and how; `operations` are labels such as `GET /tariffs`.

    `points` are those of every operation of the contract; `barred` says why an operation may not be called.
    """

    title: str
    url: str
    seed: int
    phases: tuple[str, ...]
    operations: tuple[str, ...]
    points: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    barred: Mapping[str, str] = field(default_factory=dict)
    mode: Mode = "full"


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase of generation begins."""

    phase: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Some requests to one operation: answers by status, the checks that judged them, and what these found.

    `successes` counts the answers that show the operation at work: 2xx and 3xx to its own method. `notes` are findings
    that do not count, because nobody has promised what they found missing. `points` are what the requests tried.
    """

    phase: str
    operation: str
    answers: Mapping[int, int]
    successes: int
    checks: frozenset[str]
    findings: tuple[Finding, ...]
    notes: tuple[Finding, ...] = ()
    points: frozenset[Point] = frozenset()
    observed: bool = False
    """Whether the checks are observed laws, which judge requests that others have sent."""


@dataclass(frozen=True, slots=True)
class Unplayed:
    """A law that could not be played, and why."""

    operation: str
    law: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something kept the run from testing what it should; `operation` is empty where it concerns all of them."""

    operation: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """A phase is over; `skipped` says why nothing was sent in it, or is empty."""

    phase: str
    skipped: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event."""

    seconds: float
    stop: Stop


Event = Started | PhaseStarted | Judged | Unplayed | Trouble | PhaseEnded | Ended


@dataclass
class Cause:
    """One distinct finding: its clearest example, how often it was seen and in which phases."""

    example: Finding
    times: int = 0
    phases: list[str] = field(default_factory=list)

    def see(self, finding: Finding, phase: str) -> None:
        """Count a finding of this cause, and keep it as the example if its curl line is the shortest so far."""
        self.times += 1
        if phase not in self.phases:
            self.phases.append(phase)
        if len(finding.curl) < len(self.example.curl):
            self.example = finding


@dataclass
class Tally:
    """All events of a run added up."""

    min_coverage: float = 0.0
    """Less than this percentage of the contract's points exercised proves too little."""
    start: Started | None = None
    end: Ended | None = None
    answers: dict[str, Counter[int]] = field(default_factory=dict)
    successes: Counter[str] = field(default_factory=Counter)
    points: dict[str, set[Point]] = field(default_factory=dict)
    judged: set[tuple[str, str]] = field(default_factory=set)
    observed: set[tuple[str, str]] = field(default_factory=set)
    """Those of what was judged by observed laws."""
    causes: dict[Key, Cause] = field(default_factory=dict)
    notes: dict[Key, Cause] = field(default_factory=dict)
    waived: dict[Key, tuple[Cause, Waiver]] = field(default_factory=dict)
    """Findings and notes that a waiver takes out of the count."""
    useless_waivers: dict[Waiver, str] = field(default_factory=dict)
    """Why a waiver waived nothing."""
    laws: dict[tuple[str, str], str] = field(default_factory=dict)
    """Why a law was not played, or an empty text, by operation and law."""
    troubles: dict[tuple[str, str], Trouble] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Take one event into account."""
        match event:
            case Started():
                self.start = event
            case Judged():
                self.answers.setdefault(event.operation, Counter()).update(event.answers)
                self.successes[event.operation] += event.successes
                self.points.setdefault(event.operation, set()).update(event.points)
                judged = {(event.operation, check) for check in event.checks}
                self.judged |= judged
                if event.observed:
                    self.observed |= judged
                elif event.phase == LAWS:
                    self.laws.update(dict.fromkeys(judged, ""))
                self._add_findings(self.causes, event.findings, event)
                self._add_findings(self.notes, event.notes, event)
            case Unplayed():
                self.laws[event.operation, event.law] = event.reason
            case Trouble():
                self.troubles.setdefault((event.operation, event.title), event)
            case Ended():
                self.end = event

    def _add_findings(self, causes: dict[Key, Cause], findings: Iterable[Finding], event: Judged) -> None:
        for finding in findings:
            self.judged.add((finding.operation, finding.check))
            cause = causes.setdefault(finding.key, Cause(finding))
            # One call of a scenario is shorter than all of them, and shows nothing to whoever repeats it alone.
            scenario = event.observed and (finding.operation, finding.check) in self.laws
            cause.see(cause.example if scenario else finding, event.phase)

    @property
    def unplayed(self) -> dict[str, str]:
        """Why laws were not played on anything, by their names."""
        played = {law for (_, law), reason in self.laws.items() if not reason}
        return {law: reason for (_, law), reason in self.laws.items() if law not in played}

    @property
    def operations(self) -> tuple[str, ...]:
        """Labels of the operations that should be tested."""
        return self.start.operations if self.start else ()

    @property
    def coverage(self) -> Coverage:
        """What was exercised of what the contract declares."""
        declared = self.start.points if self.start else {}
        barred = self.start.barred if self.start else {}
        return Coverage(declared, self.points, self.answers, barred, frozenset(declared) - {*self.operations, *barred})

    @property
    def requests(self) -> int:
        """Number of requests that got an answer, or should have got one."""
        return sum(sum(counts.values()) for counts in self.answers.values())

    @property
    def unreached(self) -> tuple[str, ...]:
        """Operations that never answered with success, so that little is known about them."""
        return tuple(label for label in self.operations if not self.successes[label])

    @property
    def warning(self) -> str:
        """Why this run proves nothing, or an empty text if it proves something."""
        statuses = set().union(*self.answers.values()) if self.answers else set()
        if not statuses:
            return "No request was answered: nothing was tested."
        if statuses <= {401, 403}:
            return "Every answer was 401 or 403: the credentials are missing or refused, nothing was tested."
        if self.laws and all(self.laws.values()) and self.judged - self.observed <= self.laws.keys():
            return "No law could be played: nothing was tested."
        if self.coverage.share < self.min_coverage:
            return (
                f"{self.coverage.share:.1f} % of what the contract declares was exercised, less than the "
                f"{self.min_coverage:g} % of --min-coverage."
            )
        if len(self.unreached) == len(self.operations):
            return "No operation ever answered with success: is the base URL right, does the target hold any items?"
        return ""

    @property
    def exit_code(self) -> int:
        """0 for no findings, 1 for findings, 2 for a run that was cut short, broke, or proves nothing."""
        if self.end is None or self.end.stop == "interrupted":
            return 2
        if self.causes:
            return 1
        return 2 if self.warning or self.troubles or self.end.stop in ("server gone", "broken") else 0
