"""Hypothesis strategies: schemas over the whole supported keyword set, and values near their edges."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

NAMES = ("id", "cost", "a/b", "ünit")
COMPONENTS = ("Leaf", "Tree", "Choice")
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, -1.5, 2.25]), st.text("ab1", max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_SHAPES: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers(-3, 3),
    "number": st.sampled_from([0.5, -1.5, 2.25, 2]),
    "string": st.text("ab1.", max_size=3),
    "array": st.lists(VALUES, max_size=3),
    "object": st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3),
}
_PRINTABLE = st.characters(min_codepoint=32, max_codepoint=126)
_SMALL = st.integers(0, 3)
_BOUND = st.integers(-3, 3) | st.sampled_from([0.5, -1.5])
# Multiples of powers of two, because engines disagree about 0.3 as a multiple of 0.1.
_STEP = st.sampled_from([1, 2, 3, 0.5, 0.25])
_PATTERNS = st.sampled_from(["^a", "b$", "^[ab]{1,2}$", "[0-9]", "^(?:a|1)+$", r"\."])
_NOTES: dict[str, st.SearchStrategy[Any]] = {
    "title": st.just("title"),
    "description": st.just("text"),
    "deprecated": st.booleans(),
    "readOnly": st.booleans(),
    "format": st.sampled_from(["date", "int32", "password"]),
    "examples": st.lists(VALUES, max_size=2),
}
_LIMITS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(TYPES) | st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=3),
    "const": VALUES,
    "minLength": _SMALL,
    "maxLength": _SMALL,
    "pattern": _PATTERNS,
    "minimum": _BOUND,
    "maximum": _BOUND,
    "exclusiveMinimum": _BOUND,
    "exclusiveMaximum": _BOUND,
    "multipleOf": _STEP,
    "minItems": _SMALL,
    "maxItems": _SMALL,
    "uniqueItems": st.booleans(),
    "minProperties": _SMALL,
    "maxProperties": _SMALL,
    "required": st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
    "$ref": st.sampled_from([f"#/components/schemas/{name}" for name in COMPONENTS]),
}


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    branches = st.lists(inner, min_size=1, max_size=3)
    applicators = {
        "allOf": branches,
        "anyOf": branches,
        "oneOf": branches,
        "not": inner,
        "items": inner,
        "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
        "additionalProperties": inner,
    }
    every = {**_LIMITS, **_NOTES, **applicators}
    return st.lists(st.sampled_from(sorted(every)), max_size=5, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({keyword: every[keyword] for keyword in chosen})
    )


SCHEMAS: st.SearchStrategy[Any] = st.recursive(st.booleans() | _keywords(st.booleans()), _keywords, max_leaves=4)


# Keywords that 3.0 says differently act on each other, so each combination of them meets the values that tell.
TELLING_VALUES = [None, True, 0, 1, 2, 0.5, -1, -1.5, "", "a", "b", [], [None], {}, {"id": None}]
_ABSENT = object()
_GROUPS: tuple[dict[str, list[Any]], ...] = (
    {
        "type": ["null", "string", ["null"], ["string", "null"], ["integer", "number"], ["null", "integer", "number"]],
        "enum": [["a"], [None], ["a", None], [1, "a", {}]],
        "const": ["a", None, 1],
        "anyOf": [[{"type": "null"}, True], [{"type": ["integer", "null"]}, False]],
        "$ref": ["#/components/schemas/Leaf"],
    },
    {
        "minimum": [0, 0.5, 1],
        "maximum": [0, 1, 1.5],
        "exclusiveMinimum": [0, 0.5, 1],
        "exclusiveMaximum": [0, 1, 1.5],
    },
)


def combinations() -> Iterator[dict[str, Any]]:
    """Every combination of the keywords of a group, each present or not."""
    for group in _GROUPS:
        for chosen in itertools.product(*([_ABSENT, *choices] for choices in group.values())):
            yield {key: value for key, value in zip(group, chosen, strict=True) if value is not _ABSENT}


def document(schema: Any) -> dict[str, Any]:
    """A document with one schema under test, and components that it may refer to, one of them recursive."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {
            "schemas": {
                "Tested": schema,
                "Leaf": {"type": ["string", "null"], "maxLength": 2},
                "Tree": {
                    "type": "object",
                    "properties": {
                        "id": {"$ref": "#/components/schemas/Leaf", "description": "sibling"},
                        "cost": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
                    },
                    "required": ["id"],
                },
                "Choice": {
                    "oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"type": "integer", "exclusiveMinimum": 1}]
                },
            }
        },
    }


