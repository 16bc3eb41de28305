"""What a single schema must get right beyond its grammar, one function per rule.

A rule takes the schema's pointer and the schema, and yields (pointer, message) for whatever is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from jsonschema_rs import Draft202012Validator, RegexOptions

Problems: TypeAlias = Iterator[tuple[str, str]]

_STRING, _NUMBER = frozenset(("string",)), frozenset(("number", "integer"))
_ARRAY, _OBJECT = frozenset(("array",)), frozenset(("object",))

# Formats with the types that they say something about.
FORMATS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("date-time", "date", "time", "duration", "uri", "uri-reference", "email", "uuid"), _STRING),
    **dict.fromkeys(("byte", "binary", "hostname", "ipv4", "ipv6", "regex", "password"), _STRING),
    **dict.fromkeys(("int32", "int64", "float", "double"), _NUMBER),
}

_KEYWORD_TYPES: dict[str, frozenset[str]] = {
    **dict.fromkeys(("minLength", "maxLength", "pattern"), _STRING),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("items", "minItems", "maxItems", "uniqueItems"), _ARRAY),
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties", "maxProperties"), _OBJECT),
}

_BOUNDS = (
    ("minimum", "maximum", False),
    ("minimum", "exclusiveMaximum", True),
    ("exclusiveMinimum", "maximum", True),
    ("exclusiveMinimum", "exclusiveMaximum", True),
    ("minLength", "maxLength", False),
    ("minItems", "maxItems", False),
    ("minProperties", "maxProperties", False),
)

_COMPOSITION = ("$ref", "allOf", "anyOf", "oneOf")
_IN_COMPOSITION = re.compile(r".*/(?:(?:allOf|anyOf|oneOf)/[0-9]+|(?<!/properties/)not)")

# Escapes that mean the same to every engine: punctuation, line ends and tabs, and code points.
_ESCAPE = re.compile(r"\\(?:[^A-Za-z0-9]|[nrtfv]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})|\\(.?)")
# Groups other than (?:...), and within [...] an empty class, a class in a class, and set operations.
_SPECIAL = re.compile(r"\(\?(?!:)|\[\^?\]|\[[^\]]*(?:\[|&&|--|~~)")
_CLASSES = {"d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]", "s": "[ \\t]", "S": "[^ \\t]"}


def pattern_is_portable(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Patterns compile in an engine of linear time, and mean the same in every other one."""
    pattern = schema.get("pattern")
    if pattern is None:
        return
    for escape in _ESCAPE.finditer(pattern):
        if (letter := escape[1]) is not None:
            instead = f"write {_CLASSES[letter]}" if letter in _CLASSES else "write it out"
            yield f"{pointer}/pattern", f"\\{letter} depends on the regex engine: {instead}"
            return
    if special := _SPECIAL.search(_ESCAPE.sub("a", pattern)):
        yield f"{pointer}/pattern", f"{special[0]} means different things to regex engines: escape it, or write it out"
        return
    try:
        Draft202012Validator({"pattern": pattern}, pattern_options=RegexOptions())
    except ValueError:
        yield f"{pointer}/pattern", f"{pattern!r} does not compile in a linear-time regex engine"


def format_is_known(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Formats come from the closed list, and stand beside a type that they speak about."""
    name = schema.get("format")
    if name is None:
        return
    if name not in FORMATS:
        yield f"{pointer}/format", f"unknown format {name!r}: use one of {', '.join(FORMATS)}"
    elif "type" in schema and not _types(schema) & FORMATS[name]:
        yield f"{pointer}/format", f"format {name!r} says nothing about type {_named(schema)}"


def bounds_leave_something(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Bounds allow at least one value."""
    for lower, upper, strict in _BOUNDS:
        if lower in schema and upper in schema:
            low, high = schema[lower], schema[upper]
            if low > high or (strict and low == high):
                yield f"{pointer}/{lower}", f"{lower} {low} and {upper} {high} leave no value"
    if len(schema.get("required", ())) > schema.get("maxProperties", float("inf")):
        yield (
            f"{pointer}/maxProperties",
            f"maxProperties is less than the {len(schema['required'])} required properties",
        )


def keywords_fit_the_type(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Keywords judge a type that the schema allows."""
    if "type" in schema:
        for keyword in schema:
            wanted = _KEYWORD_TYPES.get(keyword)
            if wanted and not _types(schema) & wanted:
                one = " or ".join(sorted(wanted))
                yield f"{pointer}/{keyword}", f"{keyword} says nothing about type {_named(schema)}: it is for {one}"


def required_is_declared(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Required names are properties of the same schema, unless another schema of a composition may declare them."""
    if "properties" not in schema or any(keyword in schema for keyword in _COMPOSITION):
        return
    if not _IN_COMPOSITION.fullmatch(pointer):
        for index, name in enumerate(schema.get("required", ())):
            if name not in schema["properties"]:
                yield f"{pointer}/required/{index}", f"required property {name!r} is not in properties"


def enum_values_differ(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """No value of an enum is written twice."""
    seen = set()
    for index, value in enumerate(schema.get("enum", ())):
        text = json.dumps(value, sort_keys=True)
        if text in seen:
            yield f"{pointer}/enum/{index}", f"{text} stands in this enum already"
        seen.add(text)


def flags_agree(pointer: str, schema: Mapping[str, Any]) -> Problems:
    """Nothing is read-only and write-only at once."""
    if schema.get("readOnly") and schema.get("writeOnly"):
        yield f"{pointer}/writeOnly", "is read-only and write-only at once, so it can never be sent"


RULES: tuple[Callable[[str, Mapping[str, Any]], Problems], ...] = (
    pattern_is_portable,
    format_is_known,
    bounds_leave_something,
    keywords_fit_the_type,
    required_is_declared,
    enum_values_differ,
    flags_agree,
)


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    written = schema["type"]
    return frozenset((written,) if isinstance(written, str) else written)


def _named(schema: Mapping[str, Any]) -> str:
    return " or ".join(sorted(_types(schema)))
