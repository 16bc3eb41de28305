"""Profiles while the operator's receiver dies, hangs, fails and comes back: none lost, none late, none out of order.

Nothing is left to luck but the order of what is sent at the same time; the laws hold for each of them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from time import monotonic, sleep
from typing import Any

import httpx
import pytest

from mockserver.clock import timestamp
from mockserver.http.protocol import loop_factory
from mockserver.http.transport import HttpTransport, Unreachable
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.steps import ACCEPTED, EVENTS, KEY, PAIR, THREE_PHASES, UNPAIR, ocpp
from tests.mockserver.apis.stekker.unreliable import PATIENCE_S, Arrival, Mode, Receiver
from tests.mockserver.commands.server import Server
from tests.mockserver.loop import in_loop

AT = "2026-03-18T17:30:00Z"
NORTH = "stekker-north"
APP = f"/_mock/stekker/organizations/{NORTH}"
SITE = ("yard-0", "yard-1", "yard-2")
ALONE = ("street-0", "street-1", "street-2")
STEP = timedelta(minutes=1)
DEAD = None
FAULTS = (DEAD, *(mode for mode in Mode if mode is not Mode.GOOD))
DONE = {"delivered", "refused", "superseded", "cancelled"}
NO_DIFFERENCE_S = 60
"""Plans that agree for all but a minute need not be told."""


@dataclass
class Session:
    """A session as the operator knows it, and what had been sent for it when its end was answered."""

    charge_point: str
    transaction: int
    register_wh: int = 0
    is_open: bool = True
    arrived: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    """Attempts by delivery."""


Sent = list[dict[str, Any]]
"""Deliveries as the outbox lists them, oldest first."""


class Operator:
    """Six charge points, three of which share a site, with a session on each."""

    def __init__(self, server: Server, receiver: Receiver, random: Random) -> None:
        self.server, self.receiver, self.random = server, receiver, random
        found = re.search(rf"client_id {NORTH}\b.*\n +token (\S+)", server.banner)
        assert found is not None
        self._headers = {"authorization": f"Bearer {found[1]}"}
        self.at = datetime.fromisoformat(AT)
        self.sessions: list[Session] = []
        self.pool = ThreadPoolExecutor(8)
        settings = {"callback_url": receiver.url, "callback_api_key": KEY}
        self.call("PATCH", APP, settings)
        site = {"power_limit_w": 25_000, "sensor_ids": ["yard"], "charge_point_ids": [*SITE]}
        self.call("PUT", f"{APP}/sites/yard", site)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        status, _, content = self.server.call(method, path, body, self._headers, timeout=PATIENCE_S)
        assert status == 200, (method, path, body, content)
        return json.loads(content)

    @property
    def running(self) -> list[Session]:
        return [session for session in self.sessions if session.is_open]

    def tick(self) -> None:
        """Let time pass; while requests hang, the mock's own time stands, because moving it waits for them."""
        clock = self.call("GET", "/_mock/clock")
        if not clock["frozen"]:
            self.at = max(datetime.fromisoformat(clock["now"]), self.at + timedelta(seconds=1))
            return
        self.at += STEP
        if self.receiver.mode is not Mode.HANGING:
            self.call("PUT", "/_mock/clock", {"now": self.at.isoformat()})

    def pair(self, charge_point: str) -> None:
        self.call("PUT", EVENTS, {"event": PAIR, "chargePointId": charge_point, **THREE_PHASES})

    def unpair(self, charge_point: str) -> None:
        self.call("PUT", EVENTS, {"event": UNPAIR, "chargePointId": charge_point})
        for session in self.running:
            if session.charge_point == charge_point:
                self._ended(session)

    def start(self, charge_point: str) -> None:
        session = Session(charge_point, 1000 + len(self.sessions))
        self.sessions.append(session)
        params = {"connectorId": 1, "idTag": "CARD", "timestamp": self.at.isoformat(), "meterStart": 0}
        answer = {"transactionId": session.transaction, **ACCEPTED}
        self._ocpp(session, "StartTransaction", params, answer)

    def meter(self, session: Session) -> None:
        """A reading that does not go with the plan."""
        session.register_wh += self.random.randrange(0, 900)
        soc = {"measurand": "SoC", "unit": "Percent", "value": str(self.random.randrange(20, 80))}
        reading = {"timestamp": self.at.isoformat(), "sampledValue": [{"value": str(session.register_wh)}, soc]}
        params = {"connectorId": 1, "transactionId": session.transaction, "meterValue": [reading]}
        self._ocpp(session, "MeterValues", params)

    def measure(self) -> None:
        """The site has more or less room."""
        load_kw = self.random.choice((1, 8, 15))
        measured = {"name": "total_active_power", "unit": "kW", "value": load_kw, "timestamp": self.at.isoformat()}
        self.call("POST", EVENTS, {"event": "MeasurementValues", "sensorId": "yard", "values": [measured]})

    def stop(self, *sessions: Session) -> None:
        """End sessions, all at the same time."""
        list(self.pool.map(self._stop, sessions))
        for session in sessions:
            self._ended(session)

    def everybody_reports(self) -> None:
        """Readings of all sessions at the same time as a measurement at the site."""
        waiting = [self.pool.submit(self.meter, session) for session in self.running]
        self.measure()
        for each in waiting:
            each.result()

    def sent(self) -> Sent:
        """All deliveries, oldest first."""
        pages: Sent = []
        before = ""
        while page := self.call("GET", f"/_mock/webhooks/deliveries?limit=1000&topic=setChargingProfile{before}"):
            pages += page
            before = f"&before={page[-1]['delivery_id']}"
        return pages[::-1]

    def sent_for(self, session: Session) -> Sent:
        return [delivery for delivery in self.sent() if transaction_of(delivery["body"]) == session.transaction]

    def wait_until_requests_hang(self, since: int) -> None:
        """Until the receiver holds what the mock takes for being on its way, and nothing else waits to be sent."""
        for _ in eventually("requests hang"):
            on_their_way = [delivery["body"] for delivery in self.sent() if delivery["status"] == "in_flight"]
            held = [arrival.body for arrival in self.receiver.seen()[since:]]
            if len(on_their_way) > 1 and all(body in held for body in on_their_way):
                return

    def catch_up(self) -> None:
        """Until the newest profile of every open session has been delivered, which takes the longest pause at most."""
        for _ in eventually("the newest profiles arrive"):
            newest = {transaction_of(delivery["body"]): delivery for delivery in self.sent()}
            if all(newest[session.transaction]["status"] == "delivered" for session in self.running):
                return
            self.tick()

    def _stop(self, session: Session) -> None:
        params = {
            "transactionId": session.transaction,
            "meterStop": session.register_wh,
            "timestamp": self.at.isoformat(),
        }
        self._ocpp(session, "StopTransaction", params)

    def _ended(self, session: Session) -> None:
        session.is_open = False
        session.attempts = {each["delivery_id"]: len(each["attempts"]) for each in self.sent_for(session)}
        session.arrived = len(arrived_for(self.receiver.seen(), session))

    def _ocpp(self, session: Session, method: str, params: Any, answer: Any = None) -> None:
        receipt = self.call("POST", EVENTS, ocpp(session.charge_point, method, params, answer))
        assert (receipt["status"], receipt["message"]) == ("accepted", None)


