"""Who may do what: strangers nothing, readers no changes, other tenants nothing with what is ours."""

from __future__ import annotations

import hashlib
import string
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import cycle

from contract_tests.exchange import Exchange
from contract_tests.laws.general.attempts import (
    Attempt,
    attempts_with,
    creation_like,
    labels_with,
    listed_or_made,
    tried,
    unknown_ids,
)
from contract_tests.laws.general.changing import read
from contract_tests.laws.general.likeness import lacking, words
from contract_tests.laws.general.making import make
from contract_tests.laws.general.pages import items_in, large, needed
from contract_tests.laws.general.selectors import Select
from contract_tests.laws.law import NotPlayed, Subject, general
from contract_tests.laws.stage import Headers, Stage
from contract_tests.surface.resources import Resource, path_parameters
from contract_tests.surface.surface import Surface

_ABSENT = (404, 410)
_KINDS = (string.digits, string.ascii_lowercase, string.ascii_uppercase)


def _closed(surface: Surface) -> Iterable[Subject]:
    """Operations that need credentials: those with a kind of thing together, and what else can just be asked."""
    closed = [label for label in surface.contract.operations if surface.contract.needs_credentials(label)]
    told: set[str] = set()
    for resource in surface.resources.values():
        if resource.item:
            labels = [label for label in labels_with(surface, resource) if label in closed and label not in told]
            labels += [resource.create] if resource.create in closed else []
            told |= {*labels}
            if labels:
                yield Subject((resource, tuple(labels)), tuple(labels))
    for label in closed:
        if label not in told and surface.is_safe(label) and not path_parameters(label):
            yield Subject((None, (label,)), (label,))


def _reads(surface: Surface) -> Iterable[Subject]:
    """Reading one thing, where the contract says that strangers get 401."""
    contract = surface.contract
    for resource in surface.resources.values():
        label = resource.read
        if (
            label
            and contract.needs_credentials(label)
            and "401" in contract.below(contract.operations[label], "responses").value
        ):
            yield Subject(resource, (label,))


def _written(surface: Surface) -> Iterable[Subject]:
    """Things that can be created, and changing them where that takes a scope, or can be forbidden."""
    for resource in surface.resources.values():
        if resource.create and resource.item and resource.delete:
            labels = (resource.create, *labels_with(surface, resource))
            limited = tuple(label for label in labels if not surface.is_safe(label) and _is_limited(surface, label))
            if limited:
                yield Subject((resource, limited), limited)


def _private(*verbs: str) -> Select:
    """Things that can be created, unless all tenants share them; published where the declaration says so."""

    def select(surface: Surface) -> Iterable[Subject]:
        for resource in surface.resources.values():
            tenancy = resource.told.get("tenancy")
            closed = resource.read and surface.contract.needs_credentials(resource.read)
            labels = tuple(label for verb in verbs if (label := getattr(resource, verb)))
            if resource.create and closed and tenancy != "shared" and labels:
                yield Subject(resource, labels, tenancy == "private")

    return select


@general("published", "critical", _closed)
def strangers_are_refused(stage: Stage, subject: tuple[Resource | None, tuple[str, ...]]) -> None:
    """Who has no credentials, or false ones, is refused wherever the contract asks for them."""
    resource, labels = subject
    callers = {"without credentials": stage.as_nobody(), "with false credentials": false_credentials(stage)}
    asked = 0
    for attempt in _attempts(stage, resource, labels):
        for who, headers in callers.items():
            exchange = tried(stage, attempt, headers) if headers is not None else None
            if exchange:
                asked += 1
                refused = not 200 <= exchange.status < 300
                stage.require(refused, exchange, f"{attempt.operation} {who} is refused: 401 or 403")
    if not asked:
        raise NotPlayed("nothing of it may be tried in this mode")


@general("published", "major", _reads)
def strangers_learn_nothing_of_ids(stage: Stage, resource: Resource) -> None:
    """Who has no credentials gets the same answer for an id that is there and for one that is not."""
    path = listed_or_made(stage, resource)
    known = stage.call(resource.read, headers=stage.as_nobody(), **path)
    if known.status not in (401, 403):
        raise NotPlayed(f"without credentials {resource.read} answers {known.status} for what is there")
    unknown = next(unknown_ids(stage, resource.read, resource.parameter, str(path[resource.parameter])), None)
    if unknown is None:
        raise NotPlayed(f"no other value of `{resource.parameter}` is valid")
    ids = {**path, resource.parameter: unknown}
    exchange = stage.call(resource.read, headers=stage.as_nobody(), **ids)
    says = f"without credentials an unknown id gets {known.status}, as a known one does"
    stage.require(exchange.status not in _ABSENT, exchange, says)
    for parameter in resource.parents:
        outer = next(unknown_ids(stage, resource.read, parameter, str(path[parameter])), None)
        if outer:
            exchange = stage.call(resource.read, headers=stage.as_nobody(), **{**ids, parameter: outer})
            stage.require(exchange.status not in _ABSENT, exchange, says)


@general("published", "critical", _written)
def readers_change_nothing(stage: Stage, subject: tuple[Resource, tuple[str, ...]]) -> None:
    """Who may only read is refused whatever changes something."""
    resource, limited = subject
    reader = stage.as_reader()
    thing = make(stage, resource)
    look_at = resource.read or resource.list
    if look_at:
        seen = stage.call(look_at, headers=reader, **(thing.path if look_at == resource.read else thing.parents))
        if seen.status in (401, 403):
            raise NotPlayed(f"{look_at} is refused to the reader: {seen.status}")
    for attempt in (creation_like(stage, thing), *attempts_with(stage, thing)):
        if attempt.operation in limited and (exchange := tried(stage, attempt, reader)):
            says = f"{attempt.operation} is refused to a caller who may only read: 403"
            stage.require(not 200 <= exchange.status < 300, exchange, says)


