"""A server that remembers what reached it, byte for byte, and answers in every way that a proxy can spoil."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from typing import Any

HELLO = b'{"title": "hello"}'
JSON = (b"Content-Type", b"application/json")


class Echo:
    """Answers by path; `arrived` has the requests in order."""

    def __init__(self) -> None:
        self.arrived: list[dict[str, Any]] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message.get("body", b""), message.get("more_body", False)
        said = {
            "method": scope["method"],
            "path": scope["raw_path"].decode("latin-1"),
            "query": scope["query_string"].decode("latin-1"),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
            "length": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        self.arrived.append(said)
        status, headers, chunks = self._answer(scope["path"])
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await asyncio.sleep(0)
        if scope["path"] == "/broken":
            raise RuntimeError("the answer ends here")
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _answer(self, path: str) -> tuple[int, list[tuple[bytes, bytes]], list[bytes]]:
        packed = gzip.compress(HELLO, mtime=0)
        match path:
            case "/gzip":
                length = str(len(packed)).encode()
                return 200, [JSON, (b"Content-Encoding", b"gzip"), (b"content-length", length)], [packed]
            case "/chunks":
                return 200, [JSON], [b"[", *(b"%d," % number for number in range(500)), b"0]"]
            case "/redirect":
                return 307, [(b"Location", b"/elsewhere?x=%2F"), (b"content-length", b"0")], []
            case "/nothing":
                return 204, [], []
            case "/cookies":
                return 200, [(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"X-Odd", b"caf\xe9")], [b"x"]
            case "/hop":
                return 200, [(b"Connection", b"x-mine"), (b"X-Mine", b"1"), (b"X-Yours", b"2")], [b"x"]
            case "/teapot":
                return 418, [(b"content-length", b"5")], [b"short"]
            case "/broken":
                return 200, [(b"content-length", b"99")], [b"half"]
            case "/large":
                return 200, [(b"content-type", b"image/png")], [bytes(range(256)) * 256] * 160
            case _:
                return 200, [JSON, (b"content-length", str(len(HELLO)).encode())], [HELLO]
