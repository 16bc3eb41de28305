"""Paging by number: what is on a page, and the names of its neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from mockserver.http.errors import NotFound
from mockserver.http.paging import Page, PageNumber, dialect_for, link_header


def cut(total: int, page: int, size: int) -> Page:
    return PageNumber().cut(range(total), {"page": page, "page_size": size})


def asked(neighbour: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Page and size that a neighbour asks for."""
    return None if neighbour is None else (neighbour["page"], neighbour["page_size"])


CASES: dict[str, tuple[int, int, int, list[int], int | None, int | None]] = {
    # total, page, size: items, previous, next
    "first of several": (5, 1, 2, [0, 1], None, 2),
    "middle": (5, 2, 2, [2, 3], 1, 3),
    "last, not full": (5, 3, 2, [4], 2, None),
    "last, full": (4, 2, 2, [2, 3], 1, None),
    "exactly one page": (2, 1, 2, [0, 1], None, None),
    "one page with room": (1, 1, 100, [0], None, None),
    "nothing at all": (0, 1, 25, [], None, None),
    "one item a page": (3, 2, 1, [1], 1, 3),
}


@pytest.mark.parametrize(("total", "page", "size", "items", "previous", "following"), CASES.values(), ids=CASES)
def test_a_page_holds_its_items_and_knows_its_neighbours(
    total: int, page: int, size: int, items: list[int], previous: int | None, following: int | None
) -> None:
    result = cut(total, page, size)
    assert list(result.items) == items
    assert asked(result.previous) == (previous and (previous, size))
    assert asked(result.next) == (following and (following, size))


@pytest.mark.parametrize(("total", "page", "size"), [(5, 4, 2), (4, 3, 2), (0, 2, 25), (5, 10**18, 2), (1, 2, 100)])
def test_a_page_past_the_end_is_not_found_and_the_refusal_says_how_many_there_are(
    total: int, page: int, size: int
) -> None:
    pages = max(1, -(-total // size))
    with pytest.raises(NotFound, match=rf"no page {page}\b.* {pages} page"):
        cut(total, page, size)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 24, 25, 26, 100])
def test_following_next_visits_everything_once_and_previous_leads_back(size: int) -> None:
    total, page = 25, 1
    seen: list[int] = []
    trail: list[int] = []
    while True:
        result = cut(total, page, size)
        seen.extend(result.items)
        trail.append(page)
        following = asked(result.next)
        if following is None:
            break
        page = following[0]
    assert seen == list(range(total))
    back = [page]
    while (previous := asked(cut(total, back[-1], size).previous)) is not None:
        back.append(previous[0])
    assert back == trail[::-1]


def test_the_cut_does_not_read_more_of_the_list_than_the_page() -> None:
    class Lazy(Sequence[int]):
        read: list[Any] = []  # noqa: RUF012

        def __len__(self) -> int:
            return 10**9

        def __getitem__(self, index: Any) -> Any:
            self.read.append(index)
            return range(10**9)[index]

    page = PageNumber().cut(Lazy(), {"page": 1000, "page_size": 3})
    assert list(page.items) == [2997, 2998, 2999]
    assert Lazy.read == [slice(2997, 3000)]


LINK = re.compile(r'<([^<>]*)>; rel="([a-z]+)"(?:, |$)')
URL = "http://mock/things"


def linked(page: Page, query: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """The URLs of a link header by relation, once it is made of entries and nothing else."""
    ((name, value),) = link_header(page, URL, query)
    entries = LINK.findall(value)
    assert name == "link"
    assert ", ".join(f'<{url}>; rel="{relation}"' for url, relation in entries) == value
    return {relation: url for url, relation in entries}


@pytest.mark.parametrize(("total", "page"), [(0, 1), (2, 1), (5, 1), (5, 2), (5, 3)])
def test_the_link_header_always_has_two_entries_previous_then_next(total: int, page: int) -> None:
    result = cut(total, page, 2)
    urls = linked(result)
    assert list(urls) == ["previous", "next"]
    for relation, neighbour in (("previous", result.previous), ("next", result.next)):
        if neighbour is None:
            assert urls[relation] == "about:blank"
        else:
            assert urls[relation].startswith(f"{URL}?")
            pairs = dict(parse_qsl(urlsplit(urls[relation]).query, strict_parsing=True))
            assert pairs == {name: str(value) for name, value in neighbour.items()}


def test_links_keep_every_other_parameter_in_its_order() -> None:
    others = [("expand", "supplier"), ("name", "Ökostrom & Co=1+1"), ("expand", "prices"), ("blank", "")]
    sent = [others[0], ("page", "2"), *others[1:], ("page_size", "2")]
    urls = linked(cut(9, 2, 2), sent)
    for relation, page in (("previous", "1"), ("next", "3")):
        pairs = parse_qsl(urlsplit(urls[relation]).query, keep_blank_values=True, strict_parsing=True)
        assert [pair for pair in pairs if pair[0] not in PageNumber.parameters] == others
        assert sorted(pair for pair in pairs if pair[0] in PageNumber.parameters) == [
            ("page", page),
            ("page_size", "2"),
        ]


def test_a_query_in_a_link_is_ascii_without_what_would_end_the_link() -> None:
    urls = linked(cut(9, 2, 2), [("q", 'a>b"; rel="x", <é>\r\n')])
    assert re.fullmatch(r"[A-Za-z0-9%=&+._~*-]+", urlsplit(urls["next"]).query)


@pytest.mark.parametrize(
    ("parameters", "is_paged"),
    [
        ({"page", "page_size"}, True),
        ({"page", "page_size", "expand"}, True),
        ({"page"}, False),
        ({"page_size"}, False),
        (set(), False),
        ({"Page", "Page_Size"}, False),
    ],
)
def test_a_dialect_is_recognised_by_all_of_its_parameters(parameters: set[str], is_paged: bool) -> None:
    assert (dialect_for(frozenset(parameters)) is not None) == is_paged
