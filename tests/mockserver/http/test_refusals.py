"""The pipeline says no: which refusal, in which order, in whose words."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import orjson
import pytest

from mockserver.clock import Clock
from mockserver.http.faults import Match
from tests.asgi import Client, Response
from tests.mockserver.http.workshop import BASE, PROBLEM, Workshop

JSON = {"content-type": "application/json"}


def raw(
    client: Client, method: str, target: str, *headers: tuple[bytes, bytes], chunks: tuple[bytes, ...] = (b"",)
) -> Response:
    """One exchange with these headers and no others but a host."""
    return client.send(method, f"{BASE}{target}".encode("latin-1"), [(b"host", b"mock.test"), *headers], chunks)


def refused(response: Response, status: int, *words: str) -> dict[str, Any]:
    """The problem, once it is in the API's dialect with the API's headers."""
    assert response.status == status, response.body
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["workshop-version"] == "1"
    assert response.headers["content-length"] == str(len(response.body))
    assert response.headers["gridmock-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    for word in words:
        assert word in body["detail"]
    return body


# ---- order

ORDER: dict[str, tuple[str, str, str, dict[str, Any], int]] = {
    # credential, method, path, options: status
    "unknown route before credential": ("anonymous", "GET", "/nowhere", {}, 404),
    "unknown route before bad credential": ("wrong", "GET", "/nowhere", {}, 404),
    "method before credential": ("anonymous", "PUT", "/things", {}, 405),
    "credential before the thing": ("anonymous", "GET", "/things/999", {}, 401),
    "credential before the path value": ("anonymous", "GET", "/things/abc", {}, 401),
    "bad credential before the thing": ("wrong", "GET", "/things/999", {}, 401),
    "scope before the thing": ("nothing", "GET", "/things/999", {}, 403),
    "scope before the path value": ("nothing", "GET", "/things/abc", {}, 403),
    "scope before parameters": ("nothing", "GET", "/things", {"query": {"page": "x"}}, 403),
    "scope before the body": ("reader", "POST", "/things", {"json": {"name": 5}}, 403),
    "scope before malformed JSON": ("reader", "POST", "/things", {"content": b"{", "headers": JSON}, 403),
    "scope before media type": ("reader", "POST", "/things", {"content": b"x"}, 403),
    "scope before Accept": ("nothing", "GET", "/things", {"headers": {"accept": "text/html"}}, 403),
    "credential before Accept": ("anonymous", "GET", "/things", {"headers": {"accept": "text/html"}}, 401),
    "Accept before parameters": ("full", "GET", "/things?page=x", {"headers": {"accept": "text/html"}}, 406),
    "Accept before the path value": ("full", "GET", "/things/abc", {"headers": {"accept": "text/html"}}, 406),
    "path value before query": ("full", "GET", "/things/abc", {"query": {"x": "1"}}, 404),
    "query before scope of an expansion": ("reader", "GET", "/things?expand=maker&page=x", {}, 400),
    "scope of an expansion before the page": ("reader", "GET", "/things?expand=maker&page=9", {}, 403),
    "parameters before the body": ("full", "POST", "/things?x=1", {"content": b"{", "headers": JSON}, 400),
    "body before the domain": ("full", "POST", "/things", {"json": {}}, 400),
    "the thing": ("full", "GET", "/things/999", {}, 404),
    "the page": ("full", "GET", "/things?page=9", {}, 404),
}


@pytest.mark.parametrize(("who", "method", "path", "options", "status"), ORDER.values(), ids=ORDER)
def test_of_several_things_wrong_the_first_in_the_order_is_told(
    workshop: Workshop, who: str, method: str, path: str, options: dict[str, Any], status: int
) -> None:
    client = workshop.client("Bearer wrong") if who == "wrong" else getattr(workshop, who)
    body = refused(client.request(method, BASE + path, **options), status)
    assert ("field_errors" in body) == (status == 400)


# ---- credentials

CREDENTIALS: dict[str, str | None] = {
    "none": None,
    "unknown token": "Bearer wrong",
    "token of another case": "Bearer FULL-TOKEN",
    "no token": "Bearer",
    "blank token": "Bearer  ",
    "another scheme": "Basic ZnVsbC10b2tlbg==",
    "token only": "full-token",
    "token twice": "Bearer full-token full-token",
    "token in quotes": 'Bearer "full-token"',
    "empty": "",
    "beyond ASCII": "Bearer é",
    "long": f"Bearer {'x' * 10_000}",
}


@pytest.mark.parametrize("authorization", CREDENTIALS.values(), ids=CREDENTIALS)
def test_without_a_good_token_it_is_401_with_a_challenge(workshop: Workshop, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    response = workshop.anonymous.get(f"{BASE}/things", headers=headers)
    refused(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("authorization", ["Bearer full-token", "bearer full-token", "BEARER  full-token "])
def test_the_scheme_is_read_without_regard_to_case(workshop: Workshop, authorization: str) -> None:
    assert workshop.anonymous.get(f"{BASE}/things", headers={"authorization": authorization}).status == 200


def test_an_unknown_token_is_challenged_as_invalid(workshop: Workshop) -> None:
    response = workshop.anonymous.get(f"{BASE}/things", headers={"authorization": "Bearer wrong"})
    assert response.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_missing_scope_is_403_and_named(workshop: Workshop) -> None:
    response = workshop.reader.post(f"{BASE}/things", json={"name": "a"})
    refused(response, 403, "things:write")
    assert response.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="things:write"'


def test_an_expansion_needs_its_scope_at_any_depth(workshop: Workshop) -> None:
    for expand in ("maker", "maker.town"):
        refused(workshop.reader.get(f"{BASE}/things", query={"expand": expand}), 403, "makers:read")
        assert workshop.full.get(f"{BASE}/things", query={"expand": expand}).status == 200


# ---- routes

UNKNOWN = ["/nowhere", "/things/", "/things/1/", "//things", "/things//", "/things/1/parts", "/things/%FF", "/Things"]


@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_route_is_404_in_the_dialect_of_the_api(workshop: Workshop, path: str) -> None:
    refused(workshop.full.get(BASE + path), 404, "workshop")


@pytest.mark.parametrize("path", ["/", "", "/workshop", "/workshop/v12/things", "/workshop/v1x", "/else", "*"])
def test_outside_every_api_only_the_root_answers_200(workshop: Workshop, path: str) -> None:
    response = workshop.full.send("GET", path.encode(), [(b"host", b"mock.test")])
    assert response.status == (200 if path == "/" else 404)
    assert response.headers["content-type"] == ("application/json" if path == "/" else PROBLEM)


ALLOWED = {
    "/things": "GET, HEAD, POST",
    "/things/1": "DELETE, GET, HEAD",
    "/things/1/parts/2": "GET, HEAD",
    "/answer": "DELETE, GET, HEAD, POST",
}


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_another_method_is_405_and_allow_lists_every_method_there_is(
    workshop: Workshop, path: str, allowed: str, method: str
) -> None:
    response = workshop.anonymous.request(method, BASE + path)
    refused(response, 405, allowed)
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/", f"{BASE}/openapi.json"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_the_documents_of_the_mock_are_for_reading(workshop: Workshop, method: str, path: str) -> None:
    assert workshop.anonymous.get(path).status == 200
    assert workshop.anonymous.request(method, path).status == 405


@pytest.mark.parametrize("path", ["/", f"{BASE}/openapi.json", "/nowhere"])
def test_head_of_a_document_of_the_mock_has_no_body(workshop: Workshop, path: str) -> None:
    got, head = workshop.anonymous.get(path), workshop.anonymous.request("HEAD", path)
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize("value", ["0", "-1", "abc", "1.5", "+1", "01", "%20", "%00", "9" * 400, "٣".encode().hex()])
def test_a_path_value_that_no_thing_has_is_404_whatever_the_contract_says_of_it(workshop: Workshop, value: str) -> None:
    refused(workshop.full.get(f"{BASE}/things/{value}"), 404)


# ---- headers


@pytest.mark.parametrize("name", [b"host", b"authorization", b"content-type", b"content-length"])
def test_a_header_that_must_be_single_is_refused_when_repeated(workshop: Workshop, name: bytes) -> None:
    refused(raw(workshop.full, "GET", "/things", (name, b"1"), (name, b"1")), 400, name.decode())


@pytest.mark.parametrize("name", [b"accept", b"x-forwarded-for", b"cache-control"])
def test_other_headers_may_be_repeated(workshop: Workshop, name: bytes) -> None:
    token = (b"authorization", b"Bearer full-token")
    assert raw(workshop.full, "GET", "/things", token, (name, b"*/*"), (name, b"*/*")).status == 200


def test_headers_beyond_64_kib_are_431(workshop: Workshop) -> None:
    refused(raw(workshop.full, "GET", "/things", (b"x", b"y" * 65_536)), 431)


@pytest.mark.parametrize(
    "host",
    ["mock.test/evil", "a b", "mock.test:port", "mock.test:123456", "user@mock.test", "mock..test", "é", "[::1", "<x>"],
)
def test_a_host_that_is_none_is_refused_in_the_dialect_of_the_api(workshop: Workshop, host: str) -> None:
    refused(workshop.full.get(f"{BASE}/things", headers={"host": host}), 400, "Host")


@pytest.mark.parametrize("host", ["mock.test", "MOCK.test:1", "localhost:8080", "127.0.0.1:65535", "[::1]:80", "a_b"])
def test_links_are_at_the_host_that_was_asked(workshop: Workshop, host: str) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "a"})
    body = workshop.full.get(f"{BASE}/things/1", headers={"host": host}).json()
    assert body["url"] == f"http://{host}{BASE}/things/1"


def test_without_a_host_links_are_at_the_address_that_was_reached(workshop: Workshop) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "a"})
    target, token = f"{BASE}/things/1".encode(), (b"authorization", b"Bearer full-token")
    answer = workshop.full.send("GET", target, [token], http_version="1.0")
    assert answer.json()["url"] == f"http://127.0.0.1:8080{BASE}/things/1"


def test_http_1_1_without_a_host_is_400(workshop: Workshop) -> None:
    assert workshop.full.send("GET", f"{BASE}/things/1".encode(), []).status == 400


# ---- Accept


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "text/*, image/png", "garbage"])
def test_an_accept_that_excludes_the_answer_is_406_and_says_what_there_is(workshop: Workshop, accept: str) -> None:
    refused(workshop.full.get(f"{BASE}/things", headers={"accept": accept}), 406, "application/json")


def test_an_operation_that_answers_nothing_accepts_every_accept(workshop: Workshop) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "a"})
    assert workshop.full.delete(f"{BASE}/things/1", headers={"accept": "text/html"}).status == 204


# ---- parameters

PARAMETERS: dict[str, tuple[str, dict[str, list[str]] | set[str]]] = {
    "unknown": ("colr=red", {"colr"}),
    "unknown, no value": ("colr", {"colr"}),
    "unknown, empty name": ("=1", {""}),
    "name of another case": ("Page=1", {"Page"}),
    "name in brackets": ("colour[]=red", {"colour[]"}),
    "repeated": ("name=a&name=b", {"name"}),
    "repeated the same": ("page=1&page=1", {"page"}),
    "repeated through an escape": ("page=1&p%61ge=1", {"page"}),
    "of a wrong type": ("page=one", {"page"}),
    "below its bound": ("page=0", {"page"}),
    "above its bound": ("page_size=101", {"page_size"}),
    "beyond 64 bits": (f"page={2**63}", {"page"}),
    "beyond floats": ("weight=1e999", {"weight"}),
    "empty": ("page=", {"page"}),
    "too short": ("name=", {"name"}),
    "not a date": ("since=yesterday", {"since"}),
    "a date that no calendar has": ("since=0000-01-01", {"since"}),
    "not a time": ("after=noon", {"after"}),
    "a time that no calendar has": ("after=0000-01-01T00:00:00Z", {"after"}),
    "a time with a plus that is a space": ("after=2026-03-18T12:00:00+01:00", {"after"}),
    "not to be expanded": ("expand=name", {"expand"}),
    "one of them not to be expanded": ("expand=maker&expand=name", {"expand"}),
    "expanded too deep": ("expand=maker.town.mayor", {"expand"}),
    "empty expansion": ("expand=", {"expand"}),
    "several wrong": ("page=x&page_size=0&colr=1&since=x", {"page", "page_size", "colr", "since"}),
}


@pytest.mark.parametrize(("query", "names"), PARAMETERS.values(), ids=PARAMETERS)
def test_bad_parameters_are_400_and_all_of_them_are_named(workshop: Workshop, query: str, names: set[str]) -> None:
    body = refused(workshop.full.get(f"{BASE}/things?{query}"), 400)
    assert set(body["field_errors"]) == names
    assert all(messages and all(messages) for messages in body["field_errors"].values())


UNREADABLE = ["name=%FF", "name=%C3", "%FF=1", "name=%ED%A0%80", "&".join("name=a" for _ in range(1001))]


@pytest.mark.parametrize("query", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_query_that_cannot_be_read_is_400(workshop: Workshop, query: str) -> None:
    refused(workshop.full.get(f"{BASE}/things?{query}"), 400, "query string")


def test_bytes_beyond_ascii_in_a_query_are_utf_8_or_refused(workshop: Workshop) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "é"})
    response = workshop.full.send(
        "GET",
        f"{BASE}/things?name=é".encode(),
        [(b"host", b"mock.test"), (b"authorization", b"Bearer full-token")],
    )
    assert response.status == 400 or [each["name"] for each in response.json()] == ["é"]


def test_a_query_of_ampersands_asks_for_nothing(workshop: Workshop) -> None:
    assert workshop.full.get(f"{BASE}/things?&&").status == 200


HEADERS: dict[str, tuple[list[tuple[bytes, bytes]], set[str]]] = {
    "not in the enum": ([(b"x-tone", b"shrill")], {"X-Tone"}),
    "not a number": ([(b"x-depth", b"deep")], {"X-Depth"}),
    "repeated": ([(b"x-depth", b"1"), (b"x-depth", b"2")], {"X-Depth"}),
    "empty": ([(b"x-depth", b"")], {"X-Depth"}),
    "beyond ASCII": ([(b"x-tone", b"\xff")], {"X-Tone"}),
    "both": ([(b"x-depth", b"deep"), (b"x-tone", b"shrill")], {"X-Tone", "X-Depth"}),
}


@pytest.mark.parametrize(("headers", "names"), HEADERS.values(), ids=HEADERS)
def test_bad_header_parameters_are_400_and_named_as_published(
    workshop: Workshop, headers: list[tuple[bytes, bytes]], names: set[str]
) -> None:
    token = (b"authorization", b"Bearer full-token")
    body = refused(raw(workshop.full, "GET", "/things", token, *headers), 400)
    assert set(body["field_errors"]) == names


# ---- bodies

BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "missing"),
    "blank": (b"  \n", "not JSON"),
    "cut": (b'{"name": "a"', "not JSON"),
    "two": (b'{"name": "a"}{}', "not JSON"),
    "comma at the end": (b'{"name": "a",}', "not JSON"),
    "single quotes": (b"{'name': 'a'}", "not JSON"),
    "comment": (b'{"name": "a"} // c', "not JSON"),
    "NaN": (b'{"name": NaN}', "not JSON"),
    "number beyond floats": (b'{"name": "a", "x": 1e999}', "not JSON"),
    "control character": (b'{"name": "\x01"}', "not JSON"),
    "lone surrogate": (b'{"name": "\\ud800"}', "not JSON"),
    "nested 2 000 deep": (b'{"x":' + b"[" * 2000 + b"]" * 2000 + b"}", "not JSON"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not JSON"),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), "not UTF-8"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "not UTF-8"),
    "gzip": (b"\x1f\x8b\x08\x00\x00", "not UTF-8"),
    "overlong": (b'{"name": "\xc0\xaf"}', "not UTF-8"),
}


@pytest.mark.parametrize(("body", "words"), BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_read_is_400_and_says_why(workshop: Workshop, body: bytes, words: str) -> None:
    problem = refused(workshop.full.post(f"{BASE}/things", content=body, headers=JSON), 400, words)
    assert "field_errors" not in problem
    assert workshop.written() == {}


def test_malformed_json_is_located(workshop: Workshop) -> None:
    response = workshop.full.post(f"{BASE}/things", content=b'{\n  "name": oops\n}', headers=JSON)
    refused(response, 400, "line 2 column")


INVALID: dict[str, tuple[Any, set[str]]] = {
    "not an object": ([], {"body"}),
    "null": (None, {"body"}),
    "required property missing": ({}, {"body"}),
    "wrong type": ({"name": 5}, {"name"}),
    "too long": ({"name": "x" * 21}, {"name"}),
    "read-only": ({"name": "a", "id": 7}, {"id"}),
    "deep": ({"name": "a", "tags": [{"key": "k"}, {"key": 5}]}, {"tags.1.key"}),
    "several": ({"name": 5, "tags": {}}, {"name", "tags"}),
}


@pytest.mark.parametrize(("body", "names"), INVALID.values(), ids=INVALID)
def test_a_body_against_the_contract_is_400_and_every_place_is_named(
    workshop: Workshop, body: Any, names: set[str]
) -> None:
    response = workshop.full.post(f"{BASE}/things", content=orjson.dumps(body), headers=JSON)
    assert set(refused(response, 400)["field_errors"]) == names
    assert workshop.written() == {}


def test_a_refused_value_is_not_echoed_at_length(workshop: Workshop) -> None:
    response = workshop.full.post(f"{BASE}/things", json={"name": "x" * 100_000})
    refused(response, 400)
    assert len(response.body) < 2000


MEDIA_TYPES: dict[str, tuple[str, int]] = {
    "JSON": ("application/json", 201),
    "JSON with a charset": ("application/json; charset=utf-8", 201),
    "capitals": ("Application/JSON; Charset=UTF-8", 201),
    "quoted charset": ('application/json; charset="utf-8"', 201),
    "other parameters": ("application/json; profile=x", 201),
    "missing": ("", 415),
    "text": ("text/plain", 415),
    "form": ("application/x-www-form-urlencoded", 415),
    "multipart": ("multipart/form-data; boundary=x", 415),
    "other JSON": ("application/vnd.x+json", 415),
    "another charset": ("application/json; charset=utf-16", 415),
    "anything": ("*/*", 415),
    "a list": ("application/json, text/plain", 415),
    "garbage": (";;=", 415),
}


@pytest.mark.parametrize(("content_type", "status"), MEDIA_TYPES.values(), ids=MEDIA_TYPES)
def test_a_media_type_that_the_operation_does_not_take_is_415(
    workshop: Workshop, content_type: str, status: int
) -> None:
    headers = {"content-type": content_type} if content_type else {}
    response = workshop.full.post(f"{BASE}/things", content=b'{"name": "a"}', headers=headers)
    if status == 415:
        refused(response, 415, "application/json")
    assert response.status == status


FORMS: dict[str, tuple[bytes, int, set[str] | None]] = {
    "good": (b"a=x+y", 200, None),
    "escaped": (b"a=%C3%A9", 200, None),
    "empty value": (b"a=", 200, None),
    "unknown field": (b"b=1", 400, {"body"}),
    "repeated": (b"a=1&a=2", 400, {"a"}),
    "too long": (b"a=four", 400, {"a"}),
    "not UTF-8": (b"a=%FF", 400, None),
    "bytes beyond ASCII": ("a=é".encode(), 400, None),
    "too many fields": (b"a=1&" * 1001, 400, None),
}


@pytest.mark.parametrize(("body", "status", "names"), FORMS.values(), ids=FORMS)
def test_a_form_is_read_and_judged_as_a_body_is(
    workshop: Workshop, body: bytes, status: int, names: set[str] | None
) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = workshop.anonymous.post(f"{BASE}/answer", content=body, headers=headers)
    assert response.status == status
    if status == 400:
        problem = refused(response, 400)
        assert ("field_errors" in problem) == (names is not None)
        assert names is None or names == set(problem["field_errors"])


def limited() -> Workshop:
    return Workshop(max_body_bytes=100)


FILL = b'{"name": "a"}' + b" " * 87


def test_a_body_of_exactly_the_limit_is_read_and_one_byte_more_is_413() -> None:
    workshop = limited()
    assert len(FILL) == 100
    assert workshop.full.post(f"{BASE}/things", content=FILL, headers=JSON).status == 201
    response = workshop.full.post(f"{BASE}/things", content=FILL + b" ", headers=JSON)
    refused(response, 413, "100 bytes")
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("announced", [b"101", b"9" * 30])
def test_a_body_announced_over_the_limit_is_413_without_being_read(announced: bytes) -> None:
    workshop = limited()
    headers = [(b"host", b"h"), (b"authorization", b"Bearer full-token"), (b"content-type", b"application/json")]

    async def no_reading() -> dict[str, Any]:
        raise AssertionError("the body was read")

    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": f"{BASE}/things",
        "raw_path": f"{BASE}/things".encode(),
        "query_string": b"",
        "headers": [*headers, (b"content-length", announced)],
        "server": ("127.0.0.1", 1),
        "client": ("127.0.0.1", 2),
    }
    workshop.run(workshop.app(scope, no_reading, send))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize("chunk", [1, 7, 50, 100, 1000])
@pytest.mark.parametrize("announced", [None, b"10"])
def test_a_body_that_turns_out_over_the_limit_is_413_in_any_chunks(chunk: int, announced: bytes | None) -> None:
    workshop = limited()
    body = FILL + b" " * 400
    chunks = tuple(body[start : start + chunk] for start in range(0, len(body), chunk))
    headers = [(b"authorization", b"Bearer full-token"), (b"content-type", b"application/json")]
    if announced:
        headers.append((b"content-length", announced))
    refused(raw(workshop.full, "POST", "/things", *headers, chunks=chunks), 413)
    assert workshop.written() == {}


@pytest.mark.parametrize("chunk", [1, 5, 100])
def test_a_body_in_chunks_is_put_together(chunk: int) -> None:
    workshop = limited()
    chunks = tuple(FILL[start : start + chunk] for start in range(0, len(FILL), chunk))
    headers = [(b"authorization", b"Bearer full-token"), (b"content-type", b"application/json")]
    assert raw(workshop.full, "POST", "/things", *headers, chunks=chunks).status == 201


def test_an_operation_without_body_ignores_one_within_the_limit_and_refuses_one_announced_over_it() -> None:
    workshop = limited()
    assert workshop.full.get(f"{BASE}/things", content=b"\xff{", headers=JSON).status == 200
    refused(workshop.full.get(f"{BASE}/things", content=b"x" * 101, headers=JSON), 413)


def test_a_body_that_is_not_required_may_be_missing_whatever_its_type_says(workshop: Workshop) -> None:
    for headers in ({}, JSON, {"content-type": "text/plain"}):
        assert workshop.anonymous.post(f"{BASE}/answer", content=b"", headers=headers).status == 200


# ---- rate limits


def test_over_the_limit_it_is_429_with_retry_after_when_told_to_enforce() -> None:
    workshop = Workshop(enforce_rate_limits=True)
    remaining = [int(workshop.full.get(f"{BASE}/things").headers["x-remaining"]) for _ in range(20)]
    assert remaining == list(range(19, -1, -1))
    response = workshop.full.get(f"{BASE}/things")
    refused(response, 429)
    assert response.headers["retry-after"] == "3600"
    assert response.headers["x-remaining"] == "0"
    workshop.runtime.clock.set(workshop.runtime.clock.now().replace(hour=13))
    assert workshop.full.get(f"{BASE}/things").status == 200


def test_only_counted_requests_are_never_refused(workshop: Workshop) -> None:
    responses = [workshop.full.get(f"{BASE}/things") for _ in range(25)]
    assert {response.status for response in responses} == {200}
    assert responses[-1].headers["x-remaining"] == "0"


def test_refused_requests_count_as_well_once_their_route_is_known(workshop: Workshop) -> None:
    for path in ("/things/999", "/things?page=x", "/things?page=9"):
        workshop.full.get(BASE + path)
    workshop.full.get(f"{BASE}/nowhere")
    assert workshop.full.get(f"{BASE}/things").headers["x-remaining"] == "16"


def test_a_request_held_up_by_a_fault_does_not_wipe_out_the_count(monkeypatch: pytest.MonkeyPatch) -> None:
    workshop = Workshop(enforce_rate_limits=True)
    for _ in range(15):
        workshop.full.get(f"{BASE}/things")

    async def meanwhile(seconds: float) -> None:
        # While this request waits, time goes on and another request is counted.
        clock: Clock = workshop.runtime.clock
        clock.set(clock.now().replace(second=30))
        at = clock.now().timestamp()
        workshop.runtime.limiter.take("app", 20, at, enforce=True)

    monkeypatch.setattr("mockserver.http.faults.asyncio.sleep", meanwhile)
    workshop.runtime.faults.order(Match(), {"delay_ms": 30_000}, 1, 1.0)
    assert workshop.full.get(f"{BASE}/things").headers["x-remaining"] == "3"
