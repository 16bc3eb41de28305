"""What uvicorn is given: its fastest parts, and a refusal in our format for what is not HTTP at all."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import orjson

from mockserver.http.errors import MalformedRequest, ProblemStyle

ABORT = "gridmock.abort"
"""Name of the ASGI extension that cuts the connection; its value is a function without arguments."""

_H2C = re.compile(rb"(?i)(\r\n)upgrade:[ \t]*h2c[ \t]*(?=\r\n)")


def protocol_class() -> Any:
    """uvicorn's httptools protocol, mended where clients and faults need more of it."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Protocol(HttpToolsProtocol):
        def data_received(self, data: bytes) -> None:
            """Take no notice of an offer to go on in HTTP/2, with which Java's client begins by default.

            A server may ignore it (RFC 9110 section 7.8), but the parser would drop the body of such a request.
            """
            if self.cycle is None or self.cycle.response_complete:
                head, end, rest = data.partition(b"\r\n\r\n")
                if end and _H2C.search(head + b"\r\n"):
                    data = _H2C.sub(rb"\1x-ignored-upgrade: h2c", head + b"\r\n")[:-2] + end + rest
            super().data_received(data)

        def on_message_begin(self) -> None:
            """Let the application cut the connection, as a fault can order."""
            super().on_message_begin()
            extensions: Any = {ABORT: self.transport.abort}
            self.scope["extensions"] = extensions

        def send_400_response(self, msg: str) -> None:
            """Called when the bytes that arrive are not HTTP/1.1: no path is known, hence no API and no dialect.

            What was asked in full before on the same connection is answered first, and ends it.
            """
            if self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body:
                self.cycle.keep_alive = False
                return
            style = ProblemStyle("")
            error = MalformedRequest(f"The request is not HTTP: {msg}")
            body = orjson.dumps(style.render(error, None, ""))
            head = (
                f"HTTP/1.1 400 Bad Request\r\ncontent-type: {style.content_type}\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
            self.transport.close()

    return Protocol


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's event loop where it is installed (it does not exist on Windows), else asyncio's."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def server_config(application: Any) -> Any:
    """How uvicorn is to serve an application of ours."""
    import uvicorn

    return uvicorn.Config(
        application,
        http=protocol_class(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=3,
    )
