"""Refusals, and the standard wording of them."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.http import errors
from mockserver.http.errors import ApiError, FieldError, InvalidRequest, ProblemStyle, reason

STYLE = ProblemStyle("https://mock.test/problems/")
FIELDS = (
    FieldError("query", "page", "is not an integer"),
    FieldError("body", "name", "is too long"),
    FieldError("query", "page", "is given more than once"),
)

EVERY: dict[str, tuple[ApiError, int, dict[str, str]]] = {
    "unknown route": (errors.UnknownRoute("d"), 404, {}),
    "not found": (errors.NotFound("d"), 404, {}),
    "method": (errors.MethodNotAllowed("PUT", {"POST", "GET"}), 405, {"allow": "GET, POST"}),
    "method, none allowed": (errors.MethodNotAllowed("GET", ()), 405, {"allow": ""}),
    "not acceptable": (errors.NotAcceptable(["application/json"]), 406, {}),
    "conflict": (errors.Conflict("d"), 409, {}),
    "gone": (errors.Gone("d"), 410, {}),
    "too large": (errors.PayloadTooLarge(10), 413, {"connection": "close"}),
    "media type": (errors.UnsupportedMediaType("text/plain", ["application/json"]), 415, {}),
    "malformed": (errors.MalformedRequest("d"), 400, {}),
    "invalid": (InvalidRequest(FIELDS), 400, {}),
    "unauthenticated": (errors.Unauthenticated("d"), 401, {"www-authenticate": "Bearer"}),
    "unauthenticated otherwise": (errors.Unauthenticated("d", "Basic"), 401, {"www-authenticate": "Basic"}),
    "forbidden": (errors.Forbidden("d"), 403, {}),
    "scopes": (
        errors.InsufficientScope({"b", "a"}),
        403,
        {"www-authenticate": 'Bearer error="insufficient_scope", scope="a b"'},
    ),
    "unprocessable": (errors.Unprocessable("d"), 422, {}),
    "unprocessable field": (errors.Unprocessable("d", "connectorId"), 422, {}),
    "rate limited": (errors.RateLimited(17), 429, {"retry-after": "17"}),
    "bad gateway": (errors.BadGateway("d"), 502, {}),
    "gateway timeout": (errors.GatewayTimeout("d"), 504, {}),
    "ordered": (errors.InjectedFault(503, "d"), 503, {}),
    "contract broken": (errors.ContractBroken("d"), 500, {}),
}


@pytest.mark.parametrize(("error", "status", "headers"), EVERY.values(), ids=EVERY)
def test_every_refusal_has_its_status_and_the_headers_that_belong_to_it(
    error: ApiError, status: int, headers: dict[str, str]
) -> None:
    assert STYLE.status(error) == error.status == status
    assert dict(error.headers) == headers


@pytest.mark.parametrize(("error", "status", "headers"), EVERY.values(), ids=EVERY)
def test_every_refusal_is_worded_with_status_title_and_detail(
    error: ApiError, status: int, headers: dict[str, str]
) -> None:
    body = STYLE.render(error, None, "http://mock.test/x")
    assert body["status"] == status
    assert body["title"]
    assert body["detail"] == error.detail
    assert body["detail"]


def test_every_kind_of_refusal_is_in_the_table() -> None:
    def below(kind: type[ApiError]) -> set[type[ApiError]]:
        return {kind}.union(*(below(each) for each in kind.__subclasses__()))

    ours = {kind for kind in below(ApiError) if kind.__module__ == errors.__name__}
    assert ours - {type(error) for error, _, _ in EVERY.values()} == {ApiError}


def test_a_title_is_the_standard_phrase_unless_the_refusal_has_its_own() -> None:
    assert STYLE.render(errors.NotFound("d"), None, "")["title"] == "Not Found"
    assert STYLE.render(errors.NotFound("d", title="No such thing"), None, "")["title"] == "No such thing"


def test_a_type_stands_only_where_the_status_does_not_say_enough() -> None:
    assert "type" not in STYLE.render(errors.NotFound("d"), None, "")
    body = STYLE.render(errors.NotFound("d", slug="thing-sold"), None, "")
    assert body["type"] == "https://mock.test/problems/thing-sold/"


def test_field_errors_are_gathered_by_field_and_all_told() -> None:
    body = STYLE.render(InvalidRequest(FIELDS), None, "")
    assert body["field_errors"] == {"page": ["is not an integer", "is given more than once"], "name": ["is too long"]}
    assert all(field.message in body["detail"] for field in FIELDS)


def test_a_refusal_without_field_errors_has_no_such_member() -> None:
    assert "field_errors" not in STYLE.render(errors.NotFound("d"), None, "")


class Own(ProblemStyle):
    """A provider that answers 404 where the standard says 403."""

    def status(self, error: ApiError) -> int:
        return 404 if error.status == 403 else error.status


def test_the_status_of_a_style_is_the_one_in_the_body() -> None:
    body: dict[str, Any] = Own("").render(errors.Forbidden("d"), None, "")
    assert body["status"] == 404


@pytest.mark.parametrize(
    ("status", "phrase"), [(200, "OK"), (418, "I'm a Teapot"), (503, "Service Unavailable"), (599, "Error")]
)
def test_a_reason_is_the_standard_phrase_or_a_word(status: int, phrase: str) -> None:
    assert reason(status) == phrase
