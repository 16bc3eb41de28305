"""The three small servers are right, and each of their defects shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract_tests.habits import depot_defects, metering_defects, shop_defects
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.habits.metering import Metering
from tests.contract_tests.habits.planting import Client, Defect
from tests.contract_tests.habits.shop import Shop

HABITS: list[tuple[Callable[..., Any], Callable[[Any], Client], tuple[Defect, ...]]] = [
    (Depot, depot_defects.depot_client, depot_defects.DEFECTS),
    (Metering, metering_defects.metering_client, metering_defects.DEFECTS),
    (Shop, shop_defects.shop_client, shop_defects.DEFECTS),
]
EACH = [
    pytest.param(server, client, defect, id=defect.name) for server, client, defects in HABITS for defect in defects
]


@pytest.mark.parametrize(("server", "client", "defect"), EACH)
def test_a_defect_shows(server: Any, client: Any, defect: Defect) -> None:
    assert defect.right(client(server()))
    assert not defect.right(client(server(defect)))


def test_defects_have_names_of_their_own() -> None:
    names = Counter(defect.name for _, _, defects in HABITS for defect in defects)
    assert names.most_common(1)[0][1] == 1
