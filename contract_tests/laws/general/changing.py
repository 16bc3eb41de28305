"""Changes things: values that a member may have and has not, by PATCH, or by PUT where there is no PATCH."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from contract_tests.contract import Place
from contract_tests.exchange import Exchange
from contract_tests.laws.general.likeness import is_nothing, same, words
from contract_tests.laws.general.making import Thing, body_of, filled, made, made_by, parents_of, precondition, send
from contract_tests.laws.law import Breach, NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.sample import sample
from contract_tests.surface.schemas import body_schema, keyword, members, required, types

_REFUSED = range(400, 500)
_NOT_ALLOWED = (401, 403, 429)
_TRIES = 5
_KINDS = ("string", "number", "integer", "boolean", "choice", "object")
# Members whose texts mean something to a server although no schema says so, by a word in their names.
_MEANT = re.compile(
    "ids?|type|kind|status|state|ur[li]|e?mail|phone|currency|country|region|market|zone|timezone|language|locale|code"
    "|unit|version|role|scope|category|model|vendor|vat|iban|key|token|password|secret"
)
_MEANS_MORE = 2
_FREE = ("name", "title", "label", "description", "comment", "note", "remark", "reference")

Members = dict[str, Any]


def read(stage: Stage, thing: Thing) -> Exchange:
    """The answer that shows a thing, once it is there; raises NotPlayed where it does not come to be."""
    try:
        return stage.settled(lambda: stage.succeeds(stage.call(thing.resource.read, **thing.path), "it can be read"))
    except Breach as breach:
        came = breach.exchange.outcome(stage.run.credentials)
        raise NotPlayed(f"{thing.resource.read} answers {came} to what was just created") from breach


def shown(thing: Thing, exchange: Exchange) -> Members:
    """The members of a thing in an answer."""
    return thing.resource.thing_in(exchange.json())


def otherwise(exchange: Exchange, resource: Resource, name: str, came: Members, says: str) -> Breach:
    """The breach of a member that is not what it should be."""
    schema = re.fullmatch(r"/components/schemas/([^/]+)", resource.schema.pointer if resource.schema else "")
    has = f"it is {words(came[name])}" if name in came else "it is not there"
    return Breach(exchange, f"`{name}` is {says}", has, f"{schema[1]}.{name}" if schema else "")


def make_full(stage: Stage, resource: Resource) -> Thing:
    """A thing with as many optional members as are known, or with those of an example where that is refused."""
    parents, body = parents_of(stage, resource), body_of(stage, resource)
    full = {**_options(stage, resource, body), **body}
    if len(full) > len(body):
        exchange = send(stage, resource.create, full, **parents)
        if 200 <= exchange.status < 300:
            return made_by(stage, resource, parents, full, exchange)
        stage.asides.append(stage.exchanges.pop())
    return made(stage, resource, parents, body)


def changed(stage: Stage, thing: Thing, now: Mapping[str, Any]) -> tuple[Members, Exchange]:
    """A change that the target takes, and its answer; raises NotPlayed where it takes none."""
    label = changing(thing.resource)
    return next(accepted(stage, thing, label, changes(stage, thing.resource, now)))


def accepted(stage: Stage, thing: Thing, label: str, wanted: Iterator[Members]) -> Iterator[tuple[Members, Exchange]]:
    """Those of some changes that the target takes, each with its answer; raises NotPlayed where it takes none."""
    taken, came = 0, ""
    for one in wanted:
        exchange = change(stage, thing, label, one)
        if 200 <= exchange.status < 300:
            taken += 1
            yield one, exchange
            continue
        came = f": it answers {exchange.outcome(stage.run.credentials)}"
        if exchange.status not in _REFUSED or exchange.status in _NOT_ALLOWED:
            raise NotPlayed(f"{label} does not work{came}")
        # What was refused shows nothing, and would only be in the way of whoever repeats what is found.
        stage.asides.append(stage.exchanges.pop())
    if not taken:
        raise NotPlayed(f"no change is known that {label} takes{came}; declare `change` of {thing.resource.name}")


def change(
    stage: Stage, thing: Thing, label: str, wanted: Members, headers: Mapping[str, str] | None = None
) -> Exchange:
    """The answer to changing members of a thing by PATCH, or by PUT with all that it was created with."""
    body = {**replacement(stage, thing), **wanted} if label == thing.resource.replace else wanted
    demanded = precondition(stage, thing, label) if headers is None else headers
    return send(stage, label, body, headers=demanded, **thing.path)


def changing(resource: Resource) -> str:
    """The operation that changes a thing: its PATCH, else its PUT, else an empty text."""
    return resource.update or resource.replace


def replacement(stage: Stage, thing: Thing, *, full: bool = True) -> Members:
    """A body for PUT with what was sent when the thing was created: all of it, or what is required only."""
    contract = stage.run.contract
    schema = body_schema(contract, thing.resource.replace)
    known, wanted = members(contract, schema), required(contract, schema)
    return {name: value for name, value in thing.sent.items() if name in (known if full else wanted)}


def changes(stage: Stage, resource: Resource, now: Mapping[str, Any], label: str = "") -> Iterator[Members]:
    """Changes of a thing that is like this now, each of one member; the declared one where there is one.

    They are for the operation of that label, or for the one that usually changes such things.
    """
    if told := resource.told.get("change"):
        yield filled(stage, told)
        return
    tried = 0
    for name, schema in changeable(stage, resource, label or changing(resource)):
        value = _another(stage, name, schema, now.get(name))
        if value is not None:
            tried += 1
            yield {name: value}
        if tried == _TRIES:
            return


def removals(stage: Stage, resource: Resource, now: Mapping[str, Any]) -> Iterator[Members]:
    """A change to null of a member that may be null and is not."""
    for name, schema in changeable(stage, resource, changing(resource)):
        if not is_nothing(now.get(name)) and not stage.run.contract.violations(schema, None, "request"):
            yield {name: None}
            return


def changeable(stage: Stage, resource: Resource, label: str) -> list[tuple[str, Place]]:
    """The members that a change may name and that can be read: a text, a number, a choice; then others of each kind.

    Those come first that are the least likely to mean something to a server that the schema does not say.
    """
    contract = stage.run.contract
    read_back = members(contract, resource.schema)
    state = resource.told.get("states", {}).get("member")
    but = {resource.id_member, resource.parameter, state, *resource.set_by_server, *resource.told.get("unique", ())}
    kinds: dict[str, list[tuple[str, Place]]] = {}
    for name, schema in members(contract, body_schema(contract, label)).items():
        if name in read_back and name not in but and not is_one_way(stage, schema, read_back[name]):
            kinds.setdefault(_kind(stage, schema), []).append((name, schema))
    ranked = [sorted(kinds.get(kind, ()), key=lambda named: _meaning(named[0])) for kind in _KINDS]
    return [named for same_rank in zip_longest(*ranked) for named in same_rank if named]


def _kind(stage: Stage, schema: Place) -> str:
    contract = stage.run.contract
    if keyword(contract, schema, "enum"):
        return "choice"
    return next((kind for kind in _KINDS if kind in types(contract, schema)), "object")


def _meaning(name: str) -> int:
    said = [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    if said == ["external", "id"]:
        return 1
    return 0 if said and said[-1] in _FREE else _MEANS_MORE if any(map(_MEANT.fullmatch, said)) else 1


def _options(stage: Stage, resource: Resource, body: Mapping[str, Any]) -> Members:
    """Values for simple members that a creation may name, that mean nothing more, and that can be read."""
    contract = stage.run.contract
    if resource.told.get("body"):
        return {}
    schema = body_schema(contract, resource.create)
    values = {
        name: _another(stage, name, one, None)
        for name, one in changeable(stage, resource, resource.create)
        if name not in body and _meaning(name) < _MEANS_MORE
    }
    options = {name: value for name, value in values.items() if value is not None}
    return {} if schema is None or contract.violations(schema, {**options, **body}, "request") else options


def is_one_way(stage: Stage, *schemas: Place) -> bool:
    """Whether a member can be read only, or written only."""
    return any(keyword(stage.run.contract, one, word) is True for one in schemas for word in ("readOnly", "writeOnly"))


def _another(stage: Stage, name: str, schema: Place, now: Any) -> Any:
    """A value that the schema allows, and that the member has not; None where none is known."""
    contract = stage.run.contract
    for value in _others(stage, name, schema, now):
        if not same(value, now) and not contract.violations(schema, value, "request"):
            return value
    return None


def _others(stage: Stage, name: str, schema: Place, now: Any) -> Iterator[Any]:
    contract = stage.run.contract
    choices = keyword(contract, schema, "enum")
    if choices:
        yield from (one for one in choices if one is not None)
        return
    kinds = types(contract, schema)
    if "string" in kinds and not any(keyword(contract, schema, word) for word in ("const", "format", "pattern")):
        longest = keyword(contract, schema, "maxLength")
        # Whatever people read may have any letters.
        text = stage.name() + (" é" if _meaning(name) == 0 else "")
        yield text if longest is None else text[-int(longest) :]
    elif kinds & {"number", "integer"}:
        step = keyword(contract, schema, "multipleOf") or 1
        given = isinstance(now, int | float) and not isinstance(now, bool)
        yield from (now + step, now - step) if given else (sample(contract, schema),)
    elif "boolean" in kinds:
        yield now is not True
