"""Which ways laws take through declared states: few and short, and every transition from each of its states."""

from __future__ import annotations

import pytest

from contract_tests.laws.general.states import States, Transition
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.habits.playing import surface_of


def states(*arrows: str) -> States:
    """The states of `a,b>c` and so on, from a."""
    made = []
    for number, arrow in enumerate(arrows):
        starts, _, end = arrow.partition(">")
        made.append(
            Transition(f"t{number}", "POST /bookings/{booking_id}/confirm", tuple(starts.split(",")), end, None)
        )
    return States(surface_of(Depot.contract).resources["bookings"], "status", "a", (), tuple(made))


@pytest.mark.parametrize(
    ("arrows", "number"),
    [
        (("a>b",), 1),
        (("a>b", "b>c", "c>a"), 1),
        (("a>b", "b>c", "a,b>d"), 3),
        (("a,b,c>b", "b>c"), 1),
        (("a>a",), 1),
        (("a>b", "a>c", "b>d", "c>d", "d>e"), 2),
        (("a>b", "x>y"), 1),
    ],
)
def test_walks_take_each_transition_from_each_state_once_at_least(arrows: tuple[str, ...], number: int) -> None:
    told = states(*arrows)
    walks = [*told.walks()]
    taken = set()
    for walk in walks:
        state = told.initial
        for one in walk:
            assert state in one.starts
            taken.add((state, one.name))
            state = one.end
    assert taken == {(state, one.name) for state in told.ways for one in told.leaving(state)}
    assert len(walks) == number


def test_many_states_take_a_bounded_number_of_steps() -> None:
    names = [f"s{n}" for n in range(12)]
    told = states(*(f"a>{name}" for name in names), *(f"{one}>{two}" for one in names for two in names))
    assert sum(map(len, told.walks())) <= 80
