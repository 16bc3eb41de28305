"""Each mistake in a schema is refused, with its line, its pointer below the schema, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.loader import load
from tests.specs.contracts import assert_refused, problems, with_schema, write

# Name: (schema with its wrong line marked, pointer below the schema, phrase of the message).
REFUSED = {
    "unknown keyword": ("type: string\nminlength: 1  # here", "/minlength", "did you mean 'minLength'?"),
    "extension": ("type: string\nx-faker: name  # here", "/x-faker", "extensions are not supported"),
    "nullable": ("type: string\nnullable: true  # here", "/nullable", "write type: [..., 'null']"),
    "example": ("type: string\nexample: a  # here", "/example", "write examples: [...]"),
    "boolean bound": (
        "type: integer\nminimum: 1\nexclusiveMinimum: true  # here",
        "/exclusiveMinimum",
        "must be a number, not true: in 3.1 it is the bound itself",
    ),
    "$defs": ("type: string\n$defs: {}  # here", "/$defs", "components/schemas"),
    "unknown type": ("type: int  # here", "/type", "must be one of null, boolean"),
    "file type": ("type: [string, file]  # here", "/type", "must be one of null, boolean"),
    "null without quotes": ("type: [string, null]  # here", "/type", "null in quotes"),
    "repeated type": ("type: [string, string]  # here", "/type", "or a list of them"),
    "no types": ("type: []  # here", "/type", "or a list of them"),
    "empty enum": ("enum: []  # here", "/enum", "at least one entry"),
    "empty allOf": ("allOf: []  # here", "/allOf", "needs at least one schema"),
    "allOf that is no list": ("allOf: {type: string}  # here", "/allOf", "must be a list, not a mapping"),
    "properties as a list": ("type: object\nproperties: [id]  # here", "/properties", "must be a mapping, not a list"),
    "property without schema": (
        "type: object\nproperties:\n  id: string  # here",
        "/properties/id",
        "must be a Schema object, not 'string'",
    ),
    "reference in place of properties": (
        "type: object\nproperties:\n  $ref: '#/components/schemas/Thing'  # here",
        "/properties/$ref",
        "a reference cannot stand here",
    ),
    "required as a boolean": ("type: object\nrequired: true  # here", "/required", "a list of different strings"),
    "repeated required": ("type: object\nrequired: [id, id]  # here", "/required", "a list of different strings"),
    "negative length": ("type: string\nminLength: -1  # here", "/minLength", "a whole number from 0, not -1"),
    "fraction of a length": ("type: string\nminLength: 1.5  # here", "/minLength", "a whole number from 0, not 1.5"),
    "boolean length": ("type: string\nminLength: true  # here", "/minLength", "a whole number from 0, not true"),
    "multiple of nothing": ("type: number\nmultipleOf: 0  # here", "/multipleOf", "a number above 0"),
    "numeric pattern": ("type: string\npattern: 1  # here", "/pattern", "must be a string, not 1: quote it"),
    "description that is a mapping": ("description: {a: b}  # here", "/description", "must be a string, not a mapping"),
    "examples as a mapping": ("examples: {a: 1}  # here", "/examples", "must be a list, not a mapping"),
    "discriminator as text": ("discriminator: kind  # here", "/discriminator", "must be a Discriminator object"),
    "discriminator without name": ("discriminator: {mapping: {}}  # here", "/discriminator", "needs 'propertyName'"),
    "discriminator to nothing": (
        "discriminator:\n  propertyName: kind\n  mapping: {a: '#/components/schemas/A'}  # here",
        "/discriminator/mapping/a",
        "points at nothing",
    ),
    "reference that is no text": ("$ref: {a: b}  # here", "/$ref", "must be a reference"),
    "pattern that does not compile": ("type: string\npattern: '['  # here", "/pattern", "does not compile"),
    "pattern that does not compile, beside an example": (
        "type: string\npattern: '['  # here\nexamples: [a]",
        "/pattern",
        "does not compile",
    ),
    "pattern with lookahead": ("type: string\npattern: '(?=a)b'  # here", "/pattern", "(? means different things"),
    "pattern with a flag": ("type: string\npattern: '(?i)a'  # here", "/pattern", "(? means different things"),
    "pattern with a class in a class": ("pattern: '[a[:alpha:]]'  # here", "/pattern", "[a[ means different things"),
    "pattern with sets": ("pattern: '[a-z&&b]'  # here", "/pattern", "[a-z&& means different things"),
    "pattern with an empty class": ("pattern: 'a[]b]'  # here", "/pattern", "[] means different things"),
    "pattern with a back reference": (r"pattern: '(a)\1'  # here", "/pattern", r"\1 depends on"),
    **{
        f"pattern with \\{letter}": (f"pattern: '^\\{letter}+$'  # here", "/pattern", f"\\{letter} depends on")
        for letter in "dDwWsSbBpAzZ"
    },
    "digits in a pattern": (r"pattern: '^\d+$'  # here", "/pattern", "write [0-9]"),
    "unknown format": ("type: string\nformat: datetime  # here", "/format", "unknown format 'datetime'"),
    "format of another type": ("type: string\nformat: int32  # here", "/format", "says nothing about type string"),
    "minimum above maximum": ("minimum: 2  # here\nmaximum: 1", "/minimum", "minimum 2 and maximum 1 leave no value"),
    "exclusive bounds that meet": (
        "exclusiveMinimum: 1  # here\nexclusiveMaximum: 1",
        "/exclusiveMinimum",
        "leave no value",
    ),
    "minimum that meets an exclusive maximum": ("minimum: 1  # here\nexclusiveMaximum: 1", "/minimum", "no value"),
    "lengths": ("type: string\nminLength: 2  # here\nmaxLength: 1", "/minLength", "leave no value"),
    "item counts": ("type: array\nminItems: 2  # here\nmaxItems: 1", "/minItems", "leave no value"),
    "property counts": ("type: object\nminProperties: 2  # here\nmaxProperties: 1", "/minProperties", "no value"),
    "more required than allowed": (
        "type: object\nrequired: [a, b]\nmaxProperties: 1  # here",
        "/maxProperties",
        "less than the 2 required",
    ),
    "keyword of strings on a number": ("type: number\nminLength: 1  # here", "/minLength", "it is for string"),
    "keyword of numbers on strings": ("type: [string, 'null']\nminimum: 1  # here", "/minimum", "string"),
    "items of an object": ("type: object\nitems: {type: string}  # here", "/items", "it is for array"),
    "properties of an array": ("type: array\nproperties: {}  # here", "/properties", "it is for object"),
    "required property that is not there": (
        "type: object\nproperties: {id: {type: string}}\nrequired: [id, name]  # here",
        "/required/1",
        "'name' is not in properties",
    ),
    "repeated enum value": ("enum: [a, b, a]  # here", "/enum/2", "in this enum already"),
    "read-only and write-only": ("readOnly: true\nwriteOnly: true  # here", "/writeOnly", "can never be sent"),
    "enum of another type": ("type: string\nenum:\n  - a\n  - 1  # here", "/enum/1", '1 is not of type "string"'),
    "const of another type": ("type: string\nconst: 1  # here", "/const", "const does not fit its schema"),
    "default": ("type: integer\nminimum: 1\ndefault: 0  # here", "/default", "default does not fit its schema: 0 is"),
    "null default": ("type: string\ndefault: null  # here", "/default", "null is not of type"),
    "example outside a format": (
        "type: string\nformat: date-time\nexamples:\n  - '2024-01-01T00:00:00Z'\n  - '2024-01-01 00:00'  # here",
        "/examples/1",
        'is not a "date-time"',
    ),
    "example of an object": (
        "type: object\nproperties: {id: {type: string}}\nexamples:\n  - {id: 1}  # here",
        "/examples/0",
        "does not fit its schema at /id: 1 is not of type",
    ),
    "example beyond int32": ("type: integer\nformat: int32\nexamples: [2147483648]  # here", "/examples/0", "maximum"),
    "schema that is itself": (
        "allOf:  # here\n  - $ref: '#/components/schemas/Thing'",
        "",
        "refers to itself without end: Thing -> Thing",
    ),
}


@pytest.mark.parametrize(("schema", "pointer", "phrase"), REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path: Path, schema: str, pointer: str, phrase: str) -> None:
    text = with_schema(schema)
    if pointer == "":
        text = text.replace("  # here", "").replace("    Thing:\n", "    Thing:  # here\n")
    assert_refused(tmp_path, {"openapi.yaml": text}, (f"/components/schemas/Thing{pointer}", phrase))


def test_only_what_should_be_text_is_to_be_quoted(tmp_path: Path) -> None:
    root = write(tmp_path, {"openapi.yaml": with_schema("type: array\nuniqueItems: 1\ntitle: 1")})
    assert [problem.message for problem in problems(root)] == [
        "must be true or false, not 1",
        "must be a string, not 1: quote it",
    ]


ACCEPTED = {
    "recursion through a property": "type: object\nproperties: {next: {$ref: '#/components/schemas/Thing'}}",
    "recursion through items": "type: array\nitems: {$ref: '#/components/schemas/Thing'}",
    "required of a composition": "allOf:\n  - properties: {a: true}\n  - {properties: {b: true}, required: [a, b]}",
    "required beside a composition": "properties: {a: true}\nrequired: [b]\nanyOf: [{properties: {b: true}}, true]",
    "null": "type: [string, 'null']\nenum: [a, null]\ndefault: null",
    "portable pattern": r"type: string" "\n" r"pattern: '^(?:[A-Z]{2}\*|\u00e9|\.|[\^\]\[\-/]|a--b)+$'",
    "booleans": "type: object\nproperties: {a: true, b: false}\nadditionalProperties: false",
    "property of any name": "type: object\nproperties: {nullable: true, not: {properties: {a: true}}, x-a: true}",
    "read-only example": "properties: {id: {type: string, readOnly: true}}\nrequired: [id]\nexamples: [{id: a}]",
    "write-only example": "properties: {pin: {type: string, writeOnly: true}}\nexamples: [{pin: a}]",
    "bounds that leave one value": "type: integer\nminimum: 1\nmaximum: 1",
    "enum of true and 1": "enum: [true, 1, '1']",
}


@pytest.mark.parametrize("schema", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(tmp_path: Path, schema: str) -> None:
    spec = load(write(tmp_path, {"openapi.yaml": with_schema(schema)}))
    assert "Thing" in spec.document["components"]["schemas"]
