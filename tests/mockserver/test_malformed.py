"""Two thousand requests that no client should send: each is refused in the words of the API, and nothing suffers.

Everything goes over raw sockets to a real server. A case is the bytes sent, and what may come back: the statuses, and
the format. Bytes from which no path can be read have no API, and are refused as a plain problem (RFC 9457).

HTTP itself allows a connection to end without an answer in one case that is tested: a message that stays incomplete
when the client ends its side (RFC 9112 section 8; nobody may be listening any more). Those are in `_INCOMPLETE`.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from mockserver.apis.dynamo.ocpi.partners import REGISTERED
from mockserver.apis.dynamo.ocpi.partners import ready_accounts as partners
from mockserver.app import load_specs, selected
from mockserver.settings import DEFAULT_SEED
from tests.mockserver.commands.server import Server
from tests.mockserver.malformed import (
    CONTROL,
    DYNAMO_ERROR,
    FORM,
    MAX_BODY,
    OAUTH,
    OAUTH_ERROR,
    OCPI_ERROR,
    PROBLEM,
    Case,
    Generator,
)

CASES = 2000
WORDED: Mapping[str, Callable[[Any, int], Any]] = {
    PROBLEM: lambda body, status: body.get("status") == status and body.get("title") and body.get("detail"),
    OAUTH_ERROR: lambda body, _: body.keys() == {"error", "error_description"} and body["error_description"],
    DYNAMO_ERROR: lambda body, _: body.keys() == {"error"} and body["error"]["code"] and body["error"]["message"],
    OCPI_ERROR: lambda body, _: (
        body.keys() == {"status_code", "status_message", "timestamp"} and 2000 <= body["status_code"] < 3000
    ),
}
"""Whether a body is a refusal with that status in the words of an API."""
ANSWER_WITHIN_S = 5.0
GROWTH_KIB = 6 * 1024
"""What memory may grow by in 4 000 requests, once 4 000 have filled the journal and the allocator's pools."""


