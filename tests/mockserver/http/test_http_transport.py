"""Webhooks over HTTP, against a server on this machine."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mockserver.clock import Clock
from mockserver.http.deliveries import Status, Webhook
from mockserver.http.outbox import Outbox
from mockserver.http.scheduler import Scheduler
from mockserver.http.transport import HttpTransport, Unreachable
from tests.mockserver.loop import in_loop
from tests.mockserver.virtual_time import NOON

PATIENT_S = 30.0
BODY = '{"limit":11040,"é":null}'.encode()


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says: `/404` with 404, `/slow` not before it is released, and so on."""

    protocol_version = "HTTP/1.1"
    server: Receiver

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        what = self.path.strip("/")
        if what == "slow":
            self.server.released.wait()
        if what == "closes":
            self.close_connection = True
            return
        if what == "babbles":
            self.connection.sendall(b"this is not HTTP\r\n\r\n")
            self.close_connection = True
            return
        self.send_response_only(int(what) if what.isdigit() else 200)
        if what == "302":
            self.send_header("location", "/200")
        if what == "cookie":
            self.send_header("set-cookie", "session=1; Path=/")
        if what == "endless":
            self.send_header("transfer-encoding", "chunked")
        elif what != "204":
            self.send_header("content-length", "2")
        self.end_headers()
        if what == "endless":
            self._go_on()
        elif what != "204":
            self.wfile.write(b"ok")

    def _go_on(self) -> None:
        self.close_connection = True
        try:
            while not self.server.released.wait(0.001):
                self.wfile.write(b"400\r\n" + b"x" * 0x400 + b"\r\n")
        except OSError:
            self.server.hung_up.set()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Receiver(ThreadingHTTPServer):
    """A client of the mock that takes webhooks, and remembers them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections = 0
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.released, self.hung_up = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    gc.freeze()  # the search for garbage below is for that of this test, and the suite holds much else
    with Receiver() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()
    gc.collect()  # a connection that was left open would warn, and warnings are errors here


async def send(transport: HttpTransport, url: str, timeout_s: float = PATIENT_S, **headers: str) -> int:
    return await transport(url, {"content-type": "application/json", **headers}, BODY, timeout_s)


@pytest.fixture
def nobody() -> Iterator[str]:
    """The URL of a port that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@in_loop
async def test_body_and_headers_arrive_as_they_are(receiver: Receiver) -> None:
    transport = HttpTransport()
    assert await send(transport, f"{receiver.url}/a%20b/c?d=e", **{"x-functions-key": "s3cret"}) == 200
    await transport.aclose()
    ((path, headers, body),) = receiver.requests
    assert (path, body) == ("/a%20b/c?d=e", BODY)
    assert headers["x-functions-key"] == "s3cret"
    assert headers["content-type"] == "application/json"
    assert headers["host"] == receiver.url.removeprefix("http://")
    assert "authorization" not in headers


@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 429, 500, 503])
@in_loop
async def test_the_status_is_that_of_the_answer(receiver: Receiver, status: int) -> None:
    transport = HttpTransport()
    assert await send(transport, f"{receiver.url}/{status}") == status
    await transport.aclose()


@in_loop
async def test_a_redirect_is_an_answer_and_not_followed(receiver: Receiver) -> None:
    transport = HttpTransport()
    assert await send(transport, f"{receiver.url}/302") == 302
    await transport.aclose()
    assert [path for path, _, _ in receiver.requests] == ["/302"]


@in_loop
async def test_cookies_are_not_kept(receiver: Receiver) -> None:
    transport = HttpTransport()
    for _ in range(2):
        await send(transport, f"{receiver.url}/cookie")
    await transport.aclose()
    assert all("cookie" not in headers for _, headers, _ in receiver.requests)


@in_loop
async def test_proxies_of_the_environment_are_not_asked(
    receiver: Receiver, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, nobody)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    transport = HttpTransport()
    assert await send(transport, f"{receiver.url}/200") == 200
    await transport.aclose()


@in_loop
async def test_nobody_listening_is_no_answer(nobody: str) -> None:
    transport = HttpTransport()
    with pytest.raises(Unreachable, match=r"."):
        await send(transport, nobody)
    await transport.aclose()


@pytest.mark.parametrize("path", ["closes", "babbles", "999"])
@in_loop
async def test_an_answer_that_is_none_is_said_to_be_none(receiver: Receiver, path: str) -> None:
    transport = HttpTransport()
    with pytest.raises(Unreachable, match=r"."):
        await send(transport, f"{receiver.url}/{path}")
    await transport.aclose()


