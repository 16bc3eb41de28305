"""The one walk over a document: what it holds, what it refers to, and where it breaks the grammar."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from specs.grammar import GRAMMAR, REFERABLE, STRING, RefersTo, Rule, Scalar
from specs.source import escape

_SHAPES: dict[str, dict[str, Rule]] = {
    kind: {key.rstrip("!"): rule for key, rule in shape.items()} for kind, shape in GRAMMAR.items()
}
_REQUIRED = {kind: [key[:-1] for key in shape if key.endswith("!")] for kind, shape in GRAMMAR.items()}

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

    def of(self, *kinds: str) -> Iterator[Node]:
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
            plain = rule is STRING and not isinstance(value, (dict, list))
            remedy = _HINTS.get((kind, key), "quote it" if plain else "")
            message = f"must be {rule.wanted}, not {_shown(value)}"
            findings.problems.append((pointer, f"{message}: {remedy}" if remedy else message))
    elif isinstance(rule, RefersTo):
        if isinstance(value, str):
            findings.references.append(Reference(rule.kind, pointer, holder, key))
        else:
            findings.problems.append((pointer, f"must be a reference such as '#/components/...', not {_shown(value)}"))
    elif isinstance(rule, str):
        _object(findings, rule, value, pointer)
    elif isinstance(rule, list):
        if not isinstance(value, list):
            findings.problems.append((pointer, f"must be a list, not {_shown(value)}"))
            return
        if not value and rule == ["Schema"]:
            findings.problems.append((pointer, "needs at least one schema"))
        for index in range(len(value)):
            _visit(findings, rule[0], value, index, f"{pointer}/{index}", kind)
    else:
        if not isinstance(value, dict):
            findings.problems.append((pointer, f"must be a mapping, not {_shown(value)}"))
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
            findings.problems.append((pointer, f"must be a {kind} object, not {_shown(value)}"))
        return
    if kind in REFERABLE and "$ref" in value:
        _visit(findings, RefersTo(kind), value, "$ref", f"{pointer}/$ref", kind)
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
            message = f"unknown keyword {key!r}: {_remedy(kind, key, shape)}"
            findings.problems.append((f"{pointer}/{escape(key)}", message))
        else:
            _visit(findings, rule, value, key, f"{pointer}/{escape(key)}", kind)
    findings.problems.extend((pointer, f"needs {key!r}") for key in _REQUIRED[kind] if key not in value)


def _scheme_kind(value: dict[str, Any]) -> str:
    specific = f"SecurityScheme {value.get('type')}"
    return specific if specific in GRAMMAR else "SecurityScheme"


def _remedy(kind: str, key: str, shape: dict[str, Rule]) -> str:
    """What to write instead of a keyword that an object of a kind does not take."""
    if (kind, key) in _HINTS:
        return _HINTS[kind, key]
    if key.startswith("x-"):
        return "extensions are not supported: what a contract cannot say belongs in code"
    if key == "$ref":
        return "a reference cannot stand here"
    if close := get_close_matches(key, shape, 1):
        return f"did you mean {close[0]!r}?"
    return f"a {kind} object takes {', '.join(shape)}"


def _shown(value: Any) -> str:
    """A value in few words, for a message."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return str(value).lower().replace("none", "null")
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
