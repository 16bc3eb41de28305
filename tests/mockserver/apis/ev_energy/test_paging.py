"""Page-number paging of the three lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mockserver.domain.tariffs import TariffType
from tests.mock import NOON, V2, Mock
from tests.mockserver.apis.ev_energy.steps import (
    ORIGIN,
    PROBLEMS,
    items,
    neighbours,
    pages,
    path_of,
    tariff_of,
    timestamp,
)

LISTS = ("/suppliers", "/tariffs", "/tariffs/{tariff_id}/prices")
NOWHERE = {"supplier_id": "supl00000000000000000000000000"}


def path(mock: Mock, template: str) -> str:
    return template.format(tariff_id=tariff_of(mock, TariffType.DUAL_RATE).id)


@pytest.mark.parametrize("page_size", [1, 7, 25, 100])
def test_pages_visit_every_tariff_once_in_name_order(mock: Mock, page_size: int) -> None:
    cuts = [page.json() for page in pages(mock, "/tariffs", page_size=page_size)]
    visited = [tariff for cut in cuts for tariff in cut]
    assert {len(cut) for cut in cuts[:-1]} == {page_size}
    assert 0 < len(cuts[-1]) <= page_size
    assert sorted(tariff["id"] for tariff in visited) == sorted(tariff.id for tariff in mock.runtime.world.tariffs)
    assert [tariff["name"] for tariff in visited] == sorted(tariff["name"] for tariff in visited)


@pytest.mark.parametrize("page_size", [1, 10, 63, 100])
def test_pages_visit_every_supplier_once_in_name_order(mock: Mock, page_size: int) -> None:
    visited = [supplier for page in pages(mock, "/suppliers", page_size=page_size) for supplier in page.json()]
    assert sorted(s["id"] for s in visited) == sorted(supplier.id for supplier in mock.runtime.world.suppliers)
    assert [s["name"] for s in visited] == sorted(s["name"] for s in visited)


def test_pages_visit_every_price_of_a_window_once_newest_first(mock: Mock) -> None:
    window = {
        "started_at__gte": timestamp(NOON - timedelta(days=3)),
        "started_at__lte": timestamp(NOON - timedelta(seconds=1)),
    }
    cuts = pages(mock, path(mock, LISTS[2]), page_size=11, **window)
    starts = [price["started_at"] for cut in cuts for price in cut.json()]
    assert starts == sorted(set(starts), reverse=True)
    assert len(starts) == 3 * 48


@pytest.mark.parametrize("template", LISTS)
def test_previous_leads_back_over_the_same_pages(mock: Mock, template: str) -> None:
    query = {"page_size": 20}
    first = mock.get(path(mock, template), query=query)
    second = mock.full.get(path_of(neighbours(first)[1] or ""))
    third = mock.full.get(path_of(neighbours(second)[1] or ""))
    assert mock.full.get(path_of(neighbours(third)[0] or "")).body == second.body
    assert mock.full.get(path_of(neighbours(second)[0] or "")).body == first.body


@pytest.mark.parametrize("template", LISTS)
def test_a_page_holds_25_unless_told_otherwise(mock: Mock, template: str) -> None:
    default = mock.get(path(mock, template))
    assert len(default.json()) == 25
    assert default.body == mock.get(path(mock, template), query={"page": 1, "page_size": 25}).body


@pytest.mark.parametrize("template", LISTS)
def test_the_first_page_has_no_previous(mock: Mock, template: str) -> None:
    previous, following = neighbours(mock.get(path(mock, template)))
    assert previous is None
    assert following is not None


@pytest.mark.parametrize("template", LISTS[:2])
def test_the_last_page_has_no_next(mock: Mock, template: str) -> None:
    *_, last = pages(mock, path(mock, template), page_size=30)
    previous, following = neighbours(last)
    assert previous is not None
    assert following is None


def test_a_full_last_page_has_no_next(mock: Mock) -> None:
    total = len(items(mock, "/suppliers"))
    size = next(size for size in range(2, 100) if total % size == 0)
    last = mock.get("/suppliers", query={"page_size": size, "page": total // size})
    assert len(last.json()) == size
    assert neighbours(last)[1] is None
    assert mock.get("/suppliers", query={"page_size": size, "page": total // size + 1}).status == 404


def test_links_are_absolute_and_carry_page_and_page_size(mock: Mock) -> None:
    for url, page in zip(neighbours(mock.get("/tariffs", query={"page": 3, "page_size": 10})), (2, 4), strict=True):
        parts = urlsplit(url or "")
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{ORIGIN}{V2}/tariffs"
        assert sorted(parse_qsl(parts.query)) == [("page", str(page)), ("page_size", "10")]


def test_links_tell_the_default_page_size(mock: Mock) -> None:
    assert ("page_size", "25") in parse_qsl(urlsplit(neighbours(mock.get("/tariffs"))[1] or "").query)


@pytest.mark.parametrize(
    "query",
    [
        [("valid", "true")],
        [("expand", "supplier"), ("expand", "prices")],
        [("include_optional", "daily_prices"), ("valid", "true")],
        [("expand", "supplier,scheduler_tariff"), ("valid", "false")],
    ],
    ids=lambda query: "&".join("=".join(pair) for pair in query),
)
def test_links_keep_the_filters(mock: Mock, query: list[tuple[str, str]]) -> None:
    text = "&".join("=".join(pair) for pair in query)
    response = mock.get(f"/tariffs?{text}&page=2&page_size=5")
    for url in neighbours(response):
        kept = [pair for pair in parse_qsl(urlsplit(url or "").query) if pair[0] not in ("page", "page_size")]
        assert sorted(kept) == sorted(query)


def test_a_filtered_list_is_walked_within_the_filter(mock: Mock) -> None:
    walked = [
        tariff["gsp_group"] for page in pages(mock, "/tariffs", gsp_group="_C", page_size=2) for tariff in page.json()
    ]
    assert len(walked) > 4
    assert {*walked} == {"_C"}


@pytest.mark.parametrize("template", LISTS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("page", text) for text in ("0", "-1", "x", "1.5", "", "1,2", "٣", "null")),
        *(("page_size", text) for text in ("0", "-1", "101", "x", "2.5", "", "1e2", "99999999999999999999")),
    ],
)
def test_bad_paging_is_a_pagination_problem(mock: Mock, template: str, name: str, text: str) -> None:
    response = mock.get(path(mock, template), query={name: text})
    problem = response.json()
    assert response.status == 400
    assert problem["type"] == f"{PROBLEMS}pagination-parameters/"
    assert problem["title"] == "Invalid pagination parameter"
    assert name in problem["detail"]


@pytest.mark.parametrize("name", ["page", "page_size"])
def test_paging_given_twice_is_a_pagination_problem(mock: Mock, name: str) -> None:
    response = mock.get(f"/tariffs?{name}=1&{name}=2")
    assert (response.status, response.json()["title"]) == (400, "Invalid pagination parameter")


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("template", LISTS)
def test_the_bounds_of_page_size_are_included(mock: Mock, template: str, page_size: int) -> None:
    response = mock.get(path(mock, template), query={"page_size": page_size})
    assert response.status == 200
    total = {"/suppliers": len(mock.runtime.world.suppliers)}.get(template, 100)
    assert len(response.json()) == min(page_size, total)


@pytest.mark.parametrize("page", [100_000, 10**15])
@pytest.mark.parametrize("template", LISTS)
def test_a_page_past_the_end_is_404(mock: Mock, template: str, page: int) -> None:
    response = mock.get(path(mock, template), query={"page": page})
    assert response.status == 404
    assert response.json()["title"] == "Not found"


def empty_lists(mock: Mock) -> list[tuple[str, dict[str, Any]]]:
    later = {"started_at__gte": "2100-01-01T00:00:00Z"}
    return [("/tariffs", NOWHERE), (path(mock, LISTS[2]), later)]


def test_an_empty_list_is_one_empty_page_without_neighbours(mock: Mock) -> None:
    for where, query in empty_lists(mock):
        response = mock.get(where, query=query)
        assert (response.status, response.json()) == (200, [])
        assert neighbours(response) == (None, None)


def test_an_empty_list_has_no_second_page(mock: Mock) -> None:
    for where, query in empty_lists(mock):
        assert mock.get(where, query={**query, "page": 2}).status == 404
