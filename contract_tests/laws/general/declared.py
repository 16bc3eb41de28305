"""What the declaration says of the objects of a schema, and of members that no two things may have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.invariants import Invariants
from contract_tests.laws.general.likeness import same
from contract_tests.laws.general.looking import look, path_of
from contract_tests.laws.general.making import Thing, make, precondition, send
from contract_tests.laws.general.pages import large, worth_trying
from contract_tests.laws.general.selectors import resources
from contract_tests.laws.law import Breach, NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource, path_parameters
from contract_tests.surface.schemas import body_schema, members
from contract_tests.surface.surface import Surface

_NOT_ABOUT_IT = (0, 401, 403, 429, 502, 503, 504)


def _holders(surface: Surface) -> Iterable[Subject]:
    """Every GET that may show what invariants are declared for, and every resource whose things may."""
    invariants = surface.declaration.invariants
    if invariants is None:
        return
    for label in surface.contract.operations:
        if label.startswith("GET ") and invariants.within(label):
            yield Subject(label, (label,), declared=True)
    for resource in surface.resources.values():
        labels = tuple(filter(None, (resource.create, resource.read, resource.update or resource.replace)))
        if resource.create and any(map(invariants.within, labels)):
            yield Subject(resource, labels, declared=True)


@general("published", "critical", _holders)
def declared_invariants_hold(stage: Stage, holder: str | Resource) -> None:
    """What is declared to hold within an object does, also after a change."""
    invariants = stage.run.surface.declaration.invariants
    if invariants is None:
        raise NotPlayed("nothing is declared")
    if isinstance(holder, Resource):
        _hold_in_what_is_made(stage, invariants, holder)
    else:
        _hold_in_what_is_there(stage, invariants, holder)


def require_invariants(invariants: Invariants, exchange: Exchange) -> None:
    """Raise Breach where an answer breaks an invariant."""
    for breach in broken(invariants, exchange):
        raise breach


def broken(invariants: Invariants, exchange: Exchange) -> Iterator[Breach]:
    """The breach of the first invariant that an answer breaks."""
    found = invariants.judge(exchange)
    if found:
        component = found.invariant.component
        says = f"{found.invariant.expression.text}, as {found.invariant.where} says of {component}"
        yield Breach(exchange, says, str(found), component)


def _hold_in_what_is_there(stage: Stage, invariants: Invariants, label: str) -> None:
    path = _path(stage, label)
    exchange = None
    for query in _queries(stage, label):
        exchange = stage.done(label, query=query, **path)
        require_invariants(invariants, exchange)
        if invariants.apply_to(exchange):
            return
    shown = ", ".join(sorted({one.component for one in invariants.within(label)}))
    raise NotPlayed(f"{label} shows no {shown}")


def _hold_in_what_is_made(stage: Stage, invariants: Invariants, resource: Resource) -> None:
    thing = make(stage, resource)
    require_invariants(invariants, thing.exchange)

    def read() -> None:
        if resource.read:
            require_invariants(invariants, stage.call(resource.read, **thing.path))

    stage.settled(read)
    if not (label := resource.update or resource.replace):
        return
    roots = {path[0] for one in invariants.within(resource.read or resource.create) for path in one.expression.paths}
    changes = _changes(stage, resource, label, thing, roots)
    if not changes:
        return
    body = changes if label == resource.update else {**thing.sent, **changes}
    exchange = send(stage, label, body, precondition(stage, thing, label), **thing.path)
    if not 200 <= exchange.status < 300:
        raise NotPlayed(f"{label} answers {exchange.outcome(stage.run.credentials)}; declare a `change`")
    require_invariants(invariants, exchange)
    stage.settled(read)


def _changes(stage: Stage, resource: Resource, label: str, thing: Thing, roots: set[str]) -> dict[str, Any]:
    """Other values for members that invariants speak of, as far as they can be changed."""
    contract = stage.run.contract
    schema = body_schema(contract, label)
    changes: dict[str, Any] = {}
    for name in sorted(roots & members(contract, schema).keys() & thing.sent.keys()):
        for value in _others(thing.sent[name]):
            whole = {**({} if label == resource.update else thing.sent), **changes, name: value}
            if schema and not contract.violations(schema, whole, "request"):
                changes[name] = value
                break
    return changes


def _others(value: Any) -> Iterator[Any]:
    """Values near one; nothing for a text, which may mean anything."""
    if isinstance(value, list) and value:
        yield value[:-1]
        yield [*value, value[-1]]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (value + 1, value - 1, value * 2)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in _others(inner))


def _path(stage: Stage, label: str) -> Mapping[str, Any]:
    """Path parameters of a GET: of things that lists show, or of some that are created for the purpose."""
    surface = stage.run.surface
    if label in surface.listings:
        return path_of(stage, surface.listings[label])
    wanted, path = path_parameters(label), f"{label.partition(' ')[2]}/"
    above = [one for one in surface.resources.values() if one.item and path.startswith(f"{one.item.rstrip('/')}/")]
    found = {name: told[0] for name in wanted if (told := surface.declaration.values(name, label))}
    if above and not found.keys() >= {*wanted}:
        found = {**_some_thing(stage, max(above, key=lambda one: len(one.item))), **found}
    if missing := [name for name in wanted if name not in found]:
        raise NotPlayed(f"what is {missing[0]} of {label}? Declare `values` of {missing[0]}")
    return {name: found[name] for name in wanted}


def _some_thing(stage: Stage, resource: Resource) -> Mapping[str, Any]:
    """The path parameters of the first thing in a list, or of one that is created for the purpose."""
    listing = stage.run.surface.listings.get(resource.list)
    if listing:
        path = path_of(stage, listing)
        for item in look(stage, listing, path).items:
            if isinstance(item, dict) and item.get(resource.id_member) is not None:
                return {**path, resource.parameter: str(item[resource.id_member])}
    if not resource.create:
        raise NotPlayed(f"{resource.list or resource.name} shows nothing, and nothing can be created there")
    return make(stage, resource).path


def _queries(stage: Stage, label: str) -> Iterator[dict[str, Any]]:
    """Queries that should show something: with all values that are declared, then with what is required only."""
    contract, declaration = stage.run.contract, stage.run.surface.declaration
    listing = stage.run.surface.listings.get(label)
    needed, told = {}, {}
    for (where, name), place in contract.parameters(label).items():
        if where == "query" and place.value.get("required") is True:
            needed[name] = worth_trying(stage, label, name, place)
        elif where == "query" and (values := declaration.values(name, label)):
            told[name] = values[0]
    if listing and listing.paging and listing.paging.size and (size := large(stage, listing)):
        needed[listing.paging.size] = size
    if told:
        yield {**needed, **told}
    yield needed


@general("published", "major", resources("create", where=lambda resource: resource.told.get("unique")))
def declared_unique_members_are_unique(stage: Stage, resource: Resource) -> None:
    """A second thing with a value that is declared to be unique is refused, and not created."""
    first = make(stage, resource)
    for name in resource.told["unique"]:
        if (value := first.sent.get(name, first.answer.get(name))) is None:
            raise NotPlayed(f"nothing of {resource.name} shows {name}: declare a `body` of it")
        _require_no_second(stage, resource, first, name, value)
        _require_not_taken_over(stage, resource, first, name, value)


def _require_no_second(stage: Stage, resource: Resource, first: Thing, name: str, value: Any) -> None:
    says = f"4xx: there is a thing with {name} {json.dumps(value)} already, and it is declared to be unique"
    try:
        # What succeeds is deleted again like anything that is made.
        second = make(stage, resource, parents=first.parents, **{name: value})
    except NotPlayed:
        exchange = stage.exchanges[-1]
        if exchange.operation != resource.create or exchange.status in _NOT_ABOUT_IT:
            raise
        stage.require(400 <= exchange.status < 500, exchange, says)
    else:
        # Giving back the first thing creates nothing.
        stage.require(bool(resource.item) and second.id == first.id, second.exchange, says)
    if listing := stage.run.surface.listings.get(resource.list):
        seen = look(stage, listing, first.parents)
        times = sum(isinstance(item, dict) and same(value, item.get(name)) for item in seen.items)
        stage.require(times < 2, seen.exchange, f"one thing with {name} {json.dumps(value)}", f"{times} of them")


def _require_not_taken_over(stage: Stage, resource: Resource, first: Thing, name: str, value: Any) -> None:
    """A change does not give one thing what is another's."""
    contract, label = stage.run.contract, resource.update
    if not (label and resource.read and name in members(contract, body_schema(contract, label))):
        return
    other = make(stage, resource, parents=first.parents)
    exchange = send(stage, label, {name: value}, precondition(stage, other, label), **other.path)
    if exchange.status in _NOT_ABOUT_IT:
        raise NotPlayed(f"{label} answers {exchange.outcome(stage.run.credentials)}")
    says = f"4xx: another thing has {name} {json.dumps(value)}, which is declared to be unique"
    if not 200 <= exchange.status < 300:
        stage.require(400 <= exchange.status < 500, exchange, says)
        return
    # Whoever takes no change of that member, and does not say so, has not made two of them.
    seen = stage.call(resource.read, **other.path)
    stage.require(not same(value, resource.thing_in(seen.json()).get(name)), exchange, says)


LAWS = (declared_invariants_hold, declared_unique_members_are_unique)
