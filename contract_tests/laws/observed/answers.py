"""Whether answers to laws are what the contract says; generated requests have their answers judged by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator

from contract_tests.contract import Contract, Place
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed

# What stands before an API answers these by itself, and nobody there has read the contract.
_OF_GATEWAYS = (413, 414, 429, 431, 502, 503, 504)
_COMMON = 3


class AnswersFitTheContract(Observer):
    """A success has the body that the contract describes."""

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """What is wrong with the body of a success."""
        if exchange.succeeded and exchange.status < 300:
            yield from _unfit(self.contract, exchange)


class ErrorsHaveTheirFormat(Observer):
    """An error has the format that the contract declares for it."""

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """What is wrong with the body of an error."""
        own = exchange.operation.startswith(f"{exchange.method} ")
        if own and exchange.status >= 400 and exchange.status not in _OF_GATEWAYS:
            yield from _unfit(self.contract, exchange)


class OtherErrorsHaveTheCommonFormat(Observer):
    """An error that an operation does not declare has the format of all that are declared."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        super().__init__(contract, credentials)
        self._common = _common(contract)

    def judges(self, label: str) -> bool:
        """Whether all errors of the contract have one format."""
        return self._common is not None

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """What is wrong with the body of an error that nothing declares."""
        if self._common is None or not 400 <= exchange.status <= 500 or exchange.status in _OF_GATEWAYS:
            return
        own = exchange.operation.startswith(f"{exchange.method} ")
        if exchange.answer and not (own and self.contract.response(exchange.operation, exchange.status)):
            media_type, schema = self._common
            yield from _differs(self.contract, exchange, {media_type: schema})


def _unfit(contract: Contract, exchange: Exchange) -> Iterator[Breach]:
    """How the body differs from what is declared for the status; nothing is said where nothing is declared."""
    response = contract.response(exchange.operation, exchange.status)
    if response is None or exchange.method == "HEAD" or not (declared := _formats(contract, response)):
        return
    if exchange.answer:
        yield from _differs(contract, exchange, declared)
    elif exchange.status not in (202, 204, 205) and not any(name.startswith("*") for name in declared):
        yield Breach(exchange, f"answers {exchange.status} with {' or '.join(declared)}", "no body")


def _differs(contract: Contract, exchange: Exchange, declared: dict[str, Place | None]) -> Iterator[Breach]:
    came = _plain(exchange.answer_headers.get("content-type", ""))
    names = {_plain(name): schema for name, schema in declared.items()}
    found = next((name for name in (came, f"{came.partition('/')[0]}/*", "*/*") if name in names), None)
    if found is None:
        yield Breach(exchange, f"answers {exchange.status} with {' or '.join(declared)}", came or "no content type")
        return
    schema = names[found]
    if schema is None or "json" not in came:
        return
    value = exchange.json()
    if value is None and exchange.answer.strip() != b"null":
        yield Breach(exchange, f"answers {exchange.status} with JSON", "the body is none")
    elif flaws := contract.violations(schema, value, "response"):
        yield Breach(
            exchange, f"the body of {exchange.status} fits its schema", f"#{flaws[0].pointer}: {flaws[0].message}"
        )


def _formats(contract: Contract, response: Place) -> dict[str, Place | None]:
    """Schema by media type."""
    content = response.value.get("content") if isinstance(response.value, dict) else None
    return {
        name: contract.below(response, "content", name, "schema")
        if "schema" in contract.below(response, "content", name).value
        else None
        for name in content or {}
    }


def _common(contract: Contract) -> tuple[str, Place] | None:
    """The media type and schema of all errors that the contract declares, if they have only one."""
    found: set[tuple[str, str]] = set()
    times = 0
    for label in contract.operations:
        responses = contract.below(contract.operations[label], "responses")
        for status in responses.value:
            if str(status).startswith("4"):
                formats = _formats(contract, contract.below(responses, str(status)))
                found |= {(name, schema.pointer if schema else "") for name, schema in formats.items()}
                times += bool(formats)
    if len(found) != 1 or times < _COMMON:
        return None
    ((media_type, pointer),) = found
    schema = next(
        schema
        for label in contract.operations
        for status in contract.below(contract.operations[label], "responses").value
        if str(status).startswith("4")
        for schema in _formats(contract, contract.below(contract.operations[label], "responses", str(status))).values()
    )
    return (media_type, schema) if pointer and schema else None


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


LAWS = (
    observed("published", "major", AnswersFitTheContract, during="laws"),
    observed("published", "major", ErrorsHaveTheirFormat, during="laws"),
    observed("inferred", "minor", OtherErrorsHaveTheCommonFormat, during="laws"),
)
