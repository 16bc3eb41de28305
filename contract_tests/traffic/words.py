"""What verify and proxy print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from contract_tests.credentials import NOBODY
from contract_tests.exchange import shown
from contract_tests.traffic.tally import Cause, Tally

_LISTED = 20


def block(cause: Cause, *, times: bool = True) -> Iterator[str]:
    """One cause, as a block."""
    violation = cause.violation
    yield f"{cause.operation}: {violation.direction} breaks {violation.rule}"
    yield f"    {cause.message}" + (f" (body at #{violation.pointer})" if violation.pointer else "")
    yield f"    contract  {violation.where}"
    yield f"    came      {cause.answer}"
    if times:
        yield f"    seen      {cause.times} ×" + (f", first {cause.first_seen}" if cause.first_seen else "")
    yield f"    {cause.curl}"


def summary(tally: Tally) -> Iterator[str]:
    """Exchanges and violations by operation, then what was left aside, and why."""
    width = max(map(len, [*tally.operations, *tally.never_seen, "operation"]))
    yield f"{'operation':{width}}  exchanges  request  response  refused"
    for label in tally.contract.operations:
        if seen := tally.operations.get(label):
            counts = f"{seen.exchanges:9}  {seen.request:7}  {seen.response:8}  {seen.refused:7}"
            yield f"{label:{width}}  {counts}"
    yield from _listed("never seen", dict.fromkeys(tally.never_seen, 0))
    yield from _listed("unknown to the contract", dict(tally.unknown.most_common()))
    yield from _listed("not judged", dict(tally.unjudged.most_common()))
    if tally.elsewhere:
        yield f"not of this API: {tally.elsewhere}"
    if tally.refused:
        yield "invalid requests that were refused, as they should be:"
        for cause in tally.refused.values():
            yield f"    {cause.operation}: {cause.message}, {cause.times} ×"
    total = sum(cause.times for cause in tally.causes.values())
    yield f"{tally.exchanges} exchanges judged, {total} violations of {len(tally.causes)} kinds"


def _listed(title: str, names: Mapping[str, int]) -> Iterator[str]:
    if names:
        yield f"{title}:"
    for number, (name, times) in enumerate(names.items()):
        if number == _LISTED:
            yield f"    and {len(names) - _LISTED} more"
            break
        yield f"    {shown(name, NOBODY)}" + (f", {times} ×" if times else "")
