"""The request journal: what arrived and what was answered, in a ring of fixed size.

Recording cuts long bodies and costs next to nothing; entries are put into words, and secrets masked, only when read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

import orjson

from mockserver.clock import timestamp

RawHeaders = Iterable[tuple[bytes, bytes]]

MASK = "***"
KEPT_BODY_BYTES = 65_536
_AUTHORIZATION = frozenset({"authorization", "proxy-authorization"})
_KNOWN_SCHEMES = frozenset({"basic", "bearer", "digest", "token"})
_SECRET_HEADERS = frozenset({"cookie", "set-cookie", "x-api-key"})
_URL_HEADERS = frozenset({"location", "referer"})
_SECRET_FIELDS = frozenset(
    {
        "access_token",
        "api_key",
        "client_secret",
        "code_verifier",
        "new_password",
        "password",
        "refresh_token",
        "secret",
        "token",
    }
)
_SECRET_PARAMETERS = _SECRET_FIELDS | {"code"}
"""Of forms and queries; in JSON `code` is as often a country's or an error's."""
_PARAMETER = re.compile(r"(?<![^?&#;])([^=?&#;]+)=([^&#;]*)")
_MASKED = re.compile(rf"(?<![^?&#;])[^=?&#;]+={re.escape(MASK)}")
_UNICODE_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})")


class Message(NamedTuple):
    """Headers and body as they went over the wire; the body is cut at 64 KiB, `body_bytes` is its whole length."""

    headers: RawHeaders
    body: bytes
    body_bytes: int

    @classmethod
    def of(cls, headers: RawHeaders, body: bytes) -> Message:
        """Keep what is needed: a copy, because orjson's buffers are longer than their text."""
        return cls(headers, bytes(memoryview(body)[:KEPT_BODY_BYTES]), len(body))

    def as_json(self, secret_fields: frozenset[str] = frozenset()) -> dict[str, Any]:
        """The message as JSON values, with secrets masked, members of its body in `secret_fields` among them."""
        texts: dict[str, str] = {}
        for raw_name, raw_value in self.headers:
            name = raw_name.decode("latin-1")
            value = _masked_header(name, raw_value.decode("latin-1"))
            texts[name] = f"{texts[name]}, {value}" if name in texts else value
        return {
            "headers": texts,
            "body": _masked_body(self.body, secret_fields) if self.body else None,
            "body_bytes": self.body_bytes,
            "body_truncated": self.body_bytes > len(self.body),
        }


class Entry(NamedTuple):
    """One exchange; time and duration are those of the virtual clock.

    `status` and `response` are None where a fault cut the connection instead of answering.
    """

    number: int
    at: datetime
    duration_ms: float
    api: str | None
    operation_id: str | None
    client_id: str | None
    user_id: str | None
    method: str
    path: str
    query: str
    request: Message
    status: int | None
    response: Message | None
    secret_fields: frozenset[str] = frozenset()
    """Members of the bodies that hold secrets in this operation, beyond those that always do."""

    @property
    def request_id(self) -> str:
        """The id that the response carried."""
        return request_id(self.number)

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON values, with secrets masked."""
        return {
            "request_id": self.request_id,
            "at": timestamp(self.at),
            "duration_ms": self.duration_ms,
            "api": self.api,
            "operation_id": self.operation_id,
            "method": self.method,
            "path": self.path,
            "query": _masked_parameters(self.query),
            "client_id": self.client_id,
            "user_id": self.user_id,
            "request": self.request.as_json(self.secret_fields),
            "response": None
            if self.response is None
            else {"status": self.status, **self.response.as_json(self.secret_fields)},
        }


def request_id(number: int) -> str:
    """The id of the n-th request; ids sort in order of arrival."""
    return f"req{number:012d}"


class Journal:
    """The last `size` exchanges, newest first when read."""

    def __init__(self, size: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._arrived = 0

    def next_number(self) -> int:
        """Number the request that arrives now, from 1."""
        self._arrived += 1
        return self._arrived

    def record(self, entry: Entry) -> None:
        """Keep an exchange, dropping the oldest when the ring is full."""
        self._entries.append(entry)

    def __iter__(self) -> Iterator[Entry]:
        return iter(sorted(self._entries, key=lambda entry: -entry.number))

    def clear(self, *, restart: bool = False) -> None:
        """Forget all; with `restart`, numbers begin at 1 again."""
        self._entries.clear()
        if restart:
            self._arrived = 0


def masked_path(path: str, parameters: Iterable[tuple[str, str]]) -> str:
    """A path as sent, with the segments masked that are parameters with the name of a secret; they come decoded."""
    secrets = {text for name, text in parameters if name.lower() in _SECRET_FIELDS}
    if not secrets:
        return path
    return "/".join(MASK if unquote(segment) in secrets else segment for segment in path.split("/"))


def _masked_header(name: str, value: str) -> str:
    if name in _SECRET_HEADERS:
        return MASK
    if name in _AUTHORIZATION:
        scheme, space, _ = value.partition(" ")
        return f"{scheme} {MASK}" if space and scheme.lower() in _KNOWN_SCHEMES else MASK
    return _masked_parameters(value) if name in _URL_HEADERS else value


def _masked_parameters(text: str) -> str:
    """A query, a form or a URL, with the values of secret parameters masked however their names are escaped."""
    return _PARAMETER.sub(
        lambda found: f"{found[1]}={MASK}" if unquote_plus(found[1]).lower() in _SECRET_PARAMETERS else found[0], text
    )


def _masked_body(body: bytes, secret_fields: frozenset[str]) -> str:
    text = body.decode("utf-8", "replace")
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    else:
        shown = masked(value, secret_fields)
        return text if shown == value else orjson.dumps(shown).decode()
    # Neither JSON nor a form, or cut: nothing tells where a secret in it would end.
    shown = _masked_parameters(text)
    rest = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), _MASKED.sub("", shown))
    return MASK if any(name in unquote_plus(rest).lower() for name in _SECRET_FIELDS | secret_fields) else shown


def masked(value: Any, secret_fields: frozenset[str] = frozenset()) -> Any:
    """JSON values, with those of members that hold secrets by their names, or by these, masked."""
    if isinstance(value, dict):
        return {
            name: MASK
            if inner is not None and (name.lower() in _SECRET_FIELDS or name in secret_fields)
            else masked(inner, secret_fields)
            for name, inner in value.items()
        }
    return [masked(inner, secret_fields) for inner in value] if isinstance(value, list) else value
