"""What a contract declares, what an exchange shows of it, and what the sum says about a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contract_tests import contract as contracts
from contract_tests.contract import Contract
from contract_tests.coverage.coverage import Coverage
from contract_tests.coverage.point import MOST, Point
from contract_tests.coverage.points import Points
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.findings import Ended, Judged, Started, Tally
from contract_tests.plan import Plan
from contract_tests.report import coverage as report
from contract_tests.report import junit, terminal
from contract_tests.runner import run
from specs import catalogue
from tests.contract_tests.conftest import DESK_SPEC
from tests.contract_tests.desk import TOKEN
from tests.contract_tests.test_reports import reported

LABEL = "POST /things/{id}"
OK = {"200": {"description": "Well."}}


def contract_of(operation: dict[str, Any], schemas: dict[str, Any] | None = None, label: str = LABEL) -> Contract:
    method, _, path = label.partition(" ")
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {path: {method.lower(): {"responses": OK} | operation}},
        "components": {"schemas": schemas or {}},
    }
    return Contract(Path("things.yaml"), document, None)


def accepting(schema: dict[str, Any], media_type: str = "application/json", **schemas: Any) -> Points:
    return Points(contract_of({"requestBody": {"content": {media_type: {"schema": schema}}}}, schemas))


def answering(schema: dict[str, Any], **schemas: Any) -> Points:
    response = {"description": "Well.", "content": {"application/json": {"schema": schema}}}
    return Points(contract_of({"responses": {"200": response}}, schemas))


def exchange(
    query: str = "",
    *,
    path: str = "/base/things/7",
    method: str = "POST",
    headers: dict[str, str] | None = None,
    body: Any = None,
    status: int = 200,
    answer: Any = None,
    label: str = LABEL,
) -> Exchange:
    sent = {"Content-Type": "application/json"} | (headers or {})
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    url = f"http://h{path}{f'?{query}' if query else ''}"
    answered = json.dumps(answer).encode() if answer is not None else b""
    return Exchange(label, method, url, sent, content, status, {"content-type": "application/json"}, answered)


def words(points: Iterable[Point]) -> list[str]:
    return [str(point) for point in points]


def shown(points: Points, one: Exchange) -> set[str]:
    """What an exchange exercised, without the status and what every body shows."""
    return {str(point) for point in points.exercised(one) if not point.refused} - {"200", "body"}


def declared(points: Points) -> list[str]:
    return [word for word in words(points.declared([LABEL])[LABEL]) if word not in ("200", "body")]


@pytest.mark.parametrize(
    ("status", "seen"),
    [(200, {"200"}), (201, {"default"}), (404, {"404"}), (422, {"4XX"}), (500, {"default"}), (0, set())],
)
def test_a_status_shows_what_declares_it_most_exactly(status: int, seen: set[str]) -> None:
    responses = {key: {"description": "."} for key in ("200", "404", "4XX", "default", "x-note")}
    points = Points(contract_of({"responses": responses}))
    assert words(points.declared([LABEL])[LABEL]) == ["200", "404", "4XX", "default"]
    assert set(words(points.exercised(exchange(status=status)))) == seen


@pytest.mark.parametrize(("status", "seen"), [(405, ["405"]), (404, []), (200, [])])
def test_another_method_shows_only_that_it_is_not_allowed(status: int, seen: list[str]) -> None:
    points = Points(contract_of({"responses": {key: {"description": "."} for key in ("200", "404", "405")}}))
    assert words(points.exercised(exchange(method="PUT", status=status))) == seen


def test_an_operation_that_the_contract_does_not_have_shows_nothing() -> None:
    assert Points(contract_of({})).exercised(exchange(label="GET /elsewhere", method="GET")) == frozenset()


COLOURS = {"type": "array", "items": {"enum": ["red", "blue"]}}


@pytest.mark.parametrize(
    ("parameter", "sent", "seen"),
    [
        ({"in": "query", "name": "valid", "schema": {"type": "boolean"}}, {"query": "valid=true"}, {"=true"}),
        ({"in": "query", "name": "valid", "schema": {"type": "boolean"}}, {"query": "valid=maybe"}, set()),
        ({"in": "query", "name": "valid", "schema": {"type": "boolean"}}, {"query": "invalid=true"}, None),
        (
            {"in": "query", "name": "n", "schema": {"anyOf": [{"enum": [1.0, None]}, {"const": 2}]}},
            {"query": "n=1"},
            {"=1"},
        ),
        ({"in": "query", "name": "n", "schema": {"type": "string"}}, {"query": "n="}, set()),
        ({"in": "query", "name": "n", "schema": {"type": "object"}}, {"query": "n[a]=1"}, set()),
        (
            {"in": "query", "name": "n", "schema": {"type": "object", "properties": {"low": {}}}},
            {"query": "low=1"},
            set(),
        ),
        ({"in": "query", "name": "c", "schema": COLOURS}, {"query": "c=red&c=blue"}, {"=red", "=blue"}),
        ({"in": "query", "name": "c", "schema": COLOURS}, {"query": "c[]=red"}, {"=red"}),
        ({"in": "query", "name": "c", "explode": False, "schema": COLOURS}, {"query": "c=red,blue"}, {"=red", "=blue"}),
        ({"in": "query", "name": "c", "style": "pipeDelimited", "schema": COLOURS}, {"query": "c=x%7Cblue"}, {"=blue"}),
        (
            {"in": "header", "name": "X-Colours", "schema": COLOURS},
            {"headers": {"x-colours": "blue,red"}},
            {"=red", "=blue"},
        ),
        ({"in": "cookie", "name": "c", "schema": {"enum": ["a"]}}, {"headers": {"Cookie": "b=1; c=a"}}, {"=a"}),
        ({"in": "cookie", "name": "c", "schema": {"enum": ["a"]}}, {"headers": {"Cookie": "=;;[]"}}, None),
        ({"in": "path", "name": "id", "schema": {"enum": ["a b"]}}, {"path": "/base/things/a%20b"}, {"=a b"}),
        ({"in": "path", "name": "id", "schema": {}}, {"path": "/elsewhere"}, None),
        ({"in": "query", "name": "n", "content": {"application/json": {}}}, {"query": "n=%7B%7D"}, set()),
    ],
)
def test_parameters_and_their_values(parameter: dict[str, Any], sent: dict[str, Any], seen: set[str] | None) -> None:
    name = f"{parameter['in']} {parameter['name']}"
    points = Points(contract_of({"parameters": [parameter]}))
    assert name in declared(points)
    expected = set() if seen is None else {name} | {f"{name}{value}" for value in seen}
    assert expected <= set(declared(points))
    assert shown(points, exchange(**sent)) == expected


def test_what_openapi_does_not_take_for_parameters_is_none() -> None:
    ignored = [{"in": "header", "name": name, "schema": {}} for name in ("Authorization", "Accept", "content-type")]
    assert declared(Points(contract_of({"parameters": ignored}))) == []


def test_what_is_refused_was_not_exercised() -> None:
    points = Points(contract_of({"parameters": [{"in": "query", "name": "n", "schema": {"enum": ["a"]}}]}))
    refused = points.exercised(exchange("n=a", status=422))
    assert {(str(point), point.refused) for point in refused} == {("query n", 422), ("query n=a", 422)}
    assert shown(points, exchange("n=a", status=302)) == {"query n", "query n=a"}


def test_members_values_and_branches_of_a_request_body() -> None:
    schema = {
        "type": "object",
        "allOf": [{"properties": {"kind": {"enum": ["a", "b"]}}}],
        "properties": {
            "id": {"type": "string", "readOnly": True},
            "note": {"type": ["string", "null"]},
            "open": {"type": "boolean"},
            "rates": {"type": "array", "items": {"oneOf": [{"$ref": "#/components/schemas/Flat"}, {"type": "null"}]}},
        },
        "additionalProperties": {"enum": ["x"]},
    }
    points = accepting(schema, Flat={"type": "object", "required": ["price"], "properties": {"price": {}}})
    assert sorted(declared(points)) == [
        "body.*=x",
        "body.kind",
        "body.kind=a",
        "body.kind=b",
        "body.note",
        "body.note: not null",
        "body.note: null",
        "body.open",
        "body.open=false",
        "body.open=true",
        "body.rates",
        "body.rates[].price",
        "body.rates[]: Flat",
        "body.rates[]: null",
    ]
    body = {"kind": "b", "note": None, "open": True, "rates": [{"price": 1}], "other": "x"}
    assert shown(points, exchange(body=body)) == {
        *("body.kind", "body.kind=b", "body.note", "body.note: null", "body.open", "body.open=true"),
        *("body.rates", "body.rates[]: Flat", "body.rates[].price", "body.*=x"),
    }
    assert shown(points, exchange(body={"rates": [{}], "id": "7"})) == {"body.rates"}
    assert shown(points, exchange(body={"kind": "x"})) == {"body.kind"}


def test_media_types_and_forms() -> None:
    form = {"schema": {"properties": {"grant": {"enum": ["code"]}}}}
    content = {"*/*": {}, "text/*": {"schema": {"type": "string"}}, "application/x-www-form-urlencoded": form}
    points = Points(contract_of({"requestBody": {"content": content}}))
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    seen = shown(points, exchange(headers=headers, body=b"grant=code&x=1"))
    assert seen == {"body: application/x-www-form-urlencoded", "body.grant", "body.grant=code"}
    assert shown(points, exchange(headers={"Content-Type": "text/csv"}, body=b"a,b")) == {"body: text/*"}
    assert shown(points, exchange(headers={"Content-Type": "image/png"}, body=b"a,b")) == {"body: */*"}


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"NaN", b'"\\ud800"', b"[" * 5000 + b"]" * 5000, b"1e999"])
def test_a_body_that_nobody_can_read_shows_no_more_than_that_it_was_sent(body: bytes) -> None:
    points = accepting({"oneOf": [{"type": "number"}, {"type": "array"}]})
    assert shown(points, exchange(body=body)) == set()


def test_branches_of_an_answer() -> None:
    schema = {
        "type": "array",
        "items": {
            "properties": {
                "icon": {"type": ["string", "null"]},
                "secret": {"type": ["string", "null"], "writeOnly": True},
                "owner": {"anyOf": [{"type": "string", "format": "uri"}, {"title": "Owner", "type": "object"}]},
                "plain": {"enum": ["no", "choice", "of", "the", "client"]},
            }
        },
    }
    points = answering(schema)
    named = ["200 body: an item", "200 body[].icon: null", "200 body[].icon: not null"]
    assert declared(points) == [*named, "200 body[].owner: string uri", "200 body[].owner: Owner"]
    assert shown(points, exchange(answer=[])) == set()
    seen = shown(points, exchange(answer=[{"icon": "a"}, {"icon": None, "owner": {}}]))
    assert seen == {*named, "200 body[].owner: Owner"}


def test_a_member_that_is_described_is_none_of_the_others() -> None:
    text = {"type": ["string", "null"]}
    points = answering({"properties": {"plain": {}, "hidden": {"writeOnly": True}}, "additionalProperties": text})
    assert shown(points, exchange(answer={"plain": None, "hidden": None})) == set()
    assert shown(points, exchange(answer={"other": None})) == {"200 body.*: null"}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ({"properties": {"kind": {"const": "flat"}}}, "kind flat"),
        ({"required": ["a", "b"]}, "with a, b"),
        ({"type": ["string", "null"]}, "string null"),
        ({}, "1"),
        (True, "1"),
    ],
)
def test_alternatives_have_names_that_people_know(written: Any, name: str) -> None:
    assert f"200 body: {name}" in declared(answering({"anyOf": [written, {"type": "integer"}]}))


def test_alternatives_of_one_name_are_told_apart() -> None:
    points = answering({"oneOf": [{"type": "string", "maxLength": 1}, {"type": "string", "minLength": 2}]})
    assert declared(points) == ["200 body: string", "200 body: string 2"]
    assert shown(points, exchange(answer="ab")) == {"200 body: string 2"}


def test_a_body_of_the_default_response_counts_where_no_success_is_declared() -> None:
    body = {"description": ".", "content": {"application/json": {"schema": {"type": "array", "items": {}}}}}
    points = Points(contract_of({"responses": {"default": body}}))
    assert declared(points) == ["default", "default body: an item"]
    assert shown(points, exchange(answer=[1])) == {"default", "default body: an item"}
    assert shown(points, exchange(answer=[1], status=400)) == {"default"}


def test_recursion_ends() -> None:
    tree = {
        "type": "object",
        "properties": {
            "name": {"type": ["string", "null"]},
            "parent": {"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}]},
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
        },
    }
    loop = {
        "allOf": [{"$ref": "#/components/schemas/Loop"}],
        "properties": {"tree": {"$ref": "#/components/schemas/Tree"}},
    }
    points = answering({"$ref": "#/components/schemas/Loop"}, Tree=tree, Loop=loop)
    assert set(declared(points)) == {
        *("200 body.tree.name: null", "200 body.tree.name: not null", "200 body.tree.children: an item"),
        *("200 body.tree.parent: Tree", "200 body.tree.parent: null"),
    }
    deep: dict[str, Any] = {"name": None}
    for _ in range(200):
        deep = {"name": "n", "children": [deep]}
    seen = shown(points, exchange(answer={"tree": deep}))
    assert seen == {"200 body.tree.name: not null", "200 body.tree.children: an item"}


def test_a_shared_enum_counts_for_each_member() -> None:
    reference = {"$ref": "#/components/schemas/Currency"}
    points = accepting({"properties": {"buy": reference, "sell": reference}}, Currency={"enum": ["EUR"]})
    assert declared(points) == ["body.buy", "body.sell", "body.buy=EUR", "body.sell=EUR"]
    assert shown(points, exchange(body={"sell": "EUR"})) == {"body.sell", "body.sell=EUR"}


def test_an_alternative_that_nobody_can_judge_is_not_declared() -> None:
    remote = {"$ref": "https://elsewhere.example/schema.json"}
    points = answering({"oneOf": [remote, {"type": "integer"}, {"type": "string"}]})
    assert declared(points) == ["200 body: integer", "200 body: string"]
    assert shown(points, exchange(answer=3)) == {"200 body: integer"}


def test_a_large_operation_is_cut_and_its_row_says_so() -> None:
    points = accepting({"properties": {f"p{n}": {} for n in range(2 * MOST)}})
    assert len(points.declared([LABEL])[LABEL]) == MOST
    assert Coverage(points.declared([LABEL]), {}, {}).rows()[0]["cut"]
    assert shown(points, exchange(body={f"p{2 * MOST - 1}": 1})) == set()


def test_what_is_beyond_the_cut_is_not_exercised_either() -> None:
    members = {f"p{n}": {"type": ["string", "null"]} for n in range(MOST)}
    points = answering({"properties": members})
    seen = points.exercised(exchange(answer=dict.fromkeys(members, "x")))
    assert {response("200")} < seen < set(points.declared([LABEL])[LABEL])


@pytest.mark.parametrize("api", catalogue.names())
def test_our_own_contracts_declare_what_can_be_counted(api: str) -> None:
    contract = contracts.named(api)
    for label, points in Points(contract).declared(contract.operations).items():
        assert points, label
        assert len(points) == len(set(points)) < MOST, label


def point(name: str, kind: Any = "parameters", direction: Any = "request", value: str = "", refused: int = 0) -> Point:
    return Point(direction, kind, name, value, refused)


def response(status: str) -> Point:
    return point(status, "responses", "response")


HELD = point("200 body", "branches", "response", "null")


@pytest.mark.parametrize(
    ("never", "tried", "answers", "reason"),
    [
        (point("query n"), [], {}, "no request was sent"),
        (point("query n"), [], {200: 1}, "never sent"),
        (
            point("query n"),
            [point("query n", refused=422), point("query n", refused=400)],
            {400: 1, 422: 1},
            "only ever refused (400, 422)",
        ),
        (
            point("query n", "values", value="a"),
            [point("query n", "values", value="b", refused=400)],
            {400: 1},
            "never sent",
        ),
        (HELD, [], {200: 1, 404: 1}, "no answer held it"),
        (HELD, [], {404: 1}, "no answer was a success"),
        (response("201"), [], {404: 1}, "no answer was a success"),
        (response("201"), [], {200: 1}, "no answer had this status"),
        (response("429"), [], {200: 1}, "needs a rate limit, which was never reached"),
        (response("403"), [], {200: 1}, "no credential without that scope"),
        (response("5XX"), [], {200: 1}, "server-side trouble (5xx) is nothing that a client can provoke"),
        (response("default"), [], {200: 1}, "no answer had this status"),
    ],
)
def test_why_a_point_was_never_exercised(
    never: Point, tried: list[Point], answers: dict[int, int], reason: str
) -> None:
    coverage = Coverage({"A": (never,)}, {"A": set(tried)}, {"A": Counter(answers)} if answers else {})
    assert coverage.operations[0].never == {never: reason}
    assert coverage.share == 0


def summed() -> Coverage:
    declared = {
        "GET /a": (response("200"), response("429"), response("500"), point("query n"), HELD),
        "GET /b": (response("200"), response("404"), response("429")),
        "POST /c": (response("201"), point("body")),
        "GET /d": (response("200"),),
    }
    tried = {"GET /a": {response("200"), point("query n"), point("query n", refused=400)}, "GET /b": {response("200")}}
    answers = {"GET /a": Counter({200: 2, 400: 1}), "GET /b": Counter({200: 1})}
    return Coverage(declared, tried, answers, {"POST /c": "mode read-only sends no POST"}, frozenset({"GET /d"}))


def test_totals_and_share_leave_out_what_the_user_did() -> None:
    coverage = summed()
    assert coverage.totals == {"responses": (2, 7), "parameters": (1, 2), "branches": (0, 1)}
    assert coverage.share == pytest.approx(100 * 3 / 10)
    assert Coverage({}, {}, {}).share == 0


def test_rows_are_json_and_have_every_operation() -> None:
    rows = json.loads(json.dumps(summed().rows()))
    assert [(row["operation"], row["barred"]) for row in rows] == [
        ("GET /a", ""),
        ("GET /b", ""),
        ("POST /c", "mode read-only sends no POST"),
        ("GET /d", "operation excluded"),
    ]
    assert rows[0]["kinds"]["parameters"] == {"declared": 1, "exercised": ["query n"], "never": []}
    assert rows[0]["kinds"]["branches"]["never"] == [{"point": "200 body: null", "reason": "no answer held it"}]
    assert rows[2]["kinds"]["responses"]["never"] == [{"point": "201", "reason": "mode read-only sends no POST"}]


def test_the_terminal_says_once_what_holds_for_all_and_leaves_out_what_nobody_can_provoke() -> None:
    assert list(report.lines(summed())) == [
        "Exercised: responses 2 of 7, parameters 1 of 2, branches 0 of 1 (30 %)",
        "   at no operation: 429 (needs a rate limit, which was never reached)",
        "   mode read-only sends no POST: POST /c",
        "   GET /a: no answer held it: 200 body: null",
        "   GET /b: all that was asked for was there: 404",
    ]
    assert list(report.lines(Coverage({}, {}, {}))) == []


def test_the_terminal_stays_short_unless_asked() -> None:
    many = tuple(point(f"query a-name-that-is-long-{n}") for n in range(6))
    coverage = Coverage({f"GET /{n}": many for n in range(30)}, {}, {"GET /0": Counter({200: 1})})
    short, whole = list(report.lines(coverage)), list(report.lines(coverage, verbose=True))
    assert len(short) == 12
    assert short[-1] == "   and 20 more of which something was never seen; the other reports have all"
    assert "long-2 and 3 more" in short[1]
    assert max(map(len, short)) <= 120
    assert len(whole) == 31
    assert whole[1].endswith("query a-name-that-is-long-5")


@pytest.fixture(scope="module")
def desk() -> Contract:
    return contracts.from_file(DESK_SPEC)


def tally_of(desk: Contract, url: str, *labels: str) -> Tally:
    credentials = Credentials({"Authorization": f"Bearer {TOKEN}"}, {TOKEN: "GRIDMOCK_TOKEN"})
    plan = Plan(desk, url, credentials, frozenset(labels), ("examples", "coverage"), 1, 3, None)
    tally = Tally()
    for event in run(plan):
        if isinstance(event, Started):
            event = replace(event, points=Points(desk).declared(desk.operations))
        tally.add(event)
    return tally


def test_a_run_tells_what_it_exercised_and_what_only_ever_failed(desk: Contract, desk_url: str) -> None:
    tally = tally_of(desk, desk_url, "GET /tariffs", "POST /alerts")
    tariffs, alerts = tally.coverage.operations
    assert {"200", "400", "401", "404", "query page", "query valid=true", "query valid=false"} <= {
        *words(tariffs.exercised)
    }
    assert "only ever refused" in tariffs.never[point("header Desk-User")]
    assert {"201", "body", "body.name", "body.below_minor_units"} <= {*words(alerts.exercised)}
    assert alerts.never[response("403")] == "no credential without that scope"
    assert {row["barred"] for row in tally.coverage.rows()} == {"", "operation excluded"}
    assert "Exercised: responses" in "\n".join(terminal.summary(reported(tally)))
    properties = ElementTree.fromstring(junit.render(reported(tally))).iter("property")
    seen, total = tally.coverage.totals["responses"]
    assert {one.get("name"): one.get("value") for one in properties}["coverage.responses"] == f"{seen} of {total}"


def test_an_operation_all_of_whose_answers_were_refusals_is_unreached() -> None:
    tally = Tally()
    tally.add(
        Started("Desk", "http://h", 1, ("coverage",), ("GET /a",), {"GET /a": (response("200"), response("404"))})
    )
    tally.add(Judged("coverage", "GET /a", Counter({404: 3}), 0, frozenset(), (), points=frozenset({response("404")})))
    tally.add(Ended(1.0, "completed"))
    assert tally.unreached == ("GET /a",)
    assert tally.exit_code == 2
    assert tally.coverage.share == 50
