"""Makes things of a resource: a body that is valid, whatever it refers to, and a name that nothing else has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from contract_tests.contract import Contract, Place
from contract_tests.exchange import Exchange
from contract_tests.laws.general.likeness import same
from contract_tests.laws.general.pages import everything
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Headers, Stage
from contract_tests.surface.resources import Resource, singular
from contract_tests.surface.sample import sample
from contract_tests.surface.schemas import body_media_type, body_schema, keyword, members, types

_UNIQUE = "{unique}"
# Members that are free text to any server; what else is a text may have a meaning.
_NAMES = ("name", "title", "label", "display_name", "displayName", "description", "reference", "external_id", "note")
_SERIALS = ("serial", "serial_number", "serialNumber", "number", "slug", "username")
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
    def parents(self) -> dict[str, Any]:
        """The path parameters of its collection."""
        return {name: value for name, value in self.path.items() if name != self.resource.parameter}

    @property
    def answer(self) -> dict[str, Any]:
        """The thing in the answer to its creation; empty where it says nothing of it."""
        return self.resource.thing_in(self.exchange.json())


def parents_of(stage: Stage, resource: Resource, depth: int = 0) -> dict[str, Any]:
    """Path parameters of a collection: ids of things that are created for the purpose, or that lists show."""
    found: dict[str, Any] = {}
    for parameter, name in resource.parents.items():
        parent = stage.run.surface.resources[name]
        found[parameter] = make(stage, parent, depth=depth + 1).id if parent.create else listed_id(stage, parent)
    return found


def make(
    stage: Stage, resource: Resource, *, parents: Mapping[str, Any] | None = None, depth: int = 0, **changes: Any
) -> Thing:
    """Create a thing, to be deleted when the law is over; raises NotPlayed where that cannot be done.

    The things above it are created for the purpose, too, unless their ids are given.
    """
    if not resource.create:
        raise NotPlayed(f"{resource.collection} has no POST")
    parents = parents_of(stage, resource, depth) if parents is None else parents
    body = {**body_of(stage, resource, depth), **changes}
    return made(stage, resource, parents, body)


def made(
    stage: Stage,
    resource: Resource,
    parents: Mapping[str, Any],
    body: Mapping[str, Any],
    headers: Headers | None = None,
) -> Thing:
    """The thing that this body creates; raises NotPlayed if the target refuses it."""
    exchange = send(stage, resource.create, dict(body), headers=headers, **parents)
    if not 200 <= exchange.status < 300:
        hint = "" if exchange.status in (401, 403, 429, 0) else f"; declare a valid `body` of {resource.name}"
        raise NotPlayed(f"{resource.create} answers {exchange.outcome(stage.run.credentials)}{hint}")
    return made_by(stage, resource, parents, body, exchange)


def made_by(
    stage: Stage, resource: Resource, parents: Mapping[str, Any], body: Mapping[str, Any], exchange: Exchange
) -> Thing:
    """The thing that a request has created, to be deleted when the law is over; raises NotPlayed if none is named."""
    if not resource.item:
        return Thing(resource, dict(parents), body, exchange)
    thing_id = _id(resource, exchange)
    thing = Thing(resource, {**parents, resource.parameter: thing_id}, body, exchange)
    if resource.delete:
        stage.later(lambda: delete(stage, thing, aside=True))
    if resource.id_member not in thing.answer and not _is_ours(stage, thing):
        if resource.delete:
            stage.cleanups.pop()
        raise NotPlayed(f"Location in the answer of {resource.create} leads to something else than was created")
    return thing


def _delete_lost(
    stage: Stage, resource: Resource, parents: Mapping[str, Any], body: Mapping[str, Any]
) -> Exchange | None:
    """Delete what a request created although its answer was lost: the list shows it under the name of ours it has."""
    names = {value for value in body.values() if isinstance(value, str) and stage.run.marker in value}
    listing = stage.run.surface.listings.get(resource.list)
    if not (names and listing):
        return None
    with suppress(NotPlayed):
        for item in everything(stage, listing, **parents)[0]:
            if isinstance(item, dict) and any(value in names for value in item.values() if isinstance(value, str)):
                path: dict[str, Any] = {**parents, resource.parameter: str(item[resource.id_member])}
                return stage.aside(resource.delete, **path)
    return None


def send(stage: Stage, operation: str, body: Any = None, headers: Headers | None = None, **path: Any) -> Exchange:
    """The answer of an operation to a body of the media type that it takes."""
    media_type = body_media_type(stage.run.contract, operation) if body is not None else ""
    implied: Headers = {"Content-Type": media_type} if media_type else {}
    exchange = stage.call(operation, body, query=None, headers={**implied, **(headers or {})}, **path)
    if (exchange.status == 0 or exchange.status >= 500) and isinstance(body, Mapping):
        for resource in stage.run.surface.resources.values():
            if resource.create == operation and resource.delete:
                stage.later(partial(_delete_lost, stage, resource, path, body))
    return exchange


def delete(stage: Stage, thing: Thing, *, aside: bool = False) -> Exchange:
    """The answer to deleting a thing, with its ETag where that is demanded."""
    call = stage.aside if aside else stage.call
    label = thing.resource.delete
    return call(label, headers=precondition(stage, thing, label), **thing.path)


def precondition(stage: Stage, thing: Thing, operation: str) -> dict[str, str]:
    """The headers without which an operation would not touch a thing: its ETag, where If-Match is demanded."""
    contract = stage.run.contract
    name = header_named(contract, operation, "If-Match")
    if not name or not contract.parameters(operation)["header", name].value.get("required"):
        return {}
    etag = stage.aside(thing.resource.read, **thing.path).answer_headers.get("etag")
    return {name: etag} if etag else {}


def header_named(contract: Contract, operation: str, name: str) -> str:
    """A header parameter as an operation writes it, or an empty text if it has none of that name."""
    parameters = contract.parameters(operation) if operation else {}
    return next((one for place, one in parameters if place == "header" and one.lower() == name.lower()), "")


def body_of(stage: Stage, resource: Resource, depth: int = 0) -> dict[str, Any]:
    """A valid body of its own for creating a thing; raises NotPlayed where the contract shows none."""
    contract = stage.run.surface.contract
    schema = body_schema(contract, resource.create)
    told = resource.told.get("body")
    body = deepcopy(told) if told else shown_body(contract, resource.create)
    if not isinstance(body, dict):
        raise NotPlayed(f"no body for {resource.create} in the contract: declare `body` of {resource.name}")
    known = members(contract, schema)
    body = {name: value for name, value in body.items() if keyword(contract, known.get(name), "readOnly") is not True}
    if not told:
        _rename(stage, resource, body, known)
        _refer(stage, body, known, depth)
    complete: dict[str, Any] = filled(stage, body, depth)
    if schema is not None and (flaws := contract.violations(schema, complete, "request")):
        place = f"at #{flaws[0].pointer}: {flaws[0].message}"
        raise NotPlayed(f"the body made for {resource.create} is not valid {place}; declare `body` of {resource.name}")
    return complete


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


def shown_body(contract: Contract, label: str) -> Any:
    """The first example of a request in the contract, else a sample of its schema; None where there is neither."""
    holder = contract.below(contract.operations[label], "requestBody", "content")
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
    return sample(contract, body_schema(contract, label))


def _rename(stage: Stage, resource: Resource, body: dict[str, Any], known: Mapping[str, Place]) -> None:
    """Give what is a name, and what has to be unique, a text of its own."""
    contract = stage.run.surface.contract
    for name in (*resource.told.get("unique", ()), *_NAMES, *_SERIALS):
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


def filled(stage: Stage, value: Any, depth: int = 0) -> Any:
    """The value with `{unique}` and the names of resources in braces replaced."""
    if isinstance(value, dict):
        return {name: filled(stage, inner, depth) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled(stage, inner, depth) for inner in value]
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


def _is_ours(stage: Stage, thing: Thing) -> bool:
    """Whether Location leads to what was created, and not to something that is not ours to change or delete.

    Once it has led to the right thing of a kind it is believed.
    """
    resource, kept = thing.resource, stage.run.kept
    named = {name: value for name, value in thing.sent.items() if stage.run.run_id in str(value)}
    known = f"Location of {resource.name} is right"
    if known in kept or not named or not resource.read:
        return True
    exchange = stage.aside(resource.read, **thing.path)
    if not 200 <= exchange.status < 300:
        return True
    came = resource.thing_in(exchange.json())
    if not any(same(value, came.get(name)) for name, value in named.items()):
        return False
    kept[known] = True
    return True


def _id(resource: Resource, exchange: Exchange) -> str:
    """The id in the answer, else the last part of `Location`."""
    value = resource.thing_in(exchange.json()).get(resource.id_member)
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    location = urlsplit(exchange.answer_headers.get("location", "")).path.rstrip("/")
    if location:
        return unquote(location.rpartition("/")[2])
    raise NotPlayed(f"{resource.create} answers neither `{resource.id_member}` nor Location: which thing is it?")
