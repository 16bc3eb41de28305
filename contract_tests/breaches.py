"""What each failure of schemathesis breaks: the place in the contract, what it says there, and what came instead."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from schemathesis import Case
from schemathesis.core.failures import AcceptedNegativeData, Failure, MalformedJson, ServerError
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
    AuthScenario,
    IgnoredAuth,
    JsonSchemaError,
    MissingContentType,
    MissingHeaderNotRejected,
    MissingHeaders,
    RejectedPositiveData,
    UndefinedContentType,
    UndefinedStatusCode,
    UnsupportedMethodResponse,
)

from contract_tests.contract import Contract, Place
from contract_tests.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Breach:
    """A place in the contract, what it says, and what came; `cause` tells breaches of one place apart."""

    place: Place
    says: str
    came: str = ""
    cause: str = ""


def breach(contract: Contract, failure: Failure, case: Case[Any], exchange: Exchange) -> Breach:
    """The breach behind a failure of a check; one that we do not know keeps the words of schemathesis."""
    label, status = exchange.operation, exchange.status
    operation = contract.operations[label]
    responses = contract.below(operation, "responses")
    response = contract.response(label, status) or responses
    match failure:
        case JsonSchemaError():
            return _schema(contract, failure, response, exchange)
        case ServerError() | UndefinedStatusCode():
            return Breach(responses, f"answers with {', '.join(responses.value)}", cause=str(status))
        case MissingHeaders(missing_headers=names):
            place = contract.below(response, "headers", names[0])
            return Breach(place, f"required headers of {status}: {', '.join(names)}", "without them")
        case UndefinedContentType() | MissingContentType() | MalformedJson():
            content = contract.below(response, "content")
            came = f"no JSON: {failure.validation_message}" if isinstance(failure, MalformedJson) else ""
            cause = exchange.answer_headers.get("content-type", "")
            return Breach(content, f"{status} is {', '.join(content.value)}", came, cause)
        case AcceptedNegativeData():
            return _acceptance(contract, case, label)
        case RejectedPositiveData():
            return _refusal(contract, exchange)
        case MissingHeaderNotRejected(header_name=name):
            place = contract.parameters(label).get(("header", name), operation)
            return Breach(place, f"the header {name} is required", "accepted without it")
        case UnsupportedMethodResponse() | AllowHeaderMismatch():
            path = label.partition(" ")[2]
            methods = [known.partition(" ")[0] for known in contract.operations if known.endswith(f" {path}")]
            says = f"methods: {', '.join(methods)}; another one gets 405 with Allow (RFC 9110, 15.5.6)"
            cause = failure.failure_reason if isinstance(failure, UnsupportedMethodResponse) else ""
            return Breach(contract.place("paths", path), says, _first_line(failure), cause)
        case IgnoredAuth(scenario=scenario):
            security = operation.value.get("security", contract.document.get("security"))
            credentials = "without credentials" if scenario is AuthScenario.NO_AUTH else "with invalid credentials"
            return Breach(operation, f"security: {_brief(security)}", f"accepted {credentials}")
    return Breach(operation, failure.title, _first_line(failure))


def _schema(contract: Contract, failure: JsonSchemaError, response: Place, exchange: Exchange) -> Breach:
    """The schema keyword that an answer's body or header breaks.

    schemathesis moves referenced schemas into a store of its own and gives the way back only in its message.
    """
    keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
    written = re.search(r"^Schema at /(.+):$", failure.message, re.MULTILINE)
    tokens = written[1].split("/") if written else []
    subject, place = "", response
    if tokens[:1] == ["components"]:
        place = contract.place(*tokens)
    elif "header" in failure.title:
        # Which header it is about is not in the failure, but its value is.
        values = exchange.answer_headers
        declared = contract.below(response, "headers").value
        subject = next((name for name in declared if values.get(name.lower()) == str(failure.instance)), "")
        place = contract.below(response, "headers", subject, "schema") if subject else response
    elif isinstance(response.value, Mapping) and response.value.get("content"):
        media_type = next(iter(response.value["content"]))
        place = contract.below(response, "content", media_type, "schema", *tokens)
    says = f"{keyword}: {_brief(failure.schema.get(keyword))}" if keyword in failure.schema else failure.title
    at = "".join(f"/{token}" for token in failure.instance_path)
    came = f"at {at}: {failure.validation_message}" if at else failure.validation_message
    return Breach(place, f"{subject} {says}".strip(), came, keyword)


def _refusal(contract: Contract, exchange: Exchange) -> Breach:
    """The parameter whose value made the difference: the only optional one of a reduced request."""
    for (where, name), place in contract.parameters(exchange.operation).items():
        if where == "query" and not place.value.get("required") and name in parse_qs(exchange.query):
            schema = contract.below(place, "schema")
            return Breach(schema, f"{name}: {_brief(schema.value)}", "refused, though without it all is well")
    return Breach(contract.operations[exchange.operation], "requests as described", "a valid request is refused")


def _acceptance(contract: Contract, case: Case[Any], label: str) -> Breach:
    """The parameter or body that a request broke and was accepted with."""
    operation = contract.operations[label]
    generated = case.meta.phase.data if case.meta else None
    if generated is None:
        return Breach(operation, "requests as described", "accepted a request that breaks this")
    names = [generated.parameter, *(mutation.parameter for mutation in generated.mutations)]
    name = next(filter(None, names), "")
    where = str(generated.parameter_location.value) if generated.parameter_location else ""
    came = f"accepted a request that breaks this: {(generated.description or '').partition(chr(10))[0]}"
    if where == "body":
        place = contract.below(operation, "requestBody", "content", case.media_type or "", "schema")
        return Breach(place, f"body: {_brief(place.value)}", came)
    parameter = contract.parameters(label).get((where, name))
    if parameter is None:
        return Breach(operation, "requests as described", came)
    place = contract.below(parameter, "schema")
    return Breach(place, f"{name}: {_brief(place.value)}", came)


def _first_line(failure: Failure) -> str:
    return failure.message.partition("\n")[0]


def _brief(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
