"""Pages in an envelope: `page` and `per_page` in the query, counts beside the items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.http.paging import PageEnvelope, PageNumber, dialect_for

PAGING = PageEnvelope()


def asked(page: int, per_page: int) -> dict[str, int]:
    return {"page": page, "per_page": per_page}


@pytest.mark.parametrize(
    ("total", "page", "per_page", "items", "total_pages"),
    [
        (5, 1, 2, [0, 1], 3),
        (5, 3, 2, [4], 3),
        (4, 2, 2, [2, 3], 2),
        (0, 1, 25, [], 0),
        (5, 4, 2, [], 3),
        (5, 10**18, 100, [], 1),
    ],
    ids=["first", "last, not full", "last, full", "empty list", "past the end", "far past the end"],
)
def test_a_page_holds_its_items_and_counts_the_list(
    total: int, page: int, per_page: int, items: list[int], total_pages: int
) -> None:
    cut = PAGING.cut(range(total), asked(page, per_page))
    body = PAGING.body(cut, cut.items)
    assert body == {
        "data": items,
        "pagination": {"page": page, "per_page": per_page, "total_count": total, "total_pages": total_pages},
    }


@given(total=st.integers(0, 60), per_page=st.integers(1, 25))
def test_the_pages_that_are_counted_hold_every_item_once(total: int, per_page: int) -> None:
    first = PAGING.cut(range(total), asked(1, per_page))
    total_pages = PAGING.body(first, first.items)["pagination"]["total_pages"]
    pages = [PAGING.cut(range(total), asked(page, per_page)).items for page in range(1, total_pages + 1)]
    assert [item for page in pages for item in page] == [*range(total)]


@given(total=st.integers(0, 60), page=st.integers(1, 30), per_page=st.integers(1, 25))
def test_neighbours_lead_to_each_other(total: int, page: int, per_page: int) -> None:
    cut = PAGING.cut(range(total), asked(page, per_page))
    assert (cut.previous is None) == (page == 1)
    if cut.next is not None:
        assert PAGING.cut(range(total), cut.next).previous == asked(page, per_page)


def test_it_is_recognised_by_both_of_its_parameters() -> None:
    assert isinstance(dialect_for(frozenset({"page", "per_page", "kind"})), PageEnvelope)
    assert isinstance(dialect_for(frozenset({"page", "page_size"})), PageNumber)
    assert dialect_for(frozenset({"page"})) is None
