"""The OpenAPI 3.1 objects and keywords that gridmock supports, as one table, and the one walk over it.

Whatever is not in the table is refused, extensions included: a keyword that nothing reads is a promise nobody keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeAlias

from specs.source import escape


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value without structure that the walk enters; `wanted` completes the sentence "must be ..."."""

    wanted: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Link:
    """A reference: text that points at an object of a kind."""

    kind: str


# A rule is a scalar, a link, the kind of an object, a list of one rule, or a map of one rule under "*".
Rule: TypeAlias = "Scalar | Link | str | list[Rule] | dict[str, Rule]"


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
        "$ref": Link("Schema"),
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
    "Discriminator": {"propertyName!": STRING, "mapping": {"*": Link("Schema")}},
}

# Where such an object is expected, a lone `$ref` to a component of that kind may stand instead.
REFERABLE = frozenset(
    ("PathItem", "Parameter", "Header", "RequestBody", "Response", "Example", "Link", "Callback", "SecurityScheme")
)

# The kind of component that each section holds.
SECTIONS = {section: str(rule["*"]) for section, rule in GRAMMAR["Components"].items() if isinstance(rule, dict)}

_HINTS = {
    ("Schema", "nullable"): "write type: [..., 'null']",
    ("Schema", "example"): "write examples: [...]",
    ("Schema", "$defs"): "put the schema under components/schemas",
    ("Schema", "definitions"): "put the schema under components/schemas",
    ("Schema", "contains"): "it is not supported; items and uniqueItems are",
    ("Schema", "prefixItems"): "tuples are not supported; use an object, or items",
    ("Schema", "patternProperties"): "it is not supported; additionalProperties is",
    ("Schema", "exclusiveMinimum"): "in 3.1 it is the bound itself, and minimum is dropped",
    ("Schema", "exclusiveMaximum"): "in 3.1 it is the bound itself, and maximum is dropped",
    ("Part", "openapi"): "a part file holds paths, webhooks and components only",
    ("Part", "info"): "a part file holds paths, webhooks and components only",
    ("Parameter", "content"): "write schema and style",
    ("Parameter", "type"): "write schema: {type: ...}",
    ("Header", "type"): "write schema: {type: ...}",
    ("Header", "name"): "the key that holds the header is its name",
    ("Link", "operationRef"): "write operationId",
    ("Example", "externalValue"): "write value",
    ("MediaType", "encoding"): "it is not supported",
}


@dataclass(frozen=True, slots=True)
class Node:
    """An object of a known kind where it stands; `value` is a dict, or a boolean for a boolean schema."""

    kind: str
    pointer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference as written; `holder[key]` is its text and `pointer` the place of that text."""

    kind: str
    pointer: str
    holder: dict[str, Any]
    key: str

    @property
    def target(self) -> str:
        """What it points at, file part included."""
        return str(self.holder[self.key])


@dataclass(frozen=True, slots=True)
class Findings:
    """What a walk met, in document order; a problem is a JSON pointer and a message."""

    nodes: list[Node] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)

    def of(self, *kinds: str) -> Iterable[Node]:
        """The nodes of some kinds that are written out here, not referred to."""
        return (node for node in self.nodes if node.kind in kinds)


def walk(value: Any, kind: str) -> Findings:
    """Every object, reference and violation of the grammar in a value that should be of a kind."""
    findings = Findings()
    _visit(findings, kind, {"": value}, "", "", kind)
    return findings


def _visit(findings: Findings, rule: Rule, holder: Any, key: Any, pointer: str, kind: str) -> None:
    """Walks `holder[key]`, which stands at `pointer` inside an object of a kind."""
    value = holder[key]
    if isinstance(rule, Scalar):
        if not rule.accepts(value):
            bare = rule is STRING and not isinstance(value, (dict, list))
            hint = _HINTS.get((kind, key), "quote it" if bare else "")
            findings.problems.append((pointer, f"must be {rule.wanted}, not {show(value)}{hint and f': {hint}'}"))
    elif isinstance(rule, Link):
        if isinstance(value, str):
            findings.references.append(Reference(rule.kind, pointer, holder, key))
        else:
            findings.problems.append((pointer, f"must be a reference such as '#/components/...', not {show(value)}"))
    elif isinstance(rule, str):
        _object(findings, rule, value, pointer)
    elif isinstance(rule, list):
        if not isinstance(value, list):
            findings.problems.append((pointer, f"must be a list, not {show(value)}"))
            return
        if not value and rule == ["Schema"]:
            findings.problems.append((pointer, "needs at least one schema"))
        for index in range(len(value)):
            _visit(findings, rule[0], value, index, f"{pointer}/{index}", kind)
    else:
        if not isinstance(value, dict):
            findings.problems.append((pointer, f"must be a mapping, not {show(value)}"))
            return
        for name in value:
            if name == "$ref":
                findings.problems.append((f"{pointer}/$ref", "a reference cannot stand here: let each entry refer"))
            else:
                _visit(findings, rule["*"], value, name, f"{pointer}/{escape(name)}", kind)


def _object(findings: Findings, kind: str, value: Any, pointer: str) -> None:
    if not isinstance(value, dict):
        if kind == "Schema" and isinstance(value, bool):
            findings.nodes.append(Node(kind, pointer, value))
        else:
            findings.problems.append((pointer, f"must be a {kind} object, not {show(value)}"))
        return
    if kind in REFERABLE and "$ref" in value:
        _visit(findings, Link(kind), value, "$ref", f"{pointer}/$ref", kind)
        extra = "stands beside a $ref, which must stand alone here"
        findings.problems.extend((f"{pointer}/{escape(key)}", extra) for key in value if key != "$ref")
        return
    findings.nodes.append(Node(kind, pointer, value))
    if kind == "SecurityScheme":
        kind = _scheme_kind(value)
    shape = _SHAPES[kind]
    for key in value:
        rule = shape.get(key) or shape.get("*")
        if rule is None:
            findings.problems.append((f"{pointer}/{escape(key)}", _unknown(kind, key, shape)))
        else:
            _visit(findings, rule, value, key, f"{pointer}/{escape(key)}", kind)
    findings.problems.extend((pointer, f"needs {key!r}") for key in _REQUIRED[kind] if key not in value)


def _scheme_kind(value: dict[str, Any]) -> str:
    specific = f"SecurityScheme {value.get('type')}"
    return specific if specific in GRAMMAR else "SecurityScheme"


def _unknown(kind: str, key: str, shape: dict[str, Rule]) -> str:
    hint = _HINTS.get((kind, key))
    if not hint and key.startswith("x-"):
        hint = "extensions are not supported: what a contract cannot say belongs in code"
    if not hint and key == "$ref":
        hint = "a reference cannot stand here"
    if not hint and (close := get_close_matches(key, shape, 1)):
        hint = f"did you mean {close[0]!r}?"
    if not hint:
        hint = f"a {kind} object takes {', '.join(shape)}"
    return f"unknown keyword {key!r}: {hint}"


def show(value: Any) -> str:
    """A value in few words, for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


_SHAPES: dict[str, dict[str, Rule]] = {
    kind: {key.rstrip("!"): rule for key, rule in shape.items()} for kind, shape in GRAMMAR.items()
}
_REQUIRED = {kind: [key[:-1] for key in shape if key.endswith("!")] for kind, shape in GRAMMAR.items()}
