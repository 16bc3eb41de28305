"""Validators answer fast, and say what is wrong in words for a client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from specs.loader import load
from specs.operation import Schema, Spec
from specs.validation import Validators, Violation
from tests.specs.contracts import edited, with_schema, write

THING = Schema("/components/schemas/Thing", {})


def spec_with(folder: Path, schema: str) -> Spec:
    return load(write(folder, {"openapi.yaml": with_schema(schema)}))


def violations(folder: Path, schema: str, value: Any) -> list[tuple[str, str, str]]:
    validator = Validators(spec_with(folder, schema)).request(THING)
    found = validator.violations(value)
    assert validator.is_valid(value) is (not found)
    return [(violation.pointer, violation.keyword, violation.message) for violation in found]


CARD = """
oneOf:
  - type: object
    properties: {kind: {const: card}, limit: {type: integer}}
    required: [kind, limit]
  - type: object
    properties: {kind: {const: app}, phone: {type: string}}
    required: [kind, phone]
  - type: 'null'
"""

MESSAGE = """
oneOf:
  - type: object
    properties: {kind: {const: call}, name: {type: string}, event: {type: object}, mode: {enum: [a, b]}}
    required: [kind, name, event]
  - type: object
    properties: {event: {const: values}, values: {items: {type: integer}}}
    required: [event, values]
