"""What uvicorn is given: its fastest parts, and a refusal in our format for what is not HTTP at all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from mockserver.http.errors import MalformedRequest, ProblemStyle


def protocol_class() -> Any:
    """uvicorn's httptools protocol, answering an unreadable request with problem+json."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Protocol(HttpToolsProtocol):
        def send_400_response(self, msg: str) -> None:
            """Called when the bytes that arrive are not HTTP/1.1: no path is known, hence no API and no dialect."""
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
