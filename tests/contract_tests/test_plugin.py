"""The fixture `contract`: what a client and its server may do, what fails the test, and with which words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from requests.adapters import BaseAdapter

from contract_tests.plugin import Watched
from contract_tests.watching import ContractViolation, Watch
from tests.contract_tests.traffic.parcels import BASE, PARCEL, SPEC

pytest_plugins = "pytester"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that no line is cut for."""
    monkeypatch.setenv("COLUMNS", "200")


SECRET = "s3cr3t-pa55phrase"
PROBLEM = {"Content-Type": "application/problem+json"}
LIST = {"url": f"{BASE}/parcels", "headers": {"X-Depot": "D1"}}

Answer = tuple[int, dict[str, str], Any]
"""Status, headers and JSON values of what the server says, whatever it is asked."""
RIGHT: Answer = (200, {"X-Total": "1"}, [PARCEL])


class Adapter(BaseAdapter):
    """Gives the same answer to whatever requests sends."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def send(self, request: Any, *_: Any, **__: Any) -> Any:
        status, headers, content = self._answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response.headers.update({"Content-Type": "application/json", **headers})
        response.raw = BytesIO(json.dumps(content).encode())
        return response

    def close(self) -> None:
        pass


def transport(answer: Answer) -> httpx.MockTransport:
    status, headers, content = answer
    return httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, json=content))


Call = Callable[..., Any]
Asking = Callable[[Watch, Answer], Call]


def by_requests(watch: Watch, answer: Answer) -> Call:
    session = requests.Session()
    session.mount("http://", Adapter(answer))
    return watch.requests(session).request


def by_httpx(watch: Watch, answer: Answer) -> Call:
    return watch.httpx(httpx.Client(transport=transport(answer))).request


def by_httpx_async(watch: Watch, answer: Answer) -> Call:
    client = watch.httpx_async(httpx.AsyncClient(transport=transport(answer)))
    return lambda *words, **options: asyncio.run(client.request(*words, **options))


@pytest.fixture(params=[by_requests, by_httpx, by_httpx_async])
def asking(request: pytest.FixtureRequest) -> Asking:
    """Each kind of client in turn."""
    made: Asking = request.param
    return made


def parcels(contract: Watched, **options: Any) -> Watch:
    return contract(spec=SPEC, base_url=BASE, **options)


def line_of(text: str) -> int:
    return SPEC.read_text("utf-8").splitlines().index(text) + 1


def test_exchanges_that_keep_the_contract_pass(contract: Watched, asking: Asking) -> None:
    watch = parcels(contract)
    assert asking(watch, RIGHT)("GET", **LIST).json() == [PARCEL]
    assert asking(watch, (404, PROBLEM, {"title": "no"}))("GET", f"{BASE}/parcels/9").status_code == 404
    assert watch.violations == []


WRONG = [
    pytest.param(
        (200, {"X-Total": "1"}, [{**PARCEL, "weight": -2}]),
        {},
        ["GET /parcels: response breaks minimum", "(body at #/0/weight)", "came      200 application/json: [{", "-2"],
        "        weight: {type: [number, 'null'], minimum: 0}",
        id="schema",
    ),
    pytest.param(
        (200, {"X-Total": "many"}, []),
        {},
        ["GET /parcels: response breaks type", "header X-Total", "came      200 application/json: []"],
        "              schema: {type: integer, minimum: 0}",
        id="header",
    ),
    pytest.param(
        (202, {}, []),
        {},
        ["GET /parcels: response breaks status", "202 is not declared; there is 200, 4XX", "came      202"],
        "      responses:",
        id="undeclared-status",
    ),
    pytest.param(
        RIGHT,
        {"url": f"{BASE}/parcel"},
        ["GET /parcel is no operation of", "did you mean GET /parcels", "came      200 application/json: [{"],
        "paths:",
        id="unknown-path",
    ),
    pytest.param(
        RIGHT,
        {"params": {"limit": 99}},
        ["GET /parcels: request breaks maximum", "the query parameter limit: 99", "came      200", "parcels?limit=99"],
        "          schema: {type: integer, minimum: 1, maximum: 50}",
        id="invalid-request",
    ),
]


@pytest.mark.parametrize(("answer", "sent", "words", "place"), WRONG)
def test_what_breaks_it_is_raised_at_the_call(
    contract: Watched, asking: Asking, answer: Answer, sent: dict[str, Any], words: list[str], place: str
) -> None:
    watch = parcels(contract)
    call = asking(watch, answer)
    with pytest.raises(ContractViolation) as raised:
        call("GET", **{**LIST, **sent})
    (told,) = watch.untold()
    assert told == str(raised.value)
    assert f"    contract  {SPEC}:{line_of(place)}: #/" in told
    assert [word for word in words if word not in told] == []


def test_a_body_that_breaks_it_is_raised(contract: Watched, asking: Asking) -> None:
    watch = parcels(contract)
    call = asking(watch, (201, {"Content-Type": "application/vnd.parcel+json"}, PARCEL))
    assert call("POST", f"{BASE}/parcels", json={"name": "books", "pin": "0"}).status_code == 201
    with pytest.raises(ContractViolation, match=r"POST /parcels: request breaks required\n.*pin"):
        call("POST", f"{BASE}/parcels", json={"name": "books"})
    assert len(watch.untold()) == 1


def test_a_wrong_request_that_was_refused_is_the_servers_business(contract: Watched, asking: Asking) -> None:
    call = asking(parcels(contract), (400, PROBLEM, {"title": "too many"}))
    assert call("GET", **LIST, params={"limit": 99}).status_code == 400


def test_secrets_are_masked(contract: Watched, asking: Asking) -> None:
    watch = parcels(contract)
    call = asking(watch, (500, {}, {"seen": SECRET, "access_token": "t0p-secret-token"}))
    sent = {"Authorization": f"Bearer {SECRET}", "X-Parcel-Secret": SECRET, "Cookie": f"session={SECRET}"}
    for path in ("/parcels/7", f"/{SECRET}"):
        with pytest.raises(ContractViolation) as raised:
            call("GET", BASE + path, headers=sent, params={"code": SECRET})
        assert "500" in str(raised.value)
        assert SECRET not in str(raised.value)
        assert "t0p-secret-token" not in str(raised.value)
    watch.untold()


def test_several_contracts_each_see_their_own(contract: Watched) -> None:
    ours, theirs = contract("ev-energy", "http://energy.test/v2"), parcels(contract)
    session = requests.Session()
    session.mount("http://", Adapter(RIGHT))
    client = theirs.requests(ours.requests(session))
    assert client.get(**LIST).ok
    with pytest.raises(ContractViolation, match="GET /tariffs: response breaks"):
        client.get("http://energy.test/v2/tariffs")
    assert theirs.violations == []
    assert all(text.startswith("GET /tariffs: response breaks") for text in ours.untold())


def test_a_client_that_outlives_the_test_is_as_it_was(contract: Watched) -> None:
    session, client, asynchronous = requests.Session(), httpx.Client(), httpx.AsyncClient()
    before = dict(session.adapters)
    first, second = parcels(contract), parcels(contract)
    for watch in (first, second):
        watch.requests(session)
        watch.httpx(client)
        watch.httpx_async(asynchronous)
    assert session.adapters != before
    assert len(client.event_hooks["response"]) == 2
    second.release()
    first.release()
    assert session.adapters == before
    assert [*client.event_hooks["response"], *asynchronous.event_hooks["response"]] == []


@pytest.mark.parametrize("media_type", ["text/event-stream", "application/pdf"])
def test_bodies_that_nobody_judges_are_left_to_the_client(contract: Watched, media_type: str) -> None:
    def endless() -> Iterator[bytes]:
        yield b"first"
        raise RuntimeError("read too far")

    def answered(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": media_type}, content=endless())

    client = parcels(contract).httpx(httpx.Client(transport=httpx.MockTransport(answered)))
    with client.stream("GET", f"{BASE}/parcels/latest") as response:
        assert next(response.iter_raw()) == b"first"


async def read_asynchronously(watch: Watch) -> bytes:
    async def endless() -> AsyncIterator[bytes]:
        yield b"first"
        raise RuntimeError("read too far")

    def answered(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Type": "application/pdf"}, content=endless())

    client = watch.httpx_async(httpx.AsyncClient(transport=httpx.MockTransport(answered)))
    async with client.stream("GET", f"{BASE}/parcels/latest") as response:
        return await anext(response.aiter_raw())


def test_asynchronous_clients_keep_theirs_too(contract: Watched) -> None:
    assert asyncio.run(read_asynchronously(parcels(contract))) == b"first"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"api": "stekker"}, "say what to watch"),
        ({"base_url": BASE}, "say what to watch"),
        ({"api": "stekker", "spec": SPEC, "base_url": BASE}, "say what to watch"),
        ({"api": "stekker", "base_url": "parcels.test"}, "'parcels.test' is no base URL: write http"),
        ({"api": "stecker", "base_url": BASE}, "stekker"),
        ({"spec": "none.yaml", "base_url": BASE}, "none.yaml"),
        ({"spec": Path(__file__), "base_url": BASE}, "test_plugin.py"),
    ],
)
def test_a_contract_that_cannot_be_had_is_told(contract: Watched, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, pytest.fail.Exception), match=message):
        contract(**options)


SUITE = """
    import httpx, pytest
    from tests.contract_tests.test_plugin import LIST, RIGHT, SPEC, BASE, transport

    BAD = (200, {"X-Total": "1"}, [{"id": 0}])

    def client_of(contract, answer, **options):
        return contract(spec=SPEC, base_url=BASE, **options).httpx(httpx.Client(transport=transport(answer)))
