"""How lists are cut into pages, and where their answers say what is next and how much there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contract_tests.contract import Contract, Place
from contract_tests.surface.schemas import keyword, members, types
from specs.source import tokens

Style = Literal["page", "offset", "cursor", "link"]
Tokens = tuple[str, ...]

_PAGE = ("page", "page_number", "pageNumber", "page_no", "p", "page[number]")
_OFFSET = ("offset", "skip", "start_index", "startIndex", "page[offset]", "$skip")
_CURSOR = (
    "cursor",
    "page_token",
    "pageToken",
    "next_token",
    "nextToken",
    "starting_after",
    "after",
    "page_after",
    "page[after]",
    "page[cursor]",
)
_SIZE = (
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "limit",
    "size",
    "count",
    "max_results",
    "top",
    "first",
    "page[size]",
    "page[limit]",
    "$top",
)
_NEXT = ("next_cursor", "nextCursor", "next_page_token", "nextPageToken", "next_token", "nextToken", "next", "cursor")
_NEXT_LINK = ("next", "next_url", "nextUrl", "next_page", "nextPage")
_MORE = ("has_more", "hasMore", "has_next", "hasNext", "has_next_page", "hasNextPage", "more")
_TOTAL = ("total_count", "totalCount", "total", "count", "total_items", "totalItems", "total_results", "totalResults")


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is cut into pages: query parameters, and where an answer says what is next.

    `parameter` takes the number of the page (from `first`), the offset, or the cursor; it is empty for links, which are
    URLs in the `Link` header, or at `next` in the body.
    """

    style: Style
    parameter: str
    size: str
    first: int
    next: Tokens
    more: Tokens = ()
    """Where an answer says whether there is a next page, for those that always have something at `next`."""


def at(value: Any, tokens: Tokens) -> Any:
    """What stands at a pointer, or None."""
    for token in tokens:
        value = value.get(token) if isinstance(value, Mapping) else None
    return value


def schema_at(contract: Contract, schema: Place | None, where: Tokens) -> Place | None:
    """The schema of what stands at a pointer, or None."""
    for token in where:
        schema = members(contract, schema).get(token)
    return schema


def _told(told: Mapping[str, Any]) -> Paging | None:
    if told["style"] == "none":
        return None
    return Paging(
        style=told["style"],
        parameter=told.get("parameter", ""),
        size=told.get("size", ""),
        first=told.get("first", 1 if told["style"] == "page" else 0),
        next=tuple(tokens(told.get("next", ""))),
    )


def paging_of(
    contract: Contract, label: str, parameters: list[str], envelope: Place | None, told: Mapping[str, Any] | None
) -> Paging | None:
    """How a list is paged: as the declaration tells, else by the names of parameters, headers and members."""
    if told is not None:
        return _told(told)
    size = _first(parameters, _SIZE)
    if page := _first(parameters, _PAGE):
        number = contract.below(contract.parameters(label)["query", page], "schema")
        said = (keyword(contract, number, "default"), keyword(contract, number, "minimum"))
        return Paging("page", page, size, next((one for one in said if one in (0, 1)), 1), ())
    if offset := _first(parameters, _OFFSET):
        return Paging("offset", offset, size, 0, ())
    if _declares_header(contract, label, "link"):
        return Paging("link", "", size, 0, ())
    if cursor := _first(parameters, _CURSOR):
        following, more = _find(contract, envelope, _NEXT), _find(contract, envelope, _MORE)
        return Paging("cursor", cursor, size, 0, following, more) if following else None
    following = _find(contract, envelope, _NEXT_LINK)
    schema = schema_at(contract, envelope, following)
    if following and keyword(contract, schema, "format") in ("uri", "uri-reference"):
        return Paging("link", "", size, 0, following)
    return None


def _declares_header(contract: Contract, label: str, name: str) -> bool:
    responses = contract.below(contract.operations[label], "responses")
    return any(
        header.lower() == name
        for status in responses.value
        if str(status).startswith("2")
        for header in contract.below(responses, str(status)).value.get("headers", {})
    )


def total_of(contract: Contract, envelope: Place | None) -> Tokens | None:
    """Where an answer says how much there is on all pages, or None."""
    return _find(contract, envelope, _TOTAL) or None


def _find(contract: Contract, envelope: Place | None, names: tuple[str, ...]) -> Tokens:
    """Where the first of the names stands in an envelope, or in an object of it such as `pagination`."""
    outer = members(contract, envelope)
    for name in names:
        if name in outer and "object" not in types(contract, outer[name]):
            return (name,)
    for holder, place in outer.items():
        inner = members(contract, place) if "object" in types(contract, place) else {}
        for name in names:
            if name in inner:
                return (holder, name)
    return ()


def _first(names: list[str], wanted: tuple[str, ...]) -> str:
    return next((name for name in wanted if name in names), "")
