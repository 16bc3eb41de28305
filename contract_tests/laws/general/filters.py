"""Lists: what their filters select, and in which order they are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice, pairwise
from typing import Any

from contract_tests.contract import Place
from contract_tests.exchange import Exchange
from contract_tests.laws.general.likeness import same, words
from contract_tests.laws.general.looking import Path, Selection, furnished, identity, look, moment
from contract_tests.laws.general.pages import large, pages, shown, size_near
from contract_tests.laws.general.selectors import filters, orders
from contract_tests.laws.law import Breach, NotPlayed, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.schemas import keyword, members, types

_FEW = 3
_LONG = 100
_BOUND_FORMATS = ("date", "date-time", "time", "duration")

Query = tuple[tuple[str, str], ...]


@general("inferred", "major", filters)
def filters_select(stage: Stage, subject: tuple[Listing, str]) -> None:
    """A filter gives all that has the value it names, and nothing else."""
    listing, parameter = subject
    path, seen = furnished(stage, listing, 1)
    for value in _values(stage, listing, parameter, seen.items):
        stage.settled(partial(_require_selected, stage, listing, parameter, path, seen.items, value))


def _values(stage: Stage, listing: Listing, parameter: str, items: list[Any]) -> list[Any]:
    """A value that few items have, and where all have the same one that could be had; raises NotPlayed for none."""
    contract, member = stage.run.contract, listing.filters[parameter]
    schema = contract.below(contract.parameters(listing.operation)["query", parameter], "schema")
    told = parameter in listing.declared.get("filters", {})
    number = types(contract, schema) == {"number"} or keyword(contract, schema, "format") in _BOUND_FORMATS
    if number and not told:
        raise NotPlayed(f"`{parameter}` may be a bound: declare it in `filters` of {listing.operation}")
    times = Counter(item[member] for item in items if isinstance(item, dict) and _can_be_asked(item.get(member)))
    seen = sorted(times, key=lambda value: times[value])[:1]
    others = [
        value
        for value in (
            *stage.run.surface.declaration.values(parameter, listing.operation),
            *(keyword(contract, schema, "enum") or ()),
            *((True, False) if types(contract, schema) == {"boolean"} else ()),
        )
        if _can_be_asked(value) and value not in times
    ]
    wanted = [*seen, *(others[:1] if len(times) < 2 else ())]
    valid = [value for value in wanted if not contract.violations(schema, value, "request")]
    if not valid:
        raise NotPlayed(f"no item of {listing.operation} shows a `{member}` that `{parameter}` takes")
    return valid


def _can_be_asked(value: Any) -> bool:
    """Whether a value is one that nobody takes for several, for a pattern or for none."""
    if isinstance(value, str):
        return bool(value.strip()) and len(value) <= _LONG and not set(value) & set(",*%|")
    return isinstance(value, int | float)


def _require_selected(
    stage: Stage, listing: Listing, parameter: str, path: Path, before: list[Any], value: Any
) -> None:
    member = listing.filters[parameter]
    asked = {parameter: str(value).lower() if isinstance(value, bool) else value}
    selection = Selection(stage, listing, asked, path)
    for exchange, item in selection:
        if isinstance(item, dict) and item.get(member) is not None:
            says = f"only what has {words(value)} as {member}, with {parameter}={asked[parameter]}"
            right = _selects(stage, listing, member, value, item[member])
            stage.require(right, exchange, says, f"there is something with {words(item[member])}")
    wanted = _having(listing, before, member, value)
    if selection.is_whole and not wanted <= selection.found:
        still = _having(listing, look(stage, listing, path).items, member, value)
        missing = sorted((wanted & still) - selection.found)
        says = f"all {len(wanted)} things that have {words(value)} as {member}, with {parameter}={asked[parameter]}"
        came = f"listed without the filter, missing with it: {missing[:_FEW]}"
        stage.require(not missing, selection.exchanges[-1], says, came)


def _having(listing: Listing, items: list[Any], member: str, value: Any) -> set[str]:
    return {identity(listing, item) for item in items if isinstance(item, dict) and item.get(member) == value}


def _selects(stage: Stage, listing: Listing, member: str, wanted: Any, value: Any) -> bool:
    """Whether something may be there: a filter for free text may be a search for its words, unless it is declared."""
    schema = members(stage.run.contract, listing.item).get(member)
    free = isinstance(wanted, str) and not _choices(stage, schema) and not re.search(r"(_id|Id|^id)$", member)
    if free and member not in listing.declared.get("filters", {}).values():
        return any(word in str(value).casefold() for word in wanted.casefold().split())
    return same(wanted, value)


def _choices(stage: Stage, schema: Place | None) -> list[Any]:
    return keyword(stage.run.contract, schema, "enum") or []


@general("inferred", "major", orders)
def lists_are_in_order(stage: Stage, subject: tuple[Listing, Mapping[Query, tuple[str, ...]]]) -> None:
    """A list is in the order that was asked for, and without one in the order that is declared."""
    listing, by_query = subject
    path, seen = furnished(stage, listing, _FEW)
    varied = {query: names for query, names in by_query.items() if _differ(seen.items, names[0].lstrip("-"))}
    if not varied:
        known = sorted({names[0].lstrip("-") for names in by_query.values()})
        raise NotPlayed(f"{listing.operation} shows nothing that differs in {', '.join(known)}")
    size = size_near(stage, listing, -(-len(seen.items) // 2))
    for number, (query, names) in enumerate(varied.items()):
        opposite = tuple(name[1:] if name.startswith("-") else f"-{name}" for name in names)
        open_end = bool(query) and "sort" not in listing.declared and opposite not in by_query.values()
        either = (names, opposite) if open_end and not names[0].startswith("-") else (names,)
        # Sorting each page by itself is no sorting; once is enough to see that.
        cut = large(stage, listing) if number else size
        stage.settled(partial(_require_order, stage, listing, path, query, cut, 1 if number else 2, either))


def _differ(items: list[Any], member: str) -> bool:
    return len({words(item[member]) for item in items if isinstance(item, dict) and member in item}) > 1


def _require_order(
    stage: Stage,
    listing: Listing,
    path: Path,
    query: Query,
    size: int | None,
    most: int,
    either: tuple[tuple[str, ...], ...],
) -> None:
    items: list[tuple[Exchange, dict[str, Any]]] = []
    for exchange in islice(pages(stage, listing, dict(query), size, **path), most):
        items += [(exchange, item) for item in shown(stage, listing, exchange) if isinstance(item, dict)]
    wrong = [next(_misplaced(stage, listing, items, names), None) for names in either]
    asked = f", with {query[0][0]}={query[0][1]}" if query else ""
    if all(wrong) and wrong[0]:
        exchange, came = wrong[0]
        raise Breach(exchange, f"in order of {', '.join(either[0])}{asked}", came)


def _misplaced(
    stage: Stage, listing: Listing, items: list[tuple[Exchange, dict[str, Any]]], names: tuple[str, ...]
) -> Iterator[tuple[Exchange, str]]:
    """What comes behind something that it should come before, in any order that the values may have."""
    schemas = members(stage.run.contract, listing.item)
    placed = [(exchange, item) for exchange, item in items if item.get(names[0].lstrip("-")) is not None]
    for (_, one), (exchange, two) in pairwise(placed):
        for name in names:
            member = name.lstrip("-")
            sign = compared(one.get(member), two.get(member), _choices(stage, schemas.get(member)))
            if sign and (sign > 0) != name.startswith("-"):
                yield exchange, f"{member} {words(one[member])} comes before {words(two[member])}"
            if sign != 0:
                break


def compared(one: Any, two: Any, choices: list[Any]) -> int | None:
    """1 if one value is certainly behind the other, -1 if before it, 0 if they are equal, None if nobody can say.

    Servers compare texts by code, by the alphabet, by the numbers in them or by the order of the choices.
    """
    if isinstance(one, bool) or isinstance(two, bool):
        return None
    if isinstance(one, int | float) and isinstance(two, int | float):
        return (one > two) - (one < two)
    times = moment(one), moment(two)
    if times[0] and times[1]:
        return (times[0] > times[1]) - (times[0] < times[1])
    if not isinstance(one, str) or not isinstance(two, str):
        return None
    signs = {(first > second) - (first < second) for first, second in zip(_keys(one), _keys(two), strict=True)}
    if one in choices and two in choices:
        first, second = choices.index(one), choices.index(two)
        signs.add((first > second) - (first < second))
    return signs.pop() if len(signs) == 1 else None


def _keys(text: str) -> tuple[Any, ...]:
    folded = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    natural = [int(part) if index % 2 else part for index, part in enumerate(re.split(r"([0-9]+)", folded))]
    return text, folded, "".join(filter(str.isalnum, folded)), natural


LAWS = (filters_select, lists_are_in_order)
