"""The request journal: what arrived and what was answered, in a ring of fixed size.

Recording keeps references and costs next to nothing; entries are put into words, and secrets masked, only when read.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

RawHeaders = Iterable[tuple[bytes, bytes]]

MASK = "***"
KEPT_BODY_BYTES = 65_536
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"})
_SECRET_FIELDS = frozenset(
    {"access_token", "refresh_token", "client_secret", "code", "code_verifier", "token", "password", "api_key"}
)
_SECRET_QUERY = re.compile(rf"(?<=[?&])({'|'.join(sorted(_SECRET_FIELDS))})=[^&#]*")


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange as it went over the wire; time and duration are those of the virtual clock."""

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
    request_headers: RawHeaders
    request_body: bytes
    status: int
    response_headers: RawHeaders
    response_body: bytes

    @property
    def request_id(self) -> str:
        """The id that the response carried."""
        return request_id(self.number)

    def as_json(self) -> dict[str, Any]:
        """The entry as JSON values, with secrets masked and bodies cut at 64 KiB."""
        return {
            "request_id": self.request_id,
            "at": self.at.isoformat().replace("+00:00", "Z"),
            "duration_ms": self.duration_ms,
            "api": self.api,
            "operation_id": self.operation_id,
            "method": self.method,
            "path": self.path,
            "query": _SECRET_QUERY.sub(rf"\1={MASK}", f"?{self.query}")[1:],
            "client_id": self.client_id,
            "user_id": self.user_id,
            "request": _message(self.request_headers, self.request_body),
            "response": {"status": self.status, **_message(self.response_headers, self.response_body)},
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


def _message(headers: RawHeaders, body: bytes) -> dict[str, Any]:
    texts: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in _SECRET_HEADERS:
            scheme, space, _ = value.partition(" ")
            value = f"{scheme} {MASK}" if space else MASK
        elif name == "location":
            value = _SECRET_QUERY.sub(rf"\1={MASK}", value)
        texts[name] = f"{texts[name]}, {value}" if name in texts else value
    return {
        "headers": texts,
        "body": _masked_body(body[:KEPT_BODY_BYTES], texts.get("content-type", "")) if body else None,
        "body_bytes": len(body),
        "body_truncated": len(body) > KEPT_BODY_BYTES,
    }


def _masked_body(body: bytes, content_type: str) -> str:
    text = body.decode("utf-8", "replace")
    if not any(name in text for name in _SECRET_FIELDS):
        return text
    if "x-www-form-urlencoded" in content_type:
        pairs = parse_qsl(text, keep_blank_values=True)
        return urlencode([(name, MASK if name in _SECRET_FIELDS else value) for name, value in pairs], safe="*")
    if "json" in content_type:
        try:
            return orjson.dumps(_masked(orjson.loads(body))).decode()
        except orjson.JSONDecodeError:
            return re.sub(rf'"({"|".join(sorted(_SECRET_FIELDS))})"\s*:\s*"[^"]*"?', rf'"\1":"{MASK}"', text)
    return text


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: MASK if name in _SECRET_FIELDS and isinstance(inner, str) else _masked(inner)
            for name, inner in value.items()
        }
    return [_masked(inner) for inner in value] if isinstance(value, list) else value
