"""A client that calls an ASGI application in this process, and sends exactly what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from mockserver.testing.asgi import Response, call

__all__ = ["Client", "Response"]


class Client:
    """Calls one application with default headers; every call is a request from 127.0.0.1 unless `client` says else."""

    def __init__(self, app: Any, headers: Mapping[str, str] | None = None, client: str = "127.0.0.1") -> None:
        self._app = app
        self._client = client
        self.headers = {"host": "localhost:8080", **(headers or {})}
        self._loop = asyncio.new_event_loop()

    def close(self) -> None:
        """Free the event loop."""
        self._loop.close()

    def send(
        self,
        method: str,
        target: bytes,
        raw_headers: Iterable[tuple[bytes, bytes]],
        chunks: Iterable[bytes] = (b"",),
        http_version: str = "1.1",
    ) -> Response:
        """One exchange, byte for byte."""
        exchange = call(self._app, method, target, raw_headers, chunks, http_version=http_version, client=self._client)
        return self._loop.run_until_complete(exchange)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Response:
        """One exchange the usual way: `query` and `form` are encoded, `json` sets the content type."""
        merged = {**self.headers, **(headers or {})}
        if json is not None:
            content = orjson.dumps(json)
            merged.setdefault("content-type", "application/json")
        elif form is not None:
            content = urlencode(form).encode()
            merged.setdefault("content-type", "application/x-www-form-urlencoded")
        if content is not None:
            merged.setdefault("content-length", str(len(content)))
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in merged.items()]
        return self.send(method, target.encode(), raw, (content or b"",))

    def get(self, path: str, **options: Any) -> Response:
        """GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> Response:
        """POST."""
        return self.request("POST", path, **options)

    def put(self, path: str, **options: Any) -> Response:
        """PUT."""
        return self.request("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Response:
        """DELETE."""
        return self.request("DELETE", path, **options)
