"""Request bodies: read within a limit, decoded by media type, validated against the contract."""

from __future__ import annotations

import re
from typing import Any

import orjson

from mockserver.http import errors
from mockserver.http.errors import FieldError, InvalidRequest, MalformedRequest
from mockserver.http.exchange import Exchange
from mockserver.http.negotiation import media_type
from mockserver.http.parameters import PERCENT_ENCODED, percent_decoded

_INTEGRAL_FLOAT = re.compile(rb"[0-9]\.0*(?![0-9])|[0-9][eE]")
"""What the text of a JSON body must hold for one of its floats to be whole; big integers are read as floats, too."""
FORM = "application/x-www-form-urlencoded"


async def read_body(exchange: Exchange) -> Any:
    """The body as JSON values or form fields; None when there is none, or the operation takes none.

    Raises PayloadTooLarge, UnsupportedMediaType, MalformedRequest or InvalidRequest. A body that the operation does
    not take has no meaning (RFC 9110 section 9.3.1) and is left unread, unless it announces to be over the limit.
    """
    operation = exchange.compiled
    limit = exchange.runtime.settings.max_body_bytes
    announced = exchange.headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit:
        raise errors.PayloadTooLarge(limit)
    if not operation.takes_body:
        return None
    raw = exchange.request_body = await _receive(exchange, limit)
    if not raw:
        if operation.body_required:
            raise MalformedRequest("The request body is missing.")
        return None
    given = exchange.headers.get(b"content-type", b"").decode("latin-1")
    name, parameters = media_type(given)
    if name not in operation.body_validators or parameters.get("charset", "utf-8") not in ("utf-8", "us-ascii"):
        raise errors.UnsupportedMediaType(given[:100], operation.body_validators)
    value = _form(raw) if name == FORM else _json(raw)
    validator = operation.body_validators[name]
    if validator is not None and not validator.is_valid(value):
        api, operation_id = exchange.api.api, operation.operation.operation_id
        if explained := api.explain(operation_id, value):
            raise explained
        told = api.reword(operation_id, value)
        wrong = (
            FieldError(
                "body",
                violation.pointer.removeprefix("/").replace("/", ".") or "body",
                violation.message,
                violation.keyword,
            )
            for violation in validator.violations(value)
        )
        # What is told of a field in better words is told of it alone, and what the whole lacks may be the same.
        others = (each for each in wrong if each.told()[0] not in {*told, *(["body"] if told else [])})
        reworded = (FieldError("body", name, text) for name, text in told.items())
        raise InvalidRequest([*reworded, *dict.fromkeys(others)])  # two branches of an allOf may say the same
    return value


async def _receive(exchange: Exchange, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise MalformedRequest("The connection ended before the body did.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise errors.PayloadTooLarge(limit)
        more = message.get("more_body", False)
    return b"".join(chunks)


def _json(raw: bytes) -> Any:
    try:
        value = orjson.loads(raw)
        return _integers(value) if _INTEGRAL_FLOAT.search(raw) else value
    except orjson.JSONDecodeError as error:
        try:
            raw.decode()
        except UnicodeDecodeError as encoding:
            raise MalformedRequest(
                f"The body is not UTF-8: byte {encoding.start} is {raw[encoding.start]:#04x}."
            ) from None
        raise MalformedRequest(
            f"The body is not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None


def _integers(value: Any) -> Any:
    """The value with each number that is whole as an int, which JSON Schema takes 10.0 for as well.

    Beyond 64 bits a number stays a float, as it was read: no integer of that size could be written again.
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2.0**63 else value
    if isinstance(value, dict):
        return {name: _integers(inner) for name, inner in value.items()}
    return [_integers(inner) for inner in value] if isinstance(value, list) else value


def _form(raw: bytes) -> dict[str, str]:
    try:
        pairs = percent_decoded(raw.decode("ascii"))
    except ValueError:
        raise MalformedRequest(f"The body is not a form: {PERCENT_ENCODED}.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequest([FieldError("body", name[:80], "is given more than once") for name in repeated[:10]])
    return fields
