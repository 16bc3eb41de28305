"""Reading credentials off a request."""

from __future__ import annotations

import base64

import pytest

from mockserver.http.auth import basic_credentials, is_loopback


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


CASES: dict[str, tuple[str | None, tuple[str, str] | None]] = {
    "as in RFC 7617": ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", ("Aladdin", "open sesame")),
    "scheme in small letters": (basic("id:secret").replace("Basic", "basic"), ("id", "secret")),
    "colons in the password": (basic("id:a:b"), ("id", "a:b")),
    "empty password": (basic("id:"), ("id", "")),
    "empty name": (basic(":secret"), ("", "secret")),
    "beyond ASCII": (basic("iď:§"), ("iď", "§")),
    "no header": (None, None),
    "empty header": ("", None),
    "another scheme": ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", None),
    "scheme only": ("Basic", None),
    "no colon": (basic("secret"), None),
    "not base64": ("Basic id:secret", None),
    "cut base64": ("Basic QWxhZGRpb", None),
    "not UTF-8": ("Basic " + base64.b64encode(b"\xff:\xff").decode(), None),
    "characters beyond ASCII": ("Basic é", None),
}


@pytest.mark.parametrize(("header", "expected"), CASES.values(), ids=CASES)
def test_basic_credentials_are_read_or_none(header: str | None, expected: tuple[str, str] | None) -> None:
    assert basic_credentials(header) == expected


HOSTS = {
    "127.0.0.1": True,
    "127.255.0.9": True,
    "::1": True,
    "localhost": True,
    "": False,
    "0.0.0.0": False,
    "::": False,
    "10.0.0.1": False,
    "192.168.1.1": False,
    "128.0.0.1": False,
    "localhost.evil.test": False,
    "evil.test": False,
    "127.0.0.1.evil.test": False,
    "2130706433": False,
    "0x7f000001": False,
    "127.1": False,
    "null": False,
    "testclient": False,
}


@pytest.mark.parametrize(("host", "expected"), HOSTS.items())
def test_only_this_machine_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