"""


def run(pytester: pytest.Pytester, code: str) -> pytest.RunResult:
    pytester.makepyfile(test_theirs=SUITE + code)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error")


def test_a_failure_shows_the_line_of_the_call_and_not_the_client(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    def test_bad(contract):
        client = client_of(contract, BAD)
        client.get(**LIST)
    """,
    )
    result.assert_outcomes(failed=1)
    text = result.stdout.str()
    assert "httpx/_client.py" not in text
    assert text.count("response breaks required") == 2  # the failure and the summary
    result.stdout.fnmatch_lines(
        [
            ">       client.get(**LIST)",
            "E *ContractViolation: GET /parcels: response breaks *",
            "test_theirs.py:11: ContractViolation",
        ]
    )


def test_what_the_client_swallows_or_is_told_late_fails_the_test_at_its_end(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
    def test_swallowed(contract):
        try:
            client_of(contract, BAD).get(**LIST)
        except AssertionError:
            pass

    def test_late(contract):
        client = client_of(contract, BAD, late=True)
        for _ in range(3):
            assert client.get(**LIST).status_code == 200

    def test_late_and_wrong_besides(contract):
        client_of(contract, BAD, late=True).get(**LIST)
        assert 1 == 2

    @pytest.fixture
    def setting_up(contract):
        client_of(contract, BAD).get(**LIST)

    def test_set_up(setting_up):
        pass

    @pytest.fixture
    def tearing_down(contract):
        client = client_of(contract, BAD, late=True)
        yield
        client.get(**LIST)

    def test_torn_down(tearing_down):
        pass

    def test_elsewhere(contract):
        client_of(contract, RIGHT).get("http://else.test")

    def test_expected(contract):
        watch = contract(spec=SPEC, base_url=BASE)
        with pytest.raises(AssertionError, match="response breaks"):
            watch.httpx(httpx.Client(transport=transport(BAD))).get(**LIST)
        watch.violations.clear()

    def test_nothing(contract):
        client_of(contract, RIGHT)
    """,
    )
    result.assert_outcomes(failed=4, errors=2, passed=3)
    result.stdout.fnmatch_lines_random(
        [
            "ERROR *::test_set_up - *ContractViolation: GET /parcels*",
            "ERROR *::test_torn_down - Failed: GET /parcels: response breaks required",
            "FAILED *::test_swallowed - Failed: GET /parcels: response breaks required",
            "FAILED *::test_late - Failed: GET /parcels: response breaks required",
            "FAILED *::test_late_and_wrong_besides - assert 1 == 2",
            "*Captured contract call*",
            f"FAILED *::test_elsewhere - *None of 1 exchanges was below {BASE}: nothing was judged.",
        ]
    )
