"""Presence: what is said of the past agrees with what was seen then, through outages and orders of the backstage."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from fixtures.days import DAY_S, unix_s
from fixtures.ocpp.link import Link
from mockserver.apis.dynamo.seed import HARBOUR
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.apis.dynamo.stations.presence import Presence
from mockserver.clock import Clock
from mockserver.domain.world import World
from mockserver.settings import DEFAULT_SEED
from tests.mock import NOON

WORLD = World(DEFAULT_SEED, Clock(NOON, 0.0))
TRAITS = chargers(WORLD, HARBOUR.id(WORLD.seed))["london-hub-001"].traits
NOW_S = unix_s(NOON)
INTERVAL_S = TRAITS.heartbeat_s
OUTAGE = next(
    outage
    for cell in range(NOW_S // (28 * DAY_S), 0, -1)
    for outage in reversed(Link(WORLD.seed, TRAITS).outages(cell))
    if outage.end_s - outage.start_s > 4 * INTERVAL_S
)
"""One that is long enough to be seen."""
Orders = Sequence[tuple[int, bool | None]]


def presence(at_s: int, since_s: int | None = 0, orders: Orders = ()) -> Presence:
    """What a station knows at an instant that was given these orders before."""
    kept: dict[str, object] = {}
    for ordered_s, online in orders:
        if ordered_s <= at_s:
            before = Presence.of(WORLD.seed, ordered_s, since_s, TRAITS, str(INTERVAL_S), kept)
            before.order(online)
            kept = before.as_json()
    return Presence.of(WORLD.seed, at_s, since_s, TRAITS, str(INTERVAL_S), kept)


def test_in_an_outage_it_is_heard_of_no_more_and_counts_as_offline_later() -> None:
    start_s, end_s = OUTAGE
    before, last = presence(start_s - 1), presence(start_s).heard_s
    assert before.is_online
    assert last == before.heard_s
    assert last is not None
    assert start_s - INTERVAL_S <= last < start_s
    for at_s in range(start_s, end_s, 60):
        seen = presence(at_s)
        assert not seen.is_online
        assert seen.heard_s == last
        assert seen.is_heard == (at_s - last <= 2 * INTERVAL_S)
    after = presence(end_s)
    assert (after.is_online, after.is_heard, after.heard_s) == (True, True, end_s)


def test_beats_come_at_the_interval() -> None:
    heard = {presence(OUTAGE.end_s + DAY_S // 24 + second).heard_s for second in range(0, 1200, 20)}
    beats = sorted(each for each in heard if each is not None)
    assert {later - earlier for earlier, later in pairwise(beats)} == {INTERVAL_S}


def test_it_is_not_there_before_it_is_put_up() -> None:
    seen = presence(NOW_S, since_s=None)
    assert (seen.is_online, seen.is_heard, seen.heard_s) == (False, False, None)
    assert [*seen.offline(NOW_S - 100, NOW_S)] == [(NOW_S - 100, NOW_S)]
    ordered = presence(NOW_S, since_s=None, orders=[(NOW_S, True)])
    assert (ordered.is_online, ordered.heard_s) == (True, NOW_S)


A = OUTAGE.start_s
HISTORIES: dict[str, Orders] = {
    "left alone": (),
    "cut off": [(A - 900, False)],
    "cut off and connected": [(A - 900, False), (A + 300, True)],
    "kept through an outage": [(A - 60, True)],
    "given back in an outage": [(A - 900, True), (A + 120, None)],
    "given back": [(A - 3600, False), (A - 1800, None)],
}


@pytest.mark.parametrize("orders", HISTORIES.values(), ids=HISTORIES)
@pytest.mark.parametrize("since_s", [0, A - 2700, None])
def test_the_past_is_as_it_was_seen(orders: Orders, since_s: int | None) -> None:
    start_s, end_s = A - 7200, OUTAGE.end_s + 3600
    told = [*presence(end_s, since_s, orders).offline(start_s, end_s)]
    heard_s = 0
    for at_s in range(max(start_s, since_s or 0), end_s, 150):
        seen = presence(at_s, since_s, orders)
        assert seen.is_online != any(from_s <= at_s < to_s for from_s, to_s in told)
        assert seen.heard_s is None or heard_s <= seen.heard_s <= at_s
        assert seen.is_heard or not seen.is_online
        heard_s = seen.heard_s or heard_s
