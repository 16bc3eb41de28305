"""OCPI's wording of refusals: the envelope without data. Source of the codes: OCPI 2.2.1, chapter 5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mockserver.apis.dynamo.registry import to_the_second
from mockserver.http.errors import ApiError, InvalidRequest, MalformedRequest, MethodNotAllowed, NotFound
from specs.operation import Operation

_CLIENT, _PARAMETERS, _UNKNOWN_LOCATION, _SERVER = 2000, 2001, 2003, 3000
UNSUPPORTED_VERSION = "3002"


class NotNow(MethodNotAllowed):
    """What the registration, as it stands, does not allow; `allowed` are the methods that it does."""

    def __init__(self, text: str, *allowed: str) -> None:
        super().__init__("", allowed)
        self.detail = text


@dataclass(frozen=True)
class OcpiErrors:
    """A refusal's slug is its code, where the kind of refusal does not say it."""

    content_type: str = "application/json"

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        return error.status

    def render(self, error: ApiError, operation: Operation | None, url: str) -> dict[str, Any]:
        """See `ErrorStyle.render`."""
        return {"status_code": _code(error), "status_message": error.detail, "timestamp": to_the_second(error.at)}


def _code(error: ApiError) -> int:
    if error.slug == UNSUPPORTED_VERSION:
        return int(error.slug)
    match error:
        case InvalidRequest() | MalformedRequest():
            return _PARAMETERS
        case NotFound():
            return _UNKNOWN_LOCATION
        case _:
            return _SERVER if error.status >= 500 else _CLIENT
