"""What keeps clients from getting in each other's way: idempotency keys, ETags, conditional requests."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.changing import change, changed, changes, changing, read, shown
from contract_tests.laws.general.likeness import lacking, words
from contract_tests.laws.general.making import Thing, body_of, header_named, made, made_by, make, parents_of, send
from contract_tests.laws.law import NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.surface import Surface

_KEY, _IF_MATCH, _IF_NONE_MATCH = "Idempotency-Key", "If-Match", "If-None-Match"


def _with_keys(surface: Surface) -> Iterator[Subject]:
    """Resources that are created under an idempotency key."""
    for resource in surface.resources.values():
        if resource.item and header_named(surface.contract, resource.create, _KEY):
            yield Subject(resource, (resource.create,))


def _with_versions(surface: Surface) -> Iterator[Subject]:
    """Resources that are read with an ETag, or for which conditional requests are declared, and that can change."""
    contract = surface.contract
    for resource in surface.resources.values():
        if not (resource.create and resource.read and changing(resource)):
            continue
        answer = contract.response(resource.read, 200)
        declared = contract.below(answer, "headers").value if answer else {}
        if any(name.lower() == "etag" for name in declared) or _guarded(surface, resource):
            yield Subject(resource, (resource.read, changing(resource)))


def _with_guards(surface: Surface) -> Iterator[Subject]:
    """Resources with operations that take If-Match."""
    for resource in surface.resources.values():
        guarded = _guarded(surface, resource)
        if guarded and resource.create and resource.read and changing(resource):
            yield Subject(resource, (*guarded, resource.read))


def _guarded(surface: Surface, resource: Resource) -> list[str]:
    labels = (resource.update, resource.replace, resource.delete)
    return [label for label in labels if header_named(surface.contract, label, _IF_MATCH)]


def _with_known_versions(surface: Surface) -> Iterator[Subject]:
    """Resources that are read with If-None-Match."""
    for resource in surface.resources.values():
        if resource.create and header_named(surface.contract, resource.read, _IF_NONE_MATCH):
            yield Subject(resource, (resource.read,))


@general("protocol", "critical", _with_keys)
def idempotency_key_creates_once(stage: Stage, resource: Resource) -> None:
    """The same request with the same idempotency key creates one thing, not two."""
    parents, body = parents_of(stage, resource), body_of(stage, resource)
    key = _key(stage, resource, body)
    first = made(stage, resource, parents, body, key)
    exchange = send(stage, resource.create, body, key, **parents)
    if not 200 <= exchange.status < 300:
        _require_judged(stage, exchange)
        return
    second = made_by(stage, resource, parents, body, exchange)
    stage.require(second.id == first.id, exchange, f"{first.id} again: the key is the same", f"{second.id} is another")


@general("inferred", "major", _with_keys)
def idempotency_key_is_for_one_body(stage: Stage, resource: Resource) -> None:
    """An idempotency key that was used for one body is refused for another."""
    parents, body, other = parents_of(stage, resource), body_of(stage, resource), body_of(stage, resource)
    if body == other:
        raise NotPlayed(f"only one body is known for {resource.create}; declare `unique` members of {resource.name}")
    key = _key(stage, resource, body)
    made(stage, resource, parents, body, key)
    exchange = send(stage, resource.create, other, key, **parents)
    if 200 <= exchange.status < 300:
        second = made_by(stage, resource, parents, other, exchange)
        stage.require(False, exchange, "422: the key was used for another body", f"it is taken, for {second.id}")
    _require_judged(stage, exchange)


@general("protocol", "major", _with_versions)
def etag_changes_with_the_thing(stage: Stage, resource: Resource) -> None:
    """A thing that was changed has another ETag than before."""
    thing = make(stage, resource)
    read(stage, thing)

    # A weak ETag may be a time to the second: each attempt is a change of its own.
    def judge() -> None:
        exchange = stage.call(resource.read, **thing.path)
        before, etag = shown(thing, exchange), _etag(exchange)
        changed(stage, thing, before)
        exchange = stage.call(resource.read, **thing.path)
        if shown(thing, exchange) == before:
            raise NotPlayed(f"{resource.read} does not show what {changing(resource)} changed")
        stage.require(_etag(exchange) != etag, exchange, f"an ETag that is not {etag}, as before the change")

    stage.settled(judge)


@general("protocol", "critical", _with_guards)
def old_version_is_not_changed(stage: Stage, resource: Resource) -> None:
    """A request for a version that is no longer there (If-Match with an old ETag) is refused, and changes nothing."""
    thing = make(stage, resource)
    exchange = read(stage, thing)
    before, old = shown(thing, exchange), exchange.answer_headers.get("etag", "")
    wanted, _ = changed(stage, thing, before)
    exchange = stage.call(resource.read, **thing.path)
    now = shown(thing, exchange)
    if _etag(exchange) == _etag_in(old) or lacking(wanted, now):
        raise NotPlayed(f"{resource.read} does not show by its ETag that the thing has changed")
    for label in _guarded(stage.run.surface, resource):
        declared = stage.run.contract.below(stage.run.contract.operations[label], "responses").value
        refusals = (412,) if "412" in declared else (409, 412, 428)
        headers = {header_named(stage.run.contract, label, _IF_MATCH): old}
        stage.refuses(_tried(stage, thing, label, now, headers), refusals, f"412: {old} is no longer its ETag")
    exchange = stage.call(resource.read, **thing.path)
    came = shown(thing, stage.succeeds(exchange, "it is there as before, since all was refused"))
    for name, value in lacking(now, came, resource.set_by_server).items():
        says = f"`{name}` is {words(value)}, as before, since all was refused"
        stage.require(name not in thing.sent, exchange, says, f"it is {words(came.get(name))}")


@general("protocol", "minor", _with_known_versions)
def known_version_is_304(stage: Stage, resource: Resource) -> None:
    """Who has the current version already (If-None-Match) is told so with 304, and who has an old one gets the new."""
    thing = make(stage, resource)
    read(stage, thing)
    header = header_named(stage.run.contract, resource.read, _IF_NONE_MATCH)
    etag, now = "", dict[str, Any]()

    def judge() -> None:
        nonlocal etag, now
        exchange = stage.call(resource.read, **thing.path)
        etag, now = exchange.answer_headers.get("etag", ""), shown(thing, exchange)
        if not etag:
            raise NotPlayed(f"{resource.read} answers no ETag")
        exchange = stage.call(resource.read, headers={header: etag}, **thing.path)
        if 200 <= exchange.status < 300 and shown(thing, exchange) != now:
            raise NotPlayed(f"what {resource.read} answers changes by itself")
        stage.refuses(exchange, (304,), f"304: {etag} is its ETag still")

    stage.settled(judge)
    if not changing(resource):
        return
    wanted, _ = changed(stage, thing, now)
    exchange = stage.call(resource.read, **thing.path)
    if _etag(exchange) != _etag_in(etag) and not lacking(wanted, shown(thing, exchange)):
        exchange = stage.call(resource.read, headers={header: etag}, **thing.path)
        stage.require(exchange.status != 304, exchange, f"200: {etag} is no longer its ETag")


def _key(stage: Stage, resource: Resource, body: Mapping[str, Any]) -> dict[str, str]:
    """The header with a key that only this body has: an earlier run of the same seed may have sent others."""
    contract = stage.run.contract
    name = header_named(contract, resource.create, _KEY)
    text = f"{stage.name()} {json.dumps(body, sort_keys=True)}"
    key = str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16], version=4))
    schema = contract.below(contract.parameters(resource.create)["header", name], "schema")
    if contract.violations(schema, key, "request"):
        raise NotPlayed(f"{key} is no {name} for {resource.create}, and no other is known")
    return {name: key}


def _require_judged(stage: Stage, exchange: Exchange) -> None:
    """Raise NotPlayed where an answer says nothing about the key."""
    if exchange.status in (401, 403, 429) or not 400 <= exchange.status < 500:
        raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(stage.run.credentials)} to a used key")


def _tried(stage: Stage, thing: Thing, label: str, now: Mapping[str, Any], headers: Mapping[str, str]) -> Exchange:
    """The answer to changing or deleting a thing."""
    if label == thing.resource.delete:
        return stage.call(label, headers=headers, **thing.path)
    wanted = next(changes(stage, thing.resource, now, label), None)
    if wanted is None:
        raise NotPlayed(f"no change is known that {label} takes; declare `change` of {thing.resource.name}")
    return change(stage, thing, label, wanted, headers)


def _etag(exchange: Exchange) -> str:
    """The ETag in an answer, weak or not; raises NotPlayed without one."""
    if not (etag := exchange.answer_headers.get("etag", "")):
        raise NotPlayed(f"{exchange.operation} answers no ETag")
    return _etag_in(etag)


def _etag_in(header: str) -> str:
    return header.removeprefix("W/")


LAWS = (
    idempotency_key_creates_once,
    idempotency_key_is_for_one_body,
    etag_changes_with_the_thing,
    old_version_is_not_changed,
    known_version_is_304,
)
