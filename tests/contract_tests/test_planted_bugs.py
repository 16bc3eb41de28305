"""Every planted defect is found, by the check meant for it; the same server without one is clean."""

from __future__ import annotations

import pytest

from tests.contract_tests.conftest import Check
from tests.contract_tests.desk import Desk
from tests.contract_tests.planted import BUGS, Bug, plant

HONEST = Bug("none", "", ())


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found_by_the_check_meant_for_it(bug: Bug, check_app: Check) -> None:
    only = [word for operation in bug.operations for word in ("--include", operation)]
    result = check_app(plant(Desk(), bug), "--phases", bug.phases, "--max-examples", "10", *only)
    assert f"check     {bug.check}," in result.output, result.output
    assert result.exit_code == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_honest_server_is_clean(seed: int, check_app: Check) -> None:
    result = check_app(plant(Desk(), HONEST), "--seed", str(seed))
    assert result.exit_code == 0, result.output
    assert "9 of 9 operations" in result.output
    assert "0 findings" in result.output
