"""What the headers of answers promise: when to come again, how many requests are left, which methods there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed
from contract_tests.surface.surface import SAFE

_REMAINING = re.compile(r"(?:x-)?rate-?limit-remaining", re.IGNORECASE)
_STANDS_STILL = 8
_TURNED_AWAY = (429, 503)


class WhoIsTurnedAwayIsToldWhenToCome(Observer):
    """Who is turned away is told when to come again, where the contract promises it."""

    def judges(self, label: str) -> bool:
        """Whether the contract promises it for any status."""
        return any(self._promised(label, status) for status in _TURNED_AWAY)

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """Retry-After is missing, or neither seconds nor a date (RFC 9110, 10.2.3)."""
        if exchange.status in _TURNED_AWAY and self._promised(exchange.operation, exchange.status):
            came = exchange.answer_headers.get("retry-after", "")
            if not came.strip().isdecimal() and not _is_date(came):
                says = f"answers {exchange.status} with Retry-After: seconds, or a date"
                yield Breach(exchange, says, came or "no Retry-After")

    def _promised(self, label: str, status: int) -> bool:
        header = _declared(self.contract, label, status).get("retry-after")
        return header is not None and header.get("required") is not False


class RemainingRequestsAreCounted(Observer):
    """The number of requests that are left falls with each request."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        super().__init__(contract, credentials)
        self._names = {
            label: name
            for label in contract.operations
            for name in _declared(contract, label, 200) | _declared(contract, label, 201)
            if _REMAINING.fullmatch(name)
        }
        self._same: list[Exchange] = []
        self._told = False

    def judges(self, label: str) -> bool:
        """Whether the contract has that header for a success."""
        return label in self._names

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """Successes that all say the same number, changes among them.

        A full bucket that is filled faster than we take from it stays full: that is no breach. Nor is it one where
        reading is free, where caches answer, or where nothing says what the number is out of.
        """
        name = self._names.get(exchange.operation)
        answer = exchange.answer_headers
        if name is None or not exchange.succeeded or "age" in answer or not self.is_ours(exchange):
            return
        left, limit = answer.get(name, ""), answer.get(name.replace("remaining", "limit"), "")
        if not (left.isdecimal() and limit.isdecimal()):
            return
        if self._same and self._same[0].answer_headers.get(name) != left:
            self._same.clear()
        self._same.append(exchange)
        changes = any(one.method not in SAFE for one in self._same)
        if len(self._same) >= _STANDS_STILL and changes and 0 < int(left) < int(limit) - 1 and not self._told:
            self._told = True
            says = f"each request is counted: {name} falls"
            yield Breach(exchange, says, f"{left} of {limit} in {len(self._same)} answers after one another")


class RefusedMethodsComeWithAllow(Observer):
    """Who is refused a method is told which ones there are."""

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """405 without Allow (RFC 9110, 15.5.6), or with one that lacks what the contract has there."""
        if exchange.status != 405:
            return
        path = exchange.operation.partition(" ")[2]
        declared = {label.partition(" ")[0] for label in self.contract.operations if label.endswith(f" {path}")}
        came = exchange.answer_headers.get("allow")
        named = {name.strip().upper() for name in (came or "").split(",")}
        missing = sorted(declared - {"HEAD", "OPTIONS", "TRACE"} - named)
        if came is None or missing:
            yield Breach(exchange, f"answers 405 with Allow: {', '.join(sorted(declared))}", came or "no Allow")


def _declared(contract: Contract, label: str, status: int) -> dict[str, dict[str, object]]:
    """The headers that an operation declares for a status, by their names in small letters."""
    responses = contract.below(contract.operations[label], "responses")
    if str(status) not in responses.value:
        return {}
    response = contract.below(responses, str(status))
    headers = response.value.get("headers") or {}
    return {name.lower(): contract.below(response, "headers", name).value for name in headers}


def _is_date(text: str) -> bool:
    try:
        parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return False
    return True


LAWS = (
    observed("published", "minor", WhoIsTurnedAwayIsToldWhenToCome),
    observed("published", "minor", RemainingRequestsAreCounted),
    observed("protocol", "minor", RefusedMethodsComeWithAllow, during="laws"),
)
