"""Takes secrets out of an exchange before it is shown or written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_plus

from contract_tests.contract import Contract
from contract_tests.credentials import MASK, Credentials
from contract_tests.traffic.recorded import Recorded

_AUTHORIZATION = frozenset({"authorization", "proxy-authorization"})
_HEADERS = frozenset({"cookie", "set-cookie", "x-api-key"})
_URL_HEADERS = frozenset({"location", "referer", "link"})
_FIELDS = frozenset(
    {"access_token", "refresh_token", "id_token", "client_secret", "code_verifier", "token", "password", "api_key"}
)
_PARAMETERS = _FIELDS | {"code", "client_assertion"}
_PARAMETER = re.compile(r"(?<![^?&#;\s<])([^=?&#;\s<>]+)=([^&#;\s>]*)")
# A shorter value stands in texts by chance.
_RECOGNISABLE = 6


class Censor:
    """Masks what is secret by its name: credentials of HTTP and OAuth 2, and the API keys that a contract declares."""

    def __init__(self, contract: Contract) -> None:
        schemes = contract.place("components", "securitySchemes").value
        names = frozenset(
            str(scheme.get("name", "")).lower()
            for scheme in (contract.place("components", "securitySchemes", name).value for name in schemes)
            if isinstance(scheme, Mapping) and scheme.get("type") == "apiKey"
        )
        self._headers = _HEADERS | (names - _AUTHORIZATION)
        self._fields = _FIELDS
        self._parameters = _PARAMETERS | names

    def masked(self, exchange: Recorded) -> tuple[Recorded, Credentials]:
        """The exchange without secrets, and credentials that mask the same ones in whatever is said of it."""
        return _Censored(exchange, self._headers, self._fields, self._parameters).result()


class _Censored:
    """One exchange, and the secrets met in it so far."""

    def __init__(
        self, exchange: Recorded, headers: frozenset[str], fields: frozenset[str], parameters: frozenset[str]
    ) -> None:
        self._exchange = exchange
        self._secret_headers = headers
        self._fields = fields
        self._parameters = parameters
        self._found: set[str] = set()

    def result(self) -> tuple[Recorded, Credentials]:
        sent = self._exchange
        named = replace(
            sent,
            url=self._query(sent.url),
            request_headers=self._headers(sent.request_headers),
            request_body=self._body(sent.request_body),
            response_headers=self._headers(sent.response_headers),
            response_body=self._body(sent.response_body),
            censored=True,
        )
        found = sorted((secret for secret in self._found if len(secret) >= _RECOGNISABLE), key=len, reverse=True)
        # What is secret in one place may be told in another.
        return _without(named, found), Credentials({}, dict.fromkeys(found, "GRIDMOCK_SECRET"))

    def _secret(self, value: str) -> str:
        if value != MASK:
            self._found.add(value)
        return MASK

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {name: self._header(name.lower(), value) for name, value in headers.items()}

    def _header(self, name: str, value: str) -> str:
        if name in _AUTHORIZATION:
            scheme, space, credentials = value.partition(" ")
            return f"{scheme} {self._secret(credentials)}" if space else self._secret(value)
        if name in ("cookie", "set-cookie"):
            self._found.update(part.partition("=")[2] for part in re.split(r"[;,] *", value))
        if name in self._secret_headers:
            return self._secret(value)
        return self._query(value) if name in _URL_HEADERS else value

    def _query(self, text: str) -> str:
        """A query, a form or a URL, with the values of secret parameters masked however their names are escaped."""

        def mask(found: re.Match[str]) -> str:
            if unquote_plus(found[1]).lower() not in self._parameters:
                return found[0]
            self._found.add(found[2])
            return f"{found[1]}={self._secret(unquote_plus(found[2]))}"

        return _PARAMETER.sub(mask, text)

    def _body(self, body: bytes | None) -> bytes | None:
        if not body:
            return body
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return self._text(body)
        masked = self._value(value)
        return body if masked == value else json.dumps(masked, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _text(self, body: bytes) -> bytes:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return body
        masked = self._query(text) if re.match(r"[^\s=&]+=", text) else text
        # Neither JSON nor a form: nothing tells where a secret in it would end.
        rest = masked.replace(f"={MASK}", "").lower()
        told = any(re.search(rf"\b{re.escape(name)}\b[\"']?\s*[=:>]\s*[^\s*]", rest) for name in self._fields)
        return MASK.encode() if told and masked == text else masked.encode()

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: self._secret(str(inner)) if name.lower() in self._fields and inner is not None
                else self._value(inner)
                for name, inner in value.items()
            }  # fmt: skip
        return [self._value(inner) for inner in value] if isinstance(value, list) else value


def _without(exchange: Recorded, secrets: list[str]) -> Recorded:
    def text(value: str) -> str:
        for secret in secrets:
            value = value.replace(secret, MASK)
        return value

    def body(value: bytes | None) -> bytes | None:
        for secret in secrets if value else ():
            value = value.replace(secret.encode("utf-8", "surrogatepass"), MASK.encode()) if value else value
        return value

    return replace(
        exchange,
        url=text(exchange.url),
        request_headers={name: text(value) for name, value in exchange.request_headers.items()},
        request_body=body(exchange.request_body),
        response_headers={name: text(value) for name, value in exchange.response_headers.items()},
        response_body=body(exchange.response_body),
    )
