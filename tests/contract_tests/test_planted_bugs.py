"""Every planted defect is found, by the check meant for it; the same servers without one are clean.

The defects are planted in the tariff desk of these tests, which knows nothing of our own code, and in our mock.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

from tests.contract_tests.conftest import Check
from tests.contract_tests.desk import Desk
from tests.contract_tests.planted import BUGS, Bug, plant
from tests.contract_tests.serving import served
from tests.mock import V2, Mock

HONEST = Bug("none", "", ())


def check_mock(mock: Mock, bug: Bug, run_check: Check, *words: str) -> Result:
    """`gridmock check ev-energy` of the mock with a defect in front of it."""
    token = mock.full.headers["authorization"].removeprefix("Bearer ")
    with served(plant(mock.app, bug)) as url:
        return run_check("ev-energy", "--url", url + V2, "--token", token, *words)


@pytest.fixture(params=["desk", "mock"])
def check_planted(request: pytest.FixtureRequest, check_app: Check, run_check: Check) -> Callable[..., Result]:
    """`gridmock check` of a correct server with a defect in front of it."""
    if request.param == "desk":
        return lambda bug, *words: check_app(plant(Desk(), bug), *words)
    mock = request.getfixturevalue("started_mock")
    return lambda bug, *words: check_mock(mock, bug, run_check, *words)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_the_check_meant_for_it(bug: Bug, check_planted: Callable[..., Result]) -> None:
    only = [word for operation in bug.operations for word in ("--include", operation)]
    result = check_planted(bug, "--phases", bug.phases, "--max-examples", "10", *only)
    assert f"check     {bug.check}," in result.output, result.output
    assert result.exit_code == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_a_bug_there_is_no_finding(seed: int, check_planted: Callable[..., Result]) -> None:
    result = check_planted(HONEST, "--seed", str(seed))
    assert result.exit_code == 0, result.output
    assert "0 findings" in result.output
    assert "Never answered with success" not in result.output
