"""Curl lines do what the request did when a shell reads them, and no secret is in them or beside them."""

from __future__ import annotations

import subprocess

import pytest

from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange, shown

SECRET = "s3cret-token"
CREDENTIALS = Credentials({"Authorization": f"Bearer {SECRET}"}, {SECRET: "GRIDMOCK_TOKEN"})
NOBODY = Credentials({}, {})


def exchange(
    method: str = "GET",
    url: str = "http://h/x",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    answer: bytes = b"",
) -> Exchange:
    return Exchange("GET /x", method, url, headers or {}, body, 200, {"content-type": "application/json"}, answer)


def words(line: str) -> list[bytes]:
    """The arguments that a shell passes to curl."""
    script = f"curl() {{ printf '%s\\0' \"$@\"; }}; export GRIDMOCK_TOKEN={SECRET}; {line}"
    return subprocess.run(["bash", "-c", script], check=True, capture_output=True).stdout.split(b"\0")[:-1]


def test_a_get_is_short_and_shows_the_token_as_a_variable() -> None:
    sent = {"User-Agent": "x", "Accept": "*/*", "Authorization": f"Bearer {SECRET}", "X-Schemathesis-TestCaseId": "1"}
    line = exchange(headers=sent).curl(CREDENTIALS)
    assert line == 'curl -i -H "Authorization: Bearer $GRIDMOCK_TOKEN" http://h/x'
    assert words(line) == [b"-i", b"-H", f"Authorization: Bearer {SECRET}".encode(), b"http://h/x"]


@pytest.mark.parametrize(
    "body",
    [b'{"name": "it\'s $HOME `id` \\"quoted\\""}', b"", b"@/etc/passwd", b"\xff\xfe\x01 'x' \\n", "zurück\n".encode()],
)
def test_a_body_reaches_curl_byte_for_byte(body: bytes) -> None:
    line = exchange("PUT", headers={"Content-Type": "application/json"}, body=body).curl(NOBODY)
    assert words(line) == [
        b"-i",
        b"-X",
        b"PUT",
        b"-H",
        b"Content-Type: application/json",
        b"--data-raw",
        body,
        b"http://h/x",
    ]


def test_a_post_without_content_type_stays_without() -> None:
    assert words(exchange("POST", body=b"x").curl(NOBODY)) == [
        b"-i",
        b"-H",
        b"Content-Type:",
        b"--data-raw",
        b"x",
        b"http://h/x",
    ]


def test_odd_headers_and_urls_survive() -> None:
    odd = exchange("HEAD", "http://h/a/../b?x[]=1", {"X-Empty": "", "X-Odd": "caf\xe9 '$HOME' \x01"})
    expected = [b"-I", b"--path-as-is", b"-g", b"-H", b"X-Empty;", b"-H", b"X-Odd: caf\xe9 '$HOME' \x01"]
    assert words(odd.curl(NOBODY)) == [*expected, b"http://h/a/../b?x[]=1"]


def test_a_secret_is_masked_wherever_it_turns_up() -> None:
    echoed = exchange(
        "POST",
        f"http://h/x?token={SECRET}&a=1",
        {"X-Copy": f"<{SECRET}>", "Content-Type": "text/plain"},
        f"my $HOME is {SECRET}!".encode(),
        f'{{"you_sent": "{SECRET}"}}'.encode(),
    )
    line = echoed.curl(CREDENTIALS)
    assert SECRET not in line
    assert words(line)[-1] == f"http://h/x?token={SECRET}&a=1".encode()
    assert f"my $HOME is {SECRET}!".encode() in words(line)
    assert f"X-Copy: <{SECRET}>".encode() in words(line)
    assert echoed.outcome(CREDENTIALS) == '200 application/json: {"you_sent": "$GRIDMOCK_TOKEN"}'


def test_a_secret_is_masked_before_a_long_text_is_cut() -> None:
    assert SECRET[:4] not in shown("x" * 235 + SECRET + "y" * 100, CREDENTIALS)


def test_a_short_secret_is_hidden_in_its_own_header_only() -> None:
    short = Credentials({"X-Pin": "12"}, {"12": "PIN"})
    line = exchange(url="http://h/12", headers={"X-Pin": "12"}).curl(short)
    assert line == 'curl -i -H "X-Pin: $PIN" http://h/12'


def test_what_a_server_sends_cannot_drive_the_terminal() -> None:
    text = exchange(answer=b"\x1b[2Jgone\r\n\tnext \xff").outcome(NOBODY)
    assert text == "200 application/json: \\u001b[2Jgone next �"


def test_what_there_is_to_say_about_an_answer() -> None:
    silent = Exchange("GET /x", "GET", "http://h/x?a=1", {}, None, 0, {}, b"")
    assert (silent.outcome(NOBODY), silent.succeeded, silent.path, silent.query) == ("no answer", False, "/x", "a=1")
    assert exchange().outcome(NOBODY) == "200 no body"
    assert exchange().succeeded
    assert not exchange("PUT").succeeded
    assert exchange(answer=b"[1]").json() == [1]
    assert exchange(answer=b"[1").json() is None
