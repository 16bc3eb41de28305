"""State machines by declaration: what they do, and what declarations they refuse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mockserver.clock import timestamp
from mockserver.http.errors import Conflict, Gone
from mockserver.http.machines import Lapse, Machine, Refusal, Transition
from tests.mock import NOON

TAKEN = Refusal(Conflict, "taken", "It is taken.")
OVER = Refusal(Gone, "over", "It is over.")
TAKE = Transition(
    sources=frozenset({"open"}), target="taken", refusals={"taken": TAKEN, "over": OVER}, stamp="taken_at"
)
OFFER = Machine(
    states=("open", "taken", "over"), transitions={"take": TAKE}, lapses=(Lapse("open", "over", "ends_at"),)
)


def test_a_legal_transition_says_what_changes_and_changes_nothing() -> None:
    value = {"status": "open", "ends_at": timestamp(NOON + timedelta(days=1))}
    before = dict(value)
    assert OFFER.move(value, "take", NOON) == {"status": "taken", "taken_at": "2026-03-18T12:00:00Z"}
    assert value == before


@pytest.mark.parametrize(("state", "refusal"), [("taken", TAKEN), ("over", OVER)])
def test_an_illegal_one_is_refused_as_declared(state: str, refusal: Refusal) -> None:
    value = {"status": state, "ends_at": timestamp(NOON)}
    with pytest.raises(refusal.error) as error:  # type: ignore[arg-type]
        OFFER.move(value, "take", NOON)
    assert (error.value.slug, error.value.detail) == (refusal.code, refusal.text)


@pytest.mark.parametrize(("later", "state"), [(-1, "open"), (0, "over"), (1, "over")])
def test_time_takes_a_thing_on_at_its_very_end(later: int, state: str) -> None:
    value = {"status": "open", "ends_at": timestamp(NOON)}
    at = NOON + timedelta(microseconds=later)
    assert OFFER.now(value, at)["status"] == state
    if state == "over":
        with pytest.raises(Gone):
            OFFER.move(value, "take", at)
    assert OFFER.now({**value, "status": "taken"}, at)["status"] == "taken"


@pytest.mark.parametrize(
    ("states", "transition", "lapse"),
    [
        (("open", "taken"), TAKE, "taken"),
        (("open", "taken", "over", "lost"), TAKE, "over"),
        (
            ("open", "taken", "over"),
            Transition(sources=frozenset({"open"}), target="gone", refusals=TAKE.refusals),
            "over",
        ),
        (
            ("open", "taken", "over"),
            Transition(sources=TAKE.sources | {"over"}, target="taken", refusals=TAKE.refusals),
            "over",
        ),
        (("open", "taken", "over"), TAKE, "late"),
    ],
    ids=[
        "a refusal from no state",
        "a state forgotten",
        "a target that is none",
        "a state told twice",
        "a lapse to nowhere",
    ],
)
def test_a_declaration_leaves_nothing_open(states: tuple[str, ...], transition: Transition, lapse: str) -> None:
    with pytest.raises(ValueError, match=r"take has to say|that there are not"):
        Machine(states=states, transitions={"take": transition}, lapses=(Lapse("open", lapse, "ends_at"),))
