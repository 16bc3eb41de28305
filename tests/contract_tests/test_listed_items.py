"""When an id in a list that cannot be read is a finding, and when it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contract_tests import contract
from contract_tests.credentials import Credentials
from contract_tests.declaration import Declaration
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.listed import ListedItemsCanBeRead
from contract_tests.surface.surface import Surface
from tests.contract_tests.conftest import DESK_SPEC

US = {"Authorization": "Bearer us"}
LIST, ITEM = "GET /suppliers", "GET /suppliers/{supplier_id}"


@pytest.fixture
def law() -> ListedItemsCanBeRead:
    desk = contract.from_file(DESK_SPEC)
    return ListedItemsCanBeRead(desk, Credentials(US, {"us": "WE"}), Surface(desk, Declaration()).readable)


def exchange(operation: str, url: str, status: int, answer: Any = None, headers: dict[str, str] = US) -> Exchange:
    method = operation.partition(" ")[0]
    return Exchange(operation, method, f"http://h{url}", headers, None, status, {}, json.dumps(answer).encode())


def listed(*ids: str, url: str = "/v2/suppliers?page=1") -> Exchange:
    return exchange(LIST, url, 200, [{"id": one} for one in ids])


def missing(url: str = "/v2/suppliers/a") -> Exchange:
    return exchange(ITEM, url, 404)


def seen(law: ListedItemsCanBeRead, *exchanges: Exchange) -> list[Breach]:
    return [breach for one in exchanges for breach in law.see(one)]


def test_listed_missing_and_listed_again_is_a_finding(law: ListedItemsCanBeRead) -> None:
    (breach,) = seen(law, listed("a", "b"), missing(), listed("b"), listed("a"))
    assert (breach.exchange.operation, breach.exchange.url) == (ITEM, "http://h/v2/suppliers/a")


@pytest.mark.parametrize(
    "exchanges",
    [
        [listed("a"), missing(), listed("b")],  # it expired
        [missing(), listed("a")],  # it came later
        [listed("a"), missing("/v2/suppliers/a?region=1"), listed("a")],  # other parameters may hide it
        [listed("a"), exchange(ITEM, "/v2/suppliers/a", 404, headers={}), listed("a")],  # hidden from strangers
        [listed("a"), exchange("DELETE /suppliers/{supplier_id}", "/v2/suppliers/a", 204), missing(), listed("a")],
        [listed("a"), exchange(ITEM, "/v2/suppliers/a", 200), listed("a")],
        [exchange(LIST, "/v2/suppliers", 200, {"error": None}), missing(), exchange(LIST, "/v2/suppliers", 200, "x")],
    ],
)
def test_what_may_happen_on_a_correct_server_is_none(law: ListedItemsCanBeRead, exchanges: list[Exchange]) -> None:
    assert seen(law, *exchanges) == []


def test_what_reads_listed_items_is_judged(law: ListedItemsCanBeRead) -> None:
    assert law.judges("GET /alerts/{alert_id}")
    assert not law.judges("GET /alerts")
    assert not law.judges("GET /tariffs/{tariff_id}/prices")
