"""From what schemathesis recorded to our own words: which answers came, which checks judged them, what they found."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from schemathesis import Case
from schemathesis.core.failures import AcceptedNegativeData, Failure, MalformedJson, ServerError
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
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

from contract_tests import listed_items
from contract_tests.contract import Contract, Place
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange, shown
from contract_tests.findings import Finding, Judged
from contract_tests.listed_items import ListedItems
from contract_tests.wire import recorded, unanswered

ANSWERED = "request_is_answered"


@dataclass(frozen=True, slots=True)
class Breach:
    """What a failure breaks: the place in the contract, what that says, and what came instead.

    `cause` tells failures of one check and operation apart; the place does so where it is empty.
    """

    place: Place
    contract: str
    came: str = ""
    cause: str = ""


class Translation:
    """Turns recorded scenarios into events; all text in them is free of secrets."""

    def __init__(self, contract: Contract, credentials: Credentials, reduced: Mapping[str, Exchange]) -> None:
        self._contract = contract
        self._credentials = credentials
        self._reduced = reduced
        self._listed = ListedItems(contract, credentials)

    def judged(self, phase: str, recorder: ScenarioRecorder) -> Iterator[Judged]:
        """One event per operation that a scenario sent requests to, in the order of their first request."""
        exchanges = {
            case_id: exchange
            for case_id, node in recorder.cases.items()
            if (exchange := self._exchange(recorder, case_id, node.value))
        }
        by_operation: defaultdict[str, list[Exchange]] = defaultdict(list)
        findings: defaultdict[str, list[Finding]] = defaultdict(list)
        checks: defaultdict[str, set[str]] = defaultdict(set)
        for exchange in exchanges.values():
            label = exchange.operation
            by_operation[label].append(exchange)
            checks[label] |= {ANSWERED} | ({listed_items.CHECK} if self._listed.judges(label) else set())
            if not exchange.status:
                findings[label].append(self._silence(exchange))
            elif unreadable := self._listed.see(exchange):
                findings[label].append(unreadable)
        for case_id, nodes in recorder.checks.items():
            for node in nodes:
                label = recorder.cases[case_id].value.operation.label
                checks[label].add(node.name)
                if node.failure_info is not None:
                    findings[label].append(
                        self._finding(node.name, node.failure_info.failure, case_id, recorder, exchanges)
                    )
        for label, sent in by_operation.items():
            yield Judged(
                phase=phase,
                operation=label,
                answers=Counter(exchange.status for exchange in sent),
                successes=sum(exchange.succeeded for exchange in sent),
                checks=frozenset(checks[label]),
                findings=tuple(findings[label]),
            )

    def _exchange(self, recorder: ScenarioRecorder, case_id: str, case: Case[Any]) -> Exchange | None:
        interaction = recorder.interactions.get(case_id)
        if interaction is None:
            return unanswered(case.operation.label, case, self._credentials.headers)
        return recorded(case.operation.label, interaction)

    def _finding(
        self, check: str, failure: Failure, case_id: str, recorder: ScenarioRecorder, exchanges: Mapping[str, Exchange]
    ) -> Finding:
        exchange = self._reduced.get(case_id, exchanges[case_id])
        breach = self._breach(failure, recorder.cases[case_id].value, exchange)
        # A deleted or a new thing takes more than one request to show; for all else the last one will do.
        steps = [exchange]
        if failure.related_case_ids() or check == "ensure_resource_availability":
            chain = recorder.iter_chain_cases(case_id=case_id, related_case_ids=failure.related_case_ids())
            steps = [exchanges[case.id] for case in chain if case.id in exchanges]
        return Finding(
            operation=exchange.operation,
            check=check,
            cause=f"{type(failure).__name__} {breach.cause or breach.place.pointer}",
            title=failure.title,
            where=self._contract.where(breach.place),
            contract=shown(breach.contract, self._credentials),
            came="; ".join(filter(None, (shown(breach.came, self._credentials), exchange.outcome(self._credentials)))),
            curl="\n".join(step.curl(self._credentials) for step in steps),
        )

    def _silence(self, exchange: Exchange) -> Finding:
        return Finding(
            operation=exchange.operation,
            check=ANSWERED,
            cause="",
            title="No answer",
            where=self._contract.where(self._contract.operations[exchange.operation]),
            contract="every request gets an answer",
            came="the connection was closed or timed out, twice",
            curl=exchange.curl(self._credentials),
        )

    def _breach(self, failure: Failure, case: Case[Any], exchange: Exchange) -> Breach:
        contract, label = self._contract, exchange.operation
        operation = contract.operations[label]
        responses = contract.below(operation, "responses")
        response = contract.response(label, exchange.status) or responses
        declared = ", ".join(responses.value)
        match failure:
            case JsonSchemaError():
                return self._schema_breach(failure, response, exchange)
            case ServerError() | UndefinedStatusCode():
                return Breach(responses, f"answers with {declared}", cause=str(exchange.status))
            case MissingHeaders(missing_headers=names):
                place = contract.below(response, "headers", names[0])
                return Breach(place, f"required headers of {exchange.status}: {', '.join(names)}", "without them")
            case UndefinedContentType() | MissingContentType() | MalformedJson():
                content = contract.below(response, "content")
                came = "no JSON: " + failure.validation_message if isinstance(failure, MalformedJson) else ""
                cause = f"{exchange.status} {exchange.answer_headers.get('content-type', '')}"
                return Breach(content, f"{exchange.status} is {', '.join(content.value)}", came, cause)
            case AcceptedNegativeData():
                return self._acceptance_breach(case, operation, label)
            case RejectedPositiveData():
                return self._refusal_breach(exchange)
            case MissingHeaderNotRejected(header_name=name):
                place = contract.parameters(label).get(("header", name), operation)
                return Breach(place, f"the header {name} is required", "accepted without it")
            case UnsupportedMethodResponse() | AllowHeaderMismatch():
                path = label.partition(" ")[2]
                methods = [known.partition(" ")[0] for known in contract.operations if known.endswith(f" {path}")]
                cause = failure.failure_reason if isinstance(failure, UnsupportedMethodResponse) else "options"
                return Breach(
                    contract.place("paths", path),
                    f"methods: {', '.join(methods)}; another one gets 405 with Allow (RFC 9110, 15.5.6)",
                    _first_line(failure),
                    cause,
                )
            case IgnoredAuth():
                security = operation.value.get("security", contract.document.get("security"))
                return Breach(operation, f"security: {_brief(security)}", _first_line(failure))
        return Breach(operation, failure.title, _first_line(failure))

    def _schema_breach(self, failure: JsonSchemaError, response: Place, exchange: Exchange) -> Breach:
        """The schema keyword that an answer's body or header breaks.

        schemathesis moves referenced schemas into a store of its own and gives the way back only in its message.
        """
        contract = self._contract
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
        return Breach(place, f"{subject} {says}".strip(), came, f"{place.pointer} {keyword}")

    def _refusal_breach(self, exchange: Exchange) -> Breach:
        """The parameter whose value made the difference: the only optional one of a reduced request."""
        for (where, name), place in self._contract.parameters(exchange.operation).items():
            if where == "query" and not place.value.get("required") and name in parse_qs(exchange.query):
                schema = self._contract.below(place, "schema")
                return Breach(schema, f"{name}: {_brief(schema.value)}", "refused, though without it all is well")
        return Breach(self._contract.operations[exchange.operation], "requests as described", "refused a valid one")

    def _acceptance_breach(self, case: Case[Any], operation: Place, label: str) -> Breach:
        """The parameter or body that a request broke and was accepted with."""
        generated = case.meta.phase.data if case.meta else None
        location = generated.parameter_location if generated else None
        mutations = [mutation.parameter for mutation in generated.mutations] if generated else []
        name = next(filter(None, [generated.parameter if generated else None, *mutations]), "")
        where = str(location.value) if location else ""
        place = self._contract.parameters(label).get((where, name), operation)
        if where == "body":
            place = self._contract.below(operation, "requestBody", "content", case.media_type or "", "schema")
        elif place is not operation:
            place = self._contract.below(place, "schema")
        broken = (generated.description if generated else "") or "breaks it"
        says = f"{name}: {_brief(place.value)}" if place is not operation else "requests as described"
        return Breach(place, says, f"accepted a request that breaks this: {broken.partition(chr(10))[0]}")


def _first_line(failure: Failure) -> str:
    return failure.message.partition("\n")[0]


def _brief(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
