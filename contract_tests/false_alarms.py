"""Failures of schemathesis that a correct server can cause, and why each of them is no breach of the contract.

What stays is what the contract settles. Where it leaves the server a choice, any choice is right.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import requests
from schemathesis import Case
from schemathesis.core import NotSet
from schemathesis.core.failures import Failure, ServerError
from schemathesis.openapi.checks import (
    IgnoredAuth,
    MissingHeaderNotRejected,
    RejectedPositiveData,
    UndefinedStatusCode,
)

from contract_tests.contract import Contract, Place
from contract_tests.credentials import NOBODY, Credentials
from contract_tests.declaration import Declaration
from contract_tests.exchange import Exchange
from contract_tests.pace import BUSY, PAUSE_S
from contract_tests.wire import answered

_NOTHING_DECLARED = Declaration()


class FalseAlarms:
    """Tells breaches from false alarms; `reduced` holds, by case id, a simpler exchange that shows the same breach."""

    def __init__(
        self,
        contract: Contract,
        credentials: Credentials = NOBODY,
        retries: int = 0,
        declaration: Declaration = _NOTHING_DECLARED,
    ) -> None:
        self.reduced: dict[str, Exchange] = {}
        self._contract = contract
        self._declaration = declaration
        self._credentials = credentials
        self._answers: dict[str, Exchange | None] = {}
        self._retries = retries
        self._broken: set[str] = set()

    def is_breach(self, failure: Failure, case: Case[Any]) -> bool:
        """Whether a failure is to be reported."""
        match failure:
            case RejectedPositiveData(status_code=status) | UndefinedStatusCode(status_code=status) if (
                self._is_declared_refusal(case, status)
            ):
                return False
            case RejectedPositiveData():
                return self._is_refused_without_reason(case)
            case ServerError(status_code=status):
                return not self._is_announced_outage(case.operation.label, status) and self._lasts(case, status)
            case IgnoredAuth():
                return not _was_turned_away(failure)
            case UndefinedStatusCode(status_code=status):
                # A 5xx is reported by not_a_server_error already, and any gateway may ask for patience (RFC 6585, 4).
                return status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS
            case MissingHeaderNotRejected(header_name=name):
                # Requests without credentials are for ignored_auth to judge, which takes 403 as well as 401.
                ours = self._credentials.headers_at(case.operation.label)
                return name.lower() not in {"authorization", *(header.lower() for header in ours)}
        return True

    def _is_declared_refusal(self, case: Case[Any], status: int) -> bool:
        """Whether the user says that the operation may refuse a valid request in this way."""
        return str(status) in self._declaration.refusals(case.operation.label)

    def _is_refused_without_reason(self, case: Case[Any]) -> bool:
        """Whether a valid request is refused because of a value that the contract allows beyond doubt.

        A taken name, a start after its end, a cursor that was never handed out, a thing that is gone: a schema cannot
        say it, and a server that answers 400, 410 or 422 is right. It says everything about a value from a closed set,
        such as `page_size=100` where the maximum is 100, if that value is the only difference between a request that is
        refused and one that is not. These two are sent here, and not counted. (Whether the status of a refusal is
        declared is for another check to say.)
        """
        if case.method.upper() != "GET" or not isinstance(case.body, NotSet):
            return False
        parameters = self._contract.parameters(case.operation.label)
        required = {name for (_, name), place in parameters.items() if place.value.get("required")}
        for name in case.query or {}:
            place = parameters.get(("query", name))
            if place is None or name in required or not self._is_closed(self._contract.below(place, "schema")):
                continue
            plain, changed = self._ask(case, required), self._ask(case, required | {name})
            if not plain or not changed or self._is_declared_refusal(case, changed.status):
                continue
            if plain.succeeded and changed.status in (HTTPStatus.BAD_REQUEST, 422):
                self.reduced[case.id] = changed
                return True
        return False

    def _is_closed(self, schema: Place) -> bool:
        """Whether a schema lists or bounds its values so tightly that each of them must have a meaning."""
        value = schema.value if isinstance(schema.value, Mapping) else {}
        if "enum" in value or "const" in value or value.get("type") == "boolean":
            return True
        if value.get("type") == "integer":
            return bool({"minimum", "exclusiveMinimum"} & set(value) and {"maximum", "exclusiveMaximum"} & set(value))
        items = self._contract.below(schema, "items") if value.get("type") == "array" and "items" in value else None
        return items is not None and self._is_closed(items)

    def _ask(self, case: Case[Any], names: set[str]) -> Exchange | None:
        """The answer to the request with these parameters only; None if there is none."""
        label = case.operation.label
        query = {name: value for name, value in (case.query or {}).items() if name in names}
        headers = {name: value for name, value in case.headers.items() if name in names}
        key = repr((label, case.path_parameters, query, headers))
        if key not in self._answers:
            simpler = case.operation.Case(path_parameters=case.path_parameters, query=query, headers=headers)
            try:
                answer = simpler.call(headers=dict(self._credentials.headers_at(label)))
            except requests.RequestException:
                self._answers[key] = None
            else:
                self._answers[key] = answered(label, answer)
        return self._answers[key]

    def _lasts(self, case: Case[Any], status: int) -> bool:
        """Whether a request that found a server busy is turned away again, as often as it may be sent."""
        label = case.operation.label
        if status not in BUSY or label in self._broken:
            return True
        for _ in self._pauses():
            try:
                status = case.call(headers=dict(self._credentials.headers_at(label))).status_code
            except requests.RequestException:
                continue
            if status not in BUSY:
                return False
        # Trying again at each of its requests would cost, and gain nothing.
        self._broken.add(label)
        return True

    def is_lost_for_good(self, exchange: Exchange) -> bool:
        """Whether a request that got no answer gets none again; where it could do harm twice, it is not sent."""
        if exchange.method not in ("GET", "HEAD", "OPTIONS") or exchange.operation in self._broken:
            return True
        for _ in self._pauses():
            with suppress(requests.RequestException):
                requests.request(
                    exchange.method, exchange.url, headers=dict(exchange.headers), timeout=10, allow_redirects=False
                )
                return False
        self._broken.add(exchange.operation)
        return True

    def _pauses(self) -> Iterator[None]:
        """A turn for each time that a request may be sent again, after a pause that grows."""
        for attempt in range(self._retries):
            time.sleep(PAUSE_S * 2**attempt)
            yield

    def _is_announced_outage(self, label: str, status: int) -> bool:
        """Whether the contract names this 5xx, as 503 for a charger that cannot be reached; 500 is always a bug."""
        declared = self._contract.below(self._contract.operations[label], "responses").value
        return status != HTTPStatus.INTERNAL_SERVER_ERROR and str(status) in declared


def _was_turned_away(failure: IgnoredAuth) -> bool:
    """Whether the anonymous request failed all the same: with 404 to hide what is private, or 429, or 400.

    Only an answer with success shows that authentication is ignored.
    """
    return failure.title.startswith("Unexpected response")
