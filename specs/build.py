"""A sound OpenAPI document as typed operations: references followed, path-item parameters and defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specs.grammar import METHODS
from specs.operation import Header, MediaType, Operation, Parameter, RequestBody, Response, Schema, SecurityScheme
from specs.source import escape, unescape

_STYLES = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}


def operations(document: Mapping[str, Any], section: str = "paths") -> Iterator[Operation]:
    """The operations of `paths`, or of `webhooks`, in document order."""
    for path, item in document.get(section, {}).items():
        for method in item:
            if method in METHODS:
                yield _operation(document, section, path, method)


def security_schemes(document: Mapping[str, Any]) -> dict[str, SecurityScheme]:
    """The declared security schemes by name."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    followed = {
        name: follow(document, f"/components/securitySchemes/{name}", scheme)[1] for name, scheme in schemes.items()
    }
    return {name: SecurityScheme(name, scheme["type"], scheme) for name, scheme in followed.items()}


def follow(document: Mapping[str, Any], pointer: str, value: Any) -> tuple[str, Any]:
    """An object and its pointer once references that stand in its place have been followed."""
    while "$ref" in value:
        pointer = value["$ref"][1:]
        _, section, name = pointer[1:].split("/")
        value = document["components"][section][unescape(name)]
    return pointer, value


def _operation(document: Mapping[str, Any], section: str, path: str, method: str) -> Operation:
    item_pointer = f"/{section}/{escape(path)}"
    pointer = f"{item_pointer}/{method}"
    item = document[section][path]
    operation = item[method]
    parameters: dict[tuple[str, str], Parameter] = {}
    for place, owner in ((item_pointer, item), (pointer, operation)):
        for index, written in enumerate(owner.get("parameters", ())):
            parameter = _parameter(document, f"{place}/parameters/{index}", written)
            parameters[parameter.name, parameter.location] = parameter
    body = operation.get("requestBody")
    return Operation(
        operation_id=operation.get("operationId", path),  # a webhook may do without
        method=method.upper(),
        path=path,
        tag=next(iter(operation.get("tags", ())), ""),
        summary=operation.get("summary", ""),
        parameters=tuple(parameters.values()),
        request_body=None if body is None else _request_body(document, f"{pointer}/requestBody", body),
        responses={
            status: _response(document, f"{pointer}/responses/{status}", status, response)
            for status, response in operation["responses"].items()
        },
        security=tuple(
            {scheme: tuple(scopes) for scheme, scopes in alternative.items()}
            for alternative in operation.get("security", document.get("security", ()))
        ),
        pointer=pointer,
    )


def _parameter(document: Mapping[str, Any], pointer: str, written: Any) -> Parameter:
    pointer, value = follow(document, pointer, written)
    style = value.get("style", _STYLES[value["in"]])
    return Parameter(
        name=value["name"],
        location=value["in"],
        required=value.get("required", False),
        schema=Schema(f"{pointer}/schema", value["schema"]),
        style=style,
        explode=value.get("explode", style == "form"),
        description=value.get("description", ""),
        examples=tuple(_examples(document, pointer, value).values()),
    )


def _request_body(document: Mapping[str, Any], pointer: str, written: Any) -> RequestBody:
    pointer, value = follow(document, pointer, written)
    return RequestBody(required=value.get("required", False), content=_content(document, pointer, value))


def _response(document: Mapping[str, Any], pointer: str, status: str, written: Any) -> Response:
    pointer, value = follow(document, pointer, written)
    headers = {}
    for name, entry in value.get("headers", {}).items():
        place, header = follow(document, f"{pointer}/headers/{escape(name)}", entry)
        headers[name] = Header(name, header.get("required", False), Schema(f"{place}/schema", header["schema"]))
    return Response(status, value["description"], headers, _content(document, pointer, value))


def _content(document: Mapping[str, Any], pointer: str, owner: Mapping[str, Any]) -> dict[str, MediaType]:
    content = {}
    for name, value in owner.get("content", {}).items():
        place = f"{pointer}/content/{escape(name)}"
        schema = Schema(f"{place}/schema", value["schema"]) if "schema" in value else None
        content[name] = MediaType(name, schema, _examples(document, place, value))
    return content


def _examples(document: Mapping[str, Any], pointer: str, owner: Mapping[str, Any]) -> dict[str, Any]:
    """Example values by name; a lone `example` goes by the name `example`."""
    named = {
        name: follow(document, f"{pointer}/examples/{escape(name)}", example)[1]["value"]
        for name, example in owner.get("examples", {}).items()
    }
    return {"example": owner["example"]} | named if "example" in owner else named
