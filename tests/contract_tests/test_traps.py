"""What is unusual and right is really there, where the laws are to raise nothing."""

from __future__ import annotations

import pytest

from tests.contract_tests.habits.catalogue import HABITS, Habit
from tests.contract_tests.habits.planting import Trap

TRAPS = [pytest.param(habit, trap, id=trap.name) for habit in HABITS for trap in habit.traps]


@pytest.mark.parametrize(("habit", "trap"), TRAPS)
def test_a_trap_is_there(habit: Habit, trap: Trap) -> None:
    assert trap.odd(habit.client(trap))
    assert not trap.odd(habit.client())
