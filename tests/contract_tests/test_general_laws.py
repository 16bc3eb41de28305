"""General laws find what is planted in servers of any habits, and nothing in what is unusual and right."""

from __future__ import annotations

import pytest

from contract_tests.laws.general import LAWS as GENERAL
from contract_tests.laws.observed import LAWS as OBSERVED
from tests.contract_tests import planted
from tests.contract_tests.habits import traps
from tests.contract_tests.habits.catalogue import HABITS, LAWS, Habit
from tests.contract_tests.habits.planting import Defect, Trap
from tests.contract_tests.habits.playing import played, said

ELSEWHERE = {
    "refused_change_changes_nothing",  # test_updates
    "answers_fit_the_contract",  # test_observed_laws
    "other_errors_have_the_common_format",  # test_observed_laws
}
"""Laws whose defects are planted in other tests."""

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


def test_every_law_has_a_planted_defect() -> None:
    names = {law.name for law in GENERAL} | {law.name for law in OBSERVED}
    assert names - ELSEWHERE == {*LAWS.values(), *planted.GENERAL, *planted.GENERATED} & names


@pytest.mark.parametrize(("habit", "trap", "seed"), TRAPS)
def test_a_trap_raises_nothing(habit: Habit, trap: Trap, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Laws wait for what shows late, and before they ask again; shorter waits are as good here, and there are many.
    monkeypatch.setattr(traps, "SEEN_AFTER_S", 0.2)
    monkeypatch.setattr("contract_tests.laws.stage._AGAIN_S", 0.05)
    monkeypatch.setattr("contract_tests.laws.client.PAUSE_S", 0.01)
    assert not said(played(habit, trap, seed=seed, settle_s=2.0))


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "bare"])
def test_an_honest_server_breaks_no_law(habit: Habit, declared: bool) -> None:
    tally = played(habit, settle_s=0.5, declared=declared)
    assert not said(tally)
