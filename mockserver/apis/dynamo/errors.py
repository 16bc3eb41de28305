"""Dynamo's wording of refusals: `{"error": {code, message, details, request_id}}`. Its codes are assumed, 0.6."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.http.errors import ApiError, InsufficientScope, InvalidRequest, reason
from specs.operation import Operation

_CODES = {
    400: "invalid_request",
    413: "payload_too_large",
    422: "validation_error",
    429: "rate_limit_exceeded",
    500: "internal_error",
}
"""The codes of refusals that have none of their own, where they are not the reason phrase."""


def request_id(number: int) -> str:
    """The id of the n-th request; the control plane's journal has it as `req` and the same digits."""
    return f"req_{number:012d}"


@dataclass(frozen=True)
class DynamoErrors:
    """A refusal's slug is its code."""

    content_type: str = "application/json"

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        return 422 if isinstance(error, InvalidRequest) else error.status

    def render(self, error: ApiError, operation: Operation | None, url: str) -> dict[str, Any]:
        """See `ErrorStyle.render`."""
        told = [wrong.told() for wrong in error.field_errors]
        body: dict[str, Any] = {
            "code": self._code(error),
            "message": "; ".join(f"{field} {message}" for field, message in told) or error.detail,
            "details": [{"field": field, "message": message} for field, message in told] or None,
        }
        if error.request_number:
            body["request_id"] = request_id(error.request_number)
        return {"error": body}

    def _code(self, error: ApiError) -> str:
        if isinstance(error, InsufficientScope):
            return "insufficient_scope"
        if error.slug is not None:
            return error.slug.replace("-", "_")
        status = self.status(error)
        return _CODES.get(status) or reason(status).lower().replace(" ", "_").replace("-", "_").replace("'", "")
