"""What holds for things that come and go: created, read, listed, changed, replaced, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general import pages
from contract_tests.laws.general.changing import (
    Members,
    accepted,
    change,
    changes,
    is_one_way,
    read,
    removals,
    replacement,
    shown,
)
from contract_tests.laws.general.likeness import is_nothing, lacking, same, words
from contract_tests.laws.general.making import Thing, body_of, delete, made, make, precondition, send
from contract_tests.laws.general.selectors import resources
from contract_tests.laws.law import Breach, NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.schemas import body_schema, members
from contract_tests.surface.surface import Surface

_GONE = (404, 410)
_DONE = (200, 202, 204)
_CHANGES = 3
_WRONG: tuple[Any, ...] = ({"gridmock": "wrong"}, "gridmock", [])
# How APIs that keep what was deleted say of it that it is.
_STATES = ("status", "state")
_GONE_STATE = re.compile(
    "deleted|removed|archived|cancell?ed|terminated|revoked|inactive|disabled|closed", re.IGNORECASE
)
_GONE_SINCE = re.compile("(is_?)?(deleted|removed|archived|cancell?ed|revoked)(_?(at|on))?", re.IGNORECASE)


@general("protocol", "critical", resources("create", "read"))
def created_is_read_back(stage: Stage, resource: Resource) -> None:
    """What was created can be read, with the values that were sent."""
    thing = make(stage, resource)
    _require_sent(stage, thing, thing.answer, thing.exchange, partly=True)

    def judge() -> None:
        exchange = stage.call(resource.read, **thing.path)
        stage.succeeds(exchange, f"{thing.id} was created, and can be read")
        came = shown(thing, exchange)
        if thing.id and resource.id_member in came:
            says = f"`{resource.id_member}` is {thing.id}, by which it was read"
            stage.require(_is(came, thing), exchange, says, f"it is {words(came[resource.id_member])}")
        _require_sent(stage, thing, came, exchange)

    stage.settled(judge)


@general("protocol", "critical", resources("create", where=lambda resource: resource.item))
def created_has_its_own_id(stage: Stage, resource: Resource) -> None:
    """Things that were created one after the other have different ids."""
    first = make(stage, resource)
    second = make(stage, resource, parents=first.parents)
    if second.sent == first.sent or second.exchange.status == 200:
        raise NotPlayed(f"{resource.create} may take the second thing for the first one again")
    says = f"an id that is not {first.id}, which the first one has"
    stage.require(first.id != second.id, second.exchange, says, "both have it")


@general("protocol", "critical", resources("create", "list", where=lambda resource: resource.item))
def created_is_listed_once(stage: Stage, resource: Resource) -> None:
    """What was created is in the list, once."""
    listing = stage.run.surface.listings.get(resource.list)
    if listing is None:
        raise NotPlayed(f"declare where in the answers of {resource.list} the `items` are")
    thing = make(stage, resource)

    def judge() -> None:
        items, exchanges = pages.everything(stage, listing, **thing.parents)
        times = sum(_is(item, thing) for item in items)
        stage.require(times == 1, exchanges[-1], f"{thing.id} is in the list once", f"it is there {times} times")
        # Things of others may come and go between two pages, but not within one.
        for page in exchanges:
            for twice in _repeated(resource, pages.shown(stage, listing, page)):
                stage.require(False, page, f"{twice} is in the list once", "it is on the same page twice")

    stage.settled(judge)


@general("protocol", "critical", resources("create", "delete"))
def deleted_is_gone(stage: Stage, resource: Resource) -> None:
    """What was deleted can be neither read nor changed, and is in no list."""
    thing = make(stage, resource)
    _delete(stage, thing)

    def judge() -> None:
        if resource.read:
            exchange = stage.call(resource.read, **thing.path)
            if 200 <= exchange.status < 300 and _says_gone(shown(thing, exchange)):
                raise NotPlayed(f"{resource.read} still shows what was deleted, and says that it is")
            stage.refuses(exchange, _GONE, f"404 or 410: {thing.id} was deleted")
        if resource.update and (wanted := next(changes(stage, resource, thing.sent), None)):
            exchange = change(stage, thing, resource.update, wanted)
            stage.require(exchange.status not in _DONE, exchange, f"404 or 410: {thing.id} was deleted")
        if listing := stage.run.surface.listings.get(resource.list):
            items, exchanges = pages.everything(stage, listing, **thing.parents)
            there = any(_is(item, thing) and not _says_gone(item) for item in items)
            stage.require(not there, exchanges[-1], f"{thing.id} was deleted", "it is still in the list")

    stage.settled(judge)


def _with_410(surface: Surface) -> Iterator[Subject]:
    """Resources whose DELETE declares 410; without it, deleting twice may succeed."""
    for subject in resources("create", "delete")(surface):
        label = subject.value.delete
        if "410" in surface.contract.below(surface.contract.operations[label], "responses").value:
            yield subject


@general("protocol", "minor", _with_410)
def deleted_once_only(stage: Stage, resource: Resource) -> None:
    """What was deleted cannot be deleted again."""
    thing = make(stage, resource)
    _delete(stage, thing)
    stage.settled(lambda: stage.refuses(delete(stage, thing), _GONE, f"404 or 410: {thing.id} was deleted before"))


@general("protocol", "critical", resources("create", "read", "update"))
def change_is_read_back(stage: Stage, resource: Resource) -> None:
    """What was changed is read back as it was sent, and what was set to null is there no longer."""
    thing = make(stage, resource)
    before = shown(thing, read(stage, thing))
    taken = accepted(stage, thing, resource.update, changes(stage, resource, before))
    wanted = {name: value for one, _ in islice(taken, _CHANGES) for name, value in one.items()}

    def judge() -> None:
        exchange = stage.call(resource.read, **thing.path)
        came = shown(thing, stage.succeeds(exchange, "what was changed can be read"))
        for name, value in lacking(wanted, came).items():
            raise _otherwise(exchange, resource, name, came, f"{words(value)}, as sent")

    def judge_removal() -> None:
        exchange = stage.call(resource.read, **thing.path)
        came = shown(thing, stage.succeeds(exchange, "what was changed can be read"))
        for name in one:
            if same(now[name], came.get(name)):
                raise _otherwise(exchange, resource, name, came, "null, as sent")

    stage.settled(judge)
    now = {**before, **wanted}
    for one in removals(stage, resource, now):
        if change(stage, thing, resource.update, one).succeeded:
            stage.settled(judge_removal)


@general("protocol", "critical", resources("create", "read", "update"))
def change_leaves_the_rest(stage: Stage, resource: Resource) -> None:
    """A change leaves alone what it does not name, and whatever else there is."""
    thing = make(stage, resource)
    other = make(stage, resource, parents=thing.parents)
    before = {one.id: shown(one, read(stage, one)) for one in (thing, other)}

    def judge(one: Thing, but: Members, what: str) -> None:
        exchange = stage.call(resource.read, **one.path)
        came = shown(one, stage.succeeds(exchange, "it can still be read"))
        # Only what the client said: what the server adds may follow from the change.
        kept = {name: value for name, value in before[one.id].items() if name in one.sent and name not in but}
        for name, value in lacking(kept, came, resource.set_by_server).items():
            raise _otherwise(exchange, resource, name, came, f"{words(value)}, as before: {what} was changed")
        before[one.id] = came

    taken = accepted(stage, thing, resource.update, changes(stage, resource, before[thing.id]))
    for wanted, _ in islice(taken, _CHANGES):
        judge(thing, wanted, f"nothing but {', '.join(wanted)}")
    judge(other, {}, "another one")


@general("protocol", "critical", resources("create", "read", "update"))
def refused_change_changes_nothing(stage: Stage, resource: Resource) -> None:
    """A change that is refused has no effect, not even that of the members that are right."""
    thing = make(stage, resource)
    before = shown(thing, read(stage, thing))
    wanted = _with_something_wrong(stage, resource, next(changes(stage, resource, before), {}))
    exchange = change(stage, thing, resource.update, wanted)
    if not 400 <= exchange.status < 500:
        raise NotPlayed(f"{resource.update} takes {words(wanted)}, which is not valid")
    refused = exchange.status
    exchange = stage.call(resource.read, **thing.path)
    came = shown(thing, stage.succeeds(exchange, "it can still be read"))
    for name in wanted:
        if name in before and not same(before[name], came.get(name)):
            says = f"{words(before[name])}, as before: the change was refused with {refused}"
            raise _otherwise(exchange, resource, name, came, says)


@general("protocol", "major", resources("create", "read", "replace"))
def replacement_drops_the_rest(stage: Stage, resource: Resource) -> None:
    """A replacement takes away what it leaves out."""
    thing = make(stage, resource)
    body = replacement(stage, thing, full=False)
    left_out = [name for name in replacement(stage, thing) if name not in body]
    if not left_out:
        raise NotPlayed(f"nothing that was sent to {resource.create} may be left out of {resource.replace}")
    before = shown(thing, read(stage, thing))
    # What a new thing has without being told so may as well come from the replacement.
    usual = _without(stage, thing, left_out)
    _replace(stage, thing, body)

    def judge() -> None:
        exchange = stage.call(resource.read, **thing.path)
        came = shown(thing, stage.succeeds(exchange, "what was replaced can be read"))
        for name in left_out:
            if not same(before.get(name), usual.get(name)) and same(before.get(name), came.get(name)):
                says = f"{words(usual.get(name))}, as it is where nothing is said"
                raise _otherwise(exchange, resource, name, came, says)

    stage.settled(judge)


@general("protocol", "major", resources("create", "read", "replace"))
def replacement_can_be_repeated(stage: Stage, resource: Resource) -> None:
    """What was replaced is read back as it was sent, also when the same replacement is sent again."""
    thing = make(stage, resource)
    before = shown(thing, read(stage, thing))
    taken = accepted(stage, thing, resource.replace, changes(stage, resource, before, resource.replace))
    body = {**replacement(stage, thing), **next(taken)[0]}

    def judge() -> None:
        exchange = stage.call(resource.read, **thing.path)
        came = shown(thing, stage.succeeds(exchange, "what was replaced can be read"))
        readable = {name: value for name, value in body.items() if name in before and not is_nothing(value)}
        for name, value in lacking(readable, came, resource.set_by_server).items():
            raise _otherwise(exchange, resource, name, came, f"{words(value)}, as sent")

    stage.settled(judge)
    _replace(stage, thing, body)
    stage.settled(judge)


def _require_sent(stage: Stage, thing: Thing, came: Members, exchange: Exchange, *, partly: bool = False) -> None:
    """Raise Breach unless a thing has the values that were sent, as far as they can be read."""
    contract, resource = stage.run.contract, thing.resource
    known = members(contract, resource.schema)
    asked = members(contract, body_schema(contract, resource.create))
    sent = {
        name: value
        for name, value in thing.sent.items()
        if not is_nothing(value)  # which the server may fill in
        and (name in came or (name in known and not partly))
        and not is_one_way(stage, *filter(None, (asked.get(name), known.get(name))))
    }
    for name, value in lacking(sent, came, resource.set_by_server).items():
        raise _otherwise(exchange, resource, name, came, f"{words(value)}, as sent")


def _otherwise(exchange: Exchange, resource: Resource, name: str, came: Members, says: str) -> Breach:
    """The breach of a member that is not what it should be."""
    schema = re.fullmatch(r"/components/schemas/([^/]+)", resource.schema.pointer if resource.schema else "")
    has = f"it is {words(came[name])}" if name in came else "it is not there"
    return Breach(exchange, f"`{name}` is {says}", has, f"{schema[1]}.{name}" if schema else "")


def _is(item: Any, thing: Thing) -> bool:
    """Whether this is the thing, by its id."""
    found = thing.resource.thing_in(item).get(thing.resource.id_member)
    return found is not None and str(found).casefold() == thing.id.casefold()


def _repeated(resource: Resource, items: list[Any]) -> list[str]:
    """The ids of things that are on a page more than once, from first to last member the same."""
    seen: list[Any] = []
    twice = []
    for item in items:
        if isinstance(item, Mapping) and resource.id_member in item and item in seen:
            twice.append(str(item[resource.id_member]))
        seen.append(item)
    return twice


def _says_gone(item: Any) -> bool:
    """Whether a thing says of itself that it was deleted, as it does in an API that keeps such things."""
    told = item.items() if isinstance(item, Mapping) else ()
    return any(
        (name in _STATES and isinstance(value, str) and _GONE_STATE.fullmatch(value))
        or (value and _GONE_SINCE.fullmatch(name))
        for name, value in told
    )


def _delete(stage: Stage, thing: Thing) -> None:
    """Delete a thing; raises NotPlayed where the target does not do it."""
    exchange = delete(stage, thing)
    if not 200 <= exchange.status < 300:
        raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(stage.run.credentials)}")


def _replace(stage: Stage, thing: Thing, body: Members) -> None:
    """Replace a thing; raises NotPlayed where the target does not do it."""
    label = thing.resource.replace
    exchange = send(stage, label, body, headers=precondition(stage, thing, label), **thing.path)
    if not 200 <= exchange.status < 300:
        raise NotPlayed(f"{label} answers {exchange.outcome(stage.run.credentials)} to {words(body)}")


def _without(stage: Stage, thing: Thing, left_out: list[str]) -> Members:
    """A new thing that was created without some members."""
    body = {name: value for name, value in body_of(stage, thing.resource).items() if name not in left_out}
    bare = made(stage, thing.resource, thing.parents, body)
    return shown(bare, read(stage, bare))


def _with_something_wrong(stage: Stage, resource: Resource, right: Members) -> Members:
    """A change with one member more, of a type that it cannot have; raises NotPlayed where there is none."""
    contract = stage.run.contract
    schema = body_schema(contract, resource.update)
    for name in members(contract, schema):
        for wrong in _WRONG:
            wanted = {**right, name: wrong}
            if right and name not in right and schema and contract.violations(schema, wanted, "request"):
                return wanted
    raise NotPlayed(f"no change is known that {resource.update} has to refuse")


LAWS = (
    created_is_read_back,
    created_has_its_own_id,
    created_is_listed_once,
    deleted_is_gone,
    deleted_once_only,
    change_is_read_back,
    change_leaves_the_rest,
    refused_change_changes_nothing,
    replacement_drops_the_rest,
    replacement_can_be_repeated,
)
