"""Two runs compared by what their JSON reports say: what is new, what is fixed, what is still there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.report.words import listed

Run = Mapping[str, Any]
"""A run as `contract_tests.report.document` describes it."""
Finding = Mapping[str, Any]
"""A finding as it stands there."""

_NAMES = 6


@dataclass(frozen=True)
class Comparison:
    """Findings of two runs, told apart by their fingerprints; `before` and `after` say which runs these are.

    `new` counts now and was not seen before, waived or not. `fixed` counted before and is not seen now, although it
    was looked for. `untested` counted before, and nothing looked for it now. `still` is the rest: seen in both, and
    counted in one of them. `differences` say in what the runs did not test the same.
    """

    before: str
    after: str
    new: tuple[Finding, ...]
    fixed: tuple[Finding, ...]
    still: tuple[Finding, ...]
    untested: tuple[Finding, ...]
    differences: tuple[str, ...]


def compare(before: Run, after: Run) -> Comparison:
    """Compare an earlier run with a later one."""
    counted_before, counted_after = _found(before, "findings"), _found(after, "findings")
    seen_before = counted_before | _found(before, "notes", "waived")
    seen_after = counted_after | _found(after, "notes", "waived")
    judged = {(row["operation"], check) for row in after["operations"] for check in row["checks"]}
    gone = [finding for key, finding in counted_before.items() if key not in seen_after]
    counted = counted_before.keys() | counted_after.keys()
    return Comparison(
        before=_name(before),
        after=_name(after),
        new=tuple(finding for key, finding in counted_after.items() if key not in seen_before),
        fixed=tuple(finding for finding in gone if (finding["operation"], finding["check"]) in judged),
        still=tuple(finding for key, finding in seen_after.items() if key in seen_before and key in counted),
        untested=tuple(finding for finding in gone if (finding["operation"], finding["check"]) not in judged),
        differences=tuple(_differences(before, after)),
    )


def _found(run: Run, *kinds: str) -> dict[str, Finding]:
    return {finding["fingerprint"]: finding for kind in kinds for finding in run[kind]}


def _name(run: Run) -> str:
    return f"{run['run']['at']}, {run['run']['url']}"


def _differences(before: Run, after: Run) -> Iterator[str]:
    facts, then = before["run"], after["run"]
    for key, what in (
        ("title", "the contract is"),
        ("url", "the server is"),
        ("mode", "the mode is"),
        ("phases", "the phases are"),
        ("seed", "the requests are others: the seed is"),
    ):
        if facts[key] != then[key]:
            yield f"{what} {_text(then[key])}, and was {_text(facts[key])}"
    for run, when in ((facts, "earlier"), (then, "later")):
        if run["stop"] != "completed":
            yield f"the {when} run did not come to its end: {run['stop']}"
    yield from _sets("operations", _tested(before), _tested(after))
    yield from _sets("laws", _played(before), _played(after))


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _sets(what: str, before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    before, after = dict.fromkeys(before), dict.fromkeys(after)
    for when, names in (
        ("before, and not now", [name for name in before if name not in after]),
        ("now, and not before", [name for name in after if name not in before]),
    ):
        if names:
            yield f"{what} tested {when}: {listed(names, _NAMES)}"


def _tested(run: Run) -> list[str]:
    return [row["operation"] for row in run["operations"] if row["answers"]]


def _played(run: Run) -> list[str]:
    return [row["law"] for row in run["laws"] if row["played"]]
