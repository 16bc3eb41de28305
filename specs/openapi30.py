"""The OpenAPI 3.0.3 view of a 3.1 document, for connexion, which loads nothing newer.

A value is valid under a schema exactly when it is valid under that schema's view, as connexion validates: there
`nullable` lets null pass `type` and `enum`, and nothing else. What 3.0 cannot say about a document is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.build import security_schemes
from specs.grammar import METHODS
from specs.source import copied
from specs.walk import walk

_OPEN_ENDED = (("exclusiveMinimum", "minimum", 1), ("exclusiveMaximum", "maximum", -1))


def view(document: Mapping[str, Any]) -> dict[str, Any]:
    """A sound 3.1 document as one of 3.0.3, without webhooks; the document itself is left alone."""
    result: dict[str, Any] = copied(document)
    for node in walk(result, "Document").nodes:
        value = node.value
        if node.kind in ("Parameter", "Header", "MediaType") and "schema" in value:
            value["schema"] = schema_view(value["schema"])
        elif node.kind == "Components" and "schemas" in value:
            value["schemas"] = {name: schema_view(schema) for name, schema in value["schemas"].items()}
        elif node.kind == "Info":
            value.pop("summary", None)
        elif node.kind == "License":
            value.pop("identifier", None)
        elif node.kind in ("Document", "Operation") and "security" in value:
            value["security"] = [_requirement(each, result) for each in value["security"]]
        elif node.kind == "SecurityScheme" and "bearerFormat" in value:
            # 3.0 takes a bearerFormat beside the scheme in small letters only.
            value["scheme"] = value["scheme"].lower()
    result["openapi"] = "3.0.3"
    result.pop("webhooks", None)
    return result


def outline(document: Mapping[str, Any]) -> dict[str, Any]:
    """The paths and operation ids alone, as 3.0.3: what is needed to route, without what takes long to check."""
    paths = {
        path: {
            method: {"operationId": operation["operationId"], "responses": {"default": {"description": ""}}}
            for method, operation in item.items()
            if method in METHODS
        }
        for path, item in document["paths"].items()
    }
    info = {"title": document["info"]["title"], "version": document["info"]["version"]}
    return {"openapi": "3.0.3", "info": info, "paths": paths}


def _requirement(requirement: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """A security requirement without the roles that 3.0 has no place for: only OAuth 2 and OpenID have scopes there."""
    schemes = security_schemes(document)
    return {
        name: scopes if schemes[name].type in ("oauth2", "openIdConnect") else []
        for name, scopes in requirement.items()
    }


def schema_view(schema: Mapping[str, Any] | bool) -> dict[str, Any]:
    """A schema of 3.1 as one of 3.0."""
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    result: dict[str, Any] = {}
    # What 3.0 has no keyword for becomes a schema of its own under allOf, and cannot clash with what is there.
    also: list[dict[str, Any]] = []
    for keyword, value in schema.items():
        match keyword:
            case "$ref":
                also.append({"$ref": value})
            case "type":
                _type(schema, result, also)
            case "const":
                also.append({"enum": [value]})
            case "allOf":
                also += [schema_view(branch) for branch in value]
            case "anyOf" | "oneOf":
                result[keyword] = [schema_view(branch) for branch in value]
            case "not" | "items":
                result[keyword] = schema_view(value)
            case "additionalProperties":
                result[keyword] = value if isinstance(value, bool) else schema_view(value)
            case "properties":
                result[keyword] = {name: schema_view(branch) for name, branch in value.items()}
            case "examples":
                if value:
                    result["example"] = value[0]
            case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
                pass
            case _:
                # 3.0 has no empty `required`, and connexion reads `writeOnly: false` as true.
                if value or keyword not in ("required", "readOnly", "writeOnly"):
                    result[keyword] = value
    _bounds(schema, result)
    if also == [{"$ref": schema.get("$ref")}] and not result:
        return also[0]
    return result | {"allOf": also} if also else result


def _type(schema: Mapping[str, Any], result: dict[str, Any], also: list[dict[str, Any]]) -> None:
    written = schema["type"]
    names = [written] if isinstance(written, str) else written
    types: list[dict[str, Any]] = [{"type": name} for name in names if name != "null"]
    if "null" in names:
        if not types:
            types.append({"type": "string", "enum": [None]})
        # Nullable would let null pass an enum beside it that does not hold null.
        if None in schema.get("enum", (None,)):
            types[0]["nullable"] = True
    if len(types) == 1 and not ("enum" in types[0] and "enum" in schema):
        result |= types[0]
    else:
        also.append({"anyOf": types} if len(types) > 1 else types[0])


def _bounds(schema: Mapping[str, Any], result: dict[str, Any]) -> None:
    """Writes the tighter of each inclusive and exclusive bound, which 3.0 tells apart by a flag."""
    for exclusive, inclusive, sign in _OPEN_ENDED:
        bounds = [(schema[key] * sign, key) for key in (inclusive, exclusive) if key in schema]
        if bounds:
            bound, key = max(bounds, key=lambda pair: (pair[0], pair[1] == exclusive))
            result[inclusive] = bound * sign
            if key == exclusive:
                result[exclusive] = True
