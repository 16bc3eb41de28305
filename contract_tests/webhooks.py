"""Is what an API pushed to us what its contract says under `webhooks`?"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract_tests.contract import Contract, ContractError, Place
from contract_tests.credentials import MASK
from contract_tests.receiver import Delivery
from specs.operation import MediaType, Operation, Parameter, Spec
from specs.source import tokens


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing wrong with a delivery: what, and where the contract says otherwise (file, line, pointer)."""

    message: str
    where: str


class Webhooks:
    """The webhooks of a contract; `key` is the secret that their headers hold, or that their bodies are signed with."""

    def __init__(self, contract: Contract, key: str = "") -> None:
        """Raises ContractError for a contract that has no webhooks."""
        if contract.spec is None:
            raise ContractError(f"{contract.path} is not read by our own loader, which webhooks need")
        if not contract.spec.webhooks:
            raise ContractError(f"{contract.path} has no webhooks: nothing is pushed by this API")
        self.spec: Spec = contract.spec
        self._contract = contract
        # The server sends the bodies of webhooks, as it does responses.
        self._sent = contract.sides["response"]
        self._key = key

    def of(self, delivery: Delivery) -> Operation | None:
        """The webhook that a delivery is: the one its path ends with, else the only one that its body fits."""
        last = delivery.path.rstrip("/").rpartition("/")[2]
        named = [webhook for webhook in self.spec.webhooks if last in (webhook.operation_id, _kebab(webhook.path))]
        if named:
            return next((webhook for webhook in named if webhook.method == delivery.method), named[0])
        fitting = [
            webhook
            for webhook in self.spec.webhooks
            if webhook.method == delivery.method and webhook.request_body and not [*self.body_flaws(webhook, delivery)]
        ]
        return fitting[0] if len(fitting) == 1 else None

    def flaws(self, webhook: Operation, delivery: Delivery) -> list[Flaw]:
        """Everything wrong with a delivery, as one of a webhook."""
        found = [*self._header_flaws(webhook, delivery)]
        if delivery.method != webhook.method:
            found.insert(0, self._flaw(f"{delivery.method} instead of {webhook.method}", webhook.pointer))
        return [*found, *self.body_flaws(webhook, delivery)]

    def shown_headers(self, webhook: Operation | None, delivery: Delivery) -> dict[str, str]:
        """The headers of a delivery with secrets masked: `Authorization`, and what the webhook names."""
        declared = webhook.parameters if webhook else [one for each in self.spec.webhooks for one in each.parameters]
        secret = {"authorization", "cookie", *(each.name.lower() for each in declared if each.location == "header")}
        return {name: MASK if name in secret else value for name, value in delivery.headers.items()}

    def _header_flaws(self, webhook: Operation, delivery: Delivery) -> Iterator[Flaw]:
        for parameter in webhook.parameters:
            if parameter.location != "header":
                continue
            value = delivery.headers.get(parameter.name.lower())
            if self._key and _is_signature(parameter):
                digest = hmac.new(self._key.encode(), delivery.body, hashlib.sha256).hexdigest()
                if value != f"sha256={digest}":
                    said = "is missing" if value is None else "is not the signature of this body with the key"
                    yield self._flaw(f"the header {parameter.name} {said}", parameter.schema.pointer)
            elif value is None:
                if parameter.required:
                    yield self._flaw(f"the header {parameter.name} is missing", parameter.schema.pointer)
            elif parameter.required and self._key and value != self._key:
                yield self._flaw(f"the header {parameter.name} does not hold the key", parameter.schema.pointer)
            else:
                for violation in self._sent.validator(parameter.schema.pointer).violations(value):
                    # The value may be a secret, and messages show it.
                    yield self._flaw(
                        f"the header {parameter.name} breaks {violation.keyword}", parameter.schema.pointer
                    )
        if "authorization" in delivery.headers and not self._takes_authorization(webhook):
            yield self._flaw("the header Authorization is sent, which the contract does not name", webhook.pointer)

    def _takes_authorization(self, webhook: Operation) -> bool:
        schemes = (self.spec.security_schemes[name] for alternative in webhook.security for name in alternative)
        return any(
            scheme.type != "apiKey" or str(scheme.definition.get("name")).lower() == "authorization"
            for scheme in schemes
        )

    def body_flaws(self, webhook: Operation, delivery: Delivery) -> Iterator[Flaw]:
        """What is wrong with the body of a delivery."""
        declared = webhook.request_body
        if declared is None or (not delivery.body and not declared.required):
            return
        where = f"{webhook.pointer}/requestBody"
        media_type = delivery.headers.get("content-type", "").partition(";")[0].strip().lower()
        content: MediaType | None = declared.content.get(media_type)
        if content is None:
            yield self._flaw(f"{media_type or 'no'} Content-Type instead of {', '.join(declared.content)}", where)
            content = next(iter(declared.content.values()))
        if content.schema is None or not content.media_type.endswith("json"):
            return
        try:
            body = parsed(delivery.body)
        except ValueError as error:
            yield self._flaw(f"the body is no JSON: {error}", content.schema.pointer)
            return
        for violation in self._sent.validator(content.schema.pointer).violations(body):
            place = described(self._contract, content.schema.pointer, tokens(violation.pointer))
            yield Flaw(f"body at #{violation.pointer}: {violation.message}", self._contract.where(place))

    def _flaw(self, message: str, pointer: str) -> Flaw:
        return Flaw(message, str(self.spec.locate(pointer)))


def _is_signature(parameter: Parameter) -> bool:
    """Whether a header holds the HMAC-SHA256 of the body, in the form that many providers write it."""
    schema = parameter.schema.value
    form = schema.get("pattern", "") if isinstance(schema, Mapping) else ""
    return parameter.name.lower().endswith("signature") and form.startswith("^sha256=")


def parsed(body: bytes) -> Any:
    """A body as JSON; raises ValueError for anything else, NaN and Infinity included."""
    return json.loads(body, parse_constant=_no_json)


def described(contract: Contract, schema: str, keys: Sequence[str]) -> Place:
    """Where the schema at a pointer describes the member of a value that the keys lead to, as near as can be told."""
    place = contract.place(*tokens(schema))
    for token in keys:
        below = next(_members(contract, place, token), None)
        if below is None:
            break
        place = below
    return place


def _members(contract: Contract, place: Place, token: str) -> Iterator[Place]:
    if not isinstance(place.value, dict):
        return
    if token in place.value.get("properties", {}):
        yield contract.below(place, "properties", token)
    if "items" in place.value and token.isdecimal():
        yield contract.below(place, "items")
    for keyword in ("allOf", "oneOf", "anyOf"):
        for number in range(len(place.value.get(keyword, []))):
            yield from _members(contract, contract.below(place, keyword, str(number)), token)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_ ]", "-", name).lower()


def _no_json(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON number")
