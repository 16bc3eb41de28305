"""The proxy itself, an ASGI application: hands each request on and the answer back, byte for byte, and keeps a copy."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import httpx

from contract_tests.traffic.desk import Desk
from contract_tests.traffic.passing import Copy, Passing, RawHeaders, end_to_end
from contract_tests.traffic.recorded import Violation

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BAD_REQUEST, NOT_IMPLEMENTED, BAD_GATEWAY = 400, 501, 502
_CONNECT_S = 10.0


class ClientGone(Exception):
    """The client hung up before its request, or the answer, was complete."""


class Forwarder:
    """Everything that comes goes to `upstream`, a URL whose path is put before each path; redirects are answers.

    With `strict`, what breaks the contract does not pass. With `keep_host`, the upstream is told the proxy's own name.
    """

    def __init__(self, upstream: str, desk: Desk, *, strict: bool = False, keep_host: bool = False) -> None:
        self._upstream = httpx.URL(upstream)
        self._desk = desk
        self._strict = strict
        self._keep_host = keep_host
        self._transport: httpx.AsyncHTTPTransport | None = None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """See ASGI 3."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif any(name == b"upgrade" and b"websocket" in value.lower() for name, value in scope["headers"]):
            await _problem(send, NOT_IMPLEMENTED, "Not passed on", "WebSockets do not go through this proxy.")
        else:
            await self._pass(scope, receive, send)

    async def aclose(self) -> None:
        """Close the connections to the upstream."""
        if self._transport:
            await self._transport.aclose()

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await self.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _pass(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        query = scope["query_string"]
        target = self._upstream.raw_path.rstrip(b"/") + scope["raw_path"] + (b"?" + query if query else b"")
        origin = f"{self._upstream.scheme}://{self._upstream.netloc.decode()}"
        headers = [pair for pair in scope["headers"] if self._keep_host or pair[0] != b"host"]
        if not self._keep_host:
            headers.insert(0, (b"host", self._upstream.netloc))
        passing = Passing(scope["method"], origin + target.decode("latin-1"), headers)
        comment = ""
        try:
            body = _body(receive, passing.request)
            if self._strict and (refusal := await self._refusal(passing, body)) is not None:
                body, wrong = refusal
                if wrong:
                    comment = "refused by gridmock proxy --strict"
                    await _problem(send, BAD_REQUEST, "The request breaks the contract", "It was not sent on.", wrong)
                    return
            await self._forward(passing, target, body, receive, send)
        except ClientGone:
            comment = "the client hung up"
        except (httpx.HTTPError, OSError, AttributeError) as error:
            # AttributeError: anyio asks a connection for its socket, of which uvloop has none if it was reset at once.
            comment = f"no answer: {str(error) or type(error).__name__}"
            if passing.status:
                raise  # the server cuts the connection: the client must not take half an answer for a whole
            detail = f"{passing.method} {passing.url}: {str(error) or type(error).__name__}"
            await _problem(send, BAD_GATEWAY, "The upstream does not answer", detail)
        except asyncio.CancelledError:
            comment = "the proxy was stopped"
            raise
        finally:
            self._desk.take(passing.recorded(), passing.at, passing.milliseconds, comment)

    async def _refusal(
        self, passing: Passing, body: AsyncIterator[bytes]
    ) -> tuple[AsyncIterator[bytes], tuple[Violation, ...]]:
        """The body to send on, and what is wrong with the request; one too long to be kept is not judged."""
        read = []
        async for chunk in body:
            read.append(chunk)
            if passing.request.is_too_long:
                return _chain(read, body), ()
        return _chain(read, None), self._desk.wrong(passing.recorded(), "request")

    async def _forward(
        self, passing: Passing, target: bytes, body: AsyncIterator[bytes], receive: Receive, send: Send
    ) -> None:
        self._transport = self._transport or httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=100)
        )
        request = httpx.Request(
            passing.method,
            self._upstream,
            headers=end_to_end(passing.request_headers) + _framing(passing.request_headers),
            stream=_Stream(body),
            extensions={"target": target, "timeout": {"connect": _CONNECT_S}},
        )
        answer = await self._transport.handle_async_request(request)
        try:
            passing.status = answer.status_code
            passing.response_headers = answer.headers.raw
            await self._back(passing, answer, receive, send)
        finally:
            await answer.aclose()

    async def _back(self, passing: Passing, answer: httpx.Response, receive: Receive, send: Send) -> None:
        stream: AsyncIterator[bytes] = aiter(answer.stream)  # type: ignore[arg-type]
        if self._strict and not answer.headers.get("content-type", "").startswith("text/event-stream"):
            read = []
            async for chunk in stream:
                passing.response.keep(chunk)
                read.append(chunk)
                if passing.response.is_too_long:
                    break
            else:
                passing.response.end()
                if wrong := self._desk.wrong(passing.recorded(), "response"):
                    detail = f"The answer {answer.status_code} of the upstream was not passed on."
                    await _problem(send, BAD_GATEWAY, "The response breaks the contract", detail, wrong)
                    return
            stream = _chain(read, stream)
            passing.response = Copy()
        await send({
            "type": "http.response.start",
            "status": answer.status_code,
            "headers": end_to_end(answer.headers.raw),
        })  # fmt: skip
        gone = asyncio.ensure_future(_hung_up(receive))
        try:
            async for chunk in stream:
                passing.response.keep(chunk)
                if gone.done():
                    raise ClientGone
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            passing.response.end()
        finally:
            gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Stream(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._chunks:
            yield chunk


async def _body(receive: Receive, copy: Copy) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        if chunk:
            copy.keep(chunk)
            yield chunk
        if not more:
            copy.end()


async def _chain(read: Iterable[bytes], rest: AsyncIterator[bytes] | None) -> AsyncIterator[bytes]:
    for chunk in read:
        yield chunk
    if rest is not None:
        async for chunk in rest:
            yield chunk


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _problem(send: Send, status: int, title: str, detail: str, violations: Iterable[Violation] = ()) -> None:
    """An answer of the proxy's own (RFC 9457)."""
    problem: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if violations:
        problem["violations"] = [
            {"direction": one.direction, "rule": one.rule, "message": one.message, "where": one.where}
            | ({"pointer": one.pointer} if one.pointer else {})
            for one in violations
        ]
    body = json.dumps(problem, ensure_ascii=False).encode("utf-8", "replace")
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _framing(headers: RawHeaders) -> RawHeaders:
    """A body of unknown length goes on as it came, in chunks."""
    chunked = any(name.lower() == b"transfer-encoding" for name, _ in headers)
    return [(b"transfer-encoding", b"chunked")] if chunked else []
