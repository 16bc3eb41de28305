"""Paging dialects: how a long list is cut, and how the neighbours of a page are named.

A dialect is recognised by the parameters that an operation declares, and by headers of its answer, and made for the
member of that which holds the items. A new one is one class and one line in `DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode

from mockserver.http.errors import Headers, NotFound


@dataclass(frozen=True, slots=True)
class Page:
    """One cut of a list: its items, and the parameters that lead to its neighbours (None at an end).

    `total` is the length of the whole list, and `asked` are the parameters that led here.
    """

    items: Sequence[Any]
    previous: Mapping[str, Any] | None
    next: Mapping[str, Any] | None
    total: int
    asked: Mapping[str, Any]


class Paging(Protocol):
    """A paging dialect: `parameters` are the query parameters that it takes off the handler's hands."""

    parameters: ClassVar[frozenset[str]]
    headers: ClassVar[frozenset[str]]
    """Those by whose lower-case names it is told from others."""

    @property
    def items_in(self) -> str | None:
        """The member of the body that holds the items, None where the body is the list itself."""

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """The asked page; `asked` holds the typed parameters, defaults filled in."""

    def body(self, page: Page, wire_items: Sequence[Any]) -> Any:
        """The body of a page, given its items in wire form."""


@dataclass(frozen=True, slots=True)
class PageNumber:
    """`page` from 1 and `page_size`; a page past the end is 404, except the first page of an empty list."""

    items_in: str | None = None
    parameters: ClassVar = frozenset({"page", "page_size"})
    headers: ClassVar = frozenset[str]()

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """See `Paging.cut`; NotFound past the end."""
        page, size = int(asked["page"]), int(asked["page_size"])
        start = (page - 1) * size
        total = len(items)
        if start >= total and page > 1:
            raise NotFound(f"There is no page {page}: the list has {max(1, -(-total // size))} page(s) of {size}.")

        return Page(
            items=items[start : start + size],
            previous={"page": page - 1, "page_size": size} if page > 1 else None,
            next={"page": page + 1, "page_size": size} if start + size < total else None,
            total=total,
            asked=asked,
        )

    def body(self, page: Page, wire_items: Sequence[Any]) -> Any:
        """The items as they are."""
        return wire_items


@dataclass(frozen=True, slots=True)
class PageEnvelope:
    """`page` from 1 and `per_page`, in an envelope that counts; a page past the end is empty."""

    items_in: str | None = "data"
    parameters: ClassVar = frozenset({"page", "per_page"})
    headers: ClassVar = frozenset[str]()

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """See `Paging.cut`."""
        page, size = int(asked["page"]), int(asked["per_page"])
        start, total = (page - 1) * size, len(items)
        return Page(
            items=items[start : start + size] if start < total else (),
            previous={"page": page - 1, "per_page": size} if page > 1 else None,
            next={"page": page + 1, "per_page": size} if start + size < total else None,
            total=total,
            asked=asked,
        )

    def body(self, page: Page, wire_items: Sequence[Any]) -> Any:
        """`{<items>, pagination: {page, per_page, total_count, total_pages}}`; an empty list has no page."""
        size = page.asked["per_page"]
        counts = {"total_count": page.total, "total_pages": -(-page.total // size)}
        return {
            self.items_in or "data": [*wire_items],
            "pagination": {"page": page.asked["page"], "per_page": size, **counts},
        }


@dataclass(frozen=True, slots=True)
class LimitOffset:
    """`limit` items behind the first `offset`, and beside them both and the length of the list."""

    items_in: str | None = "data"
    parameters: ClassVar = frozenset({"limit", "offset"})
    headers: ClassVar = frozenset[str]()

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """See `Paging.cut`; past the end there are no items."""
        limit, offset, total = int(asked["limit"]), int(asked["offset"]), len(items)
        return Page(
            items=items[offset : offset + limit] if offset < total else (),
            previous={"limit": limit, "offset": max(0, offset - limit)} if offset > 0 else None,
            next={"limit": limit, "offset": offset + limit} if offset + limit < total else None,
            total=total,
            asked=asked,
        )

    def body(self, page: Page, wire_items: Sequence[Any]) -> Any:
        """`{<items>, total, limit, offset}`."""
        asked = page.asked
        return {
            self.items_in or "data": [*wire_items],
            "total": page.total,
            "limit": asked["limit"],
            "offset": asked["offset"],
        }


@dataclass(frozen=True, slots=True)
class CappedOffset:
    """OCPI's: `limit` items behind the first `offset`, never more than `most`; all that is said of it is in headers.

    Source: OCPI 2.2.1, 4.1.3.
    """

    items_in: str | None = "data"
    parameters: ClassVar = frozenset({"limit", "offset"})
    headers: ClassVar = frozenset({"x-limit", "x-total-count"})
    most: ClassVar = 100

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """See `Paging.cut`; past the end there are no items."""
        return LimitOffset().cut(items, {**asked, "limit": min(int(asked["limit"]), self.most)})

    def body(self, page: Page, wire_items: Sequence[Any]) -> Any:
        """The items as they are: the envelope is that of every answer."""
        return wire_items


DIALECTS = (CappedOffset, PageNumber, PageEnvelope, LimitOffset)


def dialect_for(
    query_parameters: frozenset[str], items_in: str | None = "data", headers: frozenset[str] = frozenset()
) -> Paging | None:
    """The first dialect whose parameters and headers an operation declares, or None for a list that is not paged.

    `items_in` names the member of the body that holds the items, None where the body is the list itself.
    """
    found = (each for each in DIALECTS if each.parameters <= query_parameters and each.headers <= headers)
    return next((dialect(items_in) for dialect in found), None)


def link_header(page: Page, url: str, query: Sequence[tuple[str, str]]) -> Headers:
    """ev.energy's `Link`: always two entries, previous then next, `about:blank` at an end (RFC 8288 syntax).

    `query` holds the pairs as sent, which the links keep but for the paging parameters.
    """

    def entry(neighbour: Mapping[str, Any] | None, relation: str) -> str:
        if neighbour is None:
            return f'<about:blank>; rel="{relation}"'
        return _link(neighbour, relation, url, query)

    return [("link", f"{entry(page.previous, 'previous')}, {entry(page.next, 'next')}")]


def counting_headers(page: Page, url: str, query: Sequence[tuple[str, str]]) -> Headers:
    """OCPI's headers of a page: the length of the list, the most that a page holds, and `Link` to the next, if any.

    `query` as for `link_header`.
    """
    following = [] if page.next is None else [("link", _link(page.next, "next", url, query))]
    return [("x-total-count", str(page.total)), ("x-limit", str(CappedOffset.most)), *following]


def _link(neighbour: Mapping[str, Any], relation: str, url: str, query: Sequence[tuple[str, str]]) -> str:
    kept = [(name, value) for name, value in query if name not in neighbour]
    return f'<{url}?{urlencode([*kept, *neighbour.items()])}>; rel="{relation}"'