def values(spec: dict[str, Any], schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit a schema of a document, values that almost do, and others."""
    return _near(spec, schema, 3).flatmap(_mutated).map(_as_json).filter(_judged_alike)


def _near(spec: dict[str, Any], schema: Any, depth: int) -> st.SearchStrategy[Any]:
    """Values in the neighbourhood of a schema: of its shape, made of the literals that it writes down."""
    if isinstance(schema, bool) or depth == 0:
        return VALUES
    if "const" in schema or "enum" in schema:
        return st.sampled_from([*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())])
    types = schema.get("type", TYPES)
    shapes = [_SHAPES[name] for name in ([types] if isinstance(types, str) else types)]
    literals = [schema[key] for key in _BOUNDS if key in schema]
    if literals:
        shapes.append(st.sampled_from(literals))
    if "pattern" in schema:
        shapes.append(st.from_regex(schema["pattern"], alphabet=_PRINTABLE))
    if {"properties", "required", "additionalProperties"} & schema.keys():
        names = dict.fromkeys([*schema.get("properties", ()), *schema.get("required", ())])
        rest = schema.get("additionalProperties", True)
        near = {name: _near(spec, schema.get("properties", {}).get(name, rest), depth - 1) for name in names}
        required = {name: near.pop(name) for name in schema.get("required", ())}
        whole = st.fixed_dictionaries(required, optional=near)
        extra = st.dictionaries(st.sampled_from(NAMES), _near(spec, rest, depth - 1), max_size=1)
        shapes += [whole, st.builds(lambda more, known: {**more, **known}, extra, whole)]
    if "items" in schema:
        shapes.append(st.lists(_near(spec, schema["items"], depth - 1), max_size=3))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        shapes.append(_near(spec, spec["components"]["schemas"][name], depth - 1))
    for key in ("allOf", "anyOf", "oneOf"):
        shapes += [_near(spec, branch, depth - 1) for branch in schema.get(key, ())]
    return st.one_of(shapes)


def _mutated(value: Any) -> st.SearchStrategy[Any]:
    """The value itself, or with one place of it changed."""
    places = list(_places(value))
    changes = st.sampled_from(["keep", "drop", "up", "down", "null", "other"])
    return st.builds(
        lambda place, change, other: _changed(value, place, change, other), st.sampled_from(places), changes, SCALARS
    )


def _places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*place, key))


def _changed(value: Any, place: tuple[Any, ...], change: str, other: Any) -> Any:
    if place:
        key, *rest = place
        copy = dict(value) if isinstance(value, dict) else list(value)
        if change == "drop" and not rest:
            del copy[key]
        else:
            copy[key] = _changed(value[key], tuple(rest), change, other)
        return copy
    if change in ("up", "down"):
        step = 1 if change == "up" else -1
        if isinstance(value, str):
            return f"{value}a" if step > 0 else value[:-1]
        return value + step if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    return {"null": None, "other": other}.get(change, value)


def _as_json(value: Any) -> Any:
    """The value with whole floats as integers: one number to JSON Schema 2020-12, two to draft 4 in Python."""
    if isinstance(value, dict):
        return {key: _as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_json(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _judged_alike(value: Any) -> bool:
    """Whether the two engines, not the two schemas, agree about a value.

    Python's `$` also matches before a final line end, and beyond 2**53 floats and integers part ways.
    """
    if isinstance(value, dict):
        return all(map(_judged_alike, [*value, *value.values()]))
    if isinstance(value, list):
        return all(map(_judged_alike, value))
    if isinstance(value, str):
        return not value.endswith("\n")
    return not isinstance(value, (int, float)) or abs(value) < 2**53
