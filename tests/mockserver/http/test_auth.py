"""Reading credentials off a request."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from mockserver.http.auth import access_token, basic_credentials, is_loopback
from tests.mockserver.http.workshop import API, BASE, TOKENS, Workshop


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


# ---- access tokens

CHALLENGES = {
    "without realm": ("Bearer", 'Bearer error="invalid_token"'),
    "with realm": ('Bearer realm="Application"', 'Bearer realm="Application", error="invalid_token"'),
}
TOKEN = next(iter(TOKENS))


def taking(*words: str, challenge: str = "Bearer") -> Workshop:
    """The workshop, with these words before its tokens."""
    return Workshop(api=replace(API, identify={"oauth2": access_token(*words)}, challenge=challenge))


@pytest.mark.parametrize(
    "header", ["Bearer {}", "Token {}", "bearer {}", "TOKEN {}", "tOkEn {}", "Bearer   {}", "Token {}  "]
)
def test_a_token_is_taken_behind_each_of_the_words_in_any_case(header: str) -> None:
    workshop = taking("Bearer", "Token")
    assert workshop.client(header.format(TOKEN)).get(f"{BASE}/things").status == 200


@pytest.mark.parametrize(
    "header", [f"Basic {TOKEN}", f"Digest {TOKEN}", f"Bear {TOKEN}", f"Bearer-Token {TOKEN}", TOKEN,
               "Bearer", "Token", "Bearer ", "Token   ", f" {TOKEN}", f"Bearer\t{TOKEN}"],
)  # fmt: skip
@pytest.mark.parametrize("challenge", [challenge for challenge, _ in CHALLENGES.values()], ids=CHALLENGES)
def test_another_word_or_no_token_is_401_that_says_the_form(header: str, challenge: str) -> None:
    response = taking("Bearer", "Token", challenge=challenge).client(header).get(f"{BASE}/things")
    assert (response.status, response.headers["www-authenticate"]) == (401, challenge)
    assert "Bearer <token> or Token <token>" in response.json()["detail"]
    assert TOKEN not in response.body.decode()


@pytest.mark.parametrize(("challenge", "sent"), CHALLENGES.values(), ids=CHALLENGES)
@pytest.mark.parametrize("header", ["Bearer nobodys-token", f"Token {TOKEN}x", f"Bearer {TOKEN} {TOKEN}"])
def test_a_token_that_nobody_has_is_401_with_the_error_in_the_challenge(header: str, challenge: str, sent: str) -> None:
    response = taking("Bearer", "Token", challenge=challenge).client(header).get(f"{BASE}/things")
    assert (response.status, response.headers["www-authenticate"]) == (401, sent)


@pytest.mark.parametrize("challenge", [challenge for challenge, _ in CHALLENGES.values()], ids=CHALLENGES)
def test_no_credential_at_all_is_401_with_the_challenge_of_the_api(challenge: str) -> None:
    response = taking("Bearer", "Token", challenge=challenge).anonymous.get(f"{BASE}/things")
    assert (response.status, response.headers["www-authenticate"]) == (401, challenge)


def test_a_word_that_the_api_does_not_take_is_none_of_its_credentials() -> None:
    assert taking("Bearer").client(f"Token {TOKEN}").get(f"{BASE}/things").status == 401
    assert taking("Token").client(f"Bearer {TOKEN}").get(f"{BASE}/things").status == 401
    assert taking("Token").client(f"Token {TOKEN}").get(f"{BASE}/things").status == 200
