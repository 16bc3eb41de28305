"""`gridmock proxy`: traffic passes as it is, and what is wrong with it is told, written down, or held back."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from asyncio import Event
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract_tests import contract
from contract_tests.proxy import proxy
from contract_tests.traffic import forward, passing
from contract_tests.traffic.desk import Desk
from contract_tests.traffic.forward import Forwarder
from contract_tests.traffic.judge import Judge
from contract_tests.traffic.tally import Cause
from contract_tests.verify import verify
from tests.contract_tests.serving import served
from tests.contract_tests.traffic.echo import Echo
from tests.contract_tests.traffic.parcels import SPEC
from tests.mock import CONTROL, STEKKER, V2, Mock

PROBLEM = "application/problem+json"
_BETWEEN_NEIGHBOURS = {"connection", "transfer-encoding", "x-mine"}
Answer = tuple[int, list[tuple[str, str]], bytes]


class Standing:
    """A proxy in this process: its address, and what it has told."""

    def __init__(self, api: Path | str, upstream: str, stack: ExitStack, **options: Any) -> None:
        self.told: list[Cause] = []
        loaded = contract.named(api) if isinstance(api, str) else contract.from_file(api)
        self.desk = Desk(Judge(loaded, upstream), None, self.told.append, guess=isinstance(api, str))
        forwarder = Forwarder(upstream, self.desk, **options)

        async def close_in_the_end() -> None:
            try:
                await Event().wait()
            finally:
                await forwarder.aclose()

        self.url = stack.enter_context(served(forwarder, close_in_the_end))


@contextmanager
def standing(app: Any, api: Path | str = SPEC, **options: Any) -> Iterator[tuple[str, Standing]]:
    """An application's own address, and a proxy before it."""
    with ExitStack() as stack:
        upstream = stack.enter_context(served(app))
        yield upstream, Standing(api, upstream, stack, **options)


def ask(
    origin: str,
    method: str,
    target: str,
    body: Any = None,
    headers: Sequence[tuple[str, str]] = (),
    host: str = "upstream.test",
) -> Answer:
    """One exchange, with exactly these headers."""
    with closing(http.client.HTTPConnection(origin.removeprefix("http://"), timeout=10)) as connection:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", host)
        for name, value in headers:
            connection.putheader(name, value)
        chunked = body is not None and not isinstance(body, bytes)
        if chunked:
            connection.putheader("Transfer-Encoding", "chunked")
        elif body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body, encode_chunked=chunked)
        answer = connection.getresponse()
        told = [(name, value) for name, value in answer.getheaders() if name.lower() not in _BETWEEN_NEIGHBOURS]
        return answer.status, told, answer.read()


def name_of(upstream: str) -> str:
    return upstream.removeprefix("http://")


ASKED: dict[str, tuple[Any, ...]] = {
    "GET": ("GET", "/x"),
    "an escaped path": ("GET", "/a%2Fb/%C3%BC%20;v=1//c/../d/%zz"),
    "brackets and bars": ("GET", '/x?filter[a]=1&b={2}|3^4`"&c=%5B'),
    "plus and equals": ("GET", "/x?a=+&a=%2B&=&b&&"),
    "a question mark": ("GET", "/x?a=b?c=/d"),
    "headers twice": ("GET", "/x", None, [("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1"), ("X-Odd", "caf\xe9")]),
    "compression": ("GET", "/x", None, [("Accept-Encoding", "zstd, br;q=0.1"), ("Range", "bytes=0-3")]),
    "a token": ("GET", "/x", None, [("Authorization", "Bearer abcdefgh")]),
    "POST": ("POST", "/x", b'{"a": 1}', [("Content-Type", "application/json")]),
    "an empty POST": ("POST", "/x", b""),
    "bytes": ("PUT", "/x", bytes(range(256)) * 999, [("Content-Type", "application/octet-stream")]),
    "chunks": ("POST", "/x", [b"one", b"two" * 9999], [("Content-Type", "text/plain")]),
    "a body on GET": ("GET", "/x", b"why not"),
    "DELETE": ("DELETE", "/x"),
    "PATCH": ("PATCH", "/x", b"{}"),
    "OPTIONS": ("OPTIONS", "/x", None, [("Origin", "http://a"), ("Access-Control-Request-Method", "PUT")]),
    "a method of its own": ("PROPFIND", "/x"),
    "HEAD": ("HEAD", "/x"),
    "HEAD, compressed": ("HEAD", "/gzip"),
    "HEAD of chunks": ("HEAD", "/chunks"),
    "expectation": ("POST", "/x", b"body", [("Expect", "100-continue")]),
    "a gzipped answer": ("GET", "/gzip"),
    "an answer in chunks": ("GET", "/chunks"),
    "a redirect": ("GET", "/redirect"),
    "nothing": ("GET", "/nothing"),
    "cookies": ("GET", "/cookies"),
    "an undeclared status": ("GET", "/teapot"),
    "a header for the neighbour": ("GET", "/hop"),
    "ten megabytes": ("GET", "/large"),
}


