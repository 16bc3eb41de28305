"""Plays general laws on the three servers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from contract_tests.contract import from_file
from contract_tests.credentials import Credentials
from contract_tests.declaration import Declaration, beside
from contract_tests.findings import Ended, Started, Tally
from contract_tests.laws import laws_of
from contract_tests.laws.observed import LAWS as OBSERVED
from contract_tests.laws.observed.observer import Watch
from contract_tests.laws.performance import play
from contract_tests.plan import LAWS, Conduct, LawPlan, Plan
from contract_tests.surface.surface import Surface
from tests.contract_tests.habits.catalogue import Habit
from tests.contract_tests.habits.planting import Defect, Trap
from tests.contract_tests.serving import served

BASES = frozenset({"published", "protocol", "inferred"})


@cache
def surface_of(spec: Path, *, declared: bool = True) -> Surface:
    """What there is to play laws on in a contract, with the declaration beside it or without."""
    contract = from_file(spec)
    return Surface(contract, beside(contract) if declared else Declaration())


def played(
    habit: Habit, *planted: Defect | Trap, law: str = "", seed: int = 1, settle_s: float = 0.0, declared: bool = True
) -> Tally:
    """What all laws, or one of them, come to on a server with these defects and traps in it.

    For an observed law all others are played, until it finds something.
    """
    surface = surface_of(habit.server.contract, declared=declared)
    headers = dict(habit.headers)
    for one in planted:
        headers |= getattr(one, "headers", {})
    roles = {role: told for role, told in (("other", habit.others), ("reader", habit.readers)) if told}
    observed = tuple(each for each in OBSERVED if law in ("", each.name))
    laws = tuple(each for each in laws_of(surface) if law == each.name) or laws_of(surface)
    with served(habit.server(*planted)) as url:
        plan = Plan(
            surface.contract,
            url,
            Credentials(headers, dict.fromkeys(headers.values(), "SECRET"), roles),
            frozenset(surface.contract.operations),
            (LAWS,),
            seed,
            1,
            None,
            LawPlan(laws, surface, {}, BASES, observed=observed),
            Conduct(settle_s=settle_s),
        )
        tally = Tally()
        tally.add(Started(surface.contract.title, url, seed, (LAWS,), tuple(surface.contract.operations)))
        watch = Watch(plan, observed)
        for event in play(plan, plan.laws, watch=watch):  # type: ignore[arg-type]
            tally.add(event)
            if law in {each.name for each in observed} and (tally.causes or any(watch.ended())):
                break
        for event in watch.ended():
            tally.add(event)
        tally.add(Ended(0.0, "completed"))
    return tally


def said(tally: Tally) -> list[str]:
    """Findings in words, for a failing test; what was left behind is one."""
    found = [
        f"{cause.example.check} at {cause.example.operation}: {cause.example.contract}; {cause.example.came}"
        for cause in (*tally.causes.values(), *tally.notes.values())
    ]
    return found + [f"{trouble.title}: {trouble.message}" for trouble in tally.troubles.values()]
