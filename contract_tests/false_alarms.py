"""Failures of schemathesis that a correct server can cause, and why each of them is no breach of the contract.

What stays is what the contract settles. Where it leaves the server a choice, any choice is right.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from schemathesis import Case, HookContext, Response
from schemathesis.core import NotSet
from schemathesis.core.failures import Failure, ServerError
from schemathesis.openapi.checks import IgnoredAuth, RejectedPositiveData

from contract_tests.contract import Contract, Place


def is_breach(contract: Contract) -> Callable[[HookContext, Failure, Case[Any], Response], bool]:
    """The `filter_failure` hook of schemathesis for this contract: True for a failure that is to be reported."""

    def filter_failure(_: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
        match failure:
            case RejectedPositiveData():
                return not _may_be_refused(contract, case)
            case ServerError(status_code=status):
                return not _is_announced_outage(contract, case.operation.label, status)
            case IgnoredAuth():
                return not _was_turned_away(failure)
        return True

    return filter_failure


def _may_be_refused(contract: Contract, case: Case[Any]) -> bool:
    """Whether a rule beyond the schema may forbid a request that the schema allows.

    A taken name, a start after its end, a cursor that was never handed out, a thing that is gone: a schema cannot say
    it, and a server that answers 400, 410 or 422 is right. It can say everything only about a value from a closed set
    on its own, such as `page_size=100` where the maximum is 100: refusing that breaks the contract. (Whether the status
    of a refusal is declared is for another check to say.)
    """
    if not isinstance(case.body, NotSet):
        return True
    parameters = contract.parameters(case.operation.label)
    sent = [
        ("path", case.path_parameters),
        ("query", case.query),
        ("header", case.headers),
        ("cookie", case.cookies),
    ]
    optional = 0
    for location, values in sent:
        for name in values or {}:
            if location == "header" and name.lower() == "authorization":
                continue
            place = parameters.get((location, name))
            if place is None or not _is_closed(contract, contract.below(place, "schema")):
                return True
            optional += not place.value.get("required", False)
    # Two values can be wrong together that are right alone: a lower and an upper bound.
    return optional > 1


def _is_closed(contract: Contract, schema: Place) -> bool:
    """Whether a schema lists or bounds its values so tightly that each of them must have a meaning."""
    value = schema.value
    if "enum" in value or "const" in value or value.get("type") == "boolean":
        return True
    if value.get("type") == "integer":
        return bool({"minimum", "exclusiveMinimum"} & set(value) and {"maximum", "exclusiveMaximum"} & set(value))
    return value.get("type") == "array" and "items" in value and _is_closed(contract, contract.below(schema, "items"))


def _is_announced_outage(contract: Contract, label: str, status: int) -> bool:
    """Whether a 5xx is one that the contract names, as 503 for a charger that cannot be reached; 500 is always a bug."""
    declared = contract.below(contract.operations[label], "responses").value
    return status != HTTPStatus.INTERNAL_SERVER_ERROR and str(status) in declared


def _was_turned_away(failure: IgnoredAuth) -> bool:
    """Whether the anonymous request failed all the same: with 404 to hide what is private, or 429, or 400.

    Only an answer with success shows that authentication is ignored.
    """
    return failure.title.startswith("Unexpected response")
