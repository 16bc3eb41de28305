"""What HTTP itself settles: ids, locations, methods, media types, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from contract_tests.laws.general.attempts import (
    attempts_with,
    creation_like,
    listed_or_made,
    some_path,
    tried,
    unknown_ids,
)
from contract_tests.laws.general.changing import read
from contract_tests.laws.general.likeness import same
from contract_tests.laws.general.making import body_of, made_by, make, parents_of, send
from contract_tests.laws.general.selectors import resources
from contract_tests.laws.law import NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.schemas import body_media_type, body_schema, required
from contract_tests.surface.surface import Surface

_ABSENT = (404, 410)
_NOT_ALLOWED = (401, 403, 429)
_WRITING = ("PUT", "PATCH", "DELETE", "POST")
_NOBODY_HAS = "image/png"
_MOST_METHODS = 2


def _located(surface: Surface) -> Iterable[Subject]:
    """Things whose creation is answered with 201 and Location."""
    for resource in surface.resources.values():
        if resource.create and resource.item and _header(surface, resource.create, "201", "location"):
            yield Subject(resource, (resource.create,))


def _foreign_methods(surface: Surface) -> Iterable[Subject]:
    """Things that can be created and deleted, and methods that the contract does not have for one."""
    for resource in surface.resources.values():
        if resource.create and resource.delete:
            declared = _methods(surface, resource.item)
            foreign = tuple(method for method in _WRITING if method not in declared)[:_MOST_METHODS]
            if foreign:
                yield Subject((resource, foreign), (resource.delete,))


def _heads(surface: Surface) -> Iterable[Subject]:
    for label in surface.contract.operations:
        if label.startswith("HEAD ") and f"GET {label[5:]}" in surface.contract.operations:
            yield Subject(label, (label,))


def _options(surface: Surface) -> Iterable[Subject]:
    for label in surface.contract.operations:
        if label.startswith("OPTIONS "):
            yield Subject(label, (label,))


def _bodies(surface: Surface) -> Iterable[Subject]:
    """Operations that take JSON and nothing else, on things of our own: that, and whether they declare 415."""
    contract = surface.contract
    for resource in surface.resources.values():
        if not (resource.create and resource.delete):
            continue
        for label in (resource.create, resource.update, resource.replace):
            if label:
                media_types = [*(contract.below(contract.operations[label], "requestBody", "content").value or {})]
                if len(media_types) == 1 and "json" in media_types[0]:
                    yield Subject((resource, label), (label,), "415" in _responses(surface, label))


def _negotiated(surface: Surface) -> Iterable[Subject]:
    """GETs that can answer in several ways, or say that they cannot answer in the one wanted."""
    contract = surface.contract
    for label in contract.operations:
        responses = _responses(surface, label)
        if label.startswith("GET ") and "200" in responses:
            place = contract.below(contract.operations[label], "responses", "200")
            offered = tuple(name for name in place.value.get("content") or {} if "*" not in name)
            if offered and (len(offered) > 1 or "406" in responses):
                yield Subject((label, offered, "406" in responses), (label,))


def _requiring(surface: Surface) -> Iterable[Subject]:
    """Things whose creation takes a body with members that it must have."""
    for resource in surface.resources.values():
        if resource.create and resource.delete and body_schema(surface.contract, resource.create):
            yield Subject(resource, (resource.create,))


@general("protocol", "major", resources("read"))
def unknown_ids_are_not_found(stage: Stage, resource: Resource) -> None:
    """An id that nothing has is not found, nor is a thing below another one than its own."""
    _require_unknown(stage, resource)
    if resource.create and resource.parents:
        _require_own_path(stage, resource)


def _require_unknown(stage: Stage, resource: Resource) -> None:
    path = listed_or_made(stage, resource)
    known = str(path[resource.parameter])
    responses = _responses(stage.run.surface, resource.read)
    allowed = (*_ABSENT, *(status for status in (400, 422) if str(status) in responses))
    exchange = None
    for unknown in unknown_ids(stage, resource.read, resource.parameter, known):
        exchange = stage.call(resource.read, **{**path, resource.parameter: unknown})
        came = str(resource.thing_in(exchange.json()).get(resource.id_member, unknown))
        there = 200 <= exchange.status < 300 and came.lower() == unknown.lower()
        if not there:  # who knows what others have created
            stage.refuses(exchange, allowed, f"nothing has the id {unknown}: 404")
            return
    if exchange is None:
        raise NotPlayed(f"no other value of `{resource.parameter}` than {known} is valid")
    stage.refuses(exchange, allowed, "nothing has an id that is made up: 404")


def _require_own_path(stage: Stage, resource: Resource) -> None:
    thing = make(stage, resource)
    *_, parameter = resource.parents
    parent = stage.run.surface.resources[resource.parents[parameter]]
    if not parent.create:
        return
    above = {name: value for name, value in thing.parents.items() if name != parameter}
    third = make(stage, parent, parents=above)
    read(stage, third) if parent.read else None
    exchange = stage.call(resource.read, **{**thing.path, parameter: third.id})
    stage.refuses(exchange, _ABSENT, f"{thing.id} is not below {third.id}: 404")


@general("protocol", "major", _located)
def location_leads_to_what_was_created(stage: Stage, resource: Resource) -> None:
    """Location in the answer to a creation leads to what was created."""
    body, parents = body_of(stage, resource), parents_of(stage, resource)
    created = send(stage, resource.create, body, **parents)
    link = created.answer_headers.get("location", "")
    if created.status != 201 or not link:
        raise NotPlayed(f"{resource.create} answers {created.outcome(stage.run.credentials)} without Location")
    thing_id = resource.thing_in(created.json()).get(resource.id_member)
    with suppress(NotPlayed):  # what it leads to may be somebody else's, and is judged here
        made_by(stage, resource, parents, body, created)
    named = {name: value for name, value in body.items() if stage.run.run_id in str(value)}

    def judge() -> None:
        exchange = stage.follow(resource.read or resource.create, link, after=created)
        if exchange.status in _NOT_ALLOWED:
            raise NotPlayed(f"following Location is answered with {exchange.status}")
        stage.require(200 <= exchange.status < 300, exchange, f"{link} is there")
        came = resource.thing_in(exchange.json())
        is_it = thing_id is None or same(thing_id, came.get(resource.id_member))
        is_named = not named or any(same(value, came.get(name)) for name, value in named.items())
        stage.require(is_it and is_named, exchange, f"{link} leads to what was created")

    stage.settled(judge)


@general("inferred", "major", _foreign_methods)
def undeclared_methods_are_refused(stage: Stage, subject: tuple[Resource, tuple[str, ...]]) -> None:
    """A method that the contract does not have for a thing is refused."""
    resource, foreign = subject
    thing = make(stage, resource)
    label = resource.read or resource.delete
    declared = ", ".join(sorted(_methods(stage.run.surface, resource.item)))
    for method in foreign:
        body = dict(thing.sent) if method in ("PUT", "PATCH") else None
        exchange = stage.call(label, body, method=method, **thing.path)
        refused = not 200 <= exchange.status < 300
        stage.require(refused, exchange, f"{method} is refused at {resource.item}: 405 with Allow: {declared}")


@general("protocol", "minor", _heads)
def head_is_get_without_a_body(stage: Stage, label: str) -> None:
    """HEAD answers what GET answers, without a body."""
    path = some_path(stage, label)

    def judge() -> None:
        head = stage.call(label, **path)
        if head.status in _NOT_ALLOWED:
            raise NotPlayed(f"{label} answers {head.status}")
        get = stage.call(f"GET {label[5:]}", **path)
        stage.require(head.status == get.status, head, f"answers {get.status}, as GET does")
        for name in ("etag", "content-type"):
            one, two = (answer.answer_headers.get(name) for answer in (head, get))
            told = one is None and not _header(stage.run.surface, label, str(head.status), name)
            stage.require(told or one == two, head, f"has {name}: {two}, as GET has", one or f"no {name}")

    stage.settled(judge)


@general("protocol", "minor", _options)
def options_says_what_can_be_done(stage: Stage, label: str) -> None:
    """OPTIONS answers, and names the methods that the contract has."""
    path = some_path(stage, label)

    def judge() -> None:
        exchange = stage.call(label, **path)
        stage.succeeds(exchange, f"{label} is declared, and answers 200 or 204")
        if _header(stage.run.surface, label, str(exchange.status), "allow"):
            came = exchange.answer_headers.get("allow", "")
            declared = _methods(stage.run.surface, label.partition(" ")[2])
            missing = sorted(declared - {name.strip().upper() for name in came.split(",")} - {"HEAD", "OPTIONS"})
            says = f"has Allow: {', '.join(sorted(declared))}"
            stage.require(not missing, exchange, says, came or "no Allow")

    stage.settled(judge)


@general("inferred", "minor", _bodies)
def other_media_types_are_refused(stage: Stage, subject: tuple[Resource, str]) -> None:
    """A body of another media type than the contract has is refused."""
    resource, label = subject
    thing = make(stage, resource)
    attempts = (creation_like(stage, thing), *attempts_with(stage, thing))
    attempt = next((one for one in attempts if one.operation == label), None)
    if attempt is None:
        raise NotPlayed(f"no body for {label} in the contract")
    exchange = tried(stage, attempt, {"Content-Type": "text/plain"})
    if exchange is None:
        raise NotPlayed(f"{label} may not be tried in this mode")
    says = f"a body of text/plain is refused where {body_media_type(stage.run.contract, label)} is wanted: 415"
    stage.require(not 200 <= exchange.status < 300, exchange, says)


@general("protocol", "minor", _negotiated)
def accept_is_heeded(stage: Stage, subject: tuple[str, tuple[str, ...], bool]) -> None:
    """A client gets the media type that it accepts, or 406 where the contract has that."""
    label, offered, refuses = subject
    path = some_path(stage, label)
    for media_type in offered if len(offered) > 1 else ():
        exchange = stage.call(label, headers={"Accept": media_type}, **path)
        stage.succeeds(exchange, f"there is {media_type}")
        came = exchange.answer_headers.get("content-type", "").partition(";")[0].strip().lower()
        stage.require(not exchange.answer or came == media_type.lower(), exchange, f"answers with {media_type}")
    if refuses:
        exchange = stage.call(label, headers={"Accept": _NOBODY_HAS}, **path)
        stage.refuses(exchange, (406, *_ABSENT), f"there is no {_NOBODY_HAS}: 406")


@general("published", "major", _requiring)
def bodies_are_checked(stage: Stage, resource: Resource) -> None:
    """A body that is no JSON, or lacks what the contract requires, is refused."""
    body, parents = body_of(stage, resource), parents_of(stage, resource)
    lacking = _lacking(stage, resource, body)
    broken = json.dumps(body).encode()[:-1] + b",,"
    for wrong, says in ((broken, "a body that is no JSON is refused: 400"), lacking):
        if not says:
            continue
        exchange = send(stage, resource.create, wrong, **parents)
        if 200 <= exchange.status < 300 and resource.item:
            with suppress(NotPlayed):  # nothing says which thing it is
                made_by(stage, resource, parents, wrong if isinstance(wrong, dict) else {}, exchange)
        if exchange.status in _NOT_ALLOWED or not exchange.status:
            raise NotPlayed(f"{resource.create} answers {exchange.outcome(stage.run.credentials)}")
        stage.require(400 <= exchange.status < 500, exchange, says)


def _lacking(stage: Stage, resource: Resource, body: Mapping[str, Any]) -> tuple[Any, str]:
    """A body without a member that it must have, and what is to be said of it; nothing where it must have none."""
    contract = stage.run.contract
    schema = body_schema(contract, resource.create)
    for name in sorted(required(contract, schema) & {*body}):
        wrong = {other: value for other, value in body.items() if other != name}
        if schema and contract.violations(schema, wrong, "request"):
            return wrong, f"a body without `{name}`, which is required, is refused: 400 or 422"
    return None, ""


def _methods(surface: Surface, path: str) -> frozenset[str]:
    return frozenset(label.partition(" ")[0] for label in surface.contract.operations if label.endswith(f" {path}"))


def _responses(surface: Surface, label: str) -> Mapping[str, Any]:
    responses: Mapping[str, Any] = surface.contract.below(surface.contract.operations[label], "responses").value
    return responses


def _header(surface: Surface, label: str, status: str, name: str) -> bool:
    """Whether an operation declares a header for a status."""
    contract = surface.contract
    if status not in _responses(surface, label):
        return False
    headers = contract.below(contract.operations[label], "responses", status).value.get("headers") or {}
    return name in {one.lower() for one in headers}


LAWS = (
    unknown_ids_are_not_found,
    location_leads_to_what_was_created,
    undeclared_methods_are_refused,
    head_is_get_without_a_body,
    options_says_what_can_be_done,
    other_media_types_are_refused,
    accept_is_heeded,
    bodies_are_checked,
)
