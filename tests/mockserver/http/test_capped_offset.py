"""Pages by limit and offset whose counts are in headers, as OCPI has them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.http.paging import CappedOffset, LimitOffset, counting_headers, dialect_for

URL = "http://localhost/ocpi/cdrs"
PAGING = CappedOffset()
BOTH = frozenset({"limit", "offset"})


@pytest.mark.parametrize(
    ("total", "limit", "offset", "items", "next_offset"),
    [
        (250, 50, 0, range(50), 50),
        (250, 1000, 0, range(100), 100),
        (250, 10**18, 100, range(100, 200), 200),
        (250, 100, 150, range(150, 250), None),
        (250, 50, 250, (), None),
        (250, 50, 10**18, (), None),
        (0, 50, 0, (), None),
    ],
)
def test_a_page_is_never_longer_than_the_cap(
    total: int, limit: int, offset: int, items: range, next_offset: int | None
) -> None:
    page = PAGING.cut(range(total), {"limit": limit, "offset": offset})
    assert [*page.items] == [*items]
    assert PAGING.body(page, [*page.items]) == [*items]
    assert page.next == (None if next_offset is None else {"limit": min(limit, 100), "offset": next_offset})


@given(total=st.integers(0, 320), limit=st.integers(1, 200))
def test_following_the_next_page_visits_everything_once(total: int, limit: int) -> None:
    seen: list[int] = []
    asked: dict[str, int] | None = {"limit": limit, "offset": 0}
    while asked is not None:
        page = PAGING.cut(range(total), asked)
        seen += page.items
        asked = dict(page.next) if page.next else None
    assert seen == [*range(total)]


def test_headers_count_and_lead_on_with_the_filters_kept() -> None:
    query = [("date_from", "2026-03-01T00:00:00Z"), ("limit", "500"), ("offset", "100")]
    page = PAGING.cut(range(250), {"limit": 500, "offset": 100})
    following = f'<{URL}?date_from=2026-03-01T00%3A00%3A00Z&limit=100&offset=200>; rel="next"'
    assert counting_headers(page, URL, query) == [("x-total-count", "250"), ("x-limit", "100"), ("link", following)]
    last = PAGING.cut(range(250), {"limit": 500, "offset": 200})
    assert counting_headers(last, URL, query) == [("x-total-count", "250"), ("x-limit", "100")]


def test_it_is_told_from_the_other_by_the_headers_of_the_answer() -> None:
    assert dialect_for(BOTH, "data", PAGING.headers | {"link"}) == CappedOffset("data")
    assert dialect_for(BOTH, "data", frozenset({"x-total-count"})) == LimitOffset("data")
    assert dialect_for(frozenset({"limit"}), "data", PAGING.headers) is None
