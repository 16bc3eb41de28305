"""What a run exercised, for people: the totals, then a line per operation of which something was never seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from contract_tests.coverage.coverage import Coverage, OperationCoverage
from contract_tests.coverage.point import Point
from contract_tests.report.words import listed

_LINES = 10
_NAMES = 3
_LENGTH = 116


def summed(coverage: Coverage) -> str:
    """The totals in words: `responses 31 of 74, parameters 24 of 24`."""
    return ", ".join(f"{kind} {seen} of {declared}" for kind, (seen, declared) in coverage.totals.items())


def lines(coverage: Coverage, *, verbose: bool = False) -> Iterator[str]:
    """The section of the terminal report; `verbose` leaves nothing out. Nothing at all if nothing is declared.

    A status that no operation showed is said once. What no client can provoke is in the totals only.
    """
    if not coverage.totals:
        return
    yield f"Exercised: {summed(coverage)} ({coverage.share:.0f} %)"
    nowhere = _nowhere(coverage)
    if nowhere:
        yield f"   at no operation: {', '.join(f'{point} ({reason})' for point, reason in nowhere.items())}"
    rows = [f"{label}: {_reasons(never, 0 if verbose else _NAMES)}" for label, never in _never(coverage, nowhere)]
    rows = [*_barred(coverage), *rows]
    shown = rows if verbose else rows[:_LINES]
    yield from (f"   {row if verbose or len(row) <= _LENGTH else f'{row[: _LENGTH - 1]}…'}" for row in shown)
    if len(rows) > len(shown):
        yield f"   and {len(rows) - len(shown)} more of which something was never seen; the other reports have all"


def _nowhere(coverage: Coverage) -> dict[Point, str]:
    """The statuses that several operations declare and none showed, where one reason holds for all of them."""
    reasons: defaultdict[Point, set[str]] = defaultdict(set)
    times: defaultdict[Point, int] = defaultdict(int)
    for operation in _open(coverage):
        for point in operation.of("responses"):
            times[point] += 1
            reasons[point].add(operation.never.get(point, ""))
    return {
        point: reason
        for point, (reason, *others) in reasons.items()
        if reason and not others and times[point] > 1 and not point.is_server_trouble
    }


def _never(coverage: Coverage, nowhere: Mapping[Point, str]) -> Iterator[tuple[str, dict[Point, str]]]:
    """By operation what another run could see, what was sent before what came; without what is said elsewhere."""
    for operation in _open(coverage):
        never = {
            point: reason
            for point, reason in sorted(operation.never.items(), key=lambda item: item[0].direction)
            if not point.is_server_trouble and nowhere.get(point) != reason
        }
        if never:
            yield operation.label, never


def _barred(coverage: Coverage) -> Iterator[str]:
    """One line for all operations that were not allowed for one reason."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for operation in coverage.operations:
        if operation.barred and operation.never:
            reasons[operation.barred].append(operation.label)
    yield from (f"{reason}: {', '.join(labels)}" for reason, labels in reasons.items())


def _open(coverage: Coverage) -> Iterator[OperationCoverage]:
    return (operation for operation in coverage.operations if not operation.barred)


def _reasons(never: Mapping[Point, str], most: int) -> str:
    """`never sent: query page, query size and 2 more; needs a rate limit: 429`, with so many names, or all for 0."""
    points: defaultdict[str, list[str]] = defaultdict(list)
    for point, reason in never.items():
        points[reason].append(str(point))
    return "; ".join(f"{reason}: {listed(names, most)}" for reason, names in points.items())
