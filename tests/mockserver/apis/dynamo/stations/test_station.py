"""A station in the world: vehicles come and are kept away, transactions get their numbers, and all of it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.days import utc
from mockserver.apis.dynamo.seed import HARBOUR, ORGANIZATIONS
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.apis.dynamo.stations.connectors import SHOWN
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.apis.dynamo.stations.station import Station
from mockserver.clock import Clock
from mockserver.domain.world import World
from mockserver.http.errors import ApiError, BadGateway, Conflict, GatewayTimeout, NotFound
from mockserver.http.exchange import Context
from mockserver.http.ocpp import Order, Traffic
from mockserver.settings import DEFAULT_SEED
from mockserver.store.memory import MemoryStore
from tests.mock import NOON

WORLD = World(DEFAULT_SEED, Clock(NOON, 0.0))
ORG = HARBOUR.id(WORLD.seed)
FREE, BUSY, OF_OCPP_201 = "london-hub-001", "amsterdam-office-001", "london-hub-006"
MINUTE = timedelta(minutes=1)
CARD = "04A1B2C3D4E580"

Do = Callable[[Station], Coroutine[Any, Any, Any]]


@dataclass
class Yard:
    """The stations of Harbour Volt over a store of their own."""

    store: MemoryStore
    traffic: Traffic

    def at(self, point: str, do: Do, at: datetime = NOON) -> Any:
        """Do something with a station at an instant, as one request does."""

        async def request() -> Any:
            async with self.store.transaction():
                return await do(await Station.of(self.context(at), ORG, point))

        return asyncio.run(request())

    def context(self, at: datetime) -> Context:
        runtime = SimpleNamespace(ocpp=self.traffic)
        return cast("Context", SimpleNamespace(world=WORLD, at=at, store=self.store, runtime=runtime, principal=None))

    def call(self, action: str, payload: Mapping[str, Any], point: str = FREE, at: datetime = NOON) -> Any:
        return self.at(point, lambda station: station.call(action, payload), at)

    def statuses(self, point: str = FREE, at: datetime = NOON) -> list[str]:
        async def shown(station: Station) -> list[str]:
            return [station.status(connector) for connector in station.connectors.values()]

        return cast("list[str]", self.at(point, shown, at))

    def transactions(self) -> Any:
        return asyncio.run(cast("Any", TRANSACTIONS.of(ORG).list(self.context(NOON))))


@pytest.fixture
def yard() -> Yard:
    return Yard(MemoryStore(), Traffic(100))


def visit_of(yard: Yard, point: str, at: datetime = NOON) -> Any:
    async def visit(station: Station) -> Any:
        return station.connectors[1].visit

    return yard.at(point, visit, at)


def next_visit(yard: Yard) -> Any:
    """The next vehicle of the world that comes to connector 1 of the free station."""
    charger = chargers(WORLD, ORG)[FREE]
    site = next(each for each in WORLD.sites if charger in each.chargers)
    return next(
        session
        for session in WORLD.sessions(NOON, NOON + timedelta(days=3), [site])
        if session.evse is charger.evses[0] and session.started_at
    )


def test_chargers_are_shared_out() -> None:
    owned = [{*chargers(WORLD, each.id(WORLD.seed))} for each in ORGANIZATIONS]
    assert all(owned)
    assert not set.intersection(*owned)
    homes = {charger.identity for site in WORLD.sites if site.driver for charger in site.chargers}
    everything = {charger.identity for site in WORLD.sites for charger in site.chargers}
    assert set.union(*owned) == everything - homes
    with pytest.raises(NotFound, match="There is no charge point nowhere"):
        asyncio.run(Station.of(Yard(MemoryStore(), Traffic(1)).context(NOON), ORG, "nowhere"))


def test_all_of_them_are_as_each_is_by_itself(yard: Yard) -> None:
    yard.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})

    async def every() -> dict[str, list[str]]:
        return {
            station.id: [station.status(each) for each in station.connectors.values()]
            for station in await Station.all(yard.context(NOON), ORG)
        }

    found = asyncio.run(every())
    assert {*found} == {*chargers(WORLD, ORG)}
    for point in (FREE, BUSY, OF_OCPP_201):
        assert found[point] == yard.statuses(point)


def test_a_vehicle_of_the_world_goes_through_its_states(yard: Yard) -> None:
    session = next_visit(yard).charging
    seen = [yard.statuses(FREE, utc(session.plugged_in_s + after))[0] for after in (-1, 0)]
    assert seen == ["Available", "Preparing"]
    assert yard.statuses(FREE, utc(session.charging_started_s))[0] == "Charging"
    assert yard.statuses(FREE, utc(session.ended_s))[0] in ("Finishing", "Available")
    assert yard.statuses(FREE, utc(session.unplugged_s))[0] == "Available"


CLOSED: dict[str, Do] = {
    "held": lambda station: station.call(
        "ReserveNow",
        {"connectorId": 1, "expiryDate": "2026-03-25T12:00:00Z", "idTag": CARD, "reservationId": 1},
    ),
    "in use": lambda station: station.call("RemoteStartTransaction", {"connectorId": 1, "idTag": CARD}),
    "out of service": lambda station: station.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}),
    "out of order": lambda station: station.show(station.there(1), "Faulted"),
}


@pytest.mark.parametrize("close", CLOSED.values(), ids=CLOSED)
def test_no_vehicle_comes_to_what_is_not_free_nor_later(yard: Yard, close: Do) -> None:
    session = next_visit(yard).charging
    comes_at = utc(session.plugged_in_s)
    yard.at(FREE, close)
    assert yard.statuses()[0] != "Available"
    assert visit_of(yard, FREE, comes_at) is None
    yard.at(FREE, lambda station: station.show(station.there(1), "Available"), comes_at + MINUTE)
    assert yard.statuses(FREE, comes_at + MINUTE)[0] == "Available"


def test_a_vehicle_that_was_there_before_is_there_after(yard: Yard) -> None:
    yard.call("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"}, BUSY)
    assert yard.statuses(BUSY)[0] == "Charging"
    gone_at = utc(visit_of(yard, BUSY).unplugged_s)
    assert yard.statuses(BUSY, gone_at)[0] == "Unavailable"


def test_a_transaction_of_the_world_is_stopped_and_the_vehicle_stays(yard: Yard) -> None:
    session = visit_of(yard, BUSY)

    async def number(station: Station) -> Any:
        return station.transaction_at(station.connectors[1])

    running = yard.at(BUSY, number)
    assert yard.call("RemoteStopTransaction", {"transactionId": running}, BUSY).status == "Accepted"
    assert yard.statuses(BUSY)[0] == "Finishing"
    assert yard.call("RemoteStopTransaction", {"transactionId": running}, BUSY).status == "Rejected"
    assert yard.statuses(BUSY, utc(session.unplugged_s))[0] == "Available"
    (stopped,) = yard.transactions()
    in_world = WORLD.session(stopped["id"].removeprefix("txn_"))
    assert in_world is not None
    assert in_world.charging == session
    assert (stopped["ocpp_transaction_id"], stopped["stop_reason"]) == (running, "Remote")
    assert (stopped["is_of_world"], stopped["id_tag"]) == (True, session.id_token)
    assert [call.action for call in yard.traffic] == [
        "RemoteStopTransaction",
        "StatusNotification",
        "StopTransaction",
        "RemoteStopTransaction",
    ]


def test_a_driver_is_started_and_stopped_from_remote(yard: Yard) -> None:
    assert yard.call("RemoteStartTransaction", {"idTag": CARD}).heard().status == "Accepted"
    assert yard.statuses() == ["Charging", "Available"]
    (running,) = yard.transactions()
    number = running["ocpp_transaction_id"]
    assert (running["id_tag"], running["stopped_at"], running["is_of_world"]) == (CARD, None, False)
    later = NOON + 30 * MINUTE
    assert yard.call("RemoteStopTransaction", {"transactionId": number}, FREE, later).status == "Accepted"
    assert yard.statuses(FREE, later) == ["Available", "Available"]
    (stopped,) = yard.transactions()
    assert stopped == {**running, "stopped_at": "2026-03-18T12:30:00Z", "stop_reason": "Remote"}


@pytest.mark.parametrize(
    ("action", "payload", "reason", "after"),
    [
        ("Reset", {"type": "Hard"}, "HardReset", ["Available", "Available"]),
        ("UnlockConnector", {"connectorId": 1}, None, ["Charging", "Charging"]),
        ("Reset", {"type": "Soft"}, None, ["Charging", "Charging"]),
    ],
)
def test_who_charges_may_be_cut_off(
    yard: Yard, action: str, payload: dict[str, Any], reason: str | None, after: list[str]
) -> None:
    for _ in range(2):
        yard.call("RemoteStartTransaction", {"idTag": CARD})
    yard.call(action, payload)
    assert yard.statuses() == after
    assert {each["stop_reason"] for each in yard.transactions()} == {reason}


@pytest.mark.parametrize("status", SHOWN)
def test_a_status_is_shown_until_it_is_taken_back(yard: Yard, status: str) -> None:
    yard.at(BUSY, lambda station: station.show(station.there(1), status))
    assert yard.statuses(BUSY, NOON + 5 * MINUTE)[0] == status
    yard.at(BUSY, lambda station: station.show(station.there(1), None), NOON + 10 * MINUTE)
    assert yard.statuses(BUSY, NOON + 10 * MINUTE)[0] == "Charging"


def test_a_connector_that_is_made_free_has_nobody_left(yard: Yard) -> None:
    yard.at(BUSY, lambda station: station.show(station.there(1), "Available"))
    assert yard.statuses(BUSY)[0] == "Available"
    assert [each["stop_reason"] for each in yard.transactions()] == ["Other"]
    assert yard.call("RemoteStartTransaction", {"connectorId": 1, "idTag": CARD}, BUSY).status == "Accepted"


def order(yard: Yard, answer: dict[str, Any] | None, *, is_error: bool = False) -> None:
    yard.traffic.orders.append(Order(FREE, "ClearCache", answer, is_error, 1))


FAILURES: dict[str, tuple[dict[str, Any] | None, bool, str, type[ApiError] | None]] = {
    "a refusal": ({"status": "Rejected"}, False, "Rejected", None),
    "an error": ({"errorCode": "InternalError", "errorDescription": "Full"}, True, "InternalError", BadGateway),
    "unknown": ({"errorCode": "NotImplemented", "errorDescription": ""}, True, "NotImplemented", None),
    "not supported": ({"errorCode": "NotSupported", "errorDescription": ""}, True, "NotSupported", None),
    "silence": (None, False, "Timeout", GatewayTimeout),
}


@pytest.mark.parametrize(("said", "is_error", "status", "raised"), FAILURES.values(), ids=FAILURES)
def test_an_ordered_answer_is_given_once_and_is_all_that_happens(
    yard: Yard, said: dict[str, Any] | None, is_error: bool, status: str, raised: type[ApiError] | None
) -> None:
    order(yard, said, is_error=is_error)
    answer = yard.call("ClearCache", {})
    told = {**said, "errorDetails": {}} if said and is_error else said
    assert (answer.status, answer.response) == (status, told)
    if raised is None:
        assert answer.heard() is answer
    else:
        with pytest.raises(raised, match=FREE):
            answer.heard()
    assert yard.traffic.orders == []
    again = yard.call("ClearCache", {})
    assert (again.status, again.response) == ("Accepted", {"status": "Accepted"})
    assert 0 < again.response_time_ms < 1000


def test_an_order_leaves_other_actions_and_the_connector_alone(yard: Yard) -> None:
    yard.traffic.orders.append(Order(FREE, "RemoteStartTransaction", {"status": "Accepted"}, False, 2))
    assert yard.call("ClearCache", {}).status == "Accepted"
    for _ in range(2):
        assert yard.call("RemoteStartTransaction", {"idTag": CARD}).status == "Accepted"
        assert yard.statuses() == ["Available", "Available"]
    yard.call("RemoteStartTransaction", {"idTag": CARD})
    assert yard.statuses() == ["Charging", "Available"]


def test_a_station_without_a_connection_is_not_called(yard: Yard) -> None:
    yard.at(FREE, lambda station: station.connect(False))
    answer = yard.call("RemoteStartTransaction", {"idTag": CARD})
    assert (answer.status, answer.failure, answer.response) == ("Offline", "offline", None)
    with pytest.raises(Conflict, match="not connected"):
        answer.heard()
    assert (yard.statuses(), [*yard.traffic]) == (["Available", "Available"], [])


def test_an_action_that_has_no_words_in_ocpp_201_is_refused(yard: Yard) -> None:
    with pytest.raises(Conflict, match=r"speaks OCPP 2\.0\.1") as error:
        yard.call("GetConfiguration", {}, OF_OCPP_201)
    assert error.value.slug == "ocpp_version_mismatch"
    assert [*yard.traffic] == []


def test_what_was_configured_and_set_is_kept(yard: Yard) -> None:
    yard.call("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "77"})
    yard.call("SendLocalList", {"listVersion": 4, "updateType": "Full"})
    profile = {
        "chargingProfileId": 5,
        "chargingProfilePurpose": "TxDefaultProfile",
        "stackLevel": 0,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9000}],
        },
    }
    yard.call("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": profile})
    (key,) = yard.call("GetConfiguration", {"key": ["HeartbeatInterval"]}).response["configurationKey"]
    assert key["value"] == "77"
    assert yard.call("GetLocalListVersion", {}).response == {"listVersion": 4}
    assert yard.call("ClearChargingProfile", {"id": 5}).status == "Accepted"
    assert yard.call("GetConfiguration", {"key": ["HeartbeatInterval"]}, BUSY).response["configurationKey"] != [key]


def test_the_log_is_as_long_as_it_may_be_and_newest_first() -> None:
    yard = Yard(MemoryStore(), Traffic(3))
    for _ in range(5):
        yard.call("ClearCache", {})
    assert [call.message_id for call in yard.traffic] == [f"ocpp{number:09d}" for number in (5, 4, 3)]
    yard.traffic.clear()
    assert ([*yard.traffic], yard.traffic.next_id()) == ([], "ocpp000000001")
