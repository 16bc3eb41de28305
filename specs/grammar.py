"""The OpenAPI 3.1 objects and keywords that gridmock supports, as one table.

Whatever is not in the table is refused, extensions included: a keyword that nothing reads is a promise nobody keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without structure that the walk enters; `wanted` completes the sentence "must be ..."."""

    wanted: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class RefersTo:
    """A reference: text that points at an object of a kind."""

    kind: str


# A rule is a scalar, a reference, the kind of an object, a list of one rule, or a map of one rule under "*".
Rule: TypeAlias = "Scalar | RefersTo | str | list[Rule] | dict[str, Rule]"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value) and len(set(value)) == len(value)


def _types(value: Any) -> bool:
    return value in TYPES if isinstance(value, str) else bool(value) and _texts(value) and set(value) <= set(TYPES)


def _one_of(*words: str) -> Scalar:
    return Scalar(f"one of {', '.join(words)}", lambda value: value in words)


TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")

ANY = Scalar("anything", lambda value: True)
STRING = Scalar("a string", lambda value: isinstance(value, str))
BOOLEAN = Scalar("true or false", lambda value: isinstance(value, bool))
NUMBER = Scalar("a number", _number)
POSITIVE = Scalar("a number above 0", lambda value: _number(value) and value > 0)
COUNT = Scalar("a whole number from 0", lambda value: type(value) is int and value >= 0)
TEXTS = Scalar("a list of different strings", _texts)
SOME = Scalar("a list with at least one entry", lambda value: isinstance(value, list) and bool(value))
MANY = Scalar("a list", lambda value: isinstance(value, list))
TYPE = Scalar(f"one of {', '.join(TYPES)}, or a list of them (null in quotes)", _types)

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
METHODS = frozenset(_METHODS)

