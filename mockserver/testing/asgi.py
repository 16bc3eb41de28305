"""Calls an ASGI application in this process, and sends exactly what it is told to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True)
class Response:
    """What came back; header names are lower-case."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """Headers by name; no response of ours repeats one."""
        return {name.decode(): value.decode("latin-1") for name, value in self.raw_headers}

    def json(self) -> Any:
        """The body as JSON values."""
        return orjson.loads(self.body)


async def call(
    app: Any,
    method: str,
    target: bytes,
    raw_headers: Iterable[tuple[bytes, bytes]] = (),
    chunks: Iterable[bytes] = (b"",),
    *,
    http_version: str = "1.1",
    client: str = "127.0.0.1",
) -> Response:
    """One exchange, byte for byte, as if it came from the address of a client."""
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": http_version,
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": list(raw_headers),
        "server": ("127.0.0.1", 8080),
        "client": (client, 50000),
    }
    waiting = list(chunks)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        body = waiting.pop(0) if waiting else b""
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return Response(sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:]))
