"""Walks lists of any style, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from contract_tests.contract import Place
from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.paging import at
from contract_tests.surface.schemas import keyword

_LARGE = 100
_LARGEST = 500
_MOST_PAGES = 40
_NO_END = (401, 403, 429)
_A_DAY = timedelta(days=1)
_NEXT_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_IS_NEXT = re.compile(r""";\s*rel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|next\b)""", re.IGNORECASE)


def everything(
    stage: Stage, listing: Listing, query: Mapping[str, Any] | None = None, **path: Any
) -> tuple[list[Any], list[Exchange]]:
    """All items of a list, and the pages they came on; raises NotPlayed where it cannot be read to its end."""
    found: list[Any] = []
    exchanges: list[Exchange] = []
    for exchange in pages(stage, listing, query, large(stage, listing), **path):
        if len(exchanges) == _MOST_PAGES:
            raise NotPlayed(f"{listing.operation} does not end within {_MOST_PAGES} pages, {len(found)} items")
        exchanges.append(exchange)
        found += shown(stage, listing, exchange)
    return found, exchanges


def pages(
    stage: Stage, listing: Listing, query: Mapping[str, Any] | None = None, size: int | None = None, **path: Any
) -> Iterator[Exchange]:
    """The answers for one page after the other, until the list says that it ends or an answer is no list.

    Whoever takes them decides when there have been enough: nothing here stops a list that leads round in a circle.
    """
    paging = listing.paging
    asked = {**needed(stage, listing), **(query or {})}
    if paging and paging.size and size is not None:
        asked[paging.size] = size
    number, known, before, longest = (paging.first if paging else 0), 0, None, 0
    exchange = stage.call(listing.operation, query=asked, **path)
    while True:
        items = items_in(listing, exchange)
        if not paging or items is None:
            yield exchange
            return
        if paging.style in ("cursor", "link"):
            yield exchange
            if not (following := next_of(listing, exchange)):
                return
            if paging.style == "link" or is_link(following):
                exchange = stage.follow(listing.operation, str(following), after=exchange)
            else:
                exchange = stage.call(listing.operation, query={**asked, paging.parameter: following}, **path)
            continue
        # A page behind the last one is empty, or the last one again.
        if before is not None and (not items or items == before):
            return
        yield exchange
        known, longest = known + len(items), max(longest, len(items))
        total = at(exchange.json(), listing.total) if listing.total else None
        short = len(items) < (longest if known > len(items) else size or 0)
        # A total that is no more than a page holds may be that of the page.
        if not items or (isinstance(total, int) and known >= total and (short or total > longest)):
            return
        before, number = items, number + (1 if paging.style == "page" else len(items))
        exchange = stage.call(listing.operation, query={**asked, paging.parameter: number}, **path)
        # Some refuse what lies behind the last page, in various ways.
        if 400 <= exchange.status < 500 and exchange.status not in _NO_END:
            return


def items_in(listing: Listing, exchange: Exchange) -> list[Any] | None:
    """The items on a page, or None where the answer is no page."""
    return listing.items_of(exchange.json()) if 200 <= exchange.status < 300 else None


def shown(stage: Stage, listing: Listing, exchange: Exchange) -> list[Any]:
    """The items on a page; raises NotPlayed where the answer is no page."""
    items = items_in(listing, exchange)
    if items is None:
        raise NotPlayed(f"{listing.operation} answers {exchange.outcome(stage.run.credentials)}")
    return items


def next_of(listing: Listing, exchange: Exchange) -> Any:
    """The cursor for the next page or the link to it, or None at the end."""
    paging, answer = listing.paging, exchange.json()
    if paging and paging.next:
        return None if paging.more and at(answer, paging.more) is False else at(answer, paging.next) or None
    links = _NEXT_LINK.findall(exchange.answer_headers.get("link", ""))
    return next((target for target, parameters in links if _IS_NEXT.search(parameters)), None)


def is_link(following: Any) -> bool:
    """Whether what leads to the next page is a URL and no cursor."""
    return isinstance(following, str) and re.match(r"https?://|[/?]", following) is not None


def large(stage: Stage, listing: Listing) -> int | None:
    """The largest sensible size of a page, or None where the list takes no size."""
    schema = size_schema(stage, listing)
    told = schema and any(keyword(stage.run.contract, schema, word) for word in ("maximum", "enum"))
    return size_near(stage, listing, _LARGEST if told else _LARGE)


def size_near(stage: Stage, listing: Listing, wanted: int) -> int | None:
    """The size of a page next to the wanted one that the contract allows, or None where the list takes no size."""
    schema = size_schema(stage, listing)
    if schema is None:
        return None
    least, most, choices = (keyword(stage.run.contract, schema, word) for word in ("minimum", "maximum", "enum"))
    if choices:
        return min((one for one in choices if isinstance(one, int)), key=lambda one: abs(one - wanted), default=None)
    wanted = max(wanted, int(least or 1))
    return min(wanted, int(most)) if most else wanted


def size_schema(stage: Stage, listing: Listing) -> Place | None:
    """The schema of the parameter for the size of a page, or None where there is none."""
    contract = stage.run.contract
    size = listing.paging.size if listing.paging else ""
    parameter = contract.parameters(listing.operation).get(("query", size))
    return contract.below(parameter, "schema") if parameter else None


def needed(stage: Stage, listing: Listing) -> dict[str, Any]:
    """The query parameters that a list requires; raises NotPlayed where nobody says what to give."""
    contract = stage.run.contract
    found = {}
    for (where, name), place in contract.parameters(listing.operation).items():
        paged = listing.paging and name in (listing.paging.parameter, listing.paging.size)
        if where == "query" and place.value.get("required") is True and not paged:
            found[name] = worth_trying(stage, listing.operation, name, place, _around_now(stage, listing, name, place))
    return found


def _around_now(stage: Stage, listing: Listing, name: str, parameter: Place) -> str | None:
    """The beginning or the end of the last day, for a parameter of a range of time."""
    cut, contract = listing.range, stage.run.contract
    if not cut or keyword(contract, contract.below(parameter, "schema"), "format") != "date-time":
        return None
    time = {cut.start: stage.now - _A_DAY, cut.until: stage.now}.get(name)
    return time.isoformat().replace("+00:00", "Z") if time else None


def worth_trying(stage: Stage, operation: str, name: str, parameter: Place, otherwise: Any = None) -> Any:
    """A value for a parameter: declared, else shown by the contract; raises NotPlayed where there is none."""
    contract = stage.run.contract
    if told := stage.run.surface.declaration.values(name, operation):
        return told[0]
    schema = contract.below(parameter, "schema")
    for value in (parameter.value.get("example"), *_examples(parameter.value.get("examples"))):
        if value is not None:
            return value
    for word in ("const", "example", "default"):
        if (value := keyword(contract, schema, word)) is not None:
            return value
    for word in ("examples", "enum"):
        if values := keyword(contract, schema, word):
            return values[0]
    if otherwise is None:
        raise NotPlayed(f"{operation} needs `{name}`: declare `values` for it")
    return otherwise


def _examples(named: Any) -> list[Any]:
    return [one.get("value") for one in named.values() if isinstance(one, Mapping)] if named else []
