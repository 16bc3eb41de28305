"""From what schemathesis recorded to our own words: which answers came, which checks judged them, what they found."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

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
from contract_tests.findings import Finding, Tested
from contract_tests.listed_items import ListedItems

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

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        self._contract = contract
        self._credentials = credentials
        self._listed = ListedItems(contract, credentials)

    def tested(self, phase: str, recorder: ScenarioRecorder) -> Iterator[Tested]:
        """One event per operation that a scenario sent requests to, in the order of their first request."""
        exchanges = {case_id: _exchange(recorder, case_id) for case_id in recorder.interactions}
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
                    finding = self._finding(node.name, node.failure_info.failure, case_id, recorder, exchanges[case_id])
                    findings[label].append(finding)
        for label, sent in by_operation.items():
            yield Tested(
                phase=phase,
                operation=label,
                answers=Counter(exchange.status for exchange in sent),
                successes=sum(exchange.succeeded for exchange in sent),
                checks=frozenset(checks[label]),
                findings=tuple(findings[label]),
            )

    def _finding(
        self, check: str, failure: Failure, case_id: str, recorder: ScenarioRecorder, exchange: Exchange
    ) -> Finding:
        breach = self._breach(failure, recorder.cases[case_id].value, exchange)
        # A deleted or a new thing takes more than one request to show; for all else the last one will do.
        steps = [exchange]
        if failure.related_case_ids() or check == "ensure_resource_availability":
            chain = recorder.iter_chain_cases(case_id=case_id, related_case_ids=failure.related_case_ids())
            steps = [_exchange(recorder, case.id) for case in chain if case.id in recorder.interactions]
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
                return self._schema_breach(failure, response)
            case ServerError() | UndefinedStatusCode():
                return Breach(responses, f"answers with {declared}", cause=str(exchange.status))
            case MissingHeaders(missing_headers=names):
                place = contract.below(response, "headers", names[0])
                return Breach(place, f"required headers of {exchange.status}: {', '.join(names)}")
            case UndefinedContentType() | MissingContentType() | MalformedJson():
                content = contract.below(response, "content")
                cause = f"{exchange.status} {exchange.answer_headers.get('content-type', '')}"
                return Breach(content, f"{exchange.status} is {', '.join(content.value)}", _first_line(failure), cause)
            case AcceptedNegativeData():
                return self._acceptance_breach(case, operation, label)
            case RejectedPositiveData():
                sent = [place for (_, name), place in contract.parameters(label).items() if name in (case.query or {})]
                place = sent[0] if sent else operation
                return Breach(place, _brief(place.value), "refused although it keeps to the contract")
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

    def _schema_breach(self, failure: JsonSchemaError, response: Place) -> Breach:
        """The schema keyword that an answer's body or header breaks.

        schemathesis moves referenced schemas into a store of its own and gives the way back only in its message.
        """
        contract = self._contract
        keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
        written = re.search(r"^Schema at /(.+):$", failure.message, re.MULTILINE)
        tokens = written[1].split("/") if written else []
        if tokens[:1] == ["components"]:
            place = contract.place(*tokens)
        else:
            media_types = contract.below(response, "content")
            place = response
            if "header" not in failure.title and media_types.value and media_types.pointer != response.pointer:
                place = contract.below(media_types, next(iter(media_types.value)), "schema", *tokens)
        says = f"{keyword}: {_brief(failure.schema.get(keyword))}" if keyword in failure.schema else failure.title
        at = "".join(f"/{token}" for token in failure.instance_path)
        came = f"at {at}: {failure.validation_message}" if at else failure.validation_message
        return Breach(place, says, came, f"{place.pointer} {keyword}")

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


def _exchange(recorder: ScenarioRecorder, case_id: str) -> Exchange:
    request, response = recorder.interactions[case_id].request, recorder.interactions[case_id].response
    return Exchange(
        operation=recorder.cases[case_id].value.operation.label,
        method=request.method,
        url=request.uri,
        headers={name: values[0] for name, values in request.headers.items()},
        body=request.body,
        status=response.status_code if response else 0,
        answer_headers={name: ", ".join(values) for name, values in response.headers.items()} if response else {},
        answer=response.content if response else b"",
    )


def _first_line(failure: Failure) -> str:
    return failure.message.partition("\n")[0]


def _brief(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
