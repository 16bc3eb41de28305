"""What can go wrong with a request, and the dialects in which providers say so.

    ApiError
     |-- UnknownRoute           404  no operation has this path
     |-- NotFound               404  the thing is absent, or not visible to the caller
     |-- MethodNotAllowed       405  the path exists, the method does not
     |-- NotAcceptable          406  `Accept` excludes everything the operation produces
     |-- Conflict               409  the state of the thing forbids it
     |-- Gone                   410  it was there, and can no longer be used
     |-- PayloadTooLarge        413  the body is over the limit
     |-- UnsupportedMediaType   415  the operation does not take this `Content-Type`
     |-- MalformedRequest       400  not readable at all: encoding, JSON syntax, header syntax
     |-- InvalidRequest         400  readable, but parameters or body break the contract
     |-- Unauthenticated        401  no credential, or a bad one
     |-- Forbidden              403  a good credential that does not suffice
     |    `-- InsufficientScope       because it lacks a scope
     |-- Unprocessable          422  well-formed, but not acceptable as things are
     |-- RateLimited            429  quota used up
     |-- BadGateway             502  what stands behind the provider said no
     |-- GatewayTimeout         504  or did not answer in time
     |-- InjectedFault          4xx/5xx  ordered through the control plane
     `-- ContractBroken         500  our own response breaks the contract: a defect of the mock

An `ErrorStyle` turns an error into a provider's body. A new dialect is one class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from specs.operation import Operation

Headers = list[tuple[str, str]]

_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_MISSING = re.compile(r'("[^"]*") is a required property')


@dataclass(frozen=True, slots=True)
class FieldError:
    """One broken rule of the contract: `source` is path, query, header or body; `name` the parameter or JSON path.

    `keyword` is the JSON Schema keyword that is broken, where one is.
    """

    source: str
    name: str
    message: str
    keyword: str = ""

    def told(self) -> tuple[str, str]:
        """The field and what is wrong with it; a missing member is named by itself, not by its object."""
        if self.keyword == "required" and (missing := _MISSING.fullmatch(self.message)):
            name: str = json.loads(missing[1])
            return (name if self.name == "body" else f"{self.name}.{name}"), "is missing"
        return self.name, self.message


class ApiError(Exception):
    """A refusal with its HTTP status, a short title, a specific detail and the headers that belong to it.

    `field` says which part of the body is meant, where it is one.
    """

    status = 500

    def __init__(
        self, detail: str, *, title: str | None = None, slug: str | None = None, field: str | None = None
    ) -> None:
        self.detail = detail if field is None else f"{field}: {detail}"
        super().__init__(self.detail)
        self.title = title
        self.slug = slug
        """Name of the problem where the status alone does not say it; the style makes a URI or code of it."""
        self.field_errors: tuple[FieldError, ...] = () if field is None else (FieldError("body", field, detail),)
        self.headers: Headers = []
        self.request_number = 0
        """Which request was refused, from 1 in order of arrival; 0 for none that is counted."""
        self.at = _NO_TIME
        """When it was refused, on the virtual clock; the epoch where there is none."""


class UnknownRoute(ApiError):
    """No operation of the API has this path."""

    status = 404


class NotFound(ApiError):
    """The thing is absent, or not visible to the caller."""

    status = 404


class MethodNotAllowed(ApiError):
    """The path exists, the method does not; `Allow` lists every method that does."""

    status = 405

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        allow = ", ".join(sorted(allowed))
        super().__init__(f"Method {method} is not allowed here; allowed: {allow or 'none'}.")
        self.headers = [("allow", allow)]


class NotAcceptable(ApiError):
    """`Accept` excludes everything that the operation produces."""

    status = 406

    def __init__(self, offered: Iterable[str]) -> None:
        super().__init__(f"The Accept header excludes what this operation produces: {', '.join(offered)}.")


class Conflict(ApiError):
    """The state of the thing forbids what was asked."""

    status = 409


class Gone(ApiError):
    """It was there, and can no longer be used."""

    status = 410


class PayloadTooLarge(ApiError):
    """The body is over the limit; the connection is closed, since the rest is not read."""

    status = 413

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The request body is larger than {limit_bytes} bytes.")
        self.headers = [("connection", "close")]


class UnsupportedMediaType(ApiError):
    """The operation does not take this `Content-Type`."""

    status = 415

    def __init__(self, given: str, accepted: Iterable[str]) -> None:
        what = f"Content-Type {given!r} is not accepted" if given else "Content-Type is missing"
        super().__init__(f"{what}; send {' or '.join(accepted)}.")


class MalformedRequest(ApiError):
    """The request cannot be read at all."""

    status = 400


class InvalidRequest(ApiError):
    """Parameters or body break the contract; `field_errors` says where."""

    status = 400

    def __init__(
        self, field_errors: Sequence[FieldError], *, title: str | None = None, slug: str | None = None
    ) -> None:
        super().__init__("; ".join(f"{error.name}: {error.message}" for error in field_errors), title=title, slug=slug)
        self.field_errors = tuple(field_errors)


class Unauthenticated(ApiError):
    """No credential, or one that is unknown, expired or revoked."""

    status = 401

    def __init__(self, detail: str, challenge: str = "Bearer", *, slug: str | None = None) -> None:
        super().__init__(detail, slug=slug)
        self.headers = [("www-authenticate", challenge)]

    @classmethod
    def unsent(cls, challenge: str) -> Unauthenticated:
        """The refusal of a request without a credential, which says how to send one."""
        scheme = challenge.partition(" ")[0]
        return cls(f"No credential was sent. Send the header Authorization: {scheme} <token>.", challenge)


class Forbidden(ApiError):
    """A good credential that does not suffice."""

    status = 403


class InsufficientScope(Forbidden):
    """The token lacks these scopes."""

    def __init__(self, missing: Iterable[str]) -> None:
        scopes = " ".join(sorted(missing))
        super().__init__(f"The token lacks the scope: {scopes}.")
        self.headers = [("www-authenticate", f'Bearer error="insufficient_scope", scope="{scopes}"')]


class Unprocessable(ApiError):
    """Well-formed, but not acceptable as things are."""

    status = 422

    def __init__(self, detail: str, field: str | None = None) -> None:
        super().__init__(detail, field=field)


class RateLimited(ApiError):
    """The quota of the rolling window is used up; `Retry-After` in whole seconds."""

    status = 429

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Request limit reached. Retry in {retry_after_s} seconds.", slug="rate-limit-exceeded")
        self.headers = [("retry-after", str(retry_after_s))]


class BadGateway(ApiError):
    """What stands behind the provider was asked, and said no."""

    status = 502


class GatewayTimeout(ApiError):
    """What stands behind the provider was asked, and did not answer in time."""

    status = 504


class InjectedFault(ApiError):
    """A failure that was ordered through the control plane."""

    def __init__(self, status: int, detail: str, *, title: str | None = None) -> None:
        super().__init__(detail, title=title)
        self.status = status


class ContractBroken(ApiError):
    """A response of ours that breaks the contract, or a handler that failed: never sent as if it were right."""

    status = 500


class ErrorStyle(Protocol):
    """How a provider words a refusal."""

    @property
    def content_type(self) -> str:
        """The media type of every refusal."""

    def status(self, error: ApiError) -> int:
        """The HTTP status by which the provider answers the error."""

    def render(self, error: ApiError, operation: Operation | None, url: str) -> Any:
        """The body as JSON values; `operation` is None before routing, `url` is the absolute URL asked for."""


def reason(status: int) -> str:
    """The standard reason phrase of a status, such as `Not Found`."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


@dataclass(frozen=True)
class ProblemStyle:
    """RFC 9457 problem+json with `field_errors`; `type_base` is the URI under which the slugs stand."""

    type_base: str
    content_type: str = "application/problem+json"

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        return error.status

    def title(self, error: ApiError) -> str:
        """Short, the same for every occurrence of the problem."""
        return error.title or reason(error.status)

    def slug(self, error: ApiError, operation: Operation | None) -> str | None:
        """Last part of the `type` URI, or None where the status says enough."""
        return error.slug

    def render(self, error: ApiError, operation: Operation | None, url: str) -> dict[str, Any]:
        """The problem object; `field_errors` maps each field to its messages."""
        slug = self.slug(error, operation)
        body: dict[str, Any] = {"type": f"{self.type_base}{slug}/"} if slug else {}
        body.update(status=self.status(error), title=self.title(error), detail=error.detail)
        if error.field_errors:
            fields: dict[str, list[str]] = {}
            for field in error.field_errors:
                fields.setdefault(field.name, []).append(field.message)
            body["field_errors"] = fields
        return body
