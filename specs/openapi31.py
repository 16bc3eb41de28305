"""The OpenAPI 3.1 form of a foreign OpenAPI 3.0 document, so that everything behind the loader knows one dialect."""

from __future__ import annotations

from typing import Any

_BOUNDS = (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum"))


def upgrade(document: Any) -> Any:
    """A copy in which `nullable` is a type, and an exclusive bound a number (OpenAPI 3.1.0, appendix A).

    Documents of another version are given back as they are. Pointers stay what they were.
    """
    if not str(document.get("openapi", "")).startswith("3.0"):
        return document
    return {**_upgraded(document), "openapi": "3.1.0"}


def _upgraded(value: Any) -> Any:
    if isinstance(value, list):
        return [_upgraded(item) for item in value]
    if not isinstance(value, dict):
        return value
    # What stands in an example or a default is no schema, whatever its members are called.
    new = {
        key: inner if key in ("example", "examples", "default", "enum") else _upgraded(inner)
        for key, inner in value.items()
    }
    for bound, exclusive in _BOUNDS:
        if isinstance(new.get(exclusive), bool) and new.pop(exclusive) and bound in new:
            new[exclusive] = new.pop(bound)
    if isinstance(new.get("nullable"), bool) and new.pop("nullable"):
        return _nullable(new)
    return new


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema and None not in schema["enum"]:
            schema["enum"] = [*schema["enum"], None]
        return schema
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema
