"""The three small servers do what their contracts say, and each of their defects shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from contract_tests import declaration
from contract_tests.contract import from_file
from tests.contract_tests.conftest import Check
from tests.contract_tests.habits.catalogue import HABITS, LAWS, Habit
from tests.contract_tests.habits.planting import Defect
from tests.contract_tests.serving import served

DEFECTS = [pytest.param(habit, defect, id=defect.name) for habit in HABITS for defect in habit.defects]


@pytest.mark.parametrize(("habit", "defect"), DEFECTS)
def test_a_defect_shows(habit: Habit, defect: Defect) -> None:
    assert defect.right(habit.client())
    assert not defect.right(habit.client(defect))


def test_defects_have_names_of_their_own() -> None:
    names = Counter(defect.name for habit in HABITS for defect in habit.defects)
    assert names.most_common(1)[0][1] == 1
    assert all(len(habit.defects) >= 20 for habit in HABITS)


def test_every_class_of_laws_is_broken_somewhere() -> None:
    assert {defect.breaks for habit in HABITS for defect in habit.defects} == set(LAWS)


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_a_declaration_fits_its_contract(habit: Habit) -> None:
    assert declaration.beside(from_file(habit.server.contract)).resources


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_an_honest_server_does_what_its_contract_says(habit: Habit, run_check: Check, folder: Path) -> None:
    headers = ", ".join(f'"{name}" = "{value}"' for name, value in habit.headers.items())
    with served(habit.server()) as url:
        (folder / "targets.toml").write_text(f'[it]\nurl = "{url}"\nheaders = {{ {headers} }}\n', "utf-8")
        result = run_check("--spec", str(habit.server.contract), "--target", "it", "--phases", "coverage")
    assert result.exit_code == 0, result.output
