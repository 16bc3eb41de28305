"""Reading schemas of any document, with references followed and `allOf` joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.contract import Contract, Place

_DEEP = 12


def body_schema(contract: Contract, label: str) -> Place | None:
    """The schema of an operation's JSON request body, or None."""
    return _json_schema(contract, contract.below(contract.operations[label], "requestBody"))


def body_media_type(contract: Contract, label: str) -> str:
    """The JSON media type of an operation's request body, or an empty text."""
    return _json_media_type(contract.below(contract.operations[label], "requestBody"))


def success_status(contract: Contract, label: str) -> str:
    """The lowest declared 2xx status, or an empty text."""
    declared = contract.below(contract.operations[label], "responses").value
    return min((status for status in declared if str(status).startswith("2")), default="")


def answer_schema(contract: Contract, label: str, status: int = 0) -> Place | None:
    """The schema of the JSON body that an operation answers with a status, by default its success, or None."""
    code = str(status or success_status(contract, label))
    response = contract.response(label, int(code)) if code.isdecimal() else None
    return _json_schema(contract, response) if response else None


def members(contract: Contract, schema: Place | None) -> Mapping[str, Place]:
    """The members of an object by name, those of `allOf` included; of two that say the same name, one with a type."""
    found: dict[str, Place] = {}
    for part in parts(contract, schema):
        properties = part.value.get("properties")
        for name in properties if isinstance(properties, Mapping) else ():
            place = contract.below(part, "properties", name)
            if name not in found or types(contract, place):
                found[name] = place
    return found


def required(contract: Contract, schema: Place | None) -> frozenset[str]:
    """The members that an object must have."""
    return frozenset(name for part in parts(contract, schema) for name in part.value.get("required", ()))


def parts(contract: Contract, schema: Place | None, depth: int = 0) -> Iterator[Place]:
    """A schema, and every schema that its `allOf` joins to it."""
    if schema is None or not isinstance(schema.value, Mapping) or depth > _DEEP:
        return
    yield schema
    for index in range(len(schema.value.get("allOf", ()))):
        yield from parts(contract, contract.below(schema, "allOf", str(index)), depth + 1)


def types(contract: Contract, schema: Place | None) -> frozenset[str]:
    """The types that a schema names, without null."""
    named: set[str] = set()
    for part in parts(contract, schema):
        kind = part.value.get("type", ())
        named |= {kind} if isinstance(kind, str) else set(kind)
        for key in ("anyOf", "oneOf"):
            for index in range(len(part.value.get(key, ()))):
                named |= types(contract, contract.below(part, key, str(index)))
    return frozenset(named - {"null"})


def items(contract: Contract, schema: Place | None) -> Place | None:
    """The schema of an array's items, or None."""
    for part in parts(contract, schema):
        if "items" in part.value:
            return contract.below(part, "items")
    return None


def keyword(contract: Contract, schema: Place | None, name: str) -> Any:
    """The value of a keyword in a schema or what its `allOf` joins to it, or None."""
    return next((part.value[name] for part in parts(contract, schema) if name in part.value), None)


def _json_media_type(holder: Place) -> str:
    content = holder.value.get("content", {}) if isinstance(holder.value, Mapping) else {}
    return next((name for name in content if "json" in name), "")


def _json_schema(contract: Contract, holder: Place) -> Place | None:
    media_type = _json_media_type(holder)
    if not media_type or "schema" not in contract.below(holder, "content", media_type).value:
        return None
    return contract.below(holder, "content", media_type, "schema")
