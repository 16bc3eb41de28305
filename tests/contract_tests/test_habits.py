"""The three small servers are right, and each of their defects shows."""

from __future__ import annotations

import pytest

from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.habits.depot_defects import DEFECTS as DEPOT_DEFECTS
from tests.contract_tests.habits.depot_defects import depot_client
from tests.contract_tests.habits.planting import Defect

@pytest.mark.parametrize("defect", DEPOT_DEFECTS, ids=lambda defect: defect.name)
def test_depot(defect: Defect) -> None:
    assert defect.right(depot_client(Depot()))
    assert not defect.right(depot_client(Depot(defect)))
