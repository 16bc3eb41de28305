"""Each defect makes a difference, and where it is not planted there is none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mockserver.defects import Contract, apis_of, catalogue, contracts_of, plant
from specs.loader import load
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.planted import BESS, GENERATED, STEKKER, pairs
from tests.mock import Mock
from tests.mockserver.defects import tours
from tests.mockserver.defects.tours import Differs, Exchange, Tour, Traveller

OURS: dict[str, Tour] = {"ev-energy": tours.ev_energy, "stekker": tours.stekker, "stekker-bess": tours.bess}
PROVEN = {word.partition("@")[0] for found in (STEKKER, BESS, GENERATED) for word, _ in pairs(found)}
"""Defects that a law or a check is shown to find, in tests/contract_tests."""
SHOWN_HERE = [name for name in catalogue() if ".general." in catalogue()[name].where.__module__ or name not in PROVEN]


@cache
def depot_contract() -> Contract:
    return Contract("depot", "", load(Path(Depot.contract)))


def walk(app: Any, callers: dict[str, dict[str, str]], tour: Tour, expected: list[Exchange] | None) -> list[Exchange]:
    """What a tour sees; Differs where it is not what was expected."""
    traveller = Traveller(app, callers, expected)
    try:
        tour(traveller)
    finally:
        traveller.close()
    return traveller.seen


@pytest.fixture(scope="session")
def honest(started_mock: Mock) -> dict[str, list[Exchange]]:
    """What the honest servers answer on each tour."""
    seen = {"depot": walk(Depot(), tours.depot_callers(), tours.depot, None)}
    for api, tour in OURS.items():
        started_mock.reset()
        seen[api] = walk(started_mock.app, tours.callers_of(started_mock), tour, None)
    return seen


def differs(name: str, mock: Mock, honest: dict[str, list[Exchange]]) -> Iterator[str]:
    """The first exchange of each tour in which a defect shows."""
    contracts = contracts_of((mounted.api, mounted.spec) for mounted in mock.runtime.apis)
    for api in set(apis_of(catalogue()[name], contracts)) & {*OURS}:
        mock.reset()
        with pytest.raises(Differs) as caught:
            walk(plant(mock.app, [name], mock.runtime), tours.callers_of(mock), OURS[api], honest[api])
        yield str(caught.value)
