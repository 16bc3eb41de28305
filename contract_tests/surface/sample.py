"""A valid value for a schema, made of what the contract itself shows: always the same one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.contract import Contract, Place
from contract_tests.surface.schemas import items, keyword, members, parts, required, types

_DEEP = 8
_TEXTS = {
    "date-time": "2026-01-15T12:00:00Z",
    "date": "2026-01-15",
    "time": "12:00:00Z",
    "duration": "PT15M",
    "uuid": "5f1d7c0a-93be-4246-8c0d-e7a15f1d7c0a",
    "email": "somebody@example.com",
    "uri": "https://example.com/",
    "uri-reference": "/somewhere",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "Z3JpZG1vY2s=",
}


def sample(contract: Contract, schema: Place | None, depth: int = 0) -> Any:
    """A value by example, default, first choice or bounds; objects have the members that they must have.

    Nothing checks here that it is valid: a pattern, for one, is not understood.
    """
    if schema is None or not isinstance(schema.value, Mapping):
        return None
    for name in ("const", "example", "default"):
        if (value := keyword(contract, schema, name)) is not None:
            return value
    for name in ("examples", "enum"):
        values = keyword(contract, schema, name)
        if isinstance(values, list) and values:
            return values[0]
    for name in ("oneOf", "anyOf"):
        if keyword(contract, schema, name) and not members(contract, schema):
            holder = next(part for part in parts(contract, schema) if name in part.value)
            return sample(contract, contract.below(holder, name, "0"), depth + 1)
    kinds = types(contract, schema)
    if "object" in kinds or members(contract, schema):
        return _object(contract, schema, depth)
    if "array" in kinds:
        length = keyword(contract, schema, "minItems") or 0
        return [] if depth > _DEEP else [sample(contract, items(contract, schema), depth + 1) for _ in range(length)]
    if "string" in kinds:
        return _text(contract, schema)
    if kinds & {"integer", "number"}:
        return _number(contract, schema)
    return True if "boolean" in kinds else None


def _object(contract: Contract, schema: Place, depth: int) -> dict[str, Any]:
    known, wanted = members(contract, schema), required(contract, schema)
    return {
        name: sample(contract, place, depth + 1)
        for name, place in known.items()
        if name in wanted and depth <= _DEEP and keyword(contract, place, "readOnly") is not True
    }


def _text(contract: Contract, schema: Place) -> str:
    text = _TEXTS.get(keyword(contract, schema, "format") or "", "gridmock")
    shortest, longest = keyword(contract, schema, "minLength") or 0, keyword(contract, schema, "maxLength")
    return (text + "x" * (shortest - len(text)))[:longest]


def _number(contract: Contract, schema: Place) -> int | float:
    low, high = keyword(contract, schema, "minimum"), keyword(contract, schema, "maximum")
    above, below = keyword(contract, schema, "exclusiveMinimum"), keyword(contract, schema, "exclusiveMaximum")
    step = keyword(contract, schema, "multipleOf") or 1
    if low is None and above is not None:
        low = above + step
    if high is None and below is not None:
        high = below - step
    value = 1 if low is None else low
    return value if high is None or value <= high else high
