"""Every planted defect is found, by the check meant for it; the same server without one is clean."""

from __future__ import annotations

import pytest

from tests.contract_tests.conftest import Check
from tests.contract_tests.desk import Desk
from tests.contract_tests.planted import GENERATED, desk_contract, generated_words, in_front_of, pairs


@pytest.mark.parametrize(("word", "check"), pairs(GENERATED))
def test_a_planted_defect_is_found_by_the_check_meant_for_it(word: str, check: str, check_app: Check) -> None:
    broken = in_front_of(Desk(), word, contracts=(desk_contract(),))
    result = check_app(broken, *generated_words(word))
    assert f"check     {check}," in result.output, result.output
    assert result.exit_code == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_a_defect_there_is_no_finding(seed: int, check_app: Check) -> None:
    result = check_app(Desk(), "--seed", str(seed), "--max-examples", "10")
    assert result.exit_code == 0, result.output
    assert "9 of 9 operations" in result.output
    assert "0 findings" in result.output
    assert "Never answered with success" not in result.output
