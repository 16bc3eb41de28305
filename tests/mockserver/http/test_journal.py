"""The journal: what it keeps, and what it must never show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from mockserver.http.journal import KEPT_BODY_BYTES, MASK, Entry, Journal, Message, masked_path, request_id

SECRET = "s3cr3t-v4lue"
JSON = (b"content-type", b"application/json")
FORM = (b"content-type", b"application/x-www-form-urlencoded")

PLAIN = Entry(
    number=7,
    at=datetime(2026, 3, 18, 12, tzinfo=UTC),
    duration_ms=1.235,
    api="shop",
    operation_id="get_thing",
    client_id="client",
    user_id=None,
    method="GET",
    path="/shop/things/7",
    query="",
    request=Message.of([(b"host", b"mock.test")], b""),
    status=200,
    response=Message.of([JSON], b'{"id":7}'),
)


def entry(number: int = 7, **changes: Any) -> Entry:
    return PLAIN._replace(number=number, **changes)


def sent(*headers: tuple[bytes, bytes], body: bytes = b"") -> dict[str, Any]:
    """How a request with these headers and this body is shown."""
    shown: dict[str, Any] = Message.of(headers, body).as_json()
    return shown


def test_an_entry_tells_who_asked_what_and_what_was_answered() -> None:
    shown = entry(query="a=1").as_json()
    assert shown["request_id"] == entry().request_id == request_id(7)
    assert (shown["method"], shown["path"], shown["query"]) == ("GET", "/shop/things/7", "a=1")
    assert (shown["api"], shown["operation_id"]) == ("shop", "get_thing")
    assert (shown["client_id"], shown["user_id"]) == ("client", None)
    assert shown["at"] == "2026-03-18T12:00:00Z"
    assert shown["duration_ms"] == 1.235
    assert shown["request"]["headers"] == {"host": "mock.test"}
    assert shown["request"]["body"] is None
    assert shown["response"]["status"] == 200
    assert orjson.loads(shown["response"]["body"]) == {"id": 7}
    assert shown["response"]["body_bytes"] == 8


def test_an_entry_is_json_whatever_came_in() -> None:
    shown = entry(
        query="\xff=\x00",
        path="/\xff",
        request=Message.of([(b"x", b"\xff\x00"), (b"content-type", b"application/json")], bytes(range(256))),
    ).as_json()
    assert orjson.loads(orjson.dumps(shown))["request"]["body_bytes"] == 256


def test_request_ids_sort_in_order_of_arrival() -> None:
    ids = [request_id(number) for number in (1, 2, 9, 10, 99, 1000, 10**9)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


# ---- the ring


@pytest.mark.parametrize(("size", "recorded"), [(0, 3), (1, 3), (3, 3), (5, 3), (3, 100)])
def test_the_last_entries_are_kept_newest_first(size: int, recorded: int) -> None:
    journal = Journal(size)
    for _ in range(recorded):
        journal.record(entry(journal.next_number()))
    assert [each.number for each in journal] == list(range(recorded, max(0, recorded - size), -1))


def test_entries_are_in_order_of_arrival_however_long_they_took() -> None:
    journal = Journal(10)
    for number in (2, 1, 3):
        journal.record(entry(number))
    assert [each.number for each in journal] == [3, 2, 1]


@pytest.mark.parametrize(
    ("path", "parameters", "shown"),
    [
        ("/a/s3cret/b", [("token", "s3cret")], "/a/***/b"),
        ("/a/s%33cret", [("Token", "s3cret")], "/a/***"),
        ("/a/s3cret", [("org_id", "s3cret")], "/a/s3cret"),
        ("/a/b", [], "/a/b"),
    ],
)
def test_secrets_in_a_path_are_masked_by_the_names_of_its_parameters(
    path: str, parameters: list[tuple[str, str]], shown: str
) -> None:
    assert masked_path(path, parameters) == shown


def test_clear_forgets_all_and_goes_on_numbering_unless_told_to_restart() -> None:
    journal = Journal(10)
    journal.record(entry(journal.next_number()))
    journal.clear()
    assert list(journal) == []
    assert journal.next_number() == 2
    journal.clear(restart=True)
    assert journal.next_number() == 1


# ---- bodies


@pytest.mark.parametrize("size", [1, KEPT_BODY_BYTES - 1, KEPT_BODY_BYTES, KEPT_BODY_BYTES + 1, 3 * KEPT_BODY_BYTES])
def test_a_body_is_shown_up_to_64_kib_and_its_size_in_full(size: int) -> None:
    shown = sent((b"content-type", b"text/plain"), body=b"x" * size)
    assert len(shown["body"]) == min(size, KEPT_BODY_BYTES)
    assert shown["body_bytes"] == size
    assert shown["body_truncated"] == (size > KEPT_BODY_BYTES)


def test_a_body_without_secrets_is_shown_as_it_was() -> None:
    for header, body in ((JSON, b'{ "a":\n1 }'), (FORM, b"b=%20&a=+"), (JSON, b'{"a": '), (JSON, "{é}".encode())):
        assert sent(header, body=body)["body"] == body.decode()


def test_a_header_given_twice_is_shown_whole() -> None:
    assert sent((b"accept", b"a/b"), (b"accept", b"c/d"))["headers"] == {"accept": "a/b, c/d"}


# ---- secrets

HEADERS: dict[str, Sequence[tuple[bytes, bytes]]] = {
    "bearer": [(b"authorization", f"Bearer {SECRET}".encode())],
    "bearer, more spaces": [(b"authorization", f"Bearer  {SECRET}".encode())],
    "basic": [(b"authorization", f"Basic {SECRET}".encode())],
    "no scheme": [(b"authorization", SECRET.encode())],
    "no scheme, with a space": [(b"authorization", f"{SECRET} {SECRET}".encode())],
    "tab after the scheme": [(b"authorization", f"Bearer\t{SECRET}".encode())],
    "twice": [(b"authorization", b"Bearer x"), (b"authorization", f"Bearer {SECRET}".encode())],
    "proxy": [(b"proxy-authorization", f"Basic {SECRET}".encode())],
    "cookie": [(b"cookie", f"session={SECRET}".encode())],
    "first of two cookies": [(b"cookie", f"session={SECRET}; theme=dark".encode())],
    "second of two cookies": [(b"cookie", f"theme=dark; session={SECRET}".encode())],
    "API key": [(b"x-api-key", SECRET.encode())],
    "API key with a space": [(b"x-api-key", f"{SECRET} {SECRET}".encode())],
    "set-cookie": [(b"set-cookie", f"session={SECRET}; Path=/; HttpOnly".encode())],
    "code in a redirect": [(b"location", f"https://x.test/cb?code={SECRET}&state=1".encode())],
    "code at the end of a redirect": [(b"location", f"https://x.test/cb?state=1&code={SECRET}".encode())],
    "code before a fragment": [(b"location", f"https://x.test/cb?code={SECRET}#top".encode())],
    "token in a fragment": [(b"location", f"https://x.test/cb#access_token={SECRET}&state=1".encode())],
    "code in a referer": [(b"referer", f"https://x.test/cb?code={SECRET}".encode())],
}


@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_no_secret_of_a_header_is_shown(headers: Sequence[tuple[bytes, bytes]]) -> None:
    shown = orjson.dumps(entry(request=Message.of(headers, b""), response=Message.of(headers, b"")).as_json()).decode()
    assert SECRET not in shown
    assert shown.count(MASK) >= 2


@pytest.mark.parametrize("scheme", ["Bearer", "Basic", "Digest"])
def test_the_scheme_of_a_credential_is_shown(scheme: str) -> None:
    assert sent((b"authorization", f"{scheme} {SECRET}".encode()))["headers"]["authorization"] == f"{scheme} {MASK}"


def test_other_headers_are_shown_as_they_are() -> None:
    headers = [(b"user-agent", b"x/1"), (b"location", b"https://x.test/?state=code"), (b"x-request-id", b"code=1")]
    assert sent(*headers)["headers"] == {name.decode(): value.decode() for name, value in headers}


QUERIES: dict[str, str] = {
    "alone": f"access_token={SECRET}",
    "first": f"code={SECRET}&state=1",
    "last": f"state=1&code={SECRET}",
    "twice": f"token={SECRET}&token={SECRET}",
    "name with an escape": f"access%5Ftoken={SECRET}",
    "name in escapes altogether": f"%63%6F%64%65={SECRET}",
    "value with an equals sign": f"token=a={SECRET}",
    "value with a question mark": f"token=a?{SECRET}",
}


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_no_secret_of_a_query_is_shown(query: str) -> None:
    shown = entry(query=query).as_json()["query"]
    assert SECRET not in shown
    assert MASK in shown


@pytest.mark.parametrize("query", ["", "state=code", "postcode=1017", "tokens=3", "a=1&b=%20&b=+", "code", "&&"])
def test_a_query_without_secrets_is_shown_as_it_was(query: str) -> None:
    assert entry(query=query).as_json()["query"] == query


BODIES: dict[str, tuple[bytes, str]] = {
    "form": (b"application/x-www-form-urlencoded", f"grant_type=password&client_secret={SECRET}&a=1"),
    "form, escaped name": (b"application/x-www-form-urlencoded", f"client%5Fsecret={SECRET}"),
    "form, capitals in the type": (b"Application/X-WWW-Form-Urlencoded", f"client_secret={SECRET}"),
    "form, with a charset": (b"application/x-www-form-urlencoded; charset=utf-8", f"code={SECRET}"),
    "form, twice": (b"application/x-www-form-urlencoded", f"code=1&code={SECRET}"),
    "form, broken": (b"application/x-www-form-urlencoded", f"%&&=&code={SECRET}&%zz"),
    "JSON": (b"application/json", f'{{"access_token": "{SECRET}", "expires_in": 1}}'),
    "JSON, nested": (b"application/json", f'{{"a": [{{"b": {{"password": "{SECRET}"}}}}]}}'),
    "JSON, escaped name": (b"application/json", f'{{"client\\u005fsecret": "{SECRET}"}}'),
    "JSON, escaped value": (b"application/json", f'{{"token": "a\\"{SECRET}"}}'),
    "JSON, list of them": (b"application/json", f'{{"token": ["{SECRET}"]}}'),
    "JSON, object of them": (b"application/json", f'{{"token": {{"value": "{SECRET}"}}}}'),
    "JSON, capitals in the type": (b"Application/JSON", f'{{"token": "{SECRET}"}}'),
    "JSON, problem": (b"application/problem+json", f'{{"token": "{SECRET}"}}'),
    "JSON, with a BOM": (b"application/json", f'\ufeff{{"token": "{SECRET}"}}'),
    "broken JSON, cut after": (b"application/json", f'{{"client_secret": "{SECRET}", "a":'),
    "broken JSON, cut within": (b"application/json", f'{{"client_secret": "a{SECRET}'),
    "broken JSON, spaces": (b"application/json", f'{{"client_secret"  :\n  "{SECRET}", }}'),
    "broken JSON, escaped quote": (b"application/json", f'{{"client_secret": "a\\"{SECRET}", }}'),
    "broken JSON, list": (b"application/json", f'{{"token": ["{SECRET}"], }}'),
    "broken JSON, single quotes": (b"application/json", f"{{'client_secret': '{SECRET}'}}"),
    "broken JSON, no quotes": (b"application/json", f"{{client_secret: {SECRET}}}"),
    "JSON beyond what is kept": (
        b"application/json",
        f'{{"client_secret": "a\\"{SECRET}", "fill": "{"x" * KEPT_BODY_BYTES}"}}',
    ),
    "form under another type": (b"text/plain", f"client_secret={SECRET}"),
    "JSON under another type": (b"text/plain", f'{{"client_secret": "{SECRET}"}}'),
    "form without a type": (b"", f"client_secret={SECRET}"),
    "JSON without a type": (b"", f'{{"client_secret": "{SECRET}"}}'),
    "multipart": (
        b"multipart/form-data; boundary=b",
        f'--b\r\nContent-Disposition: form-data; name="client_secret"\r\n\r\n{SECRET}\r\n--b--\r\n',
    ),
}


@pytest.mark.parametrize(("content_type", "body"), BODIES.values(), ids=BODIES)
def test_no_secret_of_a_body_is_shown(content_type: bytes, body: str) -> None:
    headers = [(b"content-type", content_type)] if content_type else []
    shown = orjson.dumps(
        entry(
            request=Message.of(headers, body.encode()),
            response=Message.of(headers, body.encode()),
        ).as_json()
    ).decode()
    assert SECRET not in shown
    assert shown.count(MASK) >= 2


def test_a_number_that_is_a_password_is_not_shown() -> None:
    shown = sent(JSON, body=b'{"password": 48151623}')
    assert "48151623" not in shown["body"]


def test_what_is_no_secret_is_shown_beside_one() -> None:
    shown = orjson.loads(sent(JSON, body=f'{{"a": [1, {{"token": "{SECRET}", "b": null}}]}}'.encode())["body"])
    assert shown == {"a": [1, {"token": MASK, "b": None}]}
    assert sent(FORM, body=f"a=1&code={SECRET}&b=%C3%A9".encode())["body"] == f"a=1&code={MASK}&b=%C3%A9"


def test_a_number_called_code_is_shown() -> None:
    # Providers use the name for error codes.
    assert orjson.loads(sent(JSON, body=b'{"code": 1002, "token": "x"}')["body"])["code"] == 1002


@pytest.mark.parametrize("name", ["access_token", "refresh_token", "client_secret", "code", "code_verifier", "token"])
def test_every_name_of_oauth_that_carries_a_secret_is_masked_everywhere(name: str) -> None:
    shown = orjson.dumps(
        [
            entry(query=f"{name}={SECRET}").as_json(),
            sent(FORM, body=f"{name}={SECRET}".encode()),
            *([] if name == "code" else [sent(JSON, body=orjson.dumps({name: SECRET}))]),  # in JSON, an error's code
        ]
    ).decode()
    assert SECRET not in shown
    assert shown.count(MASK) == (2 if name == "code" else 3)
