"""The fixture `gridmock` as a test uses it: addresses, tokens, clock, calls, faults, webhooks, defects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import httpx
import pytest

from mockserver.defects import UnknownDefect
from mockserver.testing.calls import UnknownName
from mockserver.testing.control import Refused
from mockserver.testing.gridmock import Gridmock
from tests.mock import NOON
from tests.mockserver.apis.stekker.unreliable import Receiver

ZONELESS = datetime(2026, 3, 18)  # noqa: DTZ001  as a user may write it


@pytest.fixture
def tariffs(gridmock: Gridmock) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {gridmock.token('ev-energy')}"}
    with httpx.Client(base_url=gridmock.url("ev-energy"), headers=headers) as client:
        yield client


@pytest.fixture
def batteries(gridmock: Gridmock) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {gridmock.token('stekker-bess')}"}
    with httpx.Client(base_url=gridmock.url("stekker-bess"), headers=headers) as client:
        yield client


def refusal(of: Any) -> str:
    with pytest.raises(AssertionError) as caught:
        of()
    return str(caught.value)


@pytest.mark.parametrize("api", ["ev-energy", "ev-energy-oauth", "stekker", "stekker-bess", "stekker-app", "control"])
def test_each_api_is_served_at_its_url(gridmock: Gridmock, api: str) -> None:
    assert httpx.get(f"{gridmock.url(api)}/openapi.json").json()["openapi"].startswith("3.1")


def test_an_api_that_is_misspelled_is_an_error_with_its_name(gridmock: Gridmock) -> None:
    with pytest.raises(UnknownName, match="no API 'steker'; did you mean stekker"):
        gridmock.url("steker")


@pytest.mark.parametrize(
    ("name", "path", "status"),
    [
        ("ev-energy", "/ev-energy/v2/tariffs", 200),
        ("ev-energy-basic", "/ev-energy/v2/tariffs", 200),
        ("stekker", "/stekker/api/bess/v1/batteries", 200),
        ("stekker-bess", "/stekker/api/bess/v1/batteries", 200),
        ("stekker-prices", "/stekker/api/bess/v1/batteries", 403),
    ],
)
def test_a_token_is_that_of_an_api_or_an_application(gridmock: Gridmock, name: str, path: str, status: int) -> None:
    url = gridmock.url("control").removesuffix("/_mock") + path
    assert httpx.get(url, headers={"authorization": f"Bearer {gridmock.token(name)}"}).status_code == status


def test_a_token_can_have_fewer_scopes_and_a_lifetime(gridmock: Gridmock) -> None:
    def status(token: str) -> int:
        headers = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{gridmock.url('stekker-bess')}/batteries", headers=headers).status_code

    assert status(gridmock.token("stekker-north", scopes=["price_forecast"])) == 403
    short = gridmock.token("stekker-north", lifetime_s=60)
    assert status(short) == 200
    gridmock.clock.advance(61)
    assert status(short) == 401


def test_an_application_of_ones_own_has_tokens_too(gridmock: Gridmock) -> None:
    client_id = gridmock.control("POST", "/applications", {"name": "Ours"})["client_id"]
    assert gridmock.token(client_id) != gridmock.token("ev-energy")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("stekker-nort", {}, "did you mean stekker-north"),
        ("stekker", {"scopes": ["flying"]}, "flying"),
        ("stekker", {"lifetime_s": -1}, "lifetime_s"),
    ],
)
def test_a_token_that_there_cannot_be_is_an_error(
    gridmock: Gridmock, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        gridmock.token(name, **options)


def test_the_clock_stands_still_until_it_is_moved(gridmock: Gridmock) -> None:
    clock = gridmock.clock
    assert [clock.now, clock.now] == [NOON, NOON]
    clock.advance(90)
    clock.advance(timedelta(hours=1))
    assert clock.now == NOON + timedelta(seconds=3690)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now == datetime(2027, 1, 1, tzinfo=UTC)
    clock.run(1_000_000)
    assert clock.now > datetime(2027, 1, 1, tzinfo=UTC)
    clock.freeze(NOON)
    assert [clock.now, clock.now] == [NOON, NOON]


@pytest.mark.parametrize(
    ("move", "message"),
    [
        (lambda clock: clock.set(ZONELESS), "2026-03-18T00:00:00 has no time zone"),
        (lambda clock: clock.freeze(ZONELESS), "has no time zone"),
        (lambda clock: clock.set(datetime(1900, 1, 1, tzinfo=UTC)), "1970"),
        (lambda clock: clock.advance(timedelta(days=300 * 366)), "duration_s"),
        (lambda clock: clock.run(-1), "speed"),
    ],
)
def test_a_clock_that_cannot_go_there_says_why(gridmock: Gridmock, move: Any, message: str) -> None:
    with pytest.raises(Refused, match=message):
        move(gridmock.clock)
    assert gridmock.clock.now == NOON


def test_calls_are_kept_in_order_with_all_that_was_said(gridmock: Gridmock, batteries: httpx.Client) -> None:
    batteries.get("/batteries?a=1&a=2&b=")
    batteries.post("/grid_connections", json={"id": 1})
    first, second = gridmock.journal.calls(api="stekker-bess")
    assert (first.method, first.operation_id, first.client_id) == ("GET", "list-batteries", "stekker-north")
    assert first.query == {"a": ["1", "2"], "b": [""]}
    assert first.headers["authorization"] == "Bearer ***"
    assert first.at == NOON
    assert (second.json, second.status) == ({"id": 1}, 400)
    assert second.response_json == httpx.Response(400, text=second.response_body).json()


def test_more_calls_than_a_page_of_the_control_plane_are_all_there(gridmock: Gridmock) -> None:
    headers = [(b"host", b"x"), (b"authorization", b"Bearer no")]
    gridmock.control("GET", "/health")  # not journalled

    async def thousand() -> None:
        from mockserver.testing.asgi import call

        for _ in range(1001):
            await call(gridmock._mock.app, "GET", b"/ev-energy/v2/tariffs", headers)

    gridmock._server.run(thousand())
    calls = gridmock.journal.calls("get-tariffs", status=401)
    assert [call.request_id for call in calls] == [f"req{number:012d}" for number in range(1, 1002)]
    gridmock.journal.clear()
    gridmock.assert_not_called()


def test_what_fits_a_call_is_part_of_its_query_and_headers_and_all_of_its_body(
    gridmock: Gridmock, batteries: httpx.Client
) -> None:
    body = {"name": "A", "limits": [1, {"deep": True}]}
    batteries.post("/grid_connections?x=1&y=true&y=2", json=1, headers={"X-Mark": "m"})
    batteries.post("/grid_connections", json=body)
    fits: list[dict[str, Any]] = [
        {"query": {"x": 1}},
        {"query": {"x": "1", "y": [True, 2]}},
        {"headers": {"x-MARK": "m"}},
        {"json": body},
        {"json": {"name": ANY, "limits": [1, ANY]}},
        {"json": body, "api": "stekker-bess", "status": 400, "times": 1},
    ]
    for wanted in fits:
        assert len(gridmock.assert_called("create-grid-connection", **wanted)) == 1, wanted


@pytest.mark.parametrize(
    ("wanted", "lines"),
    [
        ({"query": {"x": 2}}, ["query x: came '1', wanted '2'"]),
        ({"query": {"z": 2}}, ["query z: is missing, wanted 2"]),
        ({"query": {"x": [1, 1]}}, ["query x: came ['1'], wanted ['1', '1']"]),
        ({"headers": {"x-mark": "n"}}, ["header x-mark: is missing, wanted 'n'"]),
        ({"status": 201}, ["status: came 400, wanted 201"]),
        (
            {"json": {"name": "B", "limits": [1], "more": None}},
            ["body/name: came 'A', wanted 'B'", "/more: is missing"],
        ),
        ({"json": {"name": "A"}}, ["body/limits: came [1], wanted no such member"]),
        ({"json": {"name": "A", "limits": [True]}}, ["body/limits: came 1, wanted True"]),
        ({"json": {"name": "A", "limits": [1, 2]}}, ["body/limits: came [1], wanted [1, 2]"]),
        ({"json": [1]}, ["body: came {"]),
        ({"json": [1], "query": {"x": 1}}, ["body: is missing, wanted [1]"]),
    ],
)
def test_a_call_that_does_not_fit_is_shown_with_what_differs(
    gridmock: Gridmock, batteries: httpx.Client, wanted: dict[str, Any], lines: list[str]
) -> None:
    query, body = ("?x=1", None) if "query" in wanted else ("", {"name": "A", "limits": [1]})
    batteries.post(f"/grid_connections{query}", json=body)
    text = refusal(lambda: gridmock.assert_called("create-grid-connection", **wanted))
    assert "was not called.\nOf 1 call, the nearest:" in text
    assert f"req000000000001 POST /stekker/api/bess/v1/grid_connections{query} -> 400" in text
    for line in lines:
        assert line in text
    gridmock.assert_not_called("create-grid-connection", **wanted)


def test_a_body_that_the_mock_did_not_read_is_said_to_be_one(gridmock: Gridmock) -> None:
    httpx.post(f"{gridmock.url('stekker-bess')}/grid_connections", json=[1])
    text = refusal(lambda: gridmock.assert_called("create-grid-connection", json=[1]))
    assert "body: was not read before the call was refused, wanted [1]" in text


def test_the_nearest_call_is_shown_first(gridmock: Gridmock, tariffs: httpx.Client) -> None:
    for query in ("a=1", "a=2&b=2", "a=1&b=1"):
        tariffs.get(f"/tariffs?{query}")
    text = refusal(lambda: gridmock.assert_called("get-tariffs", query={"a": 2, "b": 3}))
    assert text.index("a=2&b=2") < text.index("a=1")


def test_too_few_and_too_many_calls_are_counted(gridmock: Gridmock, tariffs: httpx.Client) -> None:
    nothing = refusal(lambda: gridmock.assert_called("get-tariffs", times=2))
    assert nothing == "get-tariffs was not called, wanted 2 times.\nNothing has called the mock since it was reset."
    gridmock.assert_called("get-tariffs", times=0)
    tariffs.get("/tariffs")
    assert "was called 1 time, wanted 2 times" in refusal(lambda: gridmock.assert_called("get-tariffs", times=2))
    assert "was called 1 time, wanted none:\n  req" in refusal(lambda: gridmock.assert_not_called("get-tariffs"))
    assert "any operation was called 1 time" in refusal(gridmock.assert_not_called)
    other = refusal(lambda: gridmock.assert_called("get-tariff-prices"))
    assert "Of 1 call, the last:\n  req000000000001 GET /ev-energy/v2/tariffs -> 200" in other


@pytest.mark.parametrize("name", ["assert_called", "assert_not_called"])
def test_an_assertion_about_a_misspelled_operation_never_passes(gridmock: Gridmock, name: str) -> None:
    with pytest.raises(UnknownName, match="no operation 'get-tarifs'; did you mean get-tariffs"):
        getattr(gridmock, name)("get-tarifs")
    with pytest.raises(UnknownName, match="no operation of stekker 'get-tariffs'"):
        getattr(gridmock, name)("get-tariffs", api="stekker")
    with pytest.raises(UnknownName, match="no API 'control'"):
        getattr(gridmock, name)("get_clock", api="control")


def test_a_secret_in_a_body_differs_from_nothing_and_is_never_shown(gridmock: Gridmock) -> None:
    secret = "not-to-be-seen-anywhere"
    body = {"client_secret": secret, "other": 1}
    headers = {"authorization": f"Bearer {gridmock.token('stekker')}"}
    httpx.put(f"{gridmock.url('stekker')}/events", headers=headers, json=body)
    (call,) = gridmock.journal.calls(api="stekker")
    assert call.operation_id is not None
    gridmock.assert_called(call.operation_id, json=body)
    assert secret not in refusal(lambda: gridmock.assert_called(call.operation_id, json={**body, "other": 2}))


def test_a_fault_happens_as_often_as_ordered(gridmock: Gridmock, tariffs: httpx.Client) -> None:
    fault = gridmock.fault(operation_id="get-tariffs", status=503, retry_after_s=2, times=2)
    answers = [tariffs.get("/tariffs") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert fault.hits == 2


def test_a_fault_ends_with_its_block_or_when_withdrawn_or_at_a_reset(gridmock: Gridmock, tariffs: httpx.Client) -> None:
    with gridmock.fault(path="/ev-energy/*", disconnect=True), pytest.raises(httpx.RemoteProtocolError):
        tariffs.get("/tariffs")
    assert tariffs.get("/tariffs").status_code == 200
    fault = gridmock.fault(api="ev-energy", status=500)
    fault.withdraw()
    fault.withdraw()
    gridmock.fault(method="GET", status=500)
    gridmock.reset()
    assert tariffs.get("/tariffs").status_code == 200
    assert [call.status for call in gridmock.journal.calls()] == [200]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({}, "say what is to happen"),
        ({"status": 503, "delay_ms": 1}, "say what is to happen"),
        ({"status": 99}, "action.status: 99 is less than"),
        ({"status": 503, "times": 0}, "times"),
        ({"status": 503, "probability": 2}, "probability"),
        ({"status": 503, "operation_id": "get-tarifs"}, "did you mean get-tariffs"),
    ],
)
def test_a_fault_that_cannot_be_ordered_is_an_error(gridmock: Gridmock, order: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gridmock.fault(**order)
    assert gridmock.control("GET", "/faults") == []


def start_session(gridmock: Gridmock, charge_point: str) -> None:
    """A charge point of stekker-north announces itself, and a transaction begins there."""
    begun = {
        "method": "StartTransaction",
        "params": {"connectorId": 1, "idTag": "04C7A91B", "timestamp": "2026-03-18T12:00:00Z", "meterStart": 0},
        "response": {"transactionId": 880142, "idTagInfo": {"status": "Accepted"}},
    }
    with httpx.Client(headers={"authorization": f"Bearer {gridmock.token('stekker-north')}"}) as client:
        url = f"{gridmock.url('stekker')}/events"
        announced = {"event": "ChargePointDetailsNotification", "chargePointId": charge_point}
        assert client.put(url, json=announced).is_success
        event = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": charge_point, "event": begun}
        assert client.post(url, json=event).is_success


def test_webhooks_have_been_tried_when_asked_for(gridmock: Gridmock) -> None:
    with Receiver() as receiver:
        receiver.up()
        callback = {"callback_url": receiver.url, "callback_api_key": "not-a-real-key"}
        gridmock.control("PATCH", "/stekker/organizations/stekker-north", callback)
        start_session(gridmock, "70214")
        (delivery,) = gridmock.webhooks.deliveries(topic="setChargingProfile")
        assert (delivery["status"], len(receiver.arrivals)) == ("delivered", 1)
        assert receiver.arrivals[0].body == delivery["body"]
        gridmock.webhooks.retry(delivery["delivery_id"])
        assert len(receiver.arrivals) == 2
        assert gridmock.webhooks.deliveries(status="pending") == []


def test_a_defect_lasts_as_long_as_its_block(gridmock: Gridmock, tariffs: httpx.Client) -> None:
    def listed() -> int:
        return len(tariffs.get("/tariffs", params={"page_size": 5}).json())

    honest = listed()
    with gridmock.defect("pages-lose-an-item"):
        with gridmock.defect("page-too-long"):
            assert listed() != honest - 1
        assert listed() == honest - 1
    assert listed() == honest


def test_a_defect_that_there_is_not_is_an_error(gridmock: Gridmock) -> None:
    with pytest.raises(UnknownDefect, match="there is no defect 'page-too-lon'; did you mean page-too-long"):
        gridmock.defect("page-too-lon").__enter__()


@pytest.mark.gridmock(seed=7, world="home", at="2026-06-15T06:00:00Z", speed=0)
def test_a_marker_says_where_a_test_begins(gridmock: Gridmock) -> None:
    health = gridmock.control("GET", "/health")
    assert (health["seed"], health["world"], health["now"]) == (7, "home", "2026-06-15T06:00:00Z")
    gridmock.clock.run()
    gridmock.reset()
    assert gridmock.control("GET", "/health") == health


def test_the_next_test_begins_where_all_begin(gridmock: Gridmock) -> None:
    health = gridmock.control("GET", "/health")
    assert (health["seed"], health["world"], health["speed"]) == (1, "city", 0)


@pytest.mark.gridmock(world="dst_day")
def test_a_world_with_a_time_of_its_own_begins_then(gridmock: Gridmock) -> None:
    assert gridmock.clock.now.date().isoformat() == "2026-10-24"


def test_an_asynchronous_client_is_served_while_it_waits(gridmock: Gridmock) -> None:
    async def both() -> list[int]:
        headers = {"authorization": f"Bearer {gridmock.token('ev-energy')}"}
        async with httpx.AsyncClient(base_url=gridmock.url("ev-energy"), headers=headers) as client:
            answers = await asyncio.gather(*(client.get("/tariffs") for _ in range(8)))
            gridmock.assert_called("get-tariffs", times=8)
            return [answer.status_code for answer in answers]

    assert asyncio.run(both()) == [200] * 8


def test_what_a_suite_does_to_http_clients_is_not_in_the_way(
    gridmock: Gridmock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: Any, **__: Any) -> Any:
        raise AssertionError("no network here")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", forbidden)
    monkeypatch.setattr("socket.socket.connect", forbidden)
    gridmock.clock.advance(1)
    gridmock.fault(status=503)
    gridmock.assert_not_called()


def test_what_the_control_plane_refuses_is_an_error_in_its_words(gridmock: Gridmock) -> None:
    with pytest.raises(Refused, match="no application 'nobody'"):
        gridmock.control("GET", "/applications/nobody")
