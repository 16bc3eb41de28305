"""General laws find what is planted in servers of any habits, and nothing in what is unusual and right."""

from __future__ import annotations

import pytest

from tests.contract_tests.habits.catalogue import HABITS, LAWS, Habit
from tests.contract_tests.habits.planting import Defect, Trap
from tests.contract_tests.habits.playing import played, said

DEFECTS = [
    pytest.param(habit, defect, law, id=defect.name)
    for habit in HABITS
    for defect in habit.defects
    if (law := LAWS[defect.breaks])
]
TRAPS = [
    pytest.param(habit, trap, seed, id=trap.name) for habit in HABITS for seed, trap in enumerate(habit.traps, start=1)
]


@pytest.mark.parametrize(("habit", "defect", "law"), DEFECTS)
def test_a_defect_is_found_by_the_law_meant_for_it(habit: Habit, defect: Defect, law: str) -> None:
    tally = played(habit, defect, law=law)
    assert law in {check for _, check, _ in tally.causes}, tally.unplayed


@pytest.mark.parametrize(("habit", "trap", "seed"), TRAPS)
def test_a_trap_raises_nothing(habit: Habit, trap: Trap, seed: int) -> None:
    assert not said(played(habit, trap, seed=seed, settle_s=2.0))


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "bare"])
def test_an_honest_server_breaks_no_law(habit: Habit, declared: bool) -> None:
    tally = played(habit, settle_s=0.5, declared=declared)
    assert not said(tally)
