"""One exchange while it passes through the proxy, and the copy that is kept of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx

from contract_tests.traffic.recorded import Part, Recorded

RawHeaders = list[tuple[bytes, bytes]]

MOST_KEPT = 8 * 2**20
"""Bytes of a body that are kept; what is longer passes all the same, but is not judged."""
# They belong to one connection, not to the message (RFC 9110, 7.6.1); `Expect` was answered by the server before us.
_HOP_BY_HOP = frozenset(
    {b"connection", b"expect", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"}
    | {b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)


class Copy:
    """A body as it passes, up to `MOST_KEPT` bytes of it."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._ended = False
        self.is_too_long = False

    def keep(self, chunk: bytes) -> None:
        """Take a chunk, or the beginning of it."""
        room = MOST_KEPT - self._size
        self.is_too_long |= len(chunk) > room
        self._chunks.append(chunk[:room])
        self._size += len(self._chunks[-1])

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True

    @property
    def body(self) -> bytes:
        """What was kept."""
        return b"".join(self._chunks)

    @property
    def cut(self) -> str:
        """Why what was kept is not the whole, or an empty text."""
        if self.is_too_long:
            return f"it is longer than {MOST_KEPT} bytes"
        return "" if self._ended else "it did not arrive whole"


@dataclass
class Passing:
    """One exchange while it passes."""

    method: str
    url: str
    request_headers: RawHeaders
    request: Copy = field(default_factory=Copy)
    status: int = 0
    response_headers: RawHeaders = field(default_factory=list)
    response: Copy = field(default_factory=Copy)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    began: float = field(default_factory=time.perf_counter)

    @property
    def milliseconds(self) -> float:
        """How long it has taken so far."""
        return round((time.perf_counter() - self.began) * 1000, 3)

    def recorded(self) -> Recorded:
        """The exchange as far as it has come."""
        unread: dict[Part, str] = {}
        return Recorded(
            method=self.method,
            url=self.url,
            request_headers=_joined(self.request_headers),
            request_body=_decoded(self.request_headers, self.request, "request body", unread),
            status=self.status,
            response_headers=_joined(self.response_headers),
            response_body=_decoded(self.response_headers, self.response, "response body", unread),
            unread=unread,
        )


def end_to_end(headers: RawHeaders) -> RawHeaders:
    """Headers without those that are meant for the neighbour."""
    named = {
        name.strip().lower() for key, value in headers if key.lower() == b"connection" for name in value.split(b",")
    }
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | named]


def _joined(headers: RawHeaders) -> dict[str, str]:
    joined: dict[str, str] = {}
    for raw_name, raw_value in end_to_end(headers):
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _decoded(headers: RawHeaders, copy: Copy, part: Part, unread: dict[Part, str]) -> bytes | None:
    """A body without its Content-Encoding, or as it is if that cannot be taken away."""
    raw, cut = copy.body, copy.cut
    if cut:
        unread[part] = cut
    encoding = b", ".join(value for name, value in headers if name.lower() == b"content-encoding").decode("latin-1")
    if not raw or cut or encoding.lower() in ("", "identity"):
        return raw or None
    try:
        body = httpx.Response(200, headers={"content-encoding": encoding}, content=raw).content
    except httpx.DecodingError:
        unread[part] = f"it is no {encoding}"
        return raw
    if body == raw:  # an encoding that httpx does not know
        unread[part] = f"{encoding} is not read"
    return body