@pytest.fixture(scope="module")
def echoed() -> Iterator[tuple[str, Standing, Echo]]:
    echo = Echo()
    with standing(echo) as (upstream, proxied):
        yield upstream, proxied, echo


@pytest.mark.parametrize("name", ASKED)
def test_everything_passes_as_it_is(name: str, echoed: tuple[str, Standing, Echo]) -> None:
    upstream, proxied, echo = echoed
    direct = ask(upstream, *ASKED[name], host=name_of(upstream))
    asked_directly = echo.arrived[-1]
    through = ask(proxied.url, *ASKED[name])
    asked_through = echo.arrived[-1]

    def end_to_end(asked: Mapping[str, Any]) -> list[list[str]]:
        return [pair for pair in asked["headers"] if pair[0] not in ("connection", "expect", "transfer-encoding")]

    assert end_to_end(asked_through) == end_to_end(asked_directly)
    assert {**asked_through, "headers": 0} == {**asked_directly, "headers": 0}
    assert through == direct


def test_the_proxys_own_name_is_told_on_demand() -> None:
    echo = Echo()
    with standing(echo, keep_host=True) as (_, proxied):
        ask(proxied.url, "GET", "/x", host="here.test")
    assert ["host", "here.test"] in echo.arrived[-1]["headers"]


def test_a_path_of_the_upstream_comes_first() -> None:
    echo = Echo()
    with ExitStack() as stack:
        upstream = stack.enter_context(served(echo))
        proxied = Standing(SPEC, f"{upstream}/v3", stack)
        ask(proxied.url, "GET", "/parcels?q=1", headers=[("X-Depot", "D1")])
    assert echo.arrived[-1]["path"] == "/v3/parcels"
    assert [*proxied.desk.tally.operations] == ["GET /parcels"]


def test_half_an_answer_is_not_taken_for_a_whole(echoed: tuple[str, Standing, Echo]) -> None:
    upstream, proxied, _ = echoed
    for origin in (upstream, proxied.url):
        with pytest.raises(http.client.IncompleteRead):
            ask(origin, "GET", "/broken")


def test_websockets_are_refused(echoed: tuple[str, Standing, Echo]) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    status, headers, body = ask(echoed[1].url, "GET", "/x", headers=upgrade)
    assert (status, ("content-type", PROBLEM) in headers) == (501, True)
    assert "WebSockets" in json.loads(body)["detail"]


