"""Hypothesis strategies: schemas over the whole supported keyword set, and values near their edges."""

from __future__ import annotations

import warnings
from typing import Any

from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema

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
                    "properties": {"id": {"$ref": "#/components/schemas/Leaf", "description": "sibling"},
                                   "cost": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
                    "required": ["id"],
                },
                "Choice": {"oneOf": [{"$ref": "#/components/schemas/Leaf"}, {"type": "integer", "exclusiveMinimum": 1}]},
            }
        },
    }


def values(schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit a schema without references, values that almost do, and others."""
    near = VALUES
    literals = _literals(schema)
    if literals:
        near |= st.sampled_from(literals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitting = from_schema(schema)
            fitting.validate()
            near |= fitting
        except Exception:  # the strategy refuses what it finds unsatisfiable or does not know
            pass
    return near.flatmap(_mutated)