def eventually(what: str) -> Iterator[None]:
    """Rounds of looking at something until it holds; AssertionError when it never does."""
    until = monotonic() + PATIENCE_S
    while monotonic() < until:
        yield
        sleep(0.02)
    raise AssertionError(f"it did not come to this: {what}")


def transaction_of(body: Mapping[str, Any]) -> int:
    number: int = body["csChargingProfiles"]["transactionId"]
    return number


def arrived_for(arrivals: list[Arrival], session: Session) -> list[Arrival]:
    return [arrival for arrival in arrivals if transaction_of(arrival.body) == session.transaction]


@pytest.fixture(params=["0", "300"], ids=["frozen", "running"])
def speed(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def operator(speed: str) -> Iterator[Operator]:
    with (
        Receiver() as receiver,
        Server("--speed", speed, "--at", AT, "--journal-size", "20000", "--api", "stekker") as server,
    ):
        receiver.up()
        operator = Operator(server, receiver, Random(7))
        for charge_point in (*SITE, *ALONE):
            operator.pair(charge_point)
            operator.start(charge_point)
        yield operator
        operator.pool.shutdown()
        assert not server.errors, server.errors


def test_profiles_survive_every_kind_of_outage(operator: Operator) -> None:
    receiver = operator.receiver
    for fault in (*FAULTS, *FAULTS[::-1]):
        began = len(receiver.seen())
        if fault is DEAD:
            receiver.kill()
        else:
            receiver.up(fault)
        for _ in range(3):
            operator.tick()
            operator.everybody_reports()
        if fault is Mode.HANGING:
            operator.wait_until_requests_hang(began)
        end_some_and_begin_others(operator)
        receiver.kill()
        receiver.up()
        operator.catch_up()
        check(operator)
    assert {arrival.status for arrival in receiver.arrivals} == {200, 500, None}


def test_a_receiver_that_hangs_is_given_up_and_tried_again(operator: Operator) -> None:
    operator.catch_up()
    operator.receiver.up(Mode.HANGING)
    operator.tick()
    operator.everybody_reports()
    for _ in eventually("attempts are given up"):
        attempts = [attempt for delivery in operator.sent() for attempt in delivery["attempts"]]
        if any("no answer" in (attempt["error"] or "") for attempt in attempts):
            break
    end_some_and_begin_others(operator)
    operator.receiver.up(Mode.GOOD)
    operator.catch_up()
    check(operator)


@in_loop
async def test_an_end_is_not_overtaken_by_what_another_end_has_planned_before() -> None:
    mock = Mock()
    sent: list[int] = []

    async def hang(url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        sent.append(transaction_of(json.loads(body)))
        try:
            await asyncio.sleep(PATIENCE_S)
        finally:
            await asyncio.sleep(0.01)  # as long as it may take to close a connection
        return 200

    mock.runtime.outbox.transport = hang
    scheduler = asyncio.create_task(mock.runtime.scheduler.run())
    transport = httpx.ASGITransport(mock.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://localhost", headers=mock.north.headers
    ) as client:

        async def call(method: str, path: str, body: Any) -> None:
            assert (await client.request(method, path, json=body)).status_code == 200

        async def stop(name: str, transaction: int) -> None:
            params = {"transactionId": transaction, "meterStop": 0, "timestamp": timestamp(NOON)}
            await call("POST", EVENTS, ocpp(name, "StopTransaction", params))

        await call("PATCH", APP, {"callback_url": "http://127.0.0.1:9/chargers", "callback_api_key": KEY})
        # Room for one at a time: when the first session ends, the other one may have the power at once.
        site = {"power_limit_w": 12_000, "sensor_ids": [], "charge_point_ids": ["a", "b"]}
        await call("PUT", f"{APP}/sites/yard", site)
        for transaction, name in enumerate("ab"):
            await call("PUT", EVENTS, {"event": PAIR, "chargePointId": name, **THREE_PHASES})
            params = {"connectorId": 1, "idTag": "CARD", "timestamp": timestamp(NOON), "meterStart": 0}
            await call(
                "POST", EVENTS, ocpp(name, "StartTransaction", params, {"transactionId": transaction, **ACCEPTED})
            )
        while sent != [0, 1]:
            await asyncio.sleep(0)
        await asyncio.gather(stop("a", 0), stop("b", 1))
        await asyncio.wait_for(mock.runtime.scheduler.settle(), PATIENCE_S)
    scheduler.cancel()
    await asyncio.wait([scheduler])
    mock.close()
    assert sent == [0, 1]
    assert {delivery.status.value for delivery in mock.runtime.outbox} == {"cancelled"}


def test_what_was_given_up_takes_no_connection_from_what_follows() -> None:
    body = json.dumps({"csChargingProfiles": {"transactionId": 1}}).encode()

    async def give_up_and_go_on(receiver: Receiver) -> None:
        transport = HttpTransport()
        receiver.up(Mode.HANGING)
        for _ in range(5):
            waiting = [asyncio.ensure_future(transport(receiver.url, {}, body, 0.05)) for _ in range(300)]
            for _ in range(3):
                await asyncio.sleep(0)
            sleep(0.1)  # the mock does other work, after which all have run out of time at once
            assert {type(each) for each in await asyncio.gather(*waiting, return_exceptions=True)} == {Unreachable}
        receiver.up(Mode.GOOD)
        assert [await transport(receiver.url, {}, body, PATIENCE_S) for _ in range(3)] == [200] * 3
        await transport.aclose()

    with Receiver() as receiver, asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(give_up_and_go_on(receiver))


def end_some_and_begin_others(operator: Operator) -> None:
    """Two sessions of the site end at once, one elsewhere; charge points of both kinds are taken away and put back."""
    by_charge_point = {session.charge_point: session for session in operator.running}
    operator.stop(*(by_charge_point[name] for name in (*SITE[:2], ALONE[0])))
    operator.tick()
    operator.unpair(SITE[2])
    operator.unpair(ALONE[1])
    operator.pair(SITE[2])
    operator.pair(ALONE[1])
    for name in (*SITE, *ALONE[:2]):
        operator.start(name)


def check(operator: Operator) -> None:
    """All the laws."""
    arrivals, sent = operator.receiver.seen(), operator.sent()
    plans = {each["transaction_id"]: each["plan"] for each in operator.call("GET", f"{APP}/sessions")}
    for session in operator.sessions:
        own = [delivery for delivery in sent if transaction_of(delivery["body"]) == session.transaction]
        came = arrived_for(arrivals, session)
        check_order(own, came)
        check_record(own, came)
        if session.is_open:
            newest = came[-1].body
            assert newest == own[-1]["body"]
            assert differing_s(newest, plans[session.transaction]) <= NO_DIFFERENCE_S
        else:
            assert {delivery["status"] for delivery in own} <= DONE
            assert len(came) == session.arrived
            assert {each["delivery_id"]: len(each["attempts"]) for each in own} == session.attempts


def check_order(sent: Sent, came: list[Arrival]) -> None:
    """A profile never arrives after a newer one."""
    place = 0
    for arrival in came:
        place = next((number for number in range(place, len(sent)) if sent[number]["body"] == arrival.body), -1)
        assert place >= 0, (arrival, sent)
    starts = [arrival.body["csChargingProfiles"]["chargingSchedule"]["startSchedule"] for arrival in came]
    assert starts == sorted(starts)


def check_record(sent: Sent, came: list[Arrival]) -> None:
    """What the outbox tells of its attempts is what the receiver saw."""
    for delivery in sent:
        attempts = delivery["attempts"]
        times = [datetime.fromisoformat(attempt["at"]) for attempt in attempts]
        assert times == sorted(times)
        assert all((attempt["status"] is None) != (attempt["error"] is None) for attempt in attempts)
        statuses = [attempt["status"] for attempt in attempts]
        assert (200 in statuses) == (delivery["status"] == "delivered")
        assert 200 not in statuses[:-1]  # what was taken is not sent again
    for older, newer in pairwise(sent):  # of what waits, only the newest is tried again
        until = datetime.fromisoformat(newer["created_at"])
        assert all(datetime.fromisoformat(attempt["at"]) <= until for attempt in older["attempts"])
    for body in [delivery["body"] for delivery in sent]:  # a plan may come again in the same second
        same = [delivery for delivery in sent if delivery["body"] == body]
        seen = [arrival for arrival in came if arrival.body == body]
        statuses = [attempt["status"] for delivery in same for attempt in delivery["attempts"]]
        assert len(seen) <= len(statuses)
        for status in {*statuses} - {None}:
            assert statuses.count(status) <= sum(arrival.status == status for arrival in seen)
        assert {arrival.url for arrival in seen} <= {"/" + same[0]["url"].split("/", 3)[3]}


def differing_s(profile: Mapping[str, Any], plan: Mapping[str, Any]) -> float:
    """For how long a profile sets another limit than a plan, from the beginning of the plan on."""
    schedule = profile["csChargingProfiles"]["chargingSchedule"]
    origin = datetime.fromisoformat(schedule["startSchedule"])
    told = [
        (origin + timedelta(seconds=step["startPeriod"]), step["limit"]) for step in schedule["chargingSchedulePeriod"]
    ]
    planned = [(datetime.fromisoformat(step["starts_at"]), step["limit_w"]) for step in plan["periods"]]
    edges = sorted({at for at, _ in (*told, *planned) if at >= planned[0][0]})
    assert limit_at(told, edges[-1]) == limit_at(planned, edges[-1])
    return sum(
        (after - before).total_seconds()
        for before, after in pairwise(edges)
        if limit_at(told, before) != limit_at(planned, before)
    )


def limit_at(steps: list[tuple[datetime, int]], at: datetime) -> int:
    return [limit for start, limit in steps if start <= at][-1]