@dataclass(frozen=True)
class Answer:
    """The final response to a request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _send(server: Server, parts: Sequence[bytes]) -> Answer:
    """The answer to bytes, interim ones left out; AssertionError when there is none or it is cut."""
    with socket.create_connection((server.host, server.port), timeout=ANSWER_WITHIN_S) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all was sent, as it should be; the answer waits to be read
        received = b""
        while True:
            head, end, rest = received.partition(b"\r\n\r\n")
            if end:
                status = int(head.split(b" ", 2)[1])
                if status == 100:
                    received = rest
                    continue
                lines = head.decode("latin-1").split("\r\n")[1:]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                length = int(headers.get("content-length", 0))  # no answer of ours is chunked
                if len(rest) >= length:
                    return Answer(status, headers, rest[:length])
            chunk = connection.recv(65_536)
            assert chunk, f"closed without a whole answer: {received!r}"
            received += chunk


def _fault(case: Case, answer: Answer) -> str | None:
    """What is wrong with an answer, in a few words."""
    if answer.status not in case.statuses:
        return f"{answer.status} instead of {sorted(case.statuses)}: {answer.body[:160]!r}"
    content_type = answer.headers.get("content-type", "")
    if answer.status == 400 and answer.headers.get("connection") == "close" and b"is not HTTP" in answer.body:
        expected = PROBLEM  # no path could be read
    else:
        expected = case.style
    if content_type != ("application/problem+json" if expected == PROBLEM else "application/json"):
        return f"content type {content_type!r}: {answer.body[:160]!r}"
    body = json.loads(answer.body)
    if not WORDED[expected](body, answer.status):
        return f"not in the format of the API: {body}"
    if answer.status == 401 and "www-authenticate" not in answer.headers:
        return "401 without WWW-Authenticate"
    if answer.status == 405 and "allow" not in answer.headers:
        return "405 without Allow"
    return None


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    options = ("--at", "2026-03-18T12:00:00Z", "--speed", "0", "--max-body", str(MAX_BODY), "--journal-size", "500")
    with Server(*options) as running:
        yield running


@pytest.fixture(scope="module")
def cases(server: Server) -> list[Case]:
    apis = selected(("ev-energy",))
    secret = re.search(r"secret (\S+)", server.banner)[1]
    tokens = partners(DEFAULT_SEED, ()).tokens or {}
    partner_token = next(text for text, grant in tokens.items() if grant["label"] == REGISTERED)
    return list(Generator(server.tokens[0], secret, partner_token, load_specs(apis)).cases(CASES))


@pytest.fixture(scope="module")
def first_round(server: Server, cases: list[Case]) -> list[str]:
    """Everything that went wrong when each request was sent once."""
    return _round(server, cases)


def _round(server: Server, cases: Sequence[Case]) -> list[str]:
    wrong: list[str] = []
    for number, case in enumerate(cases):
        try:
            fault = _fault(case, _send(server, case.parts))
        except TimeoutError:
            fault = f"no answer within {ANSWER_WITHIN_S} s"
        except (AssertionError, ConnectionError) as error:
            fault = str(error)
        if fault:
            wrong.append(f"{number} {case.name}: {fault}; sent {b'|'.join(case.parts)[:120]!r}")
            if len(wrong) >= 200:
                break
    return wrong


def test_every_malformed_request_is_refused_in_the_format_of_the_api(first_round: list[str]) -> None:
    kinds: dict[str, list[str]] = {}
    for line in first_round:
        kinds.setdefault(re.sub(r"^\d+ ", "", line).partition(":")[0], []).append(line)
    report = "\n".join(f"{len(lines)} x {lines[0]}" for lines in kinds.values())
    assert not first_round, f"{len(first_round)} of {CASES}:\n{report}"


def test_the_server_goes_on_answering(server: Server, first_round: list[str]) -> None:
    assert server.process.poll() is None
    assert server.tariffs()[0] == 200
    assert json.loads(server.call("GET", f"{CONTROL}/seed")[2]) == {"seed": 1}
    assert json.loads(server.call("GET", f"{CONTROL}/clock")[2])["now"] == "2026-03-18T12:00:00Z"
    collections = json.loads(server.call("GET", f"{CONTROL}/state")[2])["collections"]
    assert not collections, "no malformed request did anything"
    assert json.loads(server.call("GET", f"{CONTROL}/faults")[2]) == []
    assert server.call("GET", f"{CONTROL}/journal?limit=1000")[0] == 200, "what it holds can be shown"


def test_nothing_of_it_was_an_error_of_the_server(server: Server, first_round: list[str]) -> None:
    assert "Traceback" not in server.errors, server.errors[-2000:]


def test_memory_stays_flat(server: Server, cases: list[Case], first_round: list[str]) -> None:
    _round(server, cases)
    before = server.rss_kib

    for _ in range(2):
        _round(server, cases)

    assert server.rss_kib - before < GROWTH_KIB


def test_many_bodies_below_the_limit_stay_below_a_bound() -> None:
    # The journal shows 64 KiB of a body; 600 bodies of 1 MiB must not be kept whole.
    with Server("--journal-size", "1000") as server:
        body = b"grant_type=x&state=" + b"a" * 1_000_000
        server.call("POST", f"{OAUTH}/token/", body, {"content-type": FORM})
        before = server.rss_kib
        for _ in range(150):
            assert server.call("POST", f"{OAUTH}/token/", body, {"content-type": FORM})[0] in (400, 401)
        assert server.rss_kib - before < 150 * 64 + 20_000


_INCOMPLETE = {
    "half a request line": b"GET /ev-ener",
    "half a head": b"GET /ev-energy/v2/ HTTP/1.1\r\nhost: 127.0.0.1\r\nx-a: ",
    "half a body": b"PUT /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"content-length: 20\r\n\r\n{",
    "half a chunk": b"PUT /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    b"transfer-encoding: chunked\r\n\r\nff\r\n{",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", _INCOMPLETE)
def test_an_incomplete_message_ends_with_its_connection(server: Server, kind: str) -> None:
    with socket.create_connection((server.host, server.port), timeout=ANSWER_WITHIN_S) as connection:
        connection.sendall(_INCOMPLETE[kind])
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(partial(connection.recv, 65_536), b""))

    assert received == b"" or received.startswith(b"HTTP/1.1 400 ")
    assert json.loads(server.call("GET", f"{CONTROL}/seed")[2]) == {"seed": 1}


def test_a_refusal_over_the_limit_reaches_a_client_that_goes_on_sending(server: Server) -> None:
    head = b"PUT /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
    head += b"content-length: 50000000\r\n\r\n"
    began = time.monotonic()

    answer = _send(server, [head, *[b" " * 100_000] * 500])

    assert answer.status == 413
    assert answer.headers["connection"] == "close"
    assert time.monotonic() - began < ANSWER_WITHIN_S


def test_a_good_request_behind_a_bad_one_is_served_on_the_same_connection(server: Server) -> None:
    bad = b"GET /_mock/nope HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    good = b"GET /_mock/seed HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n"
    with socket.create_connection((server.host, server.port), timeout=ANSWER_WITHIN_S) as connection:
        connection.sendall(bad * 3 + good)
        received = b"".join(iter(partial(connection.recv, 65_536), b""))

    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"404", b"404", b"404", b"200"]
