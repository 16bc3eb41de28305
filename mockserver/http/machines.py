"""State machines as data: which states a kind of thing has, how it gets from one to another, and what forbids it.

A `Machine` is pure: it reads and answers values and writes nothing. A handler asks for the changes of a transition and
has the `Resource` note them, so that a refusal has changed nothing:

    value = INVITATION.now(await INVITATIONS.get(ctx, key), ctx.at)
    await INVITATIONS.set(ctx, value, **INVITATION.move(value, "accept", ctx.at))

What time does to a thing is a `Lapse`, and judged when the thing is read: `now` gives the value as it is by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mockserver.clock import timestamp
from mockserver.http.errors import ApiError
from mockserver.store import Value


@dataclass(frozen=True)
class Refusal:
    """How an illegal transition is answered: the class gives the status, `code` is for programs.

    The text may name members of the value in braces.
    """

    error: Callable[..., ApiError]
    code: str
    text: str

    def raised(self, value: Value | None = None) -> ApiError:
        """The error to raise, about a value."""
        return self.error(self.text.format_map(value or {}), slug=self.code)


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A way from some states into another; from each other state there is a refusal."""

    sources: frozenset[str]
    target: str
    refusals: Mapping[str, Refusal]
    """By the state that forbids it."""
    stamp: str | None = None
    """The member that holds when it happened."""


@dataclass(frozen=True)
class Lapse:
    """What time does: a thing in `source` is in `target` from the time on that the member `at` holds, unless None."""

    source: str
    target: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The states of one kind of thing; ValueError for a declaration that leaves something open."""

    states: tuple[str, ...]
    """The first is the one that a new thing has."""
    transitions: Mapping[str, Transition]
    lapses: Sequence[Lapse] = field(default=())
    member: str = "status"
    """The member that holds the state."""
    time_text: Callable[[datetime], str] = timestamp

    def __post_init__(self) -> None:
        for name, transition in self.transitions.items():
            told = sorted([*transition.sources, *transition.refusals])
            if told != sorted(self.states) or transition.target not in self.states:
                raise ValueError(f"{name} has to say of each of {', '.join(self.states)} what happens, once")
        for lapse in self.lapses:
            if not {lapse.source, lapse.target} <= {*self.states}:
                raise ValueError(f"{lapse} is between states that there are not")

    def now(self, value: Value, at: datetime) -> Value:
        """The value as it is at an aware instant, with what has lapsed by then."""
        for lapse in self.lapses:
            due = value[lapse.at] if value[self.member] == lapse.source else None
            if due is not None and datetime.fromisoformat(due) <= at:
                value = {**value, self.member: lapse.target}
        return value

    def move(self, value: Value, name: str, at: datetime) -> dict[str, Any]:
        """The members that the transition of that name changes at an aware instant; an ApiError where it is illegal."""
        transition = self.transitions[name]
        value = self.now(value, at)
        state = value[self.member]
        if state not in transition.sources:
            raise transition.refusals[state].raised(value)
        stamp = {} if transition.stamp is None else {transition.stamp: self.time_text(at)}
        return {self.member: transition.target, **stamp}
