"""What can be declared of the objects of a schema, what it comes to, and where in an answer such objects are found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests.contract import Contract, from_file
from contract_tests.exchange import Exchange
from contract_tests.expression import compiled
from contract_tests.invariants import Invariant, Invariants, exact
from contract_tests.terms import ExpressionError

NUMBER: dict[str, Any] = {"type": "number"}
TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
SCHEMAS: dict[str, Any] = {
    "Line": {
        "type": "object",
        "properties": {"text": {"type": "string"}, "quantity": {"type": "integer"}, "amount": NUMBER},
    },
    "Base": {"type": "object", "properties": {"net": NUMBER, "vat": NUMBER, "total": {"type": ["number", "null"]}}},
    "Bill": {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {
                "type": "object",
                "properties": {
                    "kind": {"enum": ["first", "last"]},
                    "paid": {"type": "boolean"},
                    "start": TIME,
                    "end": {"anyOf": [TIME, {"type": "null"}]},
                    "day": {"type": "string", "format": "date"},
                    "from": NUMBER,
                    "place": {"type": "object", "properties": {"lat": NUMBER}},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "other": {"type": "array", "items": NUMBER},
                    "free": {"type": "object"},
                },
            },
        ]
    },
    "Note": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
    "Tree": {
        "type": "object",
        "properties": {
            "bill": {"$ref": "#/components/schemas/Bill"},
            "below": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
            "either": {"oneOf": [{"$ref": "#/components/schemas/Note"}, {"$ref": "#/components/schemas/Paid"}]},
        },
        "additionalProperties": {"$ref": "#/components/schemas/Line"},
    },
    "Paid": {"type": "object", "required": ["net"], "allOf": [{"$ref": "#/components/schemas/Base"}]},
}
BILL = """{"net": 0.3, "vat": 0.06, "total": 0.36, "kind": "first", "paid": true, "from": 2, "place": {"lat": -52.1},
 "start": "2026-03-01T00:00:00Z", "end": "2026-03-01T02:00:00+01:00", "day": "2026-03-01", "free": {"x": 1},
 "lines": [{"text": "a", "quantity": 1, "amount": 0.1}, {"text": "b", "quantity": 2, "amount": 0.2}], "other": [3, 1]}
