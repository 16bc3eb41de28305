"""Who may use the control plane: this machine, or whoever has the control token."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mockserver.http.auth import local_or_token
from tests.mockserver.http.workshop import API, BASE, Workshop

GUARDED = replace(API, identify={"oauth2": local_or_token}, quota=None)


@pytest.fixture
def local() -> Workshop:
    """An API guarded as the control plane is, without a control token."""
    return Workshop(api=GUARDED)


def status(workshop: Workshop, *, client: str = "127.0.0.1", **headers: str) -> int:
    return workshop.caller(client, **{"host": "localhost:8080", **headers}).get(f"{BASE}/things").status


# The scheme identifies nobody; what matters here is 403 (refused) or not.
OPEN, SHUT = 401, 403


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST:1"])
def test_this_machine_is_let_in(local: Workshop, address: str, host: str) -> None:
    assert status(local, client=address, host=host) == OPEN


@pytest.mark.parametrize("address", ["192.168.1.7", "10.0.0.1", "::", "2001:db8::1", "", "testclient"])
def test_other_machines_are_not(local: Workshop, address: str) -> None:
    assert status(local, client=address) == SHUT


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test:8080", "127.0.0.1.evil.test", "0.0.0.0"])
def test_a_page_that_points_its_own_name_at_this_machine_is_not(local: Workshop, host: str) -> None:
    assert status(local, host=host) == SHUT


@pytest.mark.parametrize("origin", ["http://evil.test", "https://localhost.evil.test", "null", "", "evil"])
def test_a_page_of_another_origin_is_not(local: Workshop, origin: str) -> None:
    assert status(local, origin=origin) == SHUT


@pytest.mark.parametrize("origin", ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:3000"])
def test_a_page_of_this_machine_is(local: Workshop, origin: str) -> None:
    assert status(local, origin=origin) == OPEN


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("origin", "http://["),
        ("origin", "http://[::1"),
        ("origin", "http://[evil]"),
        ("origin", "http://\uff0f"),
        ("host", "[:::::]"),
        ("host", "[1.2.3.4.5]:80"),
        ("host", "[....]"),
    ],
)
def test_a_broken_host_or_origin_is_a_refusal_and_no_defect(local: Workshop, name: str, value: str) -> None:
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        value = value.encode().decode("latin-1")
    assert status(local, **{name: value}) in (400, SHUT)


REFUSED_TOKENS = [None, "Bearer wrong", "Bearer open", "open sesame", "bearer", "Bearer é", "", "Bearer open sesame x"]


@pytest.mark.parametrize("authorization", REFUSED_TOKENS)
@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1"])
def test_with_a_control_token_nobody_is_let_in_without_it(authorization: str | None, address: str) -> None:
    workshop = Workshop(api=GUARDED, control_token="open sesame")
    headers = {} if authorization is None else {"authorization": authorization}
    answer = workshop.caller(address, **headers).get(f"{BASE}/things")
    assert answer.status == 401
    assert "needs the control token" in answer.json()["detail"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_with_a_control_token_whoever_has_it_is_let_in_from_anywhere(scheme: str) -> None:
    workshop = Workshop(api=GUARDED, control_token="open sesame")
    caller = workshop.caller("10.0.0.1", authorization=f"{scheme} open sesame", host="mock.test")
    assert "needs the control token" not in caller.get(f"{BASE}/things").json()["detail"]
