"""What a declaration names that the contract does not have: resources, members, parameters, states."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contract_tests.contract import Contract, Place
from contract_tests.declaration import Declaration
from contract_tests.surface.listings import Listing, listings
from contract_tests.surface.resources import Resource, path_parameters, resources
from contract_tests.surface.schemas import body_schema, keyword, members

Where = tuple[str, ...]
Problem = tuple[Where, str]
"""Where in the declaration, and what is wrong there."""


def unknown_names(contract: Contract, declaration: Declaration) -> Iterator[Problem]:
    """Everything of that kind."""
    known = resources(contract, declaration)
    for name, told in declaration.resources.items():
        where = ("resources", name)
        if not _is_there(known[name]):
            found = [one for one in known if _is_there(known[one])]
            there = f"; there is {', '.join(found)}" if found else ""
            new = "one that is not found by itself takes `collection` and `item`"
            yield where, f"{contract.path} has no resource {name!r}{_near(name, found) or there} ({new})"
            continue
        yield from _of_resource(contract, known[name], told, where)
    lists = listings(contract, declaration, known)
    for label, told in declaration.lists.items():
        if label not in lists:
            yield ("lists", label), f"{label} answers no list that could be found: say where with `items`"
        else:
            yield from _of_list(contract, lists[label], told, ("lists", label))
    yield from _of_values(contract, declaration.value.get("values") or {})


def _is_there(resource: Resource) -> bool:
    return any((resource.create, resource.list, resource.read))


def _of_resource(contract: Contract, resource: Resource, told: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    there = members(contract, resource.schema)
    if "id" in told:
        yield from _missing(there, [told["id"]], "member", (*where, "id"), single=True)
    for key in ("set_by_server", "unique"):
        yield from _missing(there, told.get(key, ()), "member", (*where, key))
    if "states" in told:
        yield from _of_states(contract, resource, there, told["states"], (*where, "states"))


def _of_states(
    contract: Contract, resource: Resource, there: Mapping[str, Place], told: Mapping[str, Any], where: Where
) -> Iterator[Problem]:
    if not (resource.create and resource.read):
        yield where, f"{resource.name} cannot be created and read, so that no state of them can be tried"
    yield from _missing(there, [told["member"]], "member", (*where, "member"), single=True)
    choices = keyword(contract, there.get(told["member"]), "enum")
    reached = {told["initial"], *(one["to"] for one in told["transitions"].values())}
    yield from _missing(choices, [told["initial"]], "state", (*where, "initial"), single=True)
    for name, one in told["transitions"].items():
        at = (*where, "transitions", name)
        yield from _missing(choices, [one["to"]], "state", (*at, "to"), single=True)
        yield from _missing(choices, one["from"], "state", (*at, "from"))
        for index, state in enumerate(one["from"]):
            if state not in reached:
                yield (*at, "from", str(index)), f"no transition leads to {state!r}, and it is not the initial state"
        unknown = {*path_parameters(one["operation"])} - {*path_parameters(resource.item)}
        if unknown:
            message = (
                f"{one['operation']} takes {', '.join(sorted(unknown))}, which the path of {resource.name} has not"
            )
            yield (*at, "operation"), message


def _of_list(contract: Contract, listing: Listing, told: Mapping[str, Any], where: Where) -> Iterator[Problem]:
    there = members(contract, listing.item)
    queries = [name for place, name in contract.parameters(listing.operation) if place == "query"]
    yield from _missing(there, [name.lstrip("-") for name in told.get("order", ())], "member", (*where, "order"))
    for name, member in told.get("filters", {}).items():
        yield from _missing(queries, [name], "query parameter", (*where, "filters", name), single=True)
        if member:
            yield from _missing(there, [member], "member", (*where, "filters", name), single=True)
    for value, names in told.get("sort", {}).get("values", {}).items():
        yield from _missing(there, [name.lstrip("-") for name in names], "member", (*where, "sort", "values", value))
    for key, name in told.get("tiles", {}).items():
        yield from _missing(there, [name], "member", (*where, "tiles", key), single=True)
    for group, key in (
        *(("paging", key) for key in ("parameter", "size")),
        ("sort", "parameter"),
        *(("range", key) for key in ("from", "until")),
    ):
        if name := told.get(group, {}).get(key):
            yield from _missing(queries, [name], "query parameter", (*where, group, key), single=True)
    if "range" in told:
        yield from _missing(there, [told["range"]["member"]], "member", (*where, "range", "member"), single=True)


def _of_values(contract: Contract, told: Mapping[str, Any]) -> Iterator[Problem]:
    names = {label: {*_names(contract, label)} for label in contract.operations}
    everywhere = set().union(*names.values())
    for key in told:
        label, _, name = key.rpartition(" ")
        if label and label not in names:
            yield ("values", key), f"{contract.path} has no operation {label!r}{_near(label, names)}"
        else:
            known = names[label] if label else everywhere
            yield from _missing(known, [name], "parameter or member of a body", ("values", key), single=True)


def _names(contract: Contract, label: str) -> Iterator[str]:
    yield from (name for _, name in contract.parameters(label))
    yield from members(contract, body_schema(contract, label))


def _missing(
    known: Iterable[str] | None, names: Iterable[str], kind: str, where: Where, *, single: bool = False
) -> Iterator[Problem]:
    """The names that are not known, where anything is known."""
    there = [*(known or ())]
    for index, name in enumerate(names):
        if there and name not in there:
            at = where if single else (*where, str(index))
            hint = _near(name, there) or f"; there is {', '.join(map(str, sorted(there, key=str)))}"
            yield at, f"there is no {kind} {name!r}{hint}"


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, [str(one) for one in known], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
