"""What the judge finds in exchanges, and what it leaves in peace."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract_tests import contract
from contract_tests.contract import Contract, ContractError
from contract_tests.traffic.judge import Judge, Recorded, Verdict
from contract_tests.traffic.routes import BaseUrlGuess, Routes, checked_base_url
from tests.contract_tests.traffic.parcels import BASE, JSON, NEW, PARCEL, SPEC, created, got, listed, refused

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BOUNDARY = {"Content-Type": "multipart/form-data; boundary=xx"}
TEXT = {"Content-Type": "text/plain"}


def parts(**fields: str) -> bytes:
    body = "".join(
        f'--xx\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()
    )
    return f"{body}--xx--\r\n".encode()


@pytest.fixture(scope="module")
def parcels() -> Contract:
    return contract.from_file(SPEC)


@pytest.fixture(scope="module")
def judge(parcels: Contract) -> Judge:
    return Judge(parcels, BASE)


def deleted(**other: Any) -> Recorded:
    cookies = {"request_headers": {"Cookie": "a=1; confirmed=true"}, "response_headers": {"set-cookie": "confirmed="}}
    return got(**{"method": "DELETE", "status": 204, "body": None, **cookies, **other})


RIGHT = {
    "a list": listed(),
    "every parameter": listed(query="?limit=50&tags=a,b&open=true&q=x"),
    "an empty text in the query": listed(query="?q="),
    "a parameter that nobody declares": listed(query="?utm_source=mail"),
    "headers in another case": listed(request_headers={"X-DEPOT": "D1"}, response_headers={**JSON, "x-total": "0"}),
    "charset": listed(response_headers={"Content-Type": "Application/JSON; charset=UTF-8", "X-Total": "1"}),
    "an odd parameter of the media type": listed(
        response_headers={"Content-Type": "application/json;", "X-Total": "1"}
    ),
    "an optional header": listed(response_headers={**JSON, "X-Total": "1", "ETag": '"x"'}),
    "a range of statuses": listed(**refused(429)),
    "problem+json": got(**refused()),
    "default": got("/parcels/latest", **refused(503)),
    "another +json": created(),
    "a form": created(b"name=books&count=3", request_headers=FORM),
    "null where it may be": got(body={**PARCEL, "weight": None}),
    "a whole number": got(body={**PARCEL, "weight": 2}),
    "a path that is literal": got("/parcels/latest", b"abc", response_headers=TEXT),
    "an encoded path": got("/parcels/%37"),
    "nothing where nothing is declared": deleted(),
    "HEAD, undeclared": listed(body=None, method="HEAD"),
    "not modified": listed(body=None, status=304, request_headers={"x-depot": "D1", "If-None-Match": '"x"'}),
    "a secret that is not there": got(request_headers={}),
    "a masked secret": got(body={**PARCEL, "token": "***"}, censored=True),
    "a media type without a schema": got(
        "/parcels/latest", b"%PDF", response_headers={"content-type": "application/pdf"}
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_is_right(name: str, judge: Judge) -> None:
    verdict = judge.judge(RIGHT[name])
    assert verdict.operation
    assert (verdict.violations, verdict.refused) == ((), ())


WRONG: dict[str, tuple[Recorded, str, str, str]] = {
    "limit too high": (listed(query="?limit=51"), "request", "maximum", ""),
    "limit no number": (listed(query="?limit=many"), "request", "type", ""),
    "an empty limit": (listed(query="?limit="), "request", "type", ""),
    "an item of a list": (listed(query="?tags=a,toolong"), "request", "maxLength", ""),
    "no header": (listed(request_headers={}), "request", "required", ""),
    "a wrong header": (listed(request_headers={"x-depot": "E1"}), "request", "pattern", ""),
    "a path parameter": (got("/parcels/seven"), "request", "type", ""),
    "no cookie": (deleted(request_headers={"Cookie": "a=1"}), "request", "required", ""),
    "a wrong cookie": (deleted(request_headers={"Cookie": "confirmed=maybe"}), "request", "type", ""),
    "no cookie set": (deleted(response_headers={}), "response", "required", ""),
    "no body": (created(None), "request", "required", ""),
    "broken JSON": (created(b"{"), "request", "syntax", ""),
    "NaN": (created(b'{"name": "ab", "pin": "x", "weight": NaN}'), "request", "syntax", ""),
    "a read-only member sent": (created({**NEW, "id": 1}), "request", "readOnly", "/id"),
    "a member that does not exist": (created({**NEW, "colour": 1}), "request", "additionalProperties", ""),
    "another media type": (
        created(b"<a/>", request_headers={"content-type": "text/xml"}),
        "request",
        "content-type",
        "",
    ),
    "no media type": (created(request_headers={}), "request", "content-type", ""),
    "a form": (created(b"name=b", request_headers=FORM), "request", "minLength", "/name"),
    "a form's number": (created(b"name=bb&count=10", request_headers=FORM), "request", "maximum", "/count"),
    "undeclared status": (got(status=418, body=None), "response", "status", ""),
    "not modified, unasked": (got(status=304, body=None), "response", "status", ""),
    "no required header": (listed(response_headers=JSON), "response", "required", ""),
    "a header of another type": (listed(response_headers={**JSON, "X-Total": "x"}), "response", "type", ""),
    "a header too low": (listed(response_headers={**JSON, "X-Total": "-1"}), "response", "minimum", ""),
    "HTML": (got(body=b"<p>", response_headers={"content-type": "text/html"}), "response", "content-type", ""),
    "JSON for problem+json": (got(status=404, body={"title": "no"}), "response", "content-type", ""),
    "an empty answer": (got(body=None), "response", "required", ""),
    "no JSON": (got(body=b"<p>"), "response", "syntax", ""),
    "a missing member": (got(body={"id": 1}), "response", "required", ""),
    "a member of another type": (listed(body=[PARCEL, {**PARCEL, "id": "8"}]), "response", "type", "/1/id"),
    "a write-only member told": (got(body={**PARCEL, "pin": "0000"}), "response", "writeOnly", "/pin"),
    "HEAD without a header": (listed(body=None, method="HEAD", response_headers=JSON), "response", "required", ""),
    "an unmasked secret": (got(body={**PARCEL, "token": "***"}), "response", "pattern", "/token"),
    "a text too long": (got("/parcels/latest", b"a" * 11, response_headers=TEXT), "response", "maxLength", ""),
    "a problem without title": (got(**refused() | {"response_body": b"{}"}), "response", "required", ""),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_is_found_in_its_place(name: str, judge: Judge) -> None:
    exchange, direction, rule, pointer = WRONG[name]
    (violation,) = judge.judge(exchange).violations
    assert (violation.direction, violation.rule, violation.pointer) == (direction, rule, pointer)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("limit too high", "schema: {type: integer, minimum: 1, maximum: 50}"),
        ("no header", "- name: X-Depot"),
        ("a path parameter", "schema: {type: integer}"),
        ("undeclared status", "responses:"),
        ("HTML", "content:"),
        ("a header too low", "schema: {type: integer, minimum: 0}"),
        ("a member of another type", "id: {type: integer, readOnly: true}"),
        ("a missing member", "Parcel:"),
        ("a form's number", "count: {type: integer, maximum: 9}"),
        ("an empty answer", "'200':"),
    ],
)
def test_a_violation_names_the_line_of_the_contract(name: str, line: str, judge: Judge) -> None:
    (violation,) = judge.judge(WRONG[name][0]).violations
    file, number, _ = violation.where.split(":")
    assert Path(file) == SPEC
    assert SPEC.read_text("utf-8").splitlines()[int(number) - 1].strip() == line


def test_both_sides_can_be_wrong_at_once(judge: Judge) -> None:
    verdict = judge.judge(listed(query="?limit=0&open=maybe", body=[{"id": "x"}], response_headers=JSON))
    assert sorted((one.direction, one.rule) for one in verdict.violations) == [
        ("request", "minimum"),
        ("request", "type"),
        ("response", "required"),
        ("response", "required"),
        ("response", "type"),
    ]


def test_an_invalid_request_that_was_refused_is_no_breach(judge: Judge) -> None:
    verdict = judge.judge(created({"name": "b"}, **refused(422)))
    assert verdict.violations == ()
    assert {one.rule for one in verdict.refused} == {"minLength", "required"}


def test_an_invalid_request_that_breaks_the_server_is_a_breach(judge: Judge) -> None:
    verdict = judge.judge(got("/parcels/seven", status=500, body=None))
    assert [(one.direction, one.rule) for one in verdict.violations] == [("request", "type"), ("response", "status")]


@pytest.mark.parametrize(
    ("exchange", "unjudged"),
    [
        (got("/parcels/latest", b"<a/>", response_headers={"content-type": "application/xml"}), "application/xml"),
        (got(body=b'{"id": 7, "na', unread={"response body": "it was cut"}), "response body: it was cut"),
        (created(b"{", unread={"request body": "it was cut"}), "request body: it was cut"),
        (created(parts(count="x"), request_headers=BOUNDARY), "request body: multipart/form-data is not read"),
        (got(status=0, body=None), "response: none came"),
        (deleted(request_headers={}, censored=True), "request: cookies"),
        (deleted(response_headers={}, censored=True), "response: cookies"),
        (got(body={**PARCEL, "token": "[REDACTED]"}, censored=True), "what the recorder masked"),
    ],
)
def test_what_cannot_be_judged_is_said_and_is_no_alarm(exchange: Recorded, unjudged: str, judge: Judge) -> None:
    verdict = judge.judge(exchange)
    assert verdict.violations == ()
    assert unjudged in "; ".join(verdict.unjudged)


def test_a_body_that_was_cut_still_has_a_media_type_and_a_status(judge: Judge) -> None:
    cut = got(body=b"<p", response_headers={"content-type": "text/html"}, unread={"response body": "it was cut"})
    assert [one.rule for one in judge.judge(cut).violations] == ["content-type"]
    assert [one.rule for one in judge.judge(replace(cut, status=418)).violations] == ["status"]


@pytest.mark.parametrize(
    ("method", "url", "unknown"),
    [
        ("GET", f"{BASE}/letters", "GET /letters"),
        ("PATCH", f"{BASE}/parcels/7", "PATCH /parcels/7"),
        ("OPTIONS", f"{BASE}/parcels", "OPTIONS /parcels"),
        ("GET", f"{BASE}/parcels/", "GET /parcels/"),
        ("GET", "http://parcels.test/v31/parcels", ""),
        ("GET", "https://parcels.test/v3/parcels", ""),
        ("GET", "http://other.test/v3/parcels", ""),
        ("GET", "data:text/plain,x", ""),
        ("GET", "http://[broken/v3/parcels", ""),
    ],
)
def test_what_is_no_operation_is_unknown_or_elsewhere(method: str, url: str, unknown: str, judge: Judge) -> None:
    assert judge.judge(got(method=method, url=url)) == Verdict("", unknown=unknown)


def test_an_undeclared_head_may_be_refused(judge: Judge) -> None:
    assert judge.judge(listed(method="HEAD", status=405, body=None)).unknown == "HEAD /parcels"


@pytest.mark.parametrize(
    ("base", "url"),
    [("http://h:80/v3", "http://H/v3/parcels"), ("/v3", "https://any/v3/parcels"), ("/", "http://h/parcels")],
)
def test_a_base_url_fits_however_it_is_written(base: str, url: str, parcels: Contract) -> None:
    assert Routes(parcels, base).below(url) == "/parcels"


@pytest.mark.parametrize(
    ("urls", "base"),
    [
        (["http://h/x/api/v3/parcels/7", "http://h/x/api/v3/parcels"], "http://h/x/api/v3"),
        (["http://h/api/v3/parcels", "http://h/api/v3/letters", "http://cdn/app.js"], "http://h/api/v3"),
        (["http://a/v3/parcels", "http://b/v3/parcels"], "/v3"),
        (["http://h/parcels/latest"], "http://h"),
        (["http://h/letters"], ""),
        (["ws://h/parcels", "http://["], ""),
    ],
)
def test_a_base_url_is_guessed(urls: list[str], base: str, parcels: Contract) -> None:
    guess = BaseUrlGuess(parcels)
    for url in urls:
        guess.see("GET", url)
    assert guess.best == base


@pytest.mark.parametrize(
    "url", ["parcels.test/v3", "", "ftp://h/", "http://", "//h/v3", "http://h/?a=1", "http://[", "x"]
)
def test_a_base_url_must_be_one(url: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|Invalid"):
        checked_base_url(url)


def foreign(tmp_path: Path, schema: Any, version: str = "3.0.3") -> Judge:
    answer = {"description": "x", "content": {"application/json": {"schema": schema}}}
    document = {
        "openapi": version,
        "x-made-by": "somebody else",
        "info": {"title": "Foreign", "version": "1"},
        "paths": {"/things": {"get": {"responses": {"200": answer}}}},
    }
    file = tmp_path / "foreign.json"
    file.write_text(json.dumps(document), "utf-8")
    loaded = contract.from_file(file)
    assert loaded.spec is None
    return Judge(loaded, "/")


@pytest.mark.parametrize(
    ("version", "schema", "right", "wrong"),
    [
        ("3.0.3", {"type": "integer", "nullable": True, "minimum": 0, "exclusiveMinimum": True}, [None, 1], [0, "1"]),
        ("3.1.0", {"type": ["integer", "null"], "exclusiveMinimum": 0}, [None, 1], [0, "1"]),
        # A pattern that our engine does not know is left to openapi-core's.
        ("3.1.0", {"type": "string", "pattern": r"^(?P<a>.)(?P=a)$"}, ["aa"], ["ab"]),
    ],
)
def test_documents_of_others_are_judged_by_their_own_version(
    version: str, schema: Any, right: list[Any], wrong: list[Any], tmp_path: Path
) -> None:
    strange = foreign(tmp_path, schema, version)

    def violations(value: Any) -> int:
        return len(strange.judge(got(url="http://h/things", body=json.dumps(value).encode())).violations)

    assert [violations(value) for value in right] == [0] * len(right)
    assert [violations(value) for value in wrong] == [1] * len(wrong)


def test_what_is_no_openapi_3_is_refused(parcels: Contract) -> None:
    swagger = replace(parcels, document={"swagger": "2.0", "paths": {}}, spec=None)
    with pytest.raises(ContractError, match=r"by OpenAPI 3, not by 2\.0"):
        Judge(swagger, "/")
