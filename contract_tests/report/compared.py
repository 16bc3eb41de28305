"""How a run compares with an earlier one, for people."""

from __future__ import annotations

from collections.abc import Iterator

import click

from contract_tests.comparison import Comparison, Finding
from contract_tests.report.words import count


def lines(comparison: Comparison) -> Iterator[str]:
    """One line per finding that is new, fixed or was not looked for, and in what the runs did not test the same."""
    yield f"Compared with the run of {comparison.before}: {summed(comparison)}"
    for word, colour, findings in (
        ("new", "red", comparison.new),
        ("fixed", "green", comparison.fixed),
        ("untested", "yellow", comparison.untested),
    ):
        yield from (f"   {click.style(f'{word:8}', fg=colour)}  {_line(finding)}" for finding in findings)
    if comparison.differences:
        yield click.style("   The two did not test the same:", fg="yellow")
        yield from (f"      {difference}" for difference in comparison.differences)


def summed(comparison: Comparison) -> str:
    """`1 new, 2 fixed, 3 still there`."""
    untested = count(len(comparison.untested), "finding")
    parts = (
        f"{len(comparison.new)} new",
        f"{len(comparison.fixed)} fixed",
        f"{len(comparison.still)} still there",
        f"{untested} of then not looked for" if comparison.untested else "",
    )
    return ", ".join(filter(None, parts))


def _line(finding: Finding) -> str:
    return f"{finding['title']}: {finding['operation']} ({finding['check']})"
