"""Laws that are judged on every exchange of a run."""

from __future__ import annotations

from contract_tests.laws.observed import answers, declared, headers, leaks, listed, pace
from contract_tests.laws.observed.observer import ObservedLaw, Watch
from contract_tests.plan import Plan

LAWS: tuple[ObservedLaw, ...] = (*leaks.LAWS, *answers.LAWS, *declared.LAWS, *headers.LAWS, *listed.LAWS, *pace.LAWS)


def watch_of(plan: Plan) -> Watch:
    """The observers of a run: of those laws that it names, else of all."""
    return Watch(plan, LAWS if plan.laws is None or plan.laws.observed is None else plan.laws.observed)
