"""A fleet tells of its day, on a clock in step: nothing is lost, and every session that ended has its price."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from benchmarks.ledger import Ledger, cost
from fixtures.days import DAY_S, unix_s, utc
from fixtures.prices import area
from mockserver.clock import timestamp
from mockserver.commands.simulate.events import Traffic, pairing
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from tests.mock import APP, CONTROL, NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import CALLBACK, EVENTS, KEY, said

FLEET = "fleet:30"
NORTH = f"{APP}/organizations/stekker-north"
URL = re.compile(re.escape(CALLBACK) + r"/([^/]+)/set-charging-profile")
STEP_S = 60


class Day:
    """The fleet's day played to a mock: what was sent, what was answered, what was pushed."""

    def __init__(self) -> None:
        self.mock = Mock()
        self.ledger = Ledger()
        self.statuses: Counter[str] = Counter()
        self.pushed: list[tuple[str, Mapping[str, Any]]] = []
        self.mock.runtime.outbox.transport = self._take
        said(self.mock.anonymous.request("PATCH", NORTH, json={"callback_url": CALLBACK, "callback_api_key": KEY}))
        sites = World(self.mock.settings.seed, self.mock.runtime.clock, NamedWorld.parse(FLEET)).sites
        for site in sites:
            for charger in site.chargers:
                body = pairing(charger, site)
                said(self.mock.north.put(EVENTS, json=body))
                self.ledger.pair(body)
        self._play(Traffic(self.mock.settings.seed, [charger for site in sites for charger in site.chargers]))

    def _play(self, traffic: Traffic) -> None:
        shown_s = start_s = unix_s(NOON)
        for event in traffic.merged(start_s, start_s + DAY_S):
            if event.at_s >= shown_s + STEP_S:
                shown_s = event.at_s
                said(self.mock.anonymous.put(f"{CONTROL}/clock", json={"now": timestamp(utc(shown_s))}))
            self.ledger.see(event.body)
            receipt = said(self.mock.north.post(EVENTS, json=event.body))
            self.statuses[receipt["status"]] += 1
        # The day's last session may end within a market period, whose price has been known since the day before.
        said(self.mock.anonymous.put(f"{CONTROL}/clock", json={"now": timestamp(NOON + timedelta(days=1))}))

    async def _take(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        found = URL.fullmatch(url)
        assert found is not None, url
        self.pushed.append((unquote(found[1]), orjson.loads(body)))
        return 200


def of(body: Mapping[str, Any]) -> int:
    """The transaction that a profile is for."""
    number: int = body["csChargingProfiles"]["transactionId"]
    return number


@pytest.fixture(scope="module")
def day() -> Iterator[Day]:
    played = Day()
    yield played
    played.mock.close()


def test_every_event_is_taken(day: Day) -> None:
    assert day.statuses == {"accepted": day.ledger.events}
    assert day.ledger.events > 10_000


def test_the_readings_and_ends_of_all_sessions_are_held(day: Day) -> None:
    state = said(day.mock.anonymous.get(f"{CONTROL}/state"))
    assert len(day.ledger.sessions) > 20
    assert [*day.ledger.lost(state["collections"]["stekker.sessions/stekker-north"])] == []


def test_the_demo_app_shows_the_sessions_as_they_were_sent(day: Day) -> None:
    shown = {each["transaction_id"]: each for each in said(day.mock.anonymous.get(f"{NORTH}/sessions"))}
    assert shown.keys() == day.ledger.sessions.keys()
    for number, session in day.ledger.sessions.items():
        points = session.points()
        assert shown[number]["meter_start_wh"] == points[0][1]
        assert shown[number]["meter_last_wh"] == points[-1][1]
        assert (shown[number]["state"] == "completed") == (session.ended is not None)


def test_the_last_status_of_every_connector_is_held(day: Day) -> None:
    charge_points = said(day.mock.anonymous.get(f"{NORTH}/charge-points"))
    assert day.ledger.statuses
    assert [*day.ledger.stale(charge_points)] == []


def test_every_session_that_ended_has_its_price(day: Day) -> None:
    ended = {number: session for number, session in day.ledger.sessions.items() if session.ended}
    assert len(ended) > 20
    for number, session in ended.items():
        cdr = said(day.mock.north.get(f"{STEKKER}/cdrs/{number}"))
        expected = cost(session.points(), day.mock.runtime.world, area("NL"))
        assert Decimal(str(cdr["total_cost"]["excl_vat"])) == expected, number
        assert expected != 0 or session.points()[0][1] == session.points()[-1][1]


def test_no_session_that_goes_on_has_a_price(day: Day) -> None:
    for number, session in day.ledger.sessions.items():
        if session.ended is None:
            assert day.mock.north.get(f"{STEKKER}/cdrs/{number}").status == 409


def test_every_profile_can_be_followed(day: Day) -> None:
    assert {of(body) for _, body in day.pushed} == day.ledger.sessions.keys()
    wrong = [day.ledger.infeasible(charge_point, body) for charge_point, body in day.pushed]
    assert [each for each in wrong if each] == []


def test_the_outbox_tells_which_profile_came_last(day: Day) -> None:
    deliveries = [*day.mock.runtime.outbox][::-1]
    assert {delivery.status.value for delivery in deliveries} <= {"delivered", "superseded", "cancelled"}
    listed = {of(each.webhook.body): each.webhook.body for each in deliveries if each.status.value == "delivered"}
    came = {of(body): body for _, body in day.pushed}
    assert len(listed) > 10
    assert listed == {transaction: came[transaction] for transaction in listed}


def test_the_ledger_finds_what_is_lost(day: Day) -> None:
    held = said(day.mock.anonymous.get(f"{CONTROL}/state"))["collections"]["stekker.sessions/stekker-north"]
    key = next(iter(held))
    held[key]["readings"].popitem()
    assert len([*day.ledger.lost(held)]) == 1
    del held[key]
    assert len([*day.ledger.lost(held)]) >= 2
