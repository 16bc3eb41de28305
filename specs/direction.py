"""One direction's view of a document: what `readOnly`, `writeOnly`, `int32` and `int64` mean as plain JSON Schema.

OpenAPI says that a read-only property should not be sent in a request, and that requiring it binds responses only;
write-only is the mirror image. In the view of a direction such a property is forbidden (its schema is `false`) and not
required. The integer formats become bounds, because format checks of JSON Schema look at strings only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from specs.source import copied, escape
from specs.walk import walk

Direction = Literal["request", "response"]

BARRED = {"request": "readOnly", "response": "writeOnly"}
_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}

_SENT_BY_CLIENT = frozenset(("parameters", "requestBody", "requestBodies"))
_SENT_BY_SERVER = frozenset(("responses", "headers"))


def direction_of(pointer: str) -> Direction | None:
    """The direction in which a value at a place of the document travels, or None where a schema serves both.

    Webhooks and callbacks turn it round: there the server sends the request.
    """
    turned = False
    for key in pointer.split("/"):
        if key == "schemas":
            return None
        if key in ("webhooks", "callbacks"):
            turned = True
        elif key in _SENT_BY_CLIENT:
            return "response" if turned else "request"
        elif key in _SENT_BY_SERVER:
            return "request" if turned else "response"
    return None


def view(document: Mapping[str, Any], direction: Direction) -> dict[str, Any]:
    """A copy of a sound document whose schemas say what holds in one direction."""
    result: dict[str, Any] = copied(document)
    schemas = {node.pointer: node.value for node in walk(result, "Document").of("Schema")}
    barred = _barred(schemas, BARRED[direction])
    optional = _optional(schemas, barred) if barred else {}
    for pointer, schema in schemas.items():
        if isinstance(schema, bool):
            continue
        if bounds := _RANGES.get(schema.get("format", "")):
            schema["minimum"] = max(bounds[0], schema.get("minimum", bounds[0]))
            schema["maximum"] = min(bounds[1], schema.get("maximum", bounds[1]))
        if pointer in optional and "required" in schema:
            schema["required"] = [name for name in schema["required"] if name not in optional[pointer]]
        for name in barred.get(pointer, ()):
            schema["properties"][name] = False
    return result


def _in_place(schemas: Mapping[str, Any], pointer: str, applicators: Iterable[str]) -> set[str]:
    """The schemas that judge the same value as the one at `pointer`, itself included: through $ref and applicators."""
    found: set[str] = set()
    pending = [pointer]
    while pending:
        current = pending.pop()
        schema = schemas[current]
        if current in found or isinstance(schema, bool):
            continue
        found.add(current)
        if "$ref" in schema:
            pending.append(schema["$ref"][1:])
        for keyword in applicators:
            pending += [f"{current}/{keyword}/{index}" for index in range(len(schema.get(keyword, ())))]
    return found


def _barred(schemas: Mapping[str, Any], keyword: str) -> dict[str, set[str]]:
    """Per schema the properties that it declares with the keyword, itself or through a reference."""
    if not any(isinstance(schema, dict) and schema.get(keyword) for schema in schemas.values()):
        return {}
    barred: dict[str, set[str]] = {}
    for pointer, schema in schemas.items():
        for name in schema.get("properties", ()) if isinstance(schema, dict) else ():
            places = _in_place(schemas, f"{pointer}/properties/{escape(name)}", ("allOf",))
            if any(schemas[place].get(keyword) for place in places):
                barred.setdefault(pointer, set()).add(name)
    return barred


def _optional(schemas: Mapping[str, Any], barred: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Per schema the names that its `required` must not hold.

    One branch of an allOf may require what another declares, so a name reaches every schema that judges the same value.
    """
    optional: dict[str, set[str]] = {}
    for pointer in schemas:
        family = _in_place(schemas, pointer, ("allOf", "anyOf", "oneOf"))
        names = set[str]().union(*(barred.get(member, ()) for member in family))
        for member in family if names else ():
            optional.setdefault(member, set()).update(names)
    return optional
