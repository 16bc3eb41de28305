"""Stekker's wording of refusals: `{"error": text, "details": [{"field", "message"}]}`. Nothing of it is published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.http.errors import ApiError, InvalidRequest
from specs.operation import Operation

_STRUCTURE = frozenset({"", "type", "required", "false", "additionalProperties", "oneOf", "anyOf"})
"""What is broken, by its keyword, where a message has not the form that it should; all else is a value not accepted."""


@dataclass(frozen=True)
class StekkerErrors:
    """`is_grape`: whatever breaks the contract is 400, as Grape answers; else a wrong value in a sound form is 422."""

    is_grape: bool
    content_type: str = "application/json"

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        if self.is_grape or not isinstance(error, InvalidRequest):
            return error.status
        return 400 if any(wrong.keyword in _STRUCTURE for wrong in error.field_errors) else 422

    def render(self, error: ApiError, operation: Operation | None, url: str) -> dict[str, Any]:
        """See `ErrorStyle.render`."""
        if not error.field_errors:
            return {"error": error.detail}
        told = [wrong.told() for wrong in error.field_errors]
        return {
            "error": ", ".join(f"{field} {message}" for field, message in told),
            "details": [{"field": field, "message": message} for field, message in told],
        }
