"""What holds for things that come and go: created, read, listed, deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general import pages
from contract_tests.laws.general.changing import Members, change, changes, is_one_way, make_full, otherwise, shown
from contract_tests.laws.general.likeness import is_nothing, lacking, words
from contract_tests.laws.general.making import Thing, delete, make
from contract_tests.laws.general.selectors import resources
from contract_tests.laws.law import NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.schemas import body_schema, members
from contract_tests.surface.surface import Surface

_GONE = (404, 410)
_DONE = (200, 202, 204)
# How APIs that keep what was deleted say of it that it is.
_STATES = ("status", "state")
_GONE_STATE = re.compile(
    "deleted|removed|archived|cancell?ed|terminated|revoked|inactive|disabled|closed", re.IGNORECASE
)
_GONE_SINCE = re.compile("(is_?)?(deleted|removed|archived|cancell?ed|revoked)(_?(at|on))?", re.IGNORECASE)


@general("protocol", "critical", resources("create", "read"))
def created_is_read_back(stage: Stage, resource: Resource) -> None:
    """What was created can be read, with the values that were sent."""
    thing = make_full(stage, resource)
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
        raise otherwise(exchange, resource, name, came, f"{words(value)}, as sent")


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


LAWS = (
    created_is_read_back,
    created_is_listed_once,
    deleted_is_gone,
    deleted_once_only,
)
