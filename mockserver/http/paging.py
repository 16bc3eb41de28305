"""Paging dialects: how a long list is cut, and how the neighbours of a page are named.

A dialect is recognised by the parameters an operation declares. A new one is one class and one line in `DIALECTS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from mockserver.http.errors import Headers, NotFound


@dataclass(frozen=True, slots=True)
class Page:
    """One cut of a list: its items, and the parameters that lead to its neighbours (None at an end)."""

    items: Sequence[Any]
    previous: Mapping[str, Any] | None
    next: Mapping[str, Any] | None


class Paging(Protocol):
    """A paging dialect: `parameters` are the query parameters that it takes off the handler's hands."""

    parameters: frozenset[str]

    def cut(self, items: Sequence[Any], asked: Mapping[str, Any]) -> Page:
        """The asked page; `asked` holds the typed parameters, defaults filled in."""


class PageNumber:
    """`page` from 1 and `page_size`; a page past the end is 404, except the first page of an empty list."""

    parameters = frozenset({"page", "page_size"})

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
        )


DIALECTS: tuple[Paging, ...] = (PageNumber(),)


def dialect_for(query_parameters: frozenset[str]) -> Paging | None:
    """The dialect whose parameters an operation declares, or None for a list that is not paged."""
    return next((dialect for dialect in DIALECTS if dialect.parameters <= query_parameters), None)


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