# A keyword that ends in "!" is required.
GRAMMAR: dict[str, dict[str, Rule]] = {
    "Document": {
        "openapi!": STRING,
        "info!": "Info",
        "servers": ["Server"],
        "security": [{"*": TEXTS}],
        "tags": ["Tag"],
        "externalDocs": "ExternalDocs",
        "paths!": {"*": "PathItem"},
        "webhooks": {"*": "PathItem"},
        "components": "Components",
    },
    "Part": {"paths": {"*": "PathItem"}, "webhooks": {"*": "PathItem"}, "components": "Components"},
    "Info": {
        "title!": STRING,
        "version!": STRING,
        "summary": STRING,
        "description": STRING,
        "termsOfService": STRING,
        "contact": "Contact",
        "license": "License",
    },
    "Contact": {"name": STRING, "url": STRING, "email": STRING},
    "License": {"name!": STRING, "identifier": STRING, "url": STRING},
    "ExternalDocs": {"url!": STRING, "description": STRING},
    "Server": {"url!": STRING, "description": STRING, "variables": {"*": "ServerVariable"}},
    "ServerVariable": {"default!": STRING, "enum": TEXTS, "description": STRING},
    "Tag": {"name!": STRING, "description": STRING, "externalDocs": "ExternalDocs"},
    "PathItem": {
        "summary": STRING,
        "description": STRING,
        "servers": ["Server"],
        "parameters": ["Parameter"],
        **dict.fromkeys(_METHODS, "Operation"),
    },
    "Operation": {
        "operationId": STRING,
        "tags": TEXTS,
        "summary": STRING,
        "description": STRING,
        "externalDocs": "ExternalDocs",
        "parameters": ["Parameter"],
        "requestBody": "RequestBody",
        "responses!": {"*": "Response"},
        "callbacks": {"*": "Callback"},
        "deprecated": BOOLEAN,
        "security": [{"*": TEXTS}],
        "servers": ["Server"],
    },
    "Callback": {"*": "PathItem"},
    "Parameter": {
        "name!": STRING,
        "in!": _one_of("path", "query", "header", "cookie"),
        "schema!": "Schema",
        "description": STRING,
        "required": BOOLEAN,
        "deprecated": BOOLEAN,
        "style": _one_of("simple", "label", "matrix", "form", "spaceDelimited", "pipeDelimited", "deepObject"),
        "explode": BOOLEAN,
        "example": ANY,
        "examples": {"*": "Example"},
    },
    "Header": {
        "schema!": "Schema",
        "description": STRING,
        "required": BOOLEAN,
        "deprecated": BOOLEAN,
        "style": _one_of("simple"),
        "explode": BOOLEAN,
        "example": ANY,
        "examples": {"*": "Example"},
    },
    "RequestBody": {"content!": {"*": "MediaType"}, "description": STRING, "required": BOOLEAN},
    "Response": {
        "description!": STRING,
        "headers": {"*": "Header"},
        "content": {"*": "MediaType"},
        "links": {"*": "Link"},
    },
    "MediaType": {"schema": "Schema", "example": ANY, "examples": {"*": "Example"}},
    "Example": {"value!": ANY, "summary": STRING, "description": STRING},
    "Link": {"operationId!": STRING, "parameters": {"*": ANY}, "requestBody": ANY, "description": STRING},
    "Components": {
        "schemas": {"*": "Schema"},
        "responses": {"*": "Response"},
        "parameters": {"*": "Parameter"},
        "examples": {"*": "Example"},
        "requestBodies": {"*": "RequestBody"},
        "headers": {"*": "Header"},
        "securitySchemes": {"*": "SecurityScheme"},
        "links": {"*": "Link"},
        "callbacks": {"*": "Callback"},
    },
    "SecurityScheme": {"type!": _one_of("apiKey", "http", "oauth2", "openIdConnect")},
    "SecurityScheme apiKey": {
        "type!": STRING,
        "name!": STRING,
        "in!": _one_of("query", "header", "cookie"),
        "description": STRING,
    },
    "SecurityScheme http": {"type!": STRING, "scheme!": STRING, "bearerFormat": STRING, "description": STRING},
    "SecurityScheme oauth2": {"type!": STRING, "flows!": "OAuthFlows", "description": STRING},
    "SecurityScheme openIdConnect": {"type!": STRING, "openIdConnectUrl!": STRING, "description": STRING},
    "OAuthFlows": {
        "implicit": "ImplicitFlow",
        "password": "TokenFlow",
        "clientCredentials": "TokenFlow",
        "authorizationCode": "AuthorizationCodeFlow",
    },
    "ImplicitFlow": {"authorizationUrl!": STRING, "scopes!": {"*": STRING}, "refreshUrl": STRING},
    "TokenFlow": {"tokenUrl!": STRING, "scopes!": {"*": STRING}, "refreshUrl": STRING},
    "AuthorizationCodeFlow": {
        "authorizationUrl!": STRING,
        "tokenUrl!": STRING,
        "scopes!": {"*": STRING},
        "refreshUrl": STRING,
    },
    "Schema": {
        "$ref": RefersTo("Schema"),
        "title": STRING,
        "description": STRING,
        "type": TYPE,
        "enum": SOME,
        "const": ANY,
        "allOf": ["Schema"],
        "anyOf": ["Schema"],
        "oneOf": ["Schema"],
        "not": "Schema",
        "properties": {"*": "Schema"},
        "required": TEXTS,
        "additionalProperties": "Schema",
        "minProperties": COUNT,
        "maxProperties": COUNT,
        "items": "Schema",
        "minItems": COUNT,
        "maxItems": COUNT,
        "uniqueItems": BOOLEAN,
        "minLength": COUNT,
        "maxLength": COUNT,
        "pattern": STRING,
        "format": STRING,
        "minimum": NUMBER,
        "maximum": NUMBER,
        "exclusiveMinimum": NUMBER,
        "exclusiveMaximum": NUMBER,
        "multipleOf": POSITIVE,
        "default": ANY,
        "examples": MANY,
        "readOnly": BOOLEAN,
        "writeOnly": BOOLEAN,
        "deprecated": BOOLEAN,
        "discriminator": "Discriminator",
    },
    "Discriminator": {"propertyName!": STRING, "mapping": {"*": RefersTo("Schema")}},
}

# Where such an object is expected, a lone `$ref` to a component of that kind may stand instead.
REFERABLE = frozenset(
    ("PathItem", "Parameter", "Header", "RequestBody", "Response", "Example", "Link", "Callback", "SecurityScheme")
)

# The kind of component that each section holds.
SECTIONS = {section: str(rule["*"]) for section, rule in GRAMMAR["Components"].items() if isinstance(rule, dict)}