@in_loop
async def test_an_answer_that_takes_too_long_is_not_waited_for(receiver: Receiver) -> None:
    transport = HttpTransport()
    with pytest.raises(Unreachable, match=r"no answer within 0\.05 s"):
        await send(transport, f"{receiver.url}/slow", 0.05)
    assert await send(transport, f"{receiver.url}/200") == 200, "the next attempt has nothing of it"
    await transport.aclose()


@in_loop
async def test_an_answer_without_end_is_an_answer_and_not_read(receiver: Receiver) -> None:
    transport = HttpTransport()
    assert await send(transport, f"{receiver.url}/endless") == 200
    assert await asyncio.to_thread(receiver.hung_up.wait, PATIENT_S)
    await transport.aclose()


@in_loop
async def test_an_attempt_that_is_cancelled_ends_its_connection(receiver: Receiver) -> None:
    transport = HttpTransport()
    sending = asyncio.create_task(send(transport, f"{receiver.url}/slow"))
    while not receiver.requests:
        await asyncio.sleep(0.001)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    receiver.released.set()
    assert await send(transport, f"{receiver.url}/200") == 200
    await transport.aclose()
    assert receiver.connections == 2


@pytest.mark.parametrize("path", ["200", "204", "404"])
@in_loop
async def test_one_connection_serves_for_one_after_the_other(receiver: Receiver, path: str) -> None:
    transport = HttpTransport()
    for _ in range(5):
        await send(transport, f"{receiver.url}/{path}")
    await transport.aclose()
    assert receiver.connections == 1


def test_it_can_be_used_in_one_event_loop_after_the_other(receiver: Receiver) -> None:
    transport = HttpTransport()

    async def send_and_close() -> int:
        try:
            return await send(transport, f"{receiver.url}/200")
        finally:
            await transport.aclose()
            await transport.aclose()

    assert [asyncio.run(send_and_close()) for _ in range(3)] == [200, 200, 200]


def test_an_event_loop_that_ended_without_closing_it_does_not_spoil_the_next(receiver: Receiver) -> None:
    transport = HttpTransport()
    asyncio.run(send(transport, f"{receiver.url}/endless"))  # leaves a pool, but no open connection in it

    async def next_loop() -> int:
        status = await send(transport, f"{receiver.url}/200")
        await transport.aclose()
        return status

    assert asyncio.run(next_loop()) == 200


def _office(receiver: Receiver) -> tuple[Scheduler, Outbox]:
    clock = Clock(NOON, 0.0)
    scheduler, transport = Scheduler(clock), HttpTransport()
    scheduler.at_rest(transport.aclose)
    return scheduler, Outbox(clock, scheduler, 10, (), transport)


def _webhook(receiver: Receiver, path: str) -> Webhook:
    return Webhook(topic="t", api="a", client_id="c", url=f"{receiver.url}/{path}", body={"n": 1})


def test_settling_leaves_no_connection_open_in_any_event_loop(receiver: Receiver) -> None:
    scheduler, outbox = _office(receiver)
    for lane in range(3):
        outbox.send(lane, _webhook(receiver, "200"))
        asyncio.run(scheduler.settle())  # the fixture sees what is left open
    assert {delivery.status for delivery in outbox} == {Status.DELIVERED}


@pytest.mark.parametrize("path", ["200", "slow"])
def test_the_end_of_run_leaves_no_connection_open(receiver: Receiver, path: str) -> None:
    scheduler, outbox = _office(receiver)

    async def play() -> None:
        running = asyncio.create_task(scheduler.run())
        outbox.send("a", _webhook(receiver, path))
        while not receiver.requests:
            await asyncio.sleep(0.001)
        running.cancel()
        await asyncio.wait([running])

    asyncio.run(play())


@in_loop
async def test_closing_a_lane_hangs_up_on_its_receiver(receiver: Receiver) -> None:
    scheduler, outbox = _office(receiver)
    running = asyncio.create_task(scheduler.run())
    delivery = outbox.send("a", _webhook(receiver, "200"))
    hanging = outbox.send("b", _webhook(receiver, "slow"))
    while len(receiver.requests) < 2:
        await asyncio.sleep(0.001)
    await outbox.close("b")
    await scheduler.settle()
    assert (delivery.status, hanging.status) == (Status.DELIVERED, Status.CANCELLED)
    running.cancel()
    await asyncio.wait([running])
