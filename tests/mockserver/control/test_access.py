"""Who may call the control plane."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mockserver.settings import Settings
from tests.asgi import Client, Response
from tests.mock import CONTROL, NOON, V2, Mock
from tests.mockserver.control.conftest import LOOPBACK

SETTINGS = Settings(at=NOON, speed=0.0)
HEALTH = f"{CONTROL}/health"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Mock]:
    """A mock with a control token."""
    mock = Mock(replace(SETTINGS, control_token="open sesame"))  # a space must not confuse it
    yield mock
    mock.close()


def _from(mock: Mock, address: str, **headers: str) -> Response:
    client = Client(mock.app, {"host": LOOPBACK, **headers}, client=address)
    try:
        return client.get(HEALTH)
    finally:
        client.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1"])
def test_callers_on_this_machine_are_let_in(mock: Mock, address: str) -> None:
    assert _from(mock, address).status == 200


def test_a_caller_by_ipv4_on_a_dual_stack_socket_is_on_this_machine(mock: Mock) -> None:
    assert _from(mock, "::ffff:127.0.0.1").status == 200  # what `--host ::` sees


@pytest.mark.parametrize(
    "address", ["192.168.1.20", "10.0.0.1", "8.8.8.8", "0.0.0.0", "fe80::1", "::ffff:10.0.0.1", "", "testclient"]
)
def test_callers_elsewhere_are_403(mock: Mock, address: str) -> None:
    response = _from(mock, address)

    assert response.status == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "Forbidden"
    assert "control token" in response.json()["detail"]


def test_the_apis_themselves_answer_callers_elsewhere(mock: Mock) -> None:
    client = Client(mock.app, {**mock.full.headers, "host": "mock.lan:8080"}, client="192.168.1.20")

    assert client.get(f"{V2}/tariffs").status == 200
    client.close()


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1", "[::1]:8080", "127.1.2.3"])
def test_a_host_that_means_this_machine_is_let_in(mock: Mock, host: str) -> None:
    assert _from(mock, "127.0.0.1", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:8080", "127.0.0.1.evil.test", "localhost.evil.test", "192.168.1.20", "2130706433", "0"],
)
def test_dns_rebinding_is_403(mock: Mock, host: str) -> None:
    assert _from(mock, "127.0.0.1", host=host).status == 403


@pytest.mark.parametrize(
    "host", ["[:::]", "[1.2]", "[.]", "a b", "user@127.0.0.1", "127.0.0.1/x", "127.0.0.1:x", "\xff"]
)
@pytest.mark.parametrize("path", [HEALTH, f"{V2}/tariffs"])
def test_a_host_that_is_none_is_400(mock: Mock, host: str, path: str) -> None:
    response = mock.full.get(path, headers={"host": host})

    assert response.status == 400
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:3000", "https://[::1]"])
def test_a_page_of_this_machine_may_call(mock: Mock, origin: str) -> None:
    assert _from(mock, "127.0.0.1", origin=origin).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.test",
        "https://127.0.0.1.evil.test",
        "null",
        "",
        "file://",
        "127.0.0.1",
        "http://127.0.0.1@evil.test",
        "http://[",
        "http://[::g]",
        "http://[::1",
        "\xff",
    ],
)
def test_a_page_of_elsewhere_is_403(mock: Mock, origin: str) -> None:
    assert _from(mock, "127.0.0.1", origin=origin).status == 403


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/reset"), ("PUT", "/seed"), ("PUT", "/clock"), ("POST", "/clock/run"), ("GET", "/state"),
    ("PUT", "/state"), ("GET", "/applications"), ("POST", "/applications"), ("GET", "/journal"), ("DELETE", "/journal"),
    ("POST", "/faults"), ("DELETE", "/faults"), ("DELETE", "/faults/fault000001"), ("GET", "/users"),
    ("DELETE", "/applications/ev-energy-full"), ("POST", "/applications/ev-energy-full/tokens"),
])  # fmt: skip
def test_every_operation_is_guarded_before_anything_else_is_looked_at(
    mock: Mock, guarded: Mock, method: str, path: str
) -> None:
    broken = {"content-type": "text/nonsense", "accept": "image/png"}
    assert (
        mock.anonymous.request(method, CONTROL + path, headers={**broken, "origin": "http://evil.test"}).status == 403
    )
    assert guarded.anonymous.request(method, CONTROL + path, headers=broken).status == 401


def test_a_refused_caller_changes_nothing(mock: Mock) -> None:
    mock.anonymous.put(f"{CONTROL}/seed", json={"seed": 3}, headers={"host": "evil.test"})
    mock.anonymous.delete(f"{CONTROL}/applications/ev-energy-full", headers={"origin": "http://evil.test"})

    assert mock.anonymous.get(f"{CONTROL}/seed").json() == {"seed": 1}
    assert mock.anonymous.get(f"{CONTROL}/applications/ev-energy-full").status == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20"])
@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer open", "Bearer open sesame ", "Basic b3BlbiBzZXNhbWU=", "open sesame", "\xff"],
)
def test_with_a_control_token_everybody_needs_it(guarded: Mock, address: str, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    response = _from(guarded, address, **headers)

    assert response.status == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "open sesame" not in response.body.decode()


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.20"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])  # RFC 9110 section 11.1: case does not matter
def test_the_control_token_lets_in_from_everywhere(guarded: Mock, address: str, scheme: str) -> None:
    assert _from(guarded, address, authorization=f"{scheme} open sesame", host="mock.lan").status == 200


def test_an_access_token_of_an_api_is_no_control_token(guarded: Mock) -> None:
    assert _from(guarded, "127.0.0.1", authorization=guarded.full.headers["authorization"]).status == 401


def test_what_an_unguarded_mock_is_sent_as_credential_is_ignored(mock: Mock) -> None:
    assert _from(mock, "127.0.0.1", authorization="Bearer whatever").status == 200
