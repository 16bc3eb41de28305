"""What holds for changes of a thing, of some of its members (PATCH) or of all (PUT)."""

from __future__ import annotations

from itertools import islice
from typing import Any

from contract_tests.laws.general.changing import (
    Members,
    accepted,
    change,
    changes,
    make_full,
    otherwise,
    read,
    removals,
    replacement,
    shown,
)
from contract_tests.laws.general.likeness import is_nothing, lacking, same, words
from contract_tests.laws.general.making import Thing, body_of, made, make, precondition, send
from contract_tests.laws.general.selectors import resources
from contract_tests.laws.law import NotPlayed, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.schemas import body_schema, members

_CHANGES = 3
_WRONG: tuple[Any, ...] = ({"gridmock": "wrong"}, "gridmock", [])


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
            raise otherwise(exchange, resource, name, came, f"{words(value)}, as sent")

    def judge_removal() -> None:
        exchange = stage.call(resource.read, **thing.path)
        came = shown(thing, stage.succeeds(exchange, "what was changed can be read"))
        for name in one:
            if same(now[name], came.get(name)):
                raise otherwise(exchange, resource, name, came, "null, as sent")

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
            raise otherwise(exchange, resource, name, came, f"{words(value)}, as before: {what} was changed")
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
            raise otherwise(exchange, resource, name, came, says)


@general("protocol", "major", resources("create", "read", "replace"))
def replacement_drops_the_rest(stage: Stage, resource: Resource) -> None:
    """A replacement takes away what it leaves out."""
    thing = make_full(stage, resource)
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
                raise otherwise(exchange, resource, name, came, says)

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
            raise otherwise(exchange, resource, name, came, f"{words(value)}, as sent")

    stage.settled(judge)
    _replace(stage, thing, body)
    stage.settled(judge)


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
    change_is_read_back,
    change_leaves_the_rest,
    refused_change_changes_nothing,
    replacement_drops_the_rest,
    replacement_can_be_repeated,
)
