"""Makes things of a resource: a body that is valid, whatever it refers to, and a name that nothing else has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from contract_tests.contract import Place
from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource, singular
from contract_tests.surface.sample import sample
from contract_tests.surface.schemas import body_schema, keyword, members, types

_UNIQUE = "{unique}"
# Members that are free text to any server; what else is a text may have a meaning.
_NAMES = ("name", "title", "label", "display_name", "displayName", "description", "reference", "external_id", "note")
_DEEP = 4


@dataclass(frozen=True)
class Thing:
    """Something that a law created: its path parameters, what was sent, and the answer (its body may be empty)."""

    resource: Resource
    path: Mapping[str, Any]
    sent: Mapping[str, Any]
    exchange: Exchange

    @property
    def id(self) -> str:
        """The id as text."""
        return str(self.path[self.resource.parameter])

    @property
    def answer(self) -> Any:
        """The body of the answer to its creation, or None."""
        return self.exchange.json()


def parents_of(stage: Stage, resource: Resource, depth: int = 0) -> dict[str, Any]:
    """Path parameters of a collection: ids of things that are created for the purpose, or that lists show."""
    found: dict[str, Any] = {}
    for parameter, name in resource.parents.items():
        parent = stage.run.surface.resources[name]
        found[parameter] = make(stage, parent, depth=depth + 1).id if parent.create else listed_id(stage, parent)
    return found


def make(stage: Stage, resource: Resource, *, depth: int = 0, **changes: Any) -> Thing:
    """Create a thing, to be deleted when the law is over; raises NotPlayed where that cannot be done."""
    if not resource.create:
        raise NotPlayed(f"{resource.collection} has no POST")
    parents = parents_of(stage, resource, depth)
    body = {**body_of(stage, resource, depth), **changes}
    return made(stage, resource, parents, body)


def made(
    stage: Stage,
    resource: Resource,
    parents: Mapping[str, Any],
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Thing:
    """The thing that this body creates; raises NotPlayed if the target refuses it."""
    exchange = stage.call(resource.create, dict(body), headers=headers, **parents)
    if not 200 <= exchange.status < 300:
        hint = "" if exchange.status in (401, 403, 429, 0) else f"; declare a valid `body` of {resource.name}"
        raise NotPlayed(f"{resource.create} answers {exchange.outcome(stage.run.credentials)}{hint}")
    if not resource.item:
        return Thing(resource, dict(parents), body, exchange)
    thing_id = _id(stage, resource, exchange)
    thing = Thing(resource, {**parents, resource.parameter: thing_id}, body, exchange)
    if resource.delete:
        stage.later(lambda: stage.aside(resource.delete, **thing.path))
    return thing


def body_of(stage: Stage, resource: Resource, depth: int = 0) -> dict[str, Any]:
    """A valid body of its own for creating a thing; raises NotPlayed where the contract shows none."""
    contract = stage.run.surface.contract
    schema = body_schema(contract, resource.create)
    told = resource.told.get("body")
    body = deepcopy(told) if told else _shown(stage, resource, schema)
    if not isinstance(body, dict):
        raise NotPlayed(f"no body for {resource.create} in the contract: declare `body` of {resource.name}")
    known = members(contract, schema)
    body = {name: value for name, value in body.items() if keyword(contract, known.get(name), "readOnly") is not True}
    if not told:
        _rename(stage, resource, body, known)
        _refer(stage, body, known, depth)
    filled: dict[str, Any] = _filled(stage, body, depth)
    if schema is not None and (flaws := contract.violations(schema, filled, "request")):
        place = f"at #{flaws[0].pointer}: {flaws[0].message}"
        raise NotPlayed(f"the body made for {resource.create} is not valid {place}; declare `body` of {resource.name}")
    return filled


def listed_id(stage: Stage, resource: Resource) -> str:
    """The id of the first thing in a list; raises NotPlayed where there is none."""
    listing = stage.run.surface.listings.get(resource.list)
    if listing is None:
        raise NotPlayed(f"nothing lists {resource.name}")
    exchange = stage.done(resource.list, **parents_of(stage, resource))
    for item in listing.items_of(exchange.json()) or []:
        if isinstance(item, dict) and item.get(resource.id_member) is not None:
            return str(item[resource.id_member])
    raise NotPlayed(f"{resource.list} shows nothing, and nothing can be created there")


def _shown(stage: Stage, resource: Resource, schema: Place | None) -> Any:
    """The first request example of the contract, else a sample of the schema."""
    contract = stage.run.surface.contract
    holder = contract.below(contract.operations[resource.create], "requestBody", "content")
    for media_type in holder.value if isinstance(holder.value, Mapping) else ():
        content = contract.below(holder, media_type)
        if "json" not in media_type:
            continue
        if "example" in content.value:
            return deepcopy(content.value["example"])
        for name in content.value.get("examples", {}):
            example = contract.below(content, "examples", name).value
            if "value" in example:
                return deepcopy(example["value"])
    return sample(contract, schema)


def _rename(stage: Stage, resource: Resource, body: dict[str, Any], known: Mapping[str, Place]) -> None:
    """Give what is a name, and what has to be unique, a text of its own."""
    contract = stage.run.surface.contract
    for name in (*resource.told.get("unique", ()), *_NAMES):
        schema = known.get(name)
        longest = keyword(contract, schema, "maxLength")
        free = not any(keyword(contract, schema, word) for word in ("enum", "const", "pattern", "format"))
        fits = "string" in types(contract, schema) and free and (longest is None or longest >= len(stage.name()))
        if fits and (name in body or name in resource.told.get("unique", ()) or name in _NAMES[:3]):
            body[name] = _UNIQUE


def _refer(stage: Stage, body: dict[str, Any], known: Mapping[str, Place], depth: int) -> None:
    """Let `site_id` be the id of a site, where the API keeps sites."""
    for name in body:
        word = re.sub(r"(_id|Id)$", "", name)
        if word == name:
            continue
        for resource in stage.run.surface.resources.values():
            if singular(resource.name.rpartition("/")[2]).replace("-", "_").lower() == word.lower():
                body[name] = f"{{{resource.name}}}"


def _filled(stage: Stage, value: Any, depth: int) -> Any:
    """The value with `{unique}` and the names of resources in braces replaced."""
    if isinstance(value, dict):
        return {name: _filled(stage, inner, depth) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(stage, inner, depth) for inner in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    value = value.replace(_UNIQUE, stage.name()) if _UNIQUE in value else value
    resource = stage.run.surface.resources.get(value[1:-1]) if value.startswith("{") and value.endswith("}") else None
    if resource is None:
        return value
    if depth > _DEEP:
        raise NotPlayed(f"{resource.name} refer to each other in a circle")
    text = make(stage, resource, depth=depth + 1).id if resource.create else listed_id(stage, resource)
    contract = stage.run.surface.contract
    kinds = types(contract, members(contract, resource.schema).get(resource.id_member))
    return int(text) if kinds == {"integer"} and text.isdecimal() else text


def _id(stage: Stage, resource: Resource, exchange: Exchange) -> str:
    """The id in the answer, else the last part of `Location`."""
    answer = exchange.json()
    value = answer.get(resource.id_member) if isinstance(answer, dict) else None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    location = urlsplit(exchange.answer_headers.get("location", "")).path.rstrip("/")
    if location:
        return unquote(location.rpartition("/")[2])
    raise NotPlayed(f"{resource.create} answers neither `{resource.id_member}` nor Location: which thing is it?")
