"""Sessions of the world: in order, streamed, found by id, the same in pieces."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest

from mockserver.clock import Clock
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld

START = datetime(2026, 3, 28, 6, tzinfo=UTC)
END = START + timedelta(days=2)  # over the change to summer time


@pytest.fixture(scope="module")
def world() -> World:
    return World(3, Clock(END, 0))


def test_sessions_come_in_order_of_plug_in(world: World) -> None:
    sessions = [*world.sessions(START, END)]
    assert len(sessions) > 100
    assert all(one.plugged_in_at <= other.plugged_in_at for one, other in pairwise(sessions))
    assert all(START <= session.plugged_in_at < END for session in sessions)
    assert len({session.id for session in sessions}) == len(sessions)
    for session in sessions:
        assert session.evse in session.charger.evses
        assert session.charger in session.site.chargers
        assert session.plugged_in_at < session.unplugged_at
        if session.started_at is not None:
            assert session.ended_at is not None
            assert session.plugged_in_at <= session.started_at <= session.ended_at <= session.unplugged_at


def test_pieces_make_the_whole(world: World) -> None:
    edges = [START, START + timedelta(hours=5, seconds=17), START + timedelta(hours=30), END]
    pieces = [[*world.sessions(*edge)] for edge in reversed([*pairwise(edges)])]
    assert [session for piece in reversed(pieces) for session in piece] == [*world.sessions(START, END)]


def test_the_sessions_of_one_site_are_those_of_all_sites(world: World) -> None:
    site = world.sites[0]
    alone = [*world.sessions(START, END, [site])]
    assert alone == [session for session in world.sessions(START, END) if session.site is site]


def test_a_year_of_a_fleet_can_be_begun_at_once() -> None:
    fleet = World(1, Clock(END, 0), NamedWorld.parse("fleet:200"))
    sessions = [*islice(fleet.sessions(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)), 50)]
    assert len(sessions) == 50