def test_a_silent_upstream_is_502_with_what_was_tried(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with ExitStack() as stack:
        proxied = Standing(SPEC, nobody, stack)
        status, _, body = ask(proxied.url, "GET", "/parcels/7?x=1")
    assert status == 502
    assert json.loads(body)["detail"].startswith(f"GET {nobody}/parcels/7?x=1: ")
    assert proxied.desk.tally.unjudged["response: none came"] == 1


def mock_calls(mock: Mock) -> Iterator[tuple[Any, ...]]:
    """Requests of different kinds to all APIs."""
    token = ("Authorization", mock.full.headers["authorization"])
    north = ("Authorization", mock.north.headers["authorization"])
    for target in (
        "/",
        "/suppliers?page_size=3",
        "/tariffs",
        "/tariffs?expand=supplier",
        "/tariffs?page_size=x",
        "/no",
    ):
        yield "GET", V2 + target, None, [token]
        yield "GET", V2 + target, None, [token, ("Accept", "text/html")]
    yield "HEAD", f"{V2}/tariffs", None, [token]
    yield "POST", f"{V2}/tariffs", b"{}", [token]
    yield "GET", f"{V2}/tariffs"
    yield "OPTIONS", f"{V2}/tariffs"
    yield "GET", f"{STEKKER}/market_price_forecast?region=NL-900", None, [north]
    events = [north, ("Content-Type", "application/json")]
    yield "PUT", f"{STEKKER}/events", b'{"event": "PairChargePoint", "chargePointId": "cp"}', events
    yield "POST", f"{STEKKER}/events", b"{", events
    yield "POST", f"{STEKKER}/events", [b"{", b"}"], events
    yield "GET", f"{STEKKER}/cdrs/9", None, [north]
    yield "GET", f"{CONTROL}/clock"


def test_the_mock_is_the_same_through_the_proxy(mock: Mock) -> None:
    with standing(mock.app, "ev-energy") as (upstream, proxied):
        mock.reset()
        direct = [ask(upstream, *call, host=name_of(upstream)) for call in mock_calls(mock)]
        mock.reset()
        through = [ask(proxied.url, *call) for call in mock_calls(mock)]
    assert len(direct) > 20
    assert through == direct
    assert {answer[0] for answer in direct} >= {200, 400, 401, 404, 405, 406}
    assert proxied.told == []
    assert proxied.desk.tally.operations["GET /tariffs"].exchanges >= 6


def parcels(status: int, body: bytes, content_type: str = "application/json") -> Any:
    """A server that gives every request this answer."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        app.calls.append(scope["raw_path"])  # type: ignore[attr-defined]
        headers = [(b"content-type", content_type.encode()), (b"x-secret", b"s3cret-s3cret")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    app.calls = []  # type: ignore[attr-defined]
    return app


GOOD = b'{"id": 7, "name": "books"}'


def test_violations_are_told_once_and_counted() -> None:
    with standing(parcels(200, b'{"id": "7", "name": "books"}')) as (upstream, proxied):
        for path in ("/parcels/7", "/parcels/8", "/parcels/x", "/letters"):
            assert ask(proxied.url, "GET", path) == ask(upstream, "GET", path)
    assert [(cause.violation.direction, cause.violation.rule) for cause in proxied.told] == [
        ("response", "type"),
        ("request", "type"),
    ]
    assert [cause.times for cause in proxied.told] == [3, 1]
    assert proxied.desk.tally.unknown == {"GET /letters": 1}


def test_strict_holds_back_what_is_wrong() -> None:
    right = parcels(200, GOOD)
    with standing(right, strict=True) as (_, proxied):
        assert ask(proxied.url, "GET", "/parcels/7")[::2] == (200, GOOD)
        status, headers, body = ask(proxied.url, "GET", "/parcels/x")
        assert (status, ("content-type", PROBLEM) in headers) == (400, True)
        (violation,) = json.loads(body)["violations"]
        assert (violation["direction"], violation["rule"]) == ("request", "type")
        assert "parcels.yaml:" in violation["where"]
        # What the contract does not know is not for the proxy to forbid.
        assert ask(proxied.url, "GET", "/letters")[0] == 200
        assert right.calls == [b"/parcels/7", b"/letters"]
    with standing(parcels(418, b"{}"), strict=True) as (_, proxied):
        status, headers, body = ask(proxied.url, "GET", "/parcels/7")
    assert (status, ("content-type", PROBLEM) in headers) == (502, True)
    assert json.loads(body)["violations"][0]["message"].startswith("418 is not declared")
    assert not any(name == "x-secret" for name, _ in headers)


def test_strict_passes_bodies_on_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    echo = Echo()
    with standing(echo, strict=True) as (_, proxied):
        ask(proxied.url, "POST", "/x", [b"one", b"two"])
        assert echo.arrived[-1]["length"] == 6
        assert len(ask(proxied.url, "GET", "/large")[2]) == 160 * 65_536
        # What is too long to be kept passes without a verdict.
        monkeypatch.setattr(passing, "MOST_KEPT", 100)
        ask(proxied.url, "POST", "/x", [b"a" * 70] * 9)
        assert echo.arrived[-1]["length"] == 630


def test_a_secret_is_not_told(folder: Path) -> None:
    with standing(parcels(200, b'{"id": 7, "name": "books", "token": "s3cret-s3cret"}')) as (_, proxied):
        ask(proxied.url, "GET", "/parcels/7", headers=[("X-Parcel-Secret", "an0ther-secret")])
    (cause,) = proxied.told
    assert cause.violation.rule == "pattern"
    assert "s3cret" not in json.dumps(cause.as_json()) + json.dumps(proxied.desk.tally.as_json())
    assert "an0ther" not in json.dumps(cause.as_json())


@pytest.fixture
def command() -> Iterator[Callable[..., tuple[subprocess.Popen[str], str]]]:
    """`gridmock proxy` as a process, and its address."""
    with ExitStack() as stack:

        def start(*words: object) -> tuple[subprocess.Popen[str], str]:
            code = "from contract_tests.proxy import proxy; proxy()"
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", code, *map(str, words), "--port", "0"], stdout=subprocess.PIPE, text=True
                )
            )
            stack.callback(process.kill)
            assert process.stdout
            first = process.stdout.readline()
            return process, first.split()[1]

        yield start


HALF = b"POST /parcels HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"


@pytest.mark.parametrize(("body", "number", "exit_code"), [(b"[]", signal.SIGINT, 1), (GOOD, signal.SIGTERM, 0)])
def test_the_command_ends_with_a_summary_and_a_whole_archive(
    body: bytes, number: int, exit_code: int, command: Callable[..., tuple[subprocess.Popen[str], str]]
) -> None:
    with served(parcels(200, body)) as upstream:
        process, url = command("--spec", SPEC, "--to", upstream, "--har", "passed.har")
        token = [("Authorization", "Bearer s3cret-s3cret")]
        answers = [ask(url, "GET", f"/parcels/{number}", headers=token) for number in range(3)]
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as half:
            if exit_code:
                half.sendall(HALF)
            process.send_signal(number)
            assert process.stdout
            told = process.stdout.read()
            assert process.wait(timeout=20) == exit_code
    assert [answer[2] for answer in answers] == [body] * 3
    assert f"{3 + exit_code} exchanges judged, {3 * exit_code} violations of {exit_code} kinds" in told
    assert ("request body: it did not arrive whole" in told) == bool(exit_code)
    text = Path("passed.har").read_text("utf-8")
    assert len(json.loads(text)["log"]["entries"]) == 3 + exit_code
    assert "s3cret" not in told + text
    result = CliRunner().invoke(verify, ["--spec", str(SPEC), "passed.har"], catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    # The same violations, found again in what was written.
    shown = [line for line in told.splitlines() if " breaks " in line]
    assert [line for line in result.output.splitlines() if " breaks " in line] == shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say what to check against"),
        (["ev-energy", "--spec", "x.yaml"], "say what to check against"),
        (["ev-energie"], "'ev-energie': there are"),
        (["ev-energy", "--to", "localhost:80"], "--to: 'localhost:80' is no URL"),
        (["ev-energy", "--to", "http://me:pw@localhost"], "no credentials in the URL"),
        (["ev-energy", "--base-url", "v2"], "'v2' is no base URL"),
        (["ev-energy", "--har", "no/such/folder.har"], "cannot be written"),
        (["ev-energy", "--port", "70000"], "70000 is not in the range"),
    ],
)
def test_wrong_usage_is_exit_code_2(words: list[str], said: str) -> None:
    words = words if "--to" in words else [*words, "--to", "http://127.0.0.1:1"]
    result = CliRunner().invoke(proxy, words, catch_exceptions=False)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert "pw" not in result.output


def test_a_taken_port_is_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        words = ["ev-energy", "--to", "http://127.0.0.1:1", "--port", str(taken.getsockname()[1])]
        result = CliRunner().invoke(proxy, words, catch_exceptions=False)
    assert result.exit_code == 2
    assert "Address already in use; choose another --port" in result.output


def test_the_copy_of_a_long_body_is_cut() -> None:
    copy = passing.Copy()
    for _ in range(3):
        copy.keep(b"a" * (passing.MOST_KEPT // 2))
    assert (len(copy.body), bool(copy.cut)) == (passing.MOST_KEPT, True)
    assert forward.BAD_GATEWAY == 502
