"""Our mock keeps its contract on any seed, and `gridmock check` sees every defect planted in front of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from mockserver.defects import Broken, chosen
from tests.contract_tests.conftest import Check
from tests.contract_tests.planted import GENERATED, generated_words, pairs
from tests.mock import V2, Mock

CheckMock = Callable[..., Result]


@pytest.fixture
def check_mock(mock: Mock, broken_mock: tuple[Broken, str], run_check: Check) -> CheckMock:
    """`gridmock check ev-energy` of the mock with defects in front of it."""
    broken, url = broken_mock
    token = mock.full.headers["authorization"].removeprefix("Bearer ")

    def run(defects: tuple[str, ...], *words: str) -> Result:
        broken.plant(*chosen(defects, broken.contracts))
        result = run_check("ev-energy", "--url", url + V2, "--token", token, *words)
        broken.take_back()
        assert token not in result.output
        return result

    return run


@pytest.mark.parametrize(("word", "check"), pairs(GENERATED))
def test_a_defect_planted_in_the_mock_is_found(word: str, check: str, check_mock: CheckMock) -> None:
    result = check_mock((word,), *generated_words(word))
    assert f"check     {check}," in result.output, result.output
    assert result.exit_code == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mock_keeps_its_contract(seed: int, check_mock: CheckMock) -> None:
    # The coverage phase hardly depends on the seed, and takes most of the time.
    phases = f"laws,examples,{'coverage,' if seed == 1 else ''}fuzzing,stateful"
    result = check_mock((), "--seed", str(seed), "--max-examples", "10", "--phases", phases)
    assert result.exit_code == 0, result.output
    assert "0 findings" in result.output
    assert "Never answered with success" not in result.output
