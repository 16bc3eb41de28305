"""What is broken is told with its keyword, so that an API can choose its status by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from mockserver.http.errors import ApiError, FieldError
from specs.operation import Operation
from tests.mockserver.http.workshop import API, BASE, Workshop


@dataclass(frozen=True)
class Plain:
    """Errors as they are."""

    content_type: str = "application/json"

    def status(self, error: ApiError) -> int:
        return error.status

    def render(self, error: ApiError, operation: Operation | None, url: str) -> Any:
        return [[wrong.source, wrong.name, wrong.keyword] for wrong in error.field_errors]


CASES: dict[str, tuple[str, str, dict[str, Any], list[list[str]]]] = {
    "query, not a number": ("GET", "/things?weight=heavy", {}, [["query", "weight", ""]]),
    "query, unknown": ("GET", "/things?mass=1", {}, [["query", "mass", ""]]),
    "query, not a boolean": ("GET", "/mood?quiet=perhaps", {}, [["query", "quiet", ""]]),
    "header, enum": ("GET", "/mood", {"headers": {"x-tone": "shrill"}}, [["header", "X-Tone", "enum"]]),
    "body, missing": ("POST", "/things", {"json": {}}, [["body", "body", "required"]]),
    "body, type": ("POST", "/things", {"json": []}, [["body", "body", "type"]]),
    "body, type below": ("POST", "/things", {"json": {"name": 5}}, [["body", "name", "type"]]),
    "body, too long": ("POST", "/things", {"json": {"name": "x" * 21}}, [["body", "name", "maxLength"]]),
    "body, deep": ("POST", "/things", {"json": {"name": "x", "tags": [{}]}}, [["body", "tags.0", "required"]]),
    "form, unknown": ("POST", "/answer", {"form": {"b": "1"}}, [["body", "body", "additionalProperties"]]),
}


@pytest.mark.parametrize(("method", "path", "options", "expected"), CASES.values(), ids=CASES)
def test_every_broken_rule_has_its_keyword(
    method: str, path: str, options: dict[str, Any], expected: list[list[str]]
) -> None:
    workshop = Workshop(api=replace(API, errors=Plain()))
    response = workshop.full.request(method, BASE + path, **options)
    assert (response.status, response.json()) == (400, expected)


def test_a_rule_that_is_none_of_a_schema_has_no_keyword() -> None:
    assert FieldError("body", "now", "is in the past").keyword == ""
