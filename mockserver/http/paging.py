"""Paging dialects: how a long list is cut, and how the neighbours of a page are named.

A dialect is recognised by the parameters an operation declares, and made for the member of its answer that holds the
items. A new one is one class and one line in `DIALECTS`.
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


DIALECTS = (PageNumber, PageEnvelope, LimitOffset)


def dialect_for(query_parameters: frozenset[str], items_in: str | None = "data") -> Paging | None:
    """The dialect whose parameters an operation declares, or None for a list that is not paged.

    `items_in` names the member of the body that holds the items, None where the body is the list itself.
    """
    return next((dialect(items_in) for dialect in DIALECTS if dialect.parameters <= query_parameters), None)


def link_header(page: Page, url: str, query: Sequence[tuple[str, str]]) -> Headers:
    """ev.energy's `Link`: always two entries, previous then next, `about:blank` at an end (RFC 8288 syntax).

    `query` holds the pairs as sent, which the links keep but for the paging parameters.
    """

    def entry(neighbour: Mapping[str, Any] | None, relation: str) -> str:
        if neighbour is None:
            return f'<about:blank>; rel="{relation}"'
        kept = [(name, value) for name, value in query if name not in neighbour]
        return f'<{url}?{urlencode([*kept, *neighbour.items()])}>; rel="{relation}"'

    return [("link", f"{entry(page.previous, 'previous')}, {entry(page.next, 'next')}")]
