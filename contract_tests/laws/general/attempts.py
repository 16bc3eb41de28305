"""What somebody may try with a thing of ours: all that can be done with it and below it, by whoever it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from contract_tests.contract import Place
from contract_tests.exchange import Exchange
from contract_tests.laws.general.looking import path_of
from contract_tests.laws.general.making import Thing, filled, listed_id, made_by, make, parents_of, send, shown_body
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Headers, Stage
from contract_tests.surface.resources import Resource, path_parameters
from contract_tests.surface.schemas import body_schema, members
from contract_tests.surface.surface import SAFE, Surface


@dataclass(frozen=True)
class Attempt:
    """A request that ought to work for whoever may send it."""

    operation: str
    path: Mapping[str, Any]
    body: Any = None
    creates: Resource | None = None


def labels_with(surface: Surface, resource: Resource) -> list[str]:
    """All operations with a thing and below it, removing it last; lists of things below it are among them."""
    known = {*path_parameters(resource.item)}
    found = [
        label
        for label in surface.contract.operations
        if f"{label.partition(' ')[2]}/".startswith(f"{resource.item}/") and {*path_parameters(label)} == known
    ]
    return sorted(found, key=lambda label: (label == resource.delete, not surface.is_safe(label)))


def attempts_with(stage: Stage, thing: Thing) -> Iterator[Attempt]:
    """All that can be done with a thing and below it, as far as bodies for it are known."""
    for label in labels_with(stage.run.surface, thing.resource):
        try:
            yield Attempt(label, thing.path, _body(stage, thing, label))
        except NotPlayed:
            continue


def creation_like(stage: Stage, thing: Thing) -> Attempt:
    """Creating another thing of the same kind."""
    return Attempt(thing.resource.create, thing.parents, _renamed(stage, thing.sent), thing.resource)


def tried(stage: Stage, attempt: Attempt, headers: Headers) -> Exchange | None:
    """The answer to somebody's attempt, or None where the mode of the run bars it; what it creates is removed again."""
    try:
        exchange = send(stage, attempt.operation, attempt.body, headers, **attempt.path)
    except NotPlayed:
        return None
    if attempt.creates and 200 <= exchange.status < 300:
        with suppress(NotPlayed):  # nothing says which thing it is
            made_by(stage, attempt.creates, attempt.path, attempt.body, exchange)
    return exchange


def some_path(stage: Stage, label: str) -> Mapping[str, Any]:
    """Path parameters of something that is there to be read: listed, or else created; raises NotPlayed without it."""
    surface = stage.run.surface
    if label in surface.listings:
        return path_of(stage, surface.listings[label])
    for resource in surface.resources.values():
        if label in labels_with(surface, resource) and resource.item:
            return listed_or_made(stage, resource)
    if not path_parameters(label):
        return {}
    found = {name: surface.declaration.values(name, label) for name in path_parameters(label)}
    for name, values in found.items():
        if not values:
            raise NotPlayed(f"{label} needs `{name}`: declare `values` for it")
    return {name: values[0] for name, values in found.items()}


def listed_or_made(stage: Stage, resource: Resource) -> Mapping[str, Any]:
    """Path parameters of a thing that a list shows, or of one that is created where none does."""
    if resource.list and not resource.parents:
        try:
            return {resource.parameter: listed_id(stage, resource)}
        except NotPlayed:
            if not resource.create:
                raise
    if resource.create:
        return make(stage, resource).path
    return {**parents_of(stage, resource), resource.parameter: listed_id(stage, resource)}


def unknown_ids(stage: Stage, label: str, parameter: str, known: str) -> Iterator[str]:
    """Values of a path parameter with the shape of a known one, valid by its schema, that hardly anything has."""
    contract = stage.run.contract
    schema = contract.below(contract.parameters(label)["path", parameter], "schema")
    for text in _others(known):
        value: Any = int(text) if _is_integer(schema) and text.isdecimal() else text
        if text != known and not contract.violations(schema, value, "request"):
            yield text


def _others(known: str) -> Iterator[str]:
    if known.isdecimal():
        for step in (104_729, 7_919, 13):
            yield str(int(known) + step)
        yield from ("987654", "9876", "98")
        return
    # Letters and digits keep their kind, and hexadecimal digits stay such ones: ids of a shape keep it.
    for step in (3, 5):
        yield "".join(_shifted(char, step) if at >= len(known) // 3 else char for at, char in enumerate(known))
    for step in (3, 5):
        yield "".join(_shifted(char, step) for char in known)


def _shifted(char: str, step: int) -> str:
    for kind in ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ"):
        if char in kind:
            return kind[(kind.index(char) + step) % len(kind)]
    return char


def _is_integer(schema: Place) -> bool:
    return isinstance(schema.value, Mapping) and schema.value.get("type") == "integer"


def _body(stage: Stage, thing: Thing, label: str) -> Any:
    """A valid body for an operation with a thing; raises NotPlayed where none is known."""
    contract = stage.run.contract
    schema = body_schema(contract, label)
    if label.partition(" ")[0] in SAFE or (schema is None and "requestBody" not in contract.operations[label].value):
        return None
    resource = thing.resource
    candidates = [shown_body(contract, label), _known(stage, schema, thing.sent)]
    if label == resource.update and "change" in resource.told:
        candidates.insert(0, filled(stage, resource.told["change"]))
    if label == resource.replace:
        candidates.reverse()
    for body in candidates:
        if schema is not None and body is not None and not contract.violations(schema, body, "request"):
            return body
    raise NotPlayed(f"no body for {label} in the contract")


def _known(stage: Stage, schema: Place | None, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Those members of what was sent that another body has, too."""
    return {name: value for name, value in sent.items() if name in members(stage.run.contract, schema)}


def _renamed(stage: Stage, value: Any) -> Any:
    """What was sent, with names of its own again."""
    if isinstance(value, Mapping):
        return {name: _renamed(stage, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(stage, inner) for inner in value]
    return stage.name() if isinstance(value, str) and stage.run.run_id in value else value
