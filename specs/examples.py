"""Examples, defaults and enums of a sound document, checked against the schemas they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from specs.build import follow
from specs.direction import direction_of
from specs.source import escape
from specs.validation import Side
from specs.walk import Findings


def examples_fit(document: Mapping[str, Any], findings: Findings) -> Iterator[tuple[str, str]]:
    """(pointer, message) for each value that its own schema refuses in every direction it may travel in."""
    sides = {"request": Side(document, "request"), "response": Side(document, "response")}
    for pointer, schema, what, value in _values(document, findings):
        # A schema's own values may belong to a property that one direction bars, so either will do for them.
        direction = None if pointer.startswith(f"{schema}/") else direction_of(schema)
        refusals = []
        for side in [sides[direction]] if direction else sides.values():
            violations = side.validator(schema).violations(value)
            if not violations:
                break
            refusals = violations
        else:
            first = refusals[0]
            at = f" at {first.pointer}" if first.pointer else ""
            more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
            yield pointer, f"{what} does not fit its schema{at}: {first.message}{more}"


def _values(document: Mapping[str, Any], findings: Findings) -> Iterator[tuple[str, str, str, Any]]:
    """Pointer of a value, pointer of its schema, what to call it, the value."""
    for node in findings.of("Schema"):
        if isinstance(node.value, bool):
            continue
        if "default" in node.value:
            yield f"{node.pointer}/default", node.pointer, "default", node.value["default"]
        for keyword, what in (("examples", "example"), ("enum", "enum value")):
            for index, value in enumerate(node.value.get(keyword, ())):
                yield f"{node.pointer}/{keyword}/{index}", node.pointer, what, value
        if "const" in node.value:
            yield f"{node.pointer}/const", node.pointer, "const", node.value["const"]
    for node in findings.of("MediaType", "Parameter", "Header"):
        if "schema" not in node.value:
            continue
        schema = f"{node.pointer}/schema"
        if "example" in node.value:
            yield f"{node.pointer}/example", schema, "example", node.value["example"]
        for name, written in node.value.get("examples", {}).items():
            place, example = follow(document, f"{node.pointer}/examples/{escape(name)}", written)
            yield f"{place}/value", schema, "example", example["value"]
