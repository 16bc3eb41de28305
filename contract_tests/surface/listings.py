"""Lists: where their items are, and how they are filtered, sorted and cut to a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.contract import Contract, Place
from contract_tests.declaration import Declaration
from contract_tests.surface.paging import Paging, Tokens, at, paging_of, schema_at, total_of
from contract_tests.surface.resources import Resource
from contract_tests.surface.schemas import answer_schema, items, keyword, members, types
from specs.source import tokens

_SORT = ("sort", "order", "order_by", "orderBy", "sort_by", "sortBy", "ordering")
_RANGES = (
    ("from", "to"),
    ("from", "until"),
    ("start", "end"),
    ("since", "until"),
    ("start_time", "end_time"),
    ("startTime", "endTime"),
    ("start_date", "end_date"),
    ("from_time", "to_time"),
)
_RANGE_ENDINGS = (("_after", "_before"), ("_from", "_to"), ("_since", "_until"), ("__gte", "__lt"), ("__gte", "__lte"))


@dataclass(frozen=True, slots=True)
class Sort:
    """A parameter that sorts; each value gives members, `-` before one is descending."""

    parameter: str
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Range:
    """Two parameters that cut a list to `start <= member < until`, or `<=` where the end is included."""

    start: str
    until: str
    member: str
    until_included: bool | None


@dataclass(frozen=True, slots=True)
class Tiles:
    """Members of intervals that leave no gap and do not overlap; `end`, or a length in seconds."""

    start: str
    end: str
    duration_s: str


@dataclass(frozen=True)
class Listing:
    """A GET that answers an array, at `items` in its body; `resource` is the kind of thing in it, if it is known."""

    operation: str
    items: Tokens
    item: Place | None
    paging: Paging | None
    total: Tokens | None
    filters: Mapping[str, str]
    """Member by the query parameter that selects by it."""
    sort: Sort | None
    range: Range | None
    order: tuple[str, ...]
    tiles: Tiles | None
    resource: Resource | None
    parents: Mapping[str, str]
    """Names of the resources whose ids are in the path, by path parameter, as far as they are known."""
    declared: Mapping[str, Any]

    @property
    def id_member(self) -> str:
        """The member of an item by which it can be read, or an empty text."""
        return self.resource.id_member if self.resource and self.resource.item else ""

    def ids_in(self, answer: Any) -> Iterator[str]:
        """The ids, as texts, by which what is in a body can be read."""
        for item in self.items_of(answer) or ():
            key = item.get(self.id_member) if isinstance(item, Mapping) else None
            if isinstance(key, str | int) and not isinstance(key, bool):
                yield str(key)

    def items_of(self, answer: Any) -> list[Any] | None:
        """The items in a body, or None where they are not where they should be."""
        found = at(answer, self.items)
        return found if isinstance(found, list) else None


def listings(contract: Contract, declaration: Declaration, resources: Mapping[str, Resource]) -> dict[str, Listing]:
    """All lists by the label of their operation, in document order."""
    found = {}
    reads = {resource.read for resource in resources.values()}
    for label in contract.operations:
        # What reads one thing is no list, although a thing may have a list in it.
        if not label.startswith("GET ") or (label in reads and label not in declaration.lists):
            continue
        if listing := _listing(contract, declaration, resources, label):
            found[label] = listing
    return found


def _listing(
    contract: Contract, declaration: Declaration, resources: Mapping[str, Resource], label: str
) -> Listing | None:
    told = declaration.listing(label)
    schema = answer_schema(contract, label)
    where = tuple(tokens(told["items"])) if "items" in told else _items_at(contract, schema)
    if where is None:
        return None
    item = items(contract, schema_at(contract, schema, where))
    parameters = [name for place, name in contract.parameters(label) if place == "query"]
    envelope = schema if where else None
    resource = next((one for one in resources.values() if one.list == label), None)
    paging = paging_of(contract, label, parameters, envelope, told.get("paging"))
    taken = {paging.parameter, paging.size} if paging else set()
    return Listing(
        operation=label,
        items=where,
        item=item,
        paging=paging,
        total=tuple(tokens(told["total"])) if "total" in told else total_of(contract, envelope),
        filters=_filters(contract, label, item, parameters, taken, told.get("filters", {})),
        sort=_sort(contract, label, item, parameters, told.get("sort")),
        range=_range(contract, item, parameters, told.get("range")),
        order=tuple(told.get("order", ())),
        tiles=Tiles(told["tiles"]["start"], told["tiles"].get("end", ""), told["tiles"].get("duration_s", ""))
        if "tiles" in told
        else None,
        resource=resource,
        parents=_parents(label.partition(" ")[2], resources),
        declared=told,
    )


def _parents(path: str, resources: Mapping[str, Resource]) -> dict[str, str]:
    """The names of resources whose items are above a path, the uppermost first."""
    above = [one for one in resources.values() if one.item and path.startswith(f"{one.item.rstrip('/')}/")]
    return {one.parameter: one.name for one in sorted(above, key=lambda one: len(one.item))}


def _items_at(contract: Contract, schema: Place | None) -> Tokens | None:
    """The answer itself where it is an array, else its only array of objects, else its only array; None if open."""
    if "array" in types(contract, schema):
        return ()
    arrays = {name: one for name, one in members(contract, schema).items() if "array" in types(contract, one)}
    of_objects = [name for name, one in arrays.items() if "object" in types(contract, items(contract, one))]
    names = of_objects or [*arrays]
    # An object that is a thing by itself may have a list among its members: an envelope has hardly anything else.
    if len(names) != 1 or "id" in members(contract, schema):
        return None
    return (names[0],)


def _filters(
    contract: Contract,
    label: str,
    item: Place | None,
    parameters: list[str],
    taken: set[str],
    told: Mapping[str, str | None],
) -> dict[str, str]:
    """Parameters with the name of a member of the items; what the declaration says goes before."""
    names = members(contract, item)
    found = {
        name: name
        for name in parameters
        if name in names
        and name not in taken
        and _is_scalar(contract, names[name])
        and _is_scalar(contract, contract.below(contract.parameters(label)["query", name], "schema"))
    }
    return {name: member for name, member in {**found, **told}.items() if member is not None}


def _is_scalar(contract: Contract, schema: Place) -> bool:
    """Whether values are texts, numbers or the like: by their type, or by the choices where no type is named."""
    choices = keyword(contract, schema, "enum") or [keyword(contract, schema, "const")]
    scalar = all(isinstance(one, str | int | float) for one in choices if one is not None) and choices != [None]
    return types(contract, schema) <= {"string", "integer", "number", "boolean"} if types(contract, schema) else scalar


def _sort(
    contract: Contract, label: str, item: Place | None, parameters: list[str], told: Mapping[str, Any] | None
) -> Sort | None:
    if told:
        return Sort(told["parameter"], {value: tuple(names) for value, names in told["values"].items()})
    known = members(contract, item)
    for name in (one for one in _SORT if one in parameters):
        choices = keyword(contract, contract.below(contract.parameters(label)["query", name], "schema"), "enum") or ()
        values = {value: found for value in choices if isinstance(value, str) and (found := _sorted_by(value, known))}
        if values:
            return Sort(name, values)
    return None


def _sorted_by(value: str, known: Mapping[str, Place]) -> tuple[str, ...]:
    """The member that a list is sorted by for `name`, `+name`, `-name`, `name:asc`, `name_desc` and the like."""
    match = re.fullmatch(r"([+-]?)(.+?)(?:[:_. ](asc|desc|ascending|descending))?", value, re.IGNORECASE)
    if not match or match[2] not in known:
        return (value,) if value in known else ()
    descending = match[1] == "-" or (match[3] or "").lower().startswith("desc")
    return (f"{'-' * descending}{match[2]}",)


def _range(
    contract: Contract, item: Place | None, parameters: list[str], told: Mapping[str, Any] | None
) -> Range | None:
    if told:
        return Range(told["from"], told["until"], told["member"], told.get("until_included", False))
    times = [name for name, one in members(contract, item).items() if keyword(contract, one, "format") == "date-time"]
    for start, until in _RANGES:
        if start in parameters and until in parameters and len(times) == 1:
            return Range(start, until, times[0], None)
    for start, until in _RANGE_ENDINGS:
        for name in times:
            stem = re.sub("_at$", "", name)
            for one in (name, stem):
                if f"{one}{start}" in parameters and f"{one}{until}" in parameters:
                    included = True if until == "__lte" else False if until == "__lt" else None
                    return Range(f"{one}{start}", f"{one}{until}", name, included)
    return None
