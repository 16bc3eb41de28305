"""The report for people: a line per phase while it goes on, then a block per finding, then a summary."""

from __future__ import annotations

import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus

import click

from contract_tests.findings import Cause, Event, Judged, Key, PhaseEnded, PhaseStarted, Started, Tally
from contract_tests.report import compared, coverage
from contract_tests.report.report import Report
from contract_tests.report.words import count
from contract_tests.targets import host_of, is_loopback

_WIDTH = 10
_MODES = {
    "read-only": "Mode read-only: nothing is sent that could change anything.",
    "safe": "Mode safe: laws delete what they create; generated requests only read.",
}
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """Prints what is going on; `live` adds a counter that is overwritten while a phase runs."""

    def __init__(self, echo: Callable[..., None], *, live: bool) -> None:
        self._echo = echo
        self._live = live
        self._phase = ""
        self._began = 0.0
        self._operations: set[str] = set()
        self._requests = 0
        self._causes: set[Key] = set()

    def see(self, event: Event) -> None:
        """Print what an event changes."""
        match event:
            case Started():
                operations = count(len(event.operations), "operation")
                self._echo(f"{event.title} at {event.url}: {operations}, seed {event.seed}")
                if event.mode != "full":
                    self._echo(_MODES[event.mode])
                elif not is_loopback(host_of(event.url)):
                    self._echo(
                        "Not this machine: of the methods that the contract does not have, only OPTIONS is sent."
                    )
            case PhaseStarted(phase=phase):
                self._phase, self._began, self._operations, self._requests = phase, time.monotonic(), set(), 0
                self._causes = set()
            case Judged():
                self._operations.add(event.operation)
                self._requests += sum(event.answers.values())
                self._causes |= {found.key for found in event.findings}
                if self._live:
                    self._echo(f"{_CLEAR_LINE}{self._line()}", nl=False)
            case PhaseEnded(skipped=skipped):
                line = f"{event.phase:{_WIDTH}} skipped: {skipped}" if skipped else self._line()
                self._echo(f"{_CLEAR_LINE if self._live else ''}{line}")

    def _line(self) -> str:
        counts = (
            count(len(self._operations), "operation"),
            count(self._requests, "request"),
            count(len(self._causes), "finding"),
            f"{time.monotonic() - self._began:.1f} s",
        )
        return f"{self._phase:{_WIDTH}} {', '.join(counts)}"


def summary(report: Report) -> Iterator[str]:
    """The lines after the run."""
    tally = report.tally
    for number, cause in enumerate(tally.causes.values(), 1):
        title, *lines = block(number, cause)
        yield from ("", click.style(title, fg="red", bold=True), *lines)
    for number, cause in enumerate(tally.notes.values(), 1):
        title, *lines = block(number, cause)
        yield from ("", click.style(f"Note {title}", fg="cyan", bold=True), *lines)
    yield from _waivers(tally)
    for trouble in tally.troubles.values():
        yield ""
        yield click.style(f"Not tested as planned: {trouble.operation or 'the run'}: {trouble.title}", fg="yellow")
        yield from (f"   {line}" for line in trouble.message.splitlines())
    yield ""
    if tally.unplayed:
        yield click.style("Not played:", fg="yellow")
        for reason, laws in _by_reason(tally.unplayed).items():
            yield from textwrap.wrap(", ".join(laws), 110, initial_indent="   ", subsequent_indent="   ")
            yield f"      {reason}"
    if tally.unreached and not tally.warning:
        yield click.style("Never answered with success, so hardly tested:", fg="yellow")
        yield from (f"   {label}: {_answers(tally.answers.get(label))}" for label in tally.unreached)
    if limited := sum(counts[HTTPStatus.TOO_MANY_REQUESTS] for counts in tally.answers.values()):
        text = f"Rate limited: {limited} of {count(tally.requests, 'request')} got 429, so less was tested."
        yield click.style(text, fg="yellow")
    yield from coverage.lines(tally.coverage)
    if report.comparison:
        yield from compared.lines(report.comparison)
    if tally.warning:
        yield click.style(tally.warning, fg="yellow")
    yield _totals(tally)
    yield f"Again: {report.again}"


def block(number: int, cause: Cause) -> Iterator[str]:
    """The lines of one finding."""
    finding = cause.example
    yield f"{number}. {finding.title}: {finding.operation}"
    yield f"   contract  {finding.where}"
    yield f"             {finding.contract}"
    yield f"   came      {finding.came}"
    law = f" ({finding.basis}, {finding.severity})" if finding.basis else ""
    yield f"   check     {finding.check}, seen {count(cause.times, 'time')} in {', '.join(cause.phases)}{law}"
    yield from (f"   {'try' if index == 0 else '':9} {line}" for index, line in enumerate(finding.curl.splitlines()))


def _waivers(tally: Tally) -> Iterator[str]:
    if tally.waived or tally.useless_waivers:
        yield ""
    for cause, waiver in tally.waived.values():
        yield f"Waived until {waiver.until} ({waiver.reason}): {cause.example.title}: {cause.example.operation}"
    for waiver, because in tally.useless_waivers.items():
        yield click.style(f"{waiver.place}: {waiver.operation}, {waiver.check}: {because}", fg="yellow")


def _totals(tally: Tally) -> str:
    start, end = tally.start, tally.end
    tested = sum(1 for label in tally.operations if tally.answers.get(label))
    parts = [
        f"{tested} of {count(len(tally.operations), 'operation')}",
        count(tally.requests, "request"),
        count(len(tally.causes), "finding"),
        count(len(tally.notes), "note that does not count", "notes that do not count") if tally.notes else "",
        f"{len(tally.waived)} waived" if tally.waived else "",
        f"{end.seconds:.1f} s" if end else "",
        f"seed {start.seed}" if start else "",
        "" if end and end.stop == "completed" else f"stopped: {end.stop if end else 'interrupted'}",
    ]
    return click.style(", ".join(filter(None, parts)), fg="red" if tally.exit_code else "green", bold=True)


def _by_reason(unplayed: Mapping[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for law, reason in unplayed.items():
        reasons.setdefault(reason, []).append(law)
    return reasons


def _answers(counts: Counter[int] | None) -> str:
    if not counts:
        return "no request was sent"
    return ", ".join(f"{times} × {status or 'no answer'}" for status, times in sorted(counts.items()))