"""


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Bills", "version": "1"},
        "paths": {"/trees": {"get": {"responses": {"200": {"description": "A tree.", "content": content}}}}},
        "components": {"schemas": SCHEMAS},
    }
    path: Path = tmp_path_factory.mktemp("bills") / "bills.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return from_file(path)


def judged(contract: Contract, text: str, bill: str = BILL, within: float = 0) -> str:
    return compiled(text, contract, contract.place("components", "schemas", "Bill"), within).broken_by(
        exact(bill.encode())
    )


@pytest.mark.parametrize(
    "text",
    [
        "total == net + vat",
        "net == sum(lines.amount)",  # 0.1 + 0.2: not 0.3 in floats
        "sum(lines.amount * lines.quantity) == 0.5",
        "sum(lines.amount * 10) / 3 == 1 and -total < 0",
        "min(lines.amount) == 0.1 and max(lines.amount) == 0.2 and max(net, vat, total) == total",
        "count(lines) == 2 and count(lines.text) == 2",
        "sorted(lines.text) and not sorted(other) and unique(lines.text)",
        "kind in ['first', 'last'] and 3 in other and kind not in ['none']",
        "0 < vat <= net < total",
        "abs(place.lat) == 52.1 and place.lat % 2 != 0",
        "round(total, 1) == 0.4 and round(total) == 0",
        "start < '2026-03-01T00:30:00Z' and seconds(start, end) == 3600",
        "day == '2026-03-01'",
        "paid == true and paid",
        'this["from"] == 2 and free.x == 1',
        "has(end) and end != null and not has(free.y)",
    ],
)
def test_what_holds_raises_nothing_and_its_contrary_does(contract: Contract, text: str) -> None:
    assert judged(contract, text) == ""
    assert judged(contract, f"not ({text})") != ""


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("total == net - vat", "0.36 against 0.3 - 0.06 = 0.24"),
        ("net == vat", "0.3 against 0.06"),
        ("net == sum(lines.quantity)", "0.3 against sum([1, 2]) = 3"),
        ("net == 0.3 and total == 1", "0.36 against 1"),
        ("end <= start", '"2026-03-01T02:00:00+01:00" against "2026-03-01T00:00:00Z"'),
        ("paid == false or net > total", "true == false or 0.3 > 0.36"),
        ("sorted(other)", "sorted([3, 1])"),
        ("start == null", '"2026-03-01T00:00:00Z" against null'),
        ("seconds(start, end) == 60", 'seconds("2026-03-01T00:00:00Z", "2026-03-01T02:00:00+01:00") = 3600 against 60'),
    ],
)
def test_what_is_broken_shows_its_values(contract: Contract, text: str, values: str) -> None:
    assert judged(contract, text) == values


@pytest.mark.parametrize(
    "bill",
    [
        "{}",
        '{"net": 1, "vat": 1, "total": null}',
        '{"net": 1, "vat": 1, "total": "3"}',
        '{"net": 1, "vat": [], "total": 3}',
    ],
)
def test_what_is_missing_or_of_another_type_is_not_judged(contract: Contract, bill: str) -> None:
    assert judged(contract, "total == net + vat", bill) == ""
    assert judged(contract, "sum(lines.amount) == 5", '{"lines": [{"amount": 1}, {}]}') == ""
    assert judged(contract, "net / vat == 7", '{"net": 1, "vat": 0}') == ""
    assert judged(contract, "start < end", '{"start": "2016-12-31T23:59:60Z", "end": "2016-01-01T00:00:00Z"}') == ""


def test_a_tolerance_is_in_favour_of_what_is_declared(contract: Contract) -> None:
    assert judged(contract, "net == 0.304", within=0.005) == ""
    assert judged(contract, "net < 0.296", within=0.005) == ""
    assert judged(contract, "net == 0.306", within=0.005) != ""
    assert judged(contract, "net > 0.306", within=0.005) != ""
    assert judged(contract, "net != 0.304", within=0.005) != ""
    assert judged(contract, "end == '2026-03-01T01:00:30Z'", within=60) == ""
    assert judged(contract, "end == '2026-03-01T01:00:30Z'", within=20) != ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("total == nett", "there is no member 'nett': did you mean 'net'?"),
        ("lines.amounts == 1", "there is no member 'lines.amounts': did you mean 'amount'?"),
        ("total ==", "cannot be read"),
        ("total = net", "cannot be read"),
        ("summ(lines.amount) == 1", "there is no function 'summ': did you mean sum?"),
        ("sum(net) == 1", "sum takes one list"),
        ("lines.amount > 0", "lines.amount is a list"),
        ("net == 'much'", "net is a number, 'much' is a text: they cannot be compared"),
        ("net == start", "net is a number, start is a time: they cannot be compared"),
        ("day < start", "day is a date, start is a time: they cannot be compared"),
        ("end - start > 1", "seconds(a, b) is the time from a to b"),
        ("start > '2026-03-01'", "'2026-03-01' is no time: has no zone"),
        ("sum(lines.amount * other) == 1", "are of different lists"),
        ("paid < true", "paid is a boolean, which has no order"),
        ("net", "says nothing that holds or not"),
        ("1 == 1", "names no member"),
        ("net is null", "write == or !="),
        ("net ** 9 == 1", "is no part of the language"),
        ("__import__('os')", "there is no function '__import__'"),
        ("net.__class__ == 1", "net is a number, which has no members"),
        ("(lambda: net)()", "is no part of the language"),
        ("[x for x in other] == 1", "is no part of the language"),
        ("lines[0].amount == 1", "is no member"),
        ("seconds(start) == 1", "seconds takes 2 values"),
        ("(" * 300 + "net" + ")" * 300, "cannot be read"),
    ],
)
def test_what_means_nothing_is_an_error_that_says_why(contract: Contract, text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        judged(contract, text)
    assert message in str(refused.value)


def answer(value: Any, method: str = "GET", status: int = 200) -> Exchange:
    body = json.dumps(value).encode()
    return Exchange("GET /trees", method, "http://127.0.0.1/trees", {}, None, status, {}, body)


@pytest.fixture(scope="module")
def invariants(contract: Contract) -> Invariants:
    def declared(component: str, text: str) -> list[Invariant]:
        schema = contract.place("components", "schemas", component)
        return [Invariant(component, compiled(text, contract, schema), "bills.laws.yaml:1")]

    return Invariants(
        contract,
        {"Base": declared("Base", "total == net + vat"), "Line": declared("Line", "amount >= 0")},
    )


WRONG = {"net": 1, "vat": 1, "total": 1}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ({"bill": WRONG}, "/bill"),
        ({"below": [{}, {"below": [{"bill": WRONG}]}]}, "/below/1/below/0/bill"),
        ({"either": WRONG}, "/either"),
        ({"bill": {"lines": [{"amount": 1}, {"amount": -1}]}}, "/bill/lines/1"),
        ({"some~thing/else": {"amount": -1}}, "/some~0thing~1else"),
    ],
)
def test_objects_are_found_wherever_the_schema_has_them(invariants: Invariants, value: Any, pointer: str) -> None:
    broken = invariants.judge(answer(value))
    assert broken
    assert broken.pointer == pointer
    assert invariants.judge(answer(value, method="HEAD")) is None
    assert invariants.judge(answer(value, status=404)) is None


@pytest.mark.parametrize("value", [{"either": {"text": "no bill", "total": 1}}, {"bill": None}, [], {"below": [WRONG]}])
def test_what_is_something_else_is_not_judged(invariants: Invariants, value: Any) -> None:
    assert invariants.judge(answer(value)) is None


def test_no_json_is_not_judged(invariants: Invariants) -> None:
    for body in (b"", b"a,b\r\n", b'{"bill": {"net": NaN}}', b"[" * 100_000, b"\xff"):
        exchange = Exchange("GET /trees", "GET", "http://127.0.0.1/trees", {}, None, 200, {}, body)
        assert invariants.judge(exchange) is None
