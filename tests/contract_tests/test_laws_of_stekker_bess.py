"""Each law of batteries finds the defects that it is for; the mock breaks none of them on any seed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from contract_tests.laws import own_laws
from mockserver.defects import Broken, chosen
from tests.contract_tests.conftest import Check, token_of
from tests.contract_tests.planted import BESS, GENERAL, law_words, pairs
from tests.mock import Mock

API = "/stekker/api/bess/v1"
CheckBess = Callable[..., Result]


@pytest.fixture
def check_bess(mock: Mock, broken_mock: tuple[Broken, str], run_check: Check) -> CheckBess:
    """`gridmock check stekker-bess` of the mock with defects in front of it."""
    broken, url = broken_mock
    north, south = token_of(mock, "stekker-north"), token_of(mock, "stekker-south")

    def run(defects: tuple[str, ...], *words: str) -> Result:
        broken.plant(*chosen(defects, broken.contracts))
        common = ("--token", north, "--value", f"other_token={south}", "--settle", "0")
        result = run_check("stekker-bess", "--url", url + API, *common, *words)
        broken.take_back()
        assert north not in result.output
        assert south not in result.output
        return result

    return run


@pytest.mark.parametrize(("word", "law"), pairs({**GENERAL, **BESS}))
def test_a_planted_defect_is_found_by_the_law_meant_for_it(word: str, law: str, check_bess: CheckBess) -> None:
    result = check_bess((word,), *law_words(law))
    assert f"check     {law}," in result.output, result.output
    assert result.exit_code == 1


def test_every_law_has_a_planted_defect() -> None:
    assert {law.name for law in own_laws("stekker-bess")} == {*BESS}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mock_keeps_its_contract_and_its_laws(seed: int, check_bess: CheckBess) -> None:
    # The coverage phase hardly depends on the seed, and takes most of the time.
    phases = f"laws,examples,{'coverage,' if seed == 1 else ''}fuzzing,stateful"
    result = check_bess((), "--seed", str(seed), "--max-examples", "5", "--phases", phases)
    assert result.exit_code == 0, result.output
    assert "0 findings" in result.output
    # The mock has nobody who may only read.
    assert "Not played:\n   readers_change_nothing\n      needs --value reader_token" in result.output
    assert "Never answered with success" not in result.output
