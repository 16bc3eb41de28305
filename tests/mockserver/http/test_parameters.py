"""Parameters: what text becomes which value, and what is refused in which words."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from mockserver.http.errors import FieldError
from mockserver.http.parameters import MISSING, Field, argument_name
from specs.build import operations, security_schemes
from specs.operation import Location, Spec
from specs.validation import Validators


def field(schema: Any, *, location: str = "query", schemas: dict[str, Any] | None = None, **more: Any) -> Field:
    """The field of a parameter `p` with this schema, in a contract made of nothing else."""
    written = {"name": "p", "in": location, "required": location == "path", "schema": schema, **more}
    path = "/{p}" if location == "path" else "/"
    operation = {"operationId": "op", "tags": ["t"], "parameters": [written], "responses": {"204": {"description": ""}}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": operation}},
        "components": {"schemas": schemas or {}},
    }
    spec = Spec(
        webhooks=(),
        path=Path("spec.yaml"),
        files=(),
        document=document,
        operations=tuple(operations(document)),
        security_schemes=security_schemes(document),
        positions={"": Location(Path("spec.yaml"), 1, "")},
    )
    (parameter,) = spec.operations[0].parameters
    return Field(parameter, document, Validators(spec))


def read(schema: Any, *texts: str, **options: Any) -> Any:
    """The value, or the messages when it is refused."""
    errors: list[FieldError] = []
    value = field(schema, **options).parse(list(texts), errors)
    if value is MISSING:
        assert errors, "refused without a word"
        assert {error.name for error in errors} == {"p"}
        return [error.message for error in errors]
    assert not errors
    return value


INTEGER = {"type": "integer"}
NUMBER = {"type": "number"}
BOOLEAN = {"type": "boolean"}
INSTANT = {"type": "string", "format": "date-time"}
DATE = {"type": "string", "format": "date"}

GOOD: dict[str, tuple[Any, str, Any]] = {
    "integer": (INTEGER, "42", 42),
    "zero": (INTEGER, "0", 0),
    "minus zero": (INTEGER, "-0", 0),
    "negative": (INTEGER, "-7", -7),
    "largest of 64 bits": (INTEGER, str(2**63 - 1), 2**63 - 1),
    "smallest of 64 bits": (INTEGER, str(-(2**63)), -(2**63)),
    "int32": ({"type": "integer", "format": "int32"}, "2147483647", 2**31 - 1),
    "lower bound": ({"type": "integer", "minimum": 1}, "1", 1),
    "upper bound": ({"type": "integer", "maximum": 100}, "100", 100),
    "number": (NUMBER, "1.25", 1.25),
    "whole number": (NUMBER, "3", 3),
    "negative number": (NUMBER, "-0.5", -0.5),
    "exponent": (NUMBER, "1e3", 1000),
    "negative exponent": (NUMBER, "25E-1", 2.5),
    "signed exponent": (NUMBER, "1e+2", 100),
    "true": (BOOLEAN, "true", True),
    "false": (BOOLEAN, "false", False),
    "text": ({"type": "string"}, "a b", "a b"),
    "empty text": ({"type": "string"}, "", ""),
    "text that looks like a number": ({"type": "string"}, "007", "007"),
    "any schema is text": (True, "1", "1"),
    "no type is text": ({"minLength": 1}, "1", "1"),
    "enum": ({"type": "string", "enum": ["a", "b"]}, "b", "b"),
    "pattern": ({"type": "string", "pattern": "^[a-z]+$"}, "abc", "abc"),
    "instant": (INSTANT, "2026-03-18T12:00:00Z", datetime(2026, 3, 18, 12, tzinfo=UTC)),
    "instant with an offset": (INSTANT, "2026-03-29T02:30:00+02:00", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    "instant with a negative offset": (INSTANT, "2026-03-18T12:00:00-05:30", datetime(2026, 3, 18, 17, 30, tzinfo=UTC)),
    "instant of unknown offset": (INSTANT, "2026-03-18T12:00:00-00:00", datetime(2026, 3, 18, 12, tzinfo=UTC)),
    "instant in small letters": (INSTANT, "2026-03-18t12:00:00z", datetime(2026, 3, 18, 12, tzinfo=UTC)),
    "fraction": (INSTANT, "2026-03-18T12:00:00.25Z", datetime(2026, 3, 18, 12, 0, 0, 250_000, tzinfo=UTC)),
    "fraction beyond microseconds": (
        INSTANT,
        "2026-03-18T12:00:00.123456789Z",
        datetime(2026, 3, 18, 12, 0, 0, 123_456, tzinfo=UTC),
    ),
    "leap day": (DATE, "2024-02-29", date(2024, 2, 29)),
    "first date": (DATE, "0001-01-01", date(1, 1, 1)),
    "last date": (DATE, "9999-12-31", date(9999, 12, 31)),
}


@pytest.mark.parametrize(("schema", "text", "expected"), GOOD.values(), ids=GOOD)
def test_text_becomes_the_value_that_it_means(schema: Any, text: str, expected: Any) -> None:
    value = read(schema, text)
    assert value == expected
    assert type(value) is type(expected)


def test_instants_are_in_utc() -> None:
    assert read(INSTANT, "2026-03-18T12:00:00+02:00").utcoffset().total_seconds() == 0


BAD: dict[str, tuple[Any, str]] = {
    "integer: text": (INTEGER, "many"),
    "integer: empty": (INTEGER, ""),
    "integer: plus sign": (INTEGER, "+1"),
    "integer: leading zero": (INTEGER, "007"),
    "integer: negative leading zero": (INTEGER, "-01"),
    "integer: fraction": (INTEGER, "1.5"),
    "integer: fraction of nothing": (INTEGER, "1.0"),
    "integer: exponent": (INTEGER, "1e3"),
    "integer: underscore": (INTEGER, "1_000"),
    "integer: comma": (INTEGER, "1,000"),
    "integer: space before": (INTEGER, " 1"),
    "integer: space after": (INTEGER, "1 "),
    "integer: line end": (INTEGER, "1\n"),
    "integer: hexadecimal": (INTEGER, "0x10"),
    "integer: minus only": (INTEGER, "-"),
    "integer: two minus": (INTEGER, "--1"),
    "integer: Arabic digits": (INTEGER, "٤٢"),
    "integer: full-width digits": (INTEGER, "４２"),
    "integer: superscript": (INTEGER, "²"),
    "integer: 5 000 digits": (INTEGER, "9" * 5000),
    "integer: above int32": ({"type": "integer", "format": "int32"}, str(2**31)),
    "integer: above int64": ({"type": "integer", "format": "int64"}, str(2**63)),
    "integer: below int64": ({"type": "integer", "format": "int64"}, str(-(2**63) - 1)),
    "integer: below the bound": ({"type": "integer", "minimum": 1}, "0"),
    "integer: above the bound": ({"type": "integer", "maximum": 100}, "101"),
    "integer: true": (INTEGER, "true"),
    "number: text": (NUMBER, "much"),
    "number: empty": (NUMBER, ""),
    "number: plus sign": (NUMBER, "+1.5"),
    "number: leading zero": (NUMBER, "00.5"),
    "number: no digit before the point": (NUMBER, ".5"),
    "number: no digit after the point": (NUMBER, "1."),
    "number: comma": (NUMBER, "1,5"),
    "number: nan": (NUMBER, "nan"),
    "number: NaN": (NUMBER, "NaN"),
    "number: inf": (NUMBER, "inf"),
    "number: Infinity": (NUMBER, "-Infinity"),
    "number: beyond floats": (NUMBER, "1e999"),
    "number: below floats": (NUMBER, "-1e400"),
    "number: endless exponent": (NUMBER, "1e" + "9" * 5000),
    "number: Arabic digits": (NUMBER, "٤.٢"),
    "number: underscore": (NUMBER, "1_0.5"),
    "number: exclusive bound": ({"type": "number", "exclusiveMinimum": 0}, "0"),
    "number: no multiple": ({"type": "number", "multipleOf": 0.5}, "0.75"),
    "boolean: capital": (BOOLEAN, "True"),
    "boolean: 1": (BOOLEAN, "1"),
    "boolean: yes": (BOOLEAN, "yes"),
    "boolean: empty": (BOOLEAN, ""),
    "boolean: space": (BOOLEAN, "true "),
    "text: not in the enum": ({"type": "string", "enum": ["a", "b"]}, "c"),
    "text: enum has another case": ({"type": "string", "enum": ["a", "b"]}, "A"),
    "text: too short": ({"type": "string", "minLength": 1}, ""),
    "text: too long, in characters": ({"type": "string", "maxLength": 3}, "éééé"),
    "text: not of the pattern": ({"type": "string", "pattern": "^[a-z]+$"}, "abc\n"),
    "instant: date only": (INSTANT, "2026-03-18"),
    "instant: no zone": (INSTANT, "2026-03-18T12:00:00"),
    "instant: space for T": (INSTANT, "2026-03-18 12:00:00Z"),
    "instant: no seconds": (INSTANT, "2026-03-18T12:00Z"),
    "instant: basic format": (INSTANT, "20260318T120000Z"),
    "instant: week date": (INSTANT, "2026-W12-3T12:00:00Z"),
    "instant: hour 24": (INSTANT, "2026-03-18T24:00:00Z"),
    "instant: day 30 of February": (INSTANT, "2026-02-30T12:00:00Z"),
    "instant: offset without colon": (INSTANT, "2026-03-18T12:00:00+0100"),
    "instant: offset of a day": (INSTANT, "2026-03-18T12:00:00+24:00"),
    "instant: plus sign read as a space": (INSTANT, "2026-03-18T12:00:00 01:00"),
    "instant: leap second, which our calendar lacks": (INSTANT, "2016-12-31T23:59:60Z"),
    "instant: year 0": (INSTANT, "0000-01-01T00:00:00Z"),
    "instant: before year 1 once in UTC": (INSTANT, "0001-01-01T00:00:00+14:00"),
    "instant: after year 9999 once in UTC": (INSTANT, "9999-12-31T23:59:59-14:00"),
    "instant: full-width digits": (INSTANT, "２026-03-18T12:00:00Z"),
    "instant: empty": (INSTANT, ""),
    "date: year 0": (DATE, "0000-01-01"),
    "date: five-digit year": (DATE, "10000-01-01"),
    "date: no leap year": (DATE, "2026-02-29"),
    "date: basic format": (DATE, "20260318"),
    "date: week date": (DATE, "2026-W12-3"),
    "date: single digits": (DATE, "2026-3-8"),
    "date: with a time": (DATE, "2026-03-18T00:00:00Z"),
    "date: empty": (DATE, ""),
}


@pytest.mark.parametrize(("schema", "text"), BAD.values(), ids=BAD)
def test_text_that_is_no_such_value_is_refused_with_one_message(schema: Any, text: str) -> None:
    messages = read(schema, text)
    assert isinstance(messages, list)
    assert len(messages) == 1
    assert 0 < len(messages[0]) <= 300


INTEGERS = {"type": "array", "items": {"type": "integer", "minimum": 0}}
TEXTS = {"type": "array", "items": {"type": "string"}}

LISTS: dict[str, tuple[Any, list[str], Any]] = {
    "one": (INTEGERS, ["1"], [1]),
    "repeated": (INTEGERS, ["1", "2", "3"], [1, 2, 3]),
    "by commas": (INTEGERS, ["1,2,3"], [1, 2, 3]),
    "both": (INTEGERS, ["1,2", "3"], [1, 2, 3]),
    "order is kept": (TEXTS, ["c", "a", "b"], ["c", "a", "b"]),
    "repeats are kept": (TEXTS, ["a", "a"], ["a", "a"]),
    "instants": (
        {"type": "array", "items": INSTANT},
        ["2026-03-18T12:00:00Z", "2026-03-18T13:00:00+01:00"],
        [datetime(2026, 3, 18, 12, tzinfo=UTC)] * 2,
    ),
    "dates": ({"type": "array", "items": DATE}, ["2026-03-18,2026-03-19"], [date(2026, 3, 18), date(2026, 3, 19)]),
    "items without schema": ({"type": "array"}, ["a"], ["a"]),
}


@pytest.mark.parametrize(("schema", "texts", "expected"), LISTS.values(), ids=LISTS)
def test_a_list_is_read_from_repeats_and_commas(schema: Any, texts: list[str], expected: Any) -> None:
    assert read(schema, *texts) == expected


BAD_LISTS: dict[str, tuple[Any, list[str]]] = {
    "one of them is bad": (INTEGERS, ["1", "x"]),
    "one of them is out of bounds": (INTEGERS, ["1", "-1"]),
    "empty": (INTEGERS, [""]),
    "comma at the end": (INTEGERS, ["1,"]),
    "too many": ({**TEXTS, "maxItems": 2}, ["a,b", "c"]),
    "too few": ({**TEXTS, "minItems": 2}, ["a"]),
    "not unique": ({**TEXTS, "uniqueItems": True}, ["a", "a"]),
    "not in the enum": ({"type": "array", "items": {"type": "string", "enum": ["a"]}}, ["a", "b"]),
    "not a date": ({"type": "array", "items": DATE}, ["2026-03-18", "0000-01-01"]),
}


@pytest.mark.parametrize(("schema", "texts"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_list_with_anything_wrong_is_refused(schema: Any, texts: list[str]) -> None:
    assert all(isinstance(message, str) for message in read(schema, *texts))


@pytest.mark.parametrize("schema", [INTEGER, NUMBER, BOOLEAN, INSTANT, DATE, {"type": "string"}])
def test_a_single_value_given_twice_is_refused(schema: Any) -> None:
    assert read(schema, "1", "1") == ["is given more than once"]


@pytest.mark.parametrize("location", ["path", "header"])
def test_a_list_in_path_or_header_is_separated_by_commas(location: str) -> None:
    # Style `simple` (OpenAPI 3.1 section 4.8.12.4).
    assert read(INTEGERS, "1,2,3", location=location) == [1, 2, 3]


def test_a_text_may_hold_commas() -> None:
    assert read({"type": "string"}, "a,b") == "a,b"


def test_a_schema_behind_references_is_read_as_what_it_is() -> None:
    schemas = {"Count": {"$ref": "#/components/schemas/Small"}, "Small": {"type": "integer", "maximum": 9}}
    by_reference = {"$ref": "#/components/schemas/Count"}
    assert read(by_reference, "7", schemas=schemas) == 7
    assert isinstance(read(by_reference, "10", schemas=schemas), list)
    assert read({"type": "array", "items": by_reference}, "1", "2", schemas=schemas) == [1, 2]


UNREADABLE: dict[str, Any] = {
    "object": {"type": "object"},
    "list of objects": {"type": "array", "items": {"type": "object"}},
    "list of lists": {"type": "array", "items": {"type": "array"}},
    "null": {"type": "null"},
}


@pytest.mark.parametrize("schema", UNREADABLE.values(), ids=UNREADABLE)
def test_a_schema_that_no_text_can_be_read_into_stops_the_start_and_names_the_parameter(schema: Any) -> None:
    with pytest.raises(TypeError, match="parameter p"):
        field(schema)


NARROW: dict[str, Any] = {
    "integer or null": {"type": ["integer", "null"]},
    "integer through allOf": {"allOf": [{"type": "integer"}], "description": "A count."},
    "integer through a reference with siblings": {"$ref": "#/components/schemas/Small", "description": "A count."},
    "enum without type": {"enum": [7, 8]},
}


@pytest.mark.parametrize("schema", NARROW.values(), ids=NARROW)
def test_a_schema_of_numbers_reads_a_number_or_stops_the_start(schema: Any) -> None:
    # Anything is better than a parameter that refuses every value at run time.
    try:
        compiled = field(schema, schemas={"Small": {"type": "integer"}})
    except TypeError as refused:
        assert "parameter p" in str(refused)  # noqa: PT017
        return
    assert compiled.parse(["7"], []) == 7


def test_an_absent_parameter_is_its_default_or_missing() -> None:
    errors: list[FieldError] = []
    assert field({"type": "integer", "default": 25}).absent(errors) == 25
    assert field({"type": "boolean", "default": False}).absent(errors) is False
    assert field(INTEGER).absent(errors) is MISSING
    assert errors == []


def test_a_default_beside_a_reference_counts() -> None:
    # Keywords beside $ref apply (JSON Schema 2020-12 section 8.2.3.1).
    schemas = {"Size": {"type": "integer", "default": 25}}
    reference = {"$ref": "#/components/schemas/Size"}
    assert field(reference, schemas=schemas).absent([]) == 25
    assert field({**reference, "default": 5}, schemas=schemas).absent([]) == 5


def test_an_absent_required_parameter_is_an_error_that_names_it() -> None:
    errors: list[FieldError] = []
    assert field(INTEGER, required=True).absent(errors) is MISSING
    assert errors == [FieldError("query", "p", "is required")]


def test_a_default_is_of_the_type_that_a_sent_value_has() -> None:
    compiled = field({**INSTANT, "default": "2026-03-18T12:00:00Z"})
    assert compiled.absent([]) == compiled.parse(["2026-03-18T12:00:00Z"], [])
    compiled = field({**DATE, "default": "2026-03-18"})
    assert compiled.absent([]) == date(2026, 3, 18)


def test_a_default_list_is_not_shared_between_requests() -> None:
    compiled = field({**TEXTS, "default": ["a"]})
    compiled.absent([]).append("b")
    assert compiled.absent([]) == ["a"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("page_size", "page_size"), ("EvEnergy-User", "evenergy_user"), ("get-tariffs", "get_tariffs"), ("a.b", "a_b")],
)
def test_names_become_python_names(name: str, expected: str) -> None:
    assert argument_name(name) == expected
