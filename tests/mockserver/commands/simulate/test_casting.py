"""Users of a load test share the chargers out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.commands.simulate.casting import Casting, Line
from mockserver.domain.sites import Charger, Site
from tests.mockserver.commands.simulate.test_simulate import cast


def lines(charger: Charger, _: Site) -> Iterator[Line]:
    return (Line(number, "POST", "MeterValues", charger.identity) for number in range(3))


def taken(casting: Casting) -> list[str]:
    found = []
    while (part := casting.take()) is not None:
        found.append(part.charger.identity)
    return found


@pytest.mark.parametrize("workers", [1, 2, 3, 19, 20, 33])
def test_every_charger_is_played_by_one_worker(workers: int) -> None:
    everyone = cast()
    found = [name for worker in range(workers) for name in taken(Casting(everyone, lines, worker, workers))]
    assert sorted(found) == sorted(charger.identity for charger, _ in everyone)


@pytest.mark.parametrize(("worker", "workers"), [(2, 2), (5, 2), (-1, 2)])
def test_a_worker_that_comes_too_late_gets_nothing(worker: int, workers: int) -> None:
    with pytest.raises(ValueError, match="start the test again"):
        Casting(cast(), lines, worker, workers)


def test_who_takes_over_goes_on_where_the_last_one_ended() -> None:
    casting = Casting(cast()[:2], lines)
    part = casting.take()
    assert part is not None
    first = part.line()
    part.spoken()
    unspoken = part.line()
    casting.give_back(part)
    again = casting.take()
    assert again is not None
    assert (first, unspoken) == (
        Line(0, "POST", "MeterValues", part.charger.identity),
        Line(1, "POST", "MeterValues", part.charger.identity),
    )
    assert again.line() is unspoken
    again.spoken()
    again.line()
    again.spoken()
    assert again.line() is None
