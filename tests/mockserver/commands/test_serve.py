"""`gridmock serve` as a user sees it: banner, options, errors, signals."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import specs
from tests.mockserver.commands.server import MAIN, Server, gridmock

ONE_API = ("--api", "ev-energy")
"""Enough where it does not matter what is served: it starts in half the time."""
PATCHED = "import specs.catalogue as c, pathlib; c._FOLDER = pathlib.Path({folder!r}); " + MAIN


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--at", "2026-03-18T12:00:00Z", "--speed", "0", "--seed", "5") as running:
        yield running


@pytest.fixture
def contracts(tmp_path: Path) -> Path:
    """A copy of the contracts that may be broken."""
    folder = tmp_path / "specs"
    for source in Path(specs.__file__).parent.glob("*/*.yaml"):
        target = folder / source.parent.name / source.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    return folder


# --- the banner


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_printed_curl_line_works_when_pasted(server: Server) -> None:
    done = subprocess.run(
        f"{server.curl} -s -w '\\n%{{http_code}}'", shell=True, capture_output=True, text=True, timeout=20, check=True
    )

    body, _, status = done.stdout.rpartition("\n")
    assert status == "200"
    assert len(json.loads(body)) == 2
    assert json.loads(body)[0]["supplier"]["name"], "the line asks for expand=supplier"


def test_port_0_prints_the_port_that_was_taken(server: Server) -> None:
    assert server.port != 0
    assert server.origin == f"http://127.0.0.1:{server.port}"
    assert server.tariffs()[0] == 200


def test_the_banner_says_seed_clock_and_base_urls(server: Server) -> None:
    first = server.banner.splitlines()[0]
    assert "seed 5" in first
    assert "2026-03-18T12:00:00Z (frozen)" in first
    for base_path in ("/ev-energy/v2", "/ev-energy/o", "/_mock"):
        assert f"{server.origin}{base_path} " in server.banner
        assert server.call("GET", f"{base_path}/docs/")[0] == 200
        assert server.call("GET", f"{base_path}/openapi.json")[0] == 200


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_printed_client_credentials_get_a_token(server: Server) -> None:
    line = next(line for line in server.banner.splitlines() if "client_id" in line)
    client_id, secret = line.split("client_id ")[1].split(", secret ")
    done = subprocess.run(
        ["curl", "-s", "-u", f"{client_id}:{secret}", "-d", "grant_type=client_credentials",
         f"{server.origin}/ev-energy/o/token/"],
        capture_output=True, timeout=20, check=True,
    )  # fmt: skip

    token = json.loads(done.stdout)["access_token"]
    assert server.call("GET", "/ev-energy/v2/tariffs", headers={"authorization": f"Bearer {token}"})[0] == 200


def test_ready_made_tokens_are_one_contracted_and_one_not(server: Server) -> None:
    full, basic, *_ = server.tokens
    path = "/ev-energy/v2/tariffs?expand=prices"
    assert server.call("GET", path, headers={"authorization": f"Bearer {full}"})[0] == 200
    assert server.call("GET", path, headers={"authorization": f"Bearer {basic}"})[0] == 403


# --- options


def test_environment_variables_are_options() -> None:
    settings = {
        "GRIDMOCK_SERVE_SEED": "77",
        "GRIDMOCK_SERVE_AT": "2026-01-14",
        "GRIDMOCK_SERVE_SPEED": "0",
        "GRIDMOCK_SERVE_RATE_LIMITS": "enforce",
        "GRIDMOCK_SERVE_MAX_BODY": "100",
        "GRIDMOCK_SERVE_JOURNAL_SIZE": "2",
        "GRIDMOCK_SERVE_CONTROL_TOKEN": "s3cret",
        "GRIDMOCK_SERVE_LOG": "requests",
        "GRIDMOCK_SERVE_API": "ev-energy",
    }
    with Server(**settings) as server:
        control = {"authorization": "Bearer s3cret"}
        status, _, health = server.call("GET", "/_mock/health", headers=control)
        assert status == 200
        assert json.loads(health)["seed"] == 77
        assert json.loads(health)["now"] == "2026-01-14T00:00:00Z"
        assert server.call("GET", "/_mock/health")[0] == 401
        assert server.call("PUT", "/_mock/seed", {"seed": 1, "x": "x" * 100}, control)[0] == 413
        limited = server.call("POST", "/_mock/applications", {"name": "n", "rate_limit_per_hour": 2}, control)
        application = json.loads(limited[2])
        path = f"/_mock/applications/{application['client_id']}/tokens"
        token = json.loads(server.call("POST", path, {}, control)[2])["access_token"]
        bearer = {"authorization": f"Bearer {token}"}
        assert [server.call("GET", "/ev-energy/v2/tariffs", headers=bearer)[0] for _ in range(3)] == [200, 200, 429]
        assert len(json.loads(server.call("GET", "/_mock/journal", headers=control)[2])) == 2
        assert "req000000000001 GET /ev-energy/v2/tariffs 200" in server.errors
        assert token not in server.errors


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API", "nope", "There is no API nope"),
        ("WORKERS", "2", "--workers"),
        ("AT", "never", "--at"),
        ("LOG", "x", "--log"),
    ],
)
def test_a_bad_environment_variable_is_refused_as_the_option_is(name: str, value: str, said: str) -> None:
    done = gridmock("serve", "--port", "0", **{f"GRIDMOCK_SERVE_{name}": value})

    assert done.returncode == 2
    assert said in done.stderr


ORGANIZATION = "/_mock/stekker/organizations/stekker-north"


def _callback(server: Server, url: str) -> tuple[int, str]:
    """Status and body of asking for webhooks at a URL."""
    status, _, body = server.call("PATCH", ORGANIZATION, {"callback_url": url})
    return status, body.decode()


def test_webhooks_go_to_this_machine_only_unless_a_host_is_named() -> None:
    with Server("--api", "stekker", "--speed", "0") as server:
        assert _callback(server, "http://127.0.0.1:9000/cb")[0] == 200
        status, body = _callback(server, "http://receiver.test/cb")
        assert status == 400
        assert "--callback-host receiver.test" in body, "the way out is named"


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["--callback-host", "receiver.test", "--callback-host", "Other.Test"], {}),
        ([], {"GRIDMOCK_SERVE_CALLBACK_HOSTS": "receiver.test Other.Test"}),
    ],
    ids=["options", "environment"],
)
def test_webhooks_may_go_to_every_host_that_is_named(arguments: list[str], settings: dict[str, str]) -> None:
    with Server("--api", "stekker", "--speed", "0", *arguments, **settings) as server:
        for host in ("receiver.test", "other.test:8443", "localhost"):
            assert _callback(server, f"https://{host}/cb")[0] == 200
        assert _callback(server, "http://third.test/cb")[0] == 400


class Hook(BaseHTTPRequestHandler):
    """Takes a webhook, and answers when it is told to."""

    arrived: queue.SimpleQueue[str]
    released: threading.Event

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.arrived.put(self.path)
        self.released.wait()
        with contextlib.suppress(OSError):
            self.send_response(204)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def _receiver(*, answers: bool) -> Iterator[tuple[str, queue.SimpleQueue[str]]]:
    """The URL of a receiver that answers at once or not before it ends, and the paths of what arrived there."""
    arrived: queue.SimpleQueue[str] = queue.SimpleQueue()
    released = threading.Event()
    if answers:
        released.set()
    handler = type("Told", (Hook,), {"arrived": arrived, "released": released})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as receiver:
        thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{receiver.server_port}", arrived
        finally:
            released.set()
            receiver.shutdown()
            thread.join()


@pytest.mark.parametrize("answers", [True, False])
def test_a_webhook_goes_out_by_itself_and_nothing_of_it_is_left_when_the_server_ends(answers: bool) -> None:
    pair = {"event": "ChargePointDetailsNotification", "chargePointId": "charger-1"}
    params = {"connectorId": 1, "idTag": "card", "timestamp": "2026-03-18T12:00:00Z", "meterStart": 0}
    response = {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}
    event = {"method": "StartTransaction", "params": params, "response": response}
    start = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": "charger-1", "event": event}
    options = ["--api", "stekker", "--at", "2026-03-18T12:00:00Z", "--speed", "0"]
    with (
        _receiver(answers=answers) as (url, arrived),
        Server(*options, python=["-W", "error", "-X", "dev"]) as server,
    ):
        assert _callback(server, f"{url}/cb")[0] == 200
        north = {"authorization": f"Bearer {server.tokens[0]}"}
        assert server.call("PUT", "/stekker/api/v1/events", pair, north)[0] == 200
        assert server.call("POST", "/stekker/api/v1/events", start, north)[0] == 200
        assert arrived.get(timeout=10) == "/cb/charger-1/set-charging-profile"
        assert server.stop() == 0
        assert server.errors == ""


def test_options_win_over_the_environment() -> None:
    with Server(*ONE_API, "--seed", "8", GRIDMOCK_SERVE_SEED="7") as server:
        assert json.loads(server.call("GET", "/_mock/seed")[2]) == {"seed": 8}


def test_the_clock_runs_at_the_speed_asked_for() -> None:
    with Server(*ONE_API, "--at", "2026-03-29T00:30:00Z", "--speed", "3600") as server:
        assert "speed 3600" in server.banner
        clock = json.loads(server.call("GET", "/_mock/clock")[2])
        time.sleep(0.5)
        later = json.loads(server.call("GET", "/_mock/clock")[2])
        assert "2026-03-29" <= clock["now"] < "2026-06"  # where it is after 25 minutes
        assert later["now"] > clock["now"]
        assert later["speed"] == 3600


def test_ipv6_loopback_is_local_as_well() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")
    with Server(*ONE_API, "--host", "::1") as server:
        assert server.origin.startswith("http://[::1]:")
        assert server.call("GET", "/_mock/health")[0] == 200
        assert server.tariffs()[0] == 200


def test_start_up_gives_no_warning() -> None:
    with Server(python=["-W", "error", "-X", "dev"]) as server:
        assert server.tariffs()[0] == 200
        assert server.call("GET", "/_mock/docs/")[0] == 200
        assert server.stop() == 0
        assert server.errors == ""


def test_a_server_at_rest_prints_nothing_more(server: Server) -> None:
    server.call("GET", "/ev-energy/v2/nope")
    server.call("PUT", "/_mock/seed", b"{", {"content-type": "application/json"})

    assert server.errors == ""


# --- errors: exit code 2, what to do, no traceback


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--api", "nope"], "There is no API nope. There are: ev-energy"),
        (["--api", "control"], "There is no API control"),
        (["--at", "yesterday"], "write it as 2026-03-29T00:30:00Z"),
        (["--at", "2026-02-30T00:00:00Z"], "2026-03-29T00:30:00Z"),
        (["--at", "1969-12-31T23:59:59Z"], "outside 1970-01-01 to 2200-01-01"),
        (["--at", "9999-12-31T23:59:59-23:59"], "outside 1970-01-01 to 2200-01-01"),
        (["--seed", "-1"], "--seed"),
        (["--seed", "one"], "--seed"),
        (["--seed", str(2**63)], "--seed"),
        (["--speed", "-1"], "--speed"),
        (["--speed", "fast"], "--speed"),
        (["--speed", "nan"], "--speed"),
        (["--speed", "inf"], "--speed"),
        (["--workers", "2"], "--workers"),
        (["--workers", "0"], "--workers"),
        (["--port", "65536"], "--port"),
        (["--port", "http"], "--port"),
        (["--host", "203.0.113.7"], "cannot listen on 203.0.113.7"),
        (["--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid"),
        (["--host", "a" * 300], "cannot listen on"),
        (["--rate-limits", "maybe"], "enforce"),
        (["--max-body", "0"], "--max-body"),
        (["--journal-size", "-1"], "--journal-size"),
        (["--log", "loud"], "requests"),
        (["--nope"], "No such option"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_a_bad_option_ends_with_2_and_says_what_would_do(arguments: list[str], said: str) -> None:
    done = gridmock("serve", "--port", "0", *arguments)

    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "", "the banner must not promise a server that does not come"


def test_a_taken_port_is_named_with_a_way_out(server: Server) -> None:
    done = gridmock("serve", "--port", str(server.port))

    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {server.port}" in done.stderr
    assert "--port 0" in done.stderr
    assert "Traceback" not in done.stderr


BREAKS = {
    "not YAML": ("tariffs.yaml", "paths: [\n", "tariffs.yaml"),
    "unknown keyword": ("openapi.yaml", "x: 1\n", "openapi.yaml"),
    "not UTF-8": ("tariffs.yaml", b"\xff\xfe\n", "tariffs.yaml"),
    "empty root": ("openapi.yaml", "", "ev-energy"),
    "missing part": ("tariffs.yaml", None, "tariffs.yaml"),
}


def _break(contracts: Path, kind: str) -> str:
    """Spoil a copy of the ev.energy contract; returns what the message has to name."""
    name, content, said = BREAKS[kind]
    file = contracts / "ev_energy" / name
    if content is None:
        file.unlink()
    elif isinstance(content, bytes):
        file.write_bytes(content)
    elif kind == "unknown keyword":
        file.write_text(file.read_text() + content)
    else:
        file.write_text(content)
    return said


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("command", ["serve", "routes"])
def test_a_broken_contract_ends_with_2_and_names_the_file(contracts: Path, command: str, kind: str) -> None:
    said = _break(contracts, kind)

    port = ["--port", "0"] if command == "serve" else []
    done = gridmock(command, *port, code=PATCHED.format(folder=str(contracts)))

    assert done.returncode == 2, done.stderr[-600:]
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_handler_that_is_missing_ends_with_2_and_names_the_operation(contracts: Path) -> None:
    file = contracts / "control" / "system.yaml"
    file.write_text(file.read_text().replace("operationId: get_health", "operationId: get_wealth"))

    done = gridmock("serve", "--port", "0", code=PATCHED.format(folder=str(contracts)))

    assert done.returncode == 2
    assert "get_wealth" in done.stderr
    assert "Traceback" not in done.stderr


# --- signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [[], ["--reload"]], ids=["plain", "reload"])
def test_a_signal_ends_an_idle_server_with_0(number: int, options: list[str]) -> None:
    with Server(*ONE_API, *options) as server:
        idle = HTTPConnection("127.0.0.1", server.port)
        idle.request("GET", "/_mock/health")
        idle.getresponse().read()  # a connection that stays open must not hold the server back

        began = time.monotonic()
        assert server.stop(number) == 0
        assert time.monotonic() - began < 2
        assert "Traceback" not in server.errors
        idle.close()
        with pytest.raises(ConnectionRefusedError):
            server.tariffs()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_has_begun_is_finished_before_the_server_ends(number: int) -> None:
    with Server(*ONE_API) as server:
        server.call("POST", "/_mock/faults", {"match": {}, "action": {"delay_ms": 1000}})
        answers: list[int] = []
        caller = threading.Thread(target=lambda: answers.append(server.tariffs()[0]))
        caller.start()
        time.sleep(0.4)

        code = server.stop(number)
        caller.join(10)

        assert (code, answers) == (0, [200])
        assert "Traceback" not in server.errors


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_right_behind_the_banner_ends_the_server_with_0(number: int) -> None:
    with Server(*ONE_API) as server:
        assert server.stop(number) == 0
        assert server.errors == ""


# --- faults and connections that need a real server


def test_disconnect_closes_the_connection_without_an_answer() -> None:
    with Server(*ONE_API) as server:
        fault = {"match": {"operation_id": "get-tariffs"}, "action": {"disconnect": True}, "times": 2}
        assert server.call("POST", "/_mock/faults", fault)[0] == 201
        bearer = {"authorization": f"Bearer {server.tokens[0]}"}
        for method in ("GET", "HEAD"):
            with pytest.raises((RemoteDisconnected, ConnectionResetError)):
                server.call(method, "/ev-energy/v2/tariffs", headers=bearer)
        assert server.tariffs()[0] == 200
        assert server.errors == "", "what was ordered is no error of the server"


def test_a_disconnected_request_was_received_and_is_in_the_journal() -> None:
    with Server(*ONE_API) as server:
        server.call("POST", "/_mock/faults", {"match": {}, "action": {"disconnect": True}, "times": 1})
        with pytest.raises((HTTPException, ConnectionError)):
            server.tariffs()
        calls = json.loads(server.call("GET", "/_mock/journal/calls?operation_id=get-tariffs")[2])
        assert calls["count"] == 1, "a client that tries again is to be seen trying"


def test_an_ordered_delay_holds_up_only_the_requests_it_fits() -> None:
    with Server(*ONE_API) as server:
        fault = {"match": {"operation_id": "get-tariffs"}, "action": {"delay_ms": 600}, "times": 1}
        server.call("POST", "/_mock/faults", fault)
        took: list[float] = []

        def slow() -> None:
            began = time.monotonic()
            assert server.tariffs()[0] == 200
            took.append(time.monotonic() - began)

        caller = threading.Thread(target=slow)
        caller.start()
        time.sleep(0.1)
        began = time.monotonic()
        assert server.call("GET", "/_mock/health")[0] == 200
        other = time.monotonic() - began
        caller.join(10)
        assert took[0] >= 0.6
        assert other < 0.4


def _raw(server: Server, *parts: bytes) -> bytes:
    """Send parts with a pause between them, end the sending side, and read until the server closes."""
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def test_a_body_that_never_comes_changes_nothing(server: Server) -> None:
    application = json.loads(server.call("POST", "/_mock/applications", {"name": "kept"})[2])
    announced = b"content-type: application/json\r\ncontent-length: 12\r\n\r\n"

    _raw(server, b"POST /_mock/reset HTTP/1.1\r\nhost: 127.0.0.1\r\n" + announced)
    _raw(server, b"POST /_mock/reset HTTP/1.1\r\nhost: 127.0.0.1\r\n" + announced, b'{"seed"')

    assert server.call("GET", f"/_mock/applications/{application['client_id']}")[0] == 200


def test_a_client_that_offers_http_2_is_served_over_http_1_with_its_body(server: Server) -> None:
    # RFC 9110 section 7.8: a server may ignore Upgrade. Java's HttpClient offers h2c with every first request.
    with socket.create_connection((server.host, server.port), timeout=5) as connection:
        for seed in (5, 5):
            body = b'{"seed": %d}' % seed
            connection.sendall(
                b"PUT /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: Upgrade, HTTP2-Settings\r\n"
                b"upgrade: h2c\r\nhttp2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
                b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
            )
            answer = b""
            while not answer.endswith(body.replace(b" ", b"")):  # head and body may arrive apart
                chunk = connection.recv(65536)
                assert chunk, answer
                answer += chunk
            assert answer.startswith(b"HTTP/1.1 200 "), answer


def test_answers_to_pipelined_requests_come_in_order_even_before_garbage(server: Server) -> None:
    # RFC 9112 section 9.3.2. The good request has its answer; what follows it is refused after that.
    good = b"GET /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"

    received = _raw(server, good + good + b"\x00garbage\r\n\r\n")

    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", received)[:2] == [b"200", b"200"], received


@pytest.mark.parametrize("host", ["http://csms.example.com", "csms.example.com:8080", "[::1]", "a b", ""])
def test_a_callback_host_that_would_never_match_is_refused(host: str) -> None:
    done = gridmock("serve", "--callback-host", host)
    assert done.returncode == 2
    assert "leave out scheme, port and brackets" in done.stderr
