"""The states that the declaration gives a thing, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.making import Thing, make, precondition, send
from contract_tests.laws.law import Breach, NotPlayed, Subject, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import Resource
from contract_tests.surface.surface import Surface

_MOST_STEPS = 40
_NOT_ABOUT_IT = (0, 401, 403, 429, 502, 503, 504)


@dataclass(frozen=True)
class Transition:
    """What an operation does to a thing that is in one of its states."""

    name: str
    operation: str
    starts: tuple[str, ...]
    end: str
    body: Any


@dataclass(frozen=True)
class States:
    """The states of a resource, in its `member`; `refusal` are the statuses for what the state forbids, if declared."""

    resource: Resource
    member: str
    initial: str
    refusal: tuple[int, ...]
    transitions: tuple[Transition, ...]

    @property
    def operations(self) -> tuple[str, ...]:
        """All that is called."""
        moves = dict.fromkeys(one.operation for one in self.transitions)
        return (*moves, self.resource.create, self.resource.read)

    @cached_property
    def ways(self) -> Mapping[str, tuple[Transition, ...]]:
        """The shortest way from the initial state to each that can be reached."""
        found: dict[str, tuple[Transition, ...]] = {self.initial: ()}
        waiting = [self.initial]
        while waiting:
            state = waiting.pop(0)
            for one in self.leaving(state):
                if one.end not in found:
                    found[one.end] = (*found[state], one)
                    waiting.append(one.end)
        return found

    def leaving(self, state: str) -> Iterator[Transition]:
        """The transitions that are declared for a state."""
        return (one for one in self.transitions if state in one.starts)

    def walks(self) -> Iterator[list[Transition]]:
        """Ways from the initial state that together take each transition from each of its states, few and short."""
        left = {(state, one.name) for state in self.ways for one in self.leaving(state)}
        steps = 0
        while left and steps < _MOST_STEPS:
            state = min((state for state, _ in left), key=lambda one: (len(self.ways[one]), [*self.ways].index(one)))
            walk = [*self.ways[state]]
            while len(walk) < _MOST_STEPS and (
                onward := next((one for one in self.leaving(state) if (state, one.name) in left), None)
            ):
                left.discard((state, onward.name))
                walk.append(onward)
                state = onward.end
            # What was walked to get there is walked, too.
            before = self.initial
            for one in walk:
                left.discard((before, one.name))
                before = one.end
            steps += len(walk)
            yield walk


def states_of(resource: Resource) -> States:
    """The states that are declared for a resource."""
    told = resource.told["states"]
    return States(
        resource,
        told["member"],
        told["initial"],
        tuple(told.get("refusal", ())),
        tuple(
            Transition(name, one["operation"], tuple(one["from"]), one["to"], one.get("body"))
            for name, one in told["transitions"].items()
        ),
    )


def _with_states(surface: Surface) -> Iterable[Subject]:
    for resource in surface.resources.values():
        if "states" in resource.told and resource.create and resource.read:
            states = states_of(resource)
            yield Subject(states, states.operations, declared=True)


@general("published", "critical", _with_states)
def transitions_lead_where_declared(stage: Stage, states: States) -> None:
    """A new thing is in its declared state, and each declared transition takes it to the next, as reading shows."""
    for walk in states.walks():
        thing = _made(stage, states)
        before = states.initial
        for one in walk:
            _moved(stage, states, thing, before, one)
            says = f"{states.member} is {one.end!r} after {one.name} of what was {before!r}"
            stage.settled(partial(_require_state, stage, states, thing, one.end, says))
            before = one.end


@general("published", "critical", _with_states)
def transitions_happen_once(stage: Stage, states: States) -> None:
    """A transition that has happened is refused the second time, and changes nothing."""
    left = {one.name for one in states.transitions if one.end not in one.starts}
    for walk in states.walks():
        if not left & {one.name for one in walk}:
            continue
        thing = _made(stage, states)
        before = states.initial
        for one in walk:
            _moved(stage, states, thing, before, one)
            if one.name in left:
                left.discard(one.name)
                _require_refused(stage, states, thing, one.end, one)
            before = one.end


@general("published", "critical", _with_states)
def transitions_need_their_state(stage: Stage, states: States) -> None:
    """A transition that is not declared for the state of a thing is refused, and changes nothing."""
    wrong = {
        state: [
            one
            for one in states.transitions
            # What ends there has been tried a second time by another law.
            if state not in one.starts and one.end != state
        ]
        for state in states.ways
    }
    steps = 0
    for walk in _passing({state for state, forbidden in wrong.items() if forbidden}, states):
        if steps > _MOST_STEPS:
            return
        thing = _made(stage, states)
        before = states.initial
        for one in [*walk, None]:
            for forbidden in wrong.pop(before, ()):
                _require_refused(stage, states, thing, before, forbidden)
                steps += 2
            if one:
                _moved(stage, states, thing, before, one)
                before = one.end
                steps += 1


def _passing(wanted: set[str], states: States) -> Iterator[tuple[Transition, ...]]:
    """Shortest ways that together pass all these states, the longest first, since they pass many."""
    for state in sorted(wanted, key=lambda one: -len(states.ways[one])):
        if state in wanted:
            way = states.ways[state]
            wanted -= {states.initial, *(one.end for one in way)}
            yield way


def _made(stage: Stage, states: States) -> Thing:
    """A new thing in its initial state; raises NotPlayed where it cannot be read."""
    thing = make(stage, states.resource)
    says = f"{states.member} of a new thing is {states.initial!r}"
    try:
        stage.settled(partial(_require_state, stage, states, thing, states.initial, says))
    except Breach as breach:
        if not 200 <= breach.exchange.status < 300:
            raise NotPlayed(
                f"what was created cannot be read: {states.resource.read} answers {breach.came}"
            ) from breach
        raise
    return thing


def _moved(stage: Stage, states: States, thing: Thing, before: str, transition: Transition) -> None:
    """Take a transition that is allowed."""
    exchange = _tried(stage, thing, transition)
    says = f"{transition.name} is declared for {states.member} {before!r}"
    stage.require(200 <= exchange.status < 300, exchange, says)


def _require_refused(stage: Stage, states: States, thing: Thing, state: str, transition: Transition) -> None:
    exchange = _tried(stage, thing, transition)
    wanted = states.refusal or range(400, 500)
    statuses = " or ".join(map(str, states.refusal)) or "4xx"
    says = f"{statuses}: {transition.name} is declared for {' and '.join(transition.starts)}, not for {state!r}"
    stage.require(exchange.status in wanted, exchange, says)
    _require_state(stage, states, thing, state, f"{states.member} is {state!r} still, as {transition.name} was refused")


def _tried(stage: Stage, thing: Thing, transition: Transition) -> Exchange:
    headers = precondition(stage, thing, transition.operation)
    exchange = send(stage, transition.operation, transition.body, headers, **thing.path)
    if exchange.status in _NOT_ABOUT_IT:
        raise NotPlayed(f"{transition.operation} answers {exchange.outcome(stage.run.credentials)}")
    return exchange


def _require_state(stage: Stage, states: States, thing: Thing, state: str, says: str) -> None:
    exchange = stage.call(states.resource.read, **thing.path)
    if exchange.status in _NOT_ABOUT_IT:
        raise NotPlayed(f"{states.resource.read} answers {exchange.outcome(stage.run.credentials)}")
    came = states.resource.thing_in(exchange.json()).get(states.member)
    stage.require(200 <= exchange.status < 300 and came == state, exchange, says, f"{came!r}")


LAWS = (transitions_lead_where_declared, transitions_happen_once, transitions_need_their_state)