"""

# Schema, value, violations.
CASES: dict[str, tuple[str, Any, list[tuple[str, str, str]]]] = {
    "nothing wrong": ("type: string", "a", []),
    "type": ("type: string", 1, [("", "type", '1 is not of type "string"')]),
    "place": (
        "properties: {a/b: {items: {minimum: 1}}}",
        {"a/b": [1, 0]},
        [("/a~1b/1", "minimum", "0 is less than the minimum of 1")],
    ),
    "required": (
        "type: object\nproperties: {a: true}\nrequired: [a]",
        {},
        [("", "required", '"a" is a required property')],
    ),
    "two at once": (
        "properties: {a: {type: string}, b: {maxLength: 1}}",
        {"a": 1, "b": "long"},
        [("/a", "type", '1 is not of type "string"'), ("/b", "maxLength", '"long" is longer than 1 character')],
    ),
    "unknown property": (
        "properties: {a: true}\nadditionalProperties: false",
        {"a": 1, "b": 1},
        [("", "additionalProperties", "Additional properties are not allowed ('b' was unexpected)")],
    ),
    "no properties at all": (
        "type: object\nadditionalProperties: false",
        {"b": 1},
        [("", "additionalProperties", "takes no further properties")],
    ),
    "property that is never allowed": (
        "properties: {a: false}",
        {"a": 1},
        [("/a", "false", "nothing is allowed here")],
    ),
    "read-only": (
        "properties: {id: {readOnly: true}}",
        {"id": 1},
        [("/id", "readOnly", "is read-only: it may not be part of a request")],
    ),
    "case told by a constant": (CARD, {"kind": "card"}, [("", "required", '"limit" is a required property')]),
    "case told by a constant, wrong inside": (
        CARD,
        {"kind": "app", "phone": 1},
        [("/phone", "type", '1 is not of type "string"')],
    ),
    "no case": (
        CARD,
        {"kind": "cash"},
        [("", "oneOf", """{"kind": "cash"} is not valid under any of the schemas listed in the 'oneOf' keyword""")],
    ),
    "one property or another": (
        "oneOf: [{required: [payload]}, {required: [error]}]",
        {},
        [("", "oneOf", 'one of "payload", "error" is required')],
    ),
    "a property, or one of others": (
        "oneOf: [{required: [price]}, {anyOf: [{required: [rate]}, {required: [fee]}]}]",
        {},
        [("", "oneOf", '"price" is a required property or one of "rate", "fee" is required')],
    ),
    "one form or another": (
        "anyOf: [{type: string, format: date}, {type: string, format: date-time}]",
        "2026-02-30",
        [("", "anyOf", '"2026-02-30" is not a "date" or "2026-02-30" is not a "date-time"')],
    ),
    "case told by a constant that only it has": (
        MESSAGE,
        {"event": "values", "values": ["1"]},
        [("/values/0", "type", '"1" is not of type "integer"')],
    ),
    "case of which least is missing": (
        MESSAGE,
        {"event": "values"},
        [("", "required", '"values" is a required property')],
    ),
    "wrong enum in a case told by a constant": (
        MESSAGE,
        {"kind": "call", "name": "n", "event": {}, "mode": "c"},
        [("/mode", "enum", '"c" is not one of "a" or "b"')],
    ),
    "object or null": (
        "anyOf: [{type: object, properties: {a: {type: string}}}, {type: 'null'}]",
        {"a": 1},
        [("/a", "type", '1 is not of type "string"')],
    ),
    "object with a wrong enum, or null": (
        "anyOf: [{type: object, properties: {a: {enum: [b]}}}, {type: 'null'}]",
        {"a": "c"},
        [("/a", "enum", '"c" is not one of "b"')],
    ),
    "enum or null": (
        "anyOf: [{type: string, enum: [a, b]}, {type: 'null'}]",
        "c",
        [("", "enum", '"c" is not one of "a" or "b"')],
    ),
    "only one case": ("anyOf: [{type: string}]", 1, [("", "type", '1 is not of type "string"')]),
    "cases within cases": (
        "anyOf: [{type: 'null'}, {anyOf: [{type: string, minLength: 2}, {type: array}]}]",
        "a",
        [("", "minLength", '"a" is shorter than 2 characters')],
    ),
    "base64": ("type: string\nformat: byte", "a*", [("", "format", '"a*" is not a "byte"')]),
    "date-time without a zone": (
        "type: string\nformat: date-time",
        "2024-01-01T00:00:00",
        [("", "format", '"2024-01-01T00:00:00" is not a "date-time"')],
    ),
    "long value": ("type: integer", "x" * 1000, [("", "type", f'"{"x" * 78}… is not of type "integer"')]),
    "large value": (
        "type: integer",
        {"x": list(range(10**5))},
        [("", "type", f'{{"x": {list(range(25))}'[:79] + '… is not of type "integer"')],
    ),
}


@pytest.mark.parametrize(("schema", "value", "expected"), CASES.values(), ids=CASES)
def test_violations(tmp_path: Path, schema: str, value: Any, expected: list[tuple[str, str, str]]) -> None:
    assert violations(tmp_path, schema, value) == expected


def test_messages_are_bounded(tmp_path: Path) -> None:
    ((_, keyword, message),) = violations(tmp_path, f"const: {'a' * 1000}", "b")
    assert keyword == "const"
    assert len(message) == 300


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("2024-01-01T00:00:00Z", True),
        ("2024-01-01T00:00:00.123+01:00", True),
        ("2024-01-01 00:00:00Z", False),
        ("2024-02-30T00:00:00Z", False),
        ("2024-01-01T24:00:00Z", False),
        ("2024-01-01T00:00:00+0100", False),
    ],
)
def test_date_times_follow_rfc_3339(tmp_path: Path, text: str, valid: bool) -> None:
    validators = Validators(spec_with(tmp_path, "type: string\nformat: date-time"))
    assert validators.response(THING).is_valid(text) is valid


def test_each_direction_has_its_own_validator_compiled_once(tmp_path: Path) -> None:
    validators = Validators(spec_with(tmp_path, "properties: {id: {readOnly: true}}"))
    assert validators.request(THING) is validators.request(THING)
    assert not validators.request(THING).is_valid({"id": 1})
    assert validators.response(THING).is_valid({"id": 1})


def test_schemas_of_any_place_compile(tmp_path: Path) -> None:
    spec = load(write(tmp_path, {"openapi.yaml": edited()}))
    (operation,) = spec.operations
    (parameter,) = operation.parameters
    schema = operation.responses["200"].content["application/json"].schema
    assert schema is not None
    validators = Validators(spec)
    assert validators.request(parameter.schema).violations(1) == [Violation("", "type", '1 is not of type "string"')]
    assert not validators.response(schema).is_valid({"id": 1})