@general("inferred", "critical", _private("read", "list"))
def other_tenants_see_nothing(stage: Stage, resource: Resource) -> None:
    """What one tenant has created cannot be read or found in lists by another one."""
    other = stage.as_other()
    thing = make(stage, resource)
    for attempt in attempts_with(stage, thing):
        if attempt.operation.startswith("GET ") and stage.run.contract.needs_credentials(attempt.operation):
            exchange = stage.call(attempt.operation, headers=other, **thing.path)
            _require_known(exchange)
            says = f"{attempt.operation} of another tenant's thing is refused: 404 or 403"
            stage.require(not _shows(stage, exchange), exchange, says)
    if listing := stage.run.surface.listings.get(resource.list):
        size = large(stage, listing)
        query = needed(stage, listing) | ({listing.paging.size: size} if listing.paging and size else {})
        page = stage.call(listing.operation, query=query, headers=other, **thing.parents)
        shown = [str(item.get(resource.id_member)) for item in items_in(listing, page) or () if isinstance(item, dict)]
        stage.require(thing.id not in shown, page, f"{thing.id} is not listed for another tenant")


@general("inferred", "critical", _private("update", "replace", "delete"))
def other_tenants_change_nothing(stage: Stage, resource: Resource) -> None:
    """What one tenant has created cannot be changed or removed by another one."""
    other = stage.as_other()
    thing = make(stage, resource)
    before = read(stage, thing)
    for attempt in attempts_with(stage, thing):
        label = attempt.operation
        if stage.run.surface.is_safe(label) or not stage.run.contract.needs_credentials(label):
            continue
        if exchange := tried(stage, attempt, other):
            _require_known(exchange)
            # Others may have something of the same id among their own things, and removing nothing may succeed.
            harmless = label in (resource.replace, resource.delete)
            says = f"{label} of another tenant's thing is refused: 404 or 403"
            stage.require(harmless or not 200 <= exchange.status < 300, exchange, says)
    after = stage.call(resource.read, **thing.path)
    came = resource.thing_in(after.json())
    lost = lacking(resource.thing_in(before.json()), came, resource.set_by_server)
    says = "what another tenant tried has changed nothing"
    stage.require(200 <= after.status < 300 and not lost, after, says, f"lost: {words(lost)}" if came else "")


def _attempts(stage: Stage, resource: Resource | None, labels: tuple[str, ...]) -> Iterator[Attempt]:
    """What strangers may try without harm: anything with a thing of ours, only reading with one of others."""
    if resource is None:
        yield from (Attempt(label, {}) for label in labels)
    elif resource.create and resource.delete:
        thing = make(stage, resource)
        yield from (
            one for one in (creation_like(stage, thing), *attempts_with(stage, thing)) if one.operation in labels
        )
    else:
        path = listed_or_made(stage, resource)
        yield from (Attempt(label, path) for label in labels if stage.run.surface.is_safe(label))


def _is_limited(surface: Surface, label: str) -> bool:
    """Whether not everybody who has credentials may do it: it takes a scope, or 403 is declared."""
    contract = surface.contract
    operation = contract.operations[label]
    security = operation.value.get("security", contract.document.get("security", []))
    scoped = any(scopes for alternative in security for scopes in alternative.values())
    return contract.needs_credentials(label) and (scoped or "403" in contract.below(operation, "responses").value)


def _require_known(exchange: Exchange) -> None:
    if exchange.status == 401:
        raise NotPlayed("the credentials of the other tenant are refused: 401")


def _shows(stage: Stage, exchange: Exchange) -> bool:
    """Whether an answer gives something away: a list of nothing does not."""
    listing = stage.run.surface.listings.get(exchange.operation)
    return 200 <= exchange.status < 300 and (listing is None or items_in(listing, exchange) != [])


def false_credentials(stage: Stage) -> Headers | None:
    """Our headers with other credentials of the same form in them, or None if we have none."""
    components = stage.run.contract.document.get("components", {})
    schemes = components.get("securitySchemes", {}).values()
    names = {"authorization", *(str(scheme.get("name", "")).lower() for scheme in schemes if isinstance(scheme, dict))}
    return {
        name: _false_value(value, stage.run.run_id)
        for name, value in stage.run.credentials.headers.items()
        if name.lower() in names
    } or None


def _false_value(value: str, seed: str) -> str:
    scheme, space, secret = value.rpartition(" ")
    if scheme.lower() != "basic":
        return f"{scheme}{space}{_other_secret(secret, seed)}"
    try:
        user, colon, password = b64decode(secret, validate=True).decode().partition(":")
    except ValueError:
        return f"{scheme}{space}{_other_secret(secret, seed)}"
    return f"{scheme} {b64encode(f'{user}{colon}{_other_secret(password, seed)}'.encode()).decode()}"


def _other_secret(secret: str, seed: str) -> str:
    """A text of the same form that tells nothing of the secret."""
    digits = cycle(hashlib.sha256(seed.encode()).digest())
    return "".join(next((kind[next(digits) % len(kind)] for kind in _KINDS if char in kind), char) for char in secret)


LAWS = (
    strangers_are_refused,
    strangers_learn_nothing_of_ids,
    readers_change_nothing,
    other_tenants_see_nothing,
    other_tenants_change_nothing,
)
