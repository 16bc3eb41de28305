"""Defects in front of an application: an ASGI layer, and a transport of webhooks, that alter what passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import orjson

from mockserver.defects.contract import Contract, Traits, contracts_of
from mockserver.defects.defect import Answer, Defect, Memory, Push, Request
from mockserver.http.outbox import Outbox
from mockserver.http.transport import Transport, Unreachable

if TYPE_CHECKING:
    from mockserver.http.runtime import Runtime

LONGEST_BODY = 8 * 1_048_576
"""Bytes; a request with a longer body passes as it is."""

Ask = Callable[[Request], Awaitable[Answer]]
_OTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)
"""What comes of altering a body that does not look as it should; it passes as it is."""


@dataclass(frozen=True)
class Planted:
    """A defect in force, with what it remembers; `operation_id` is the only operation that it alters, if it says."""

    defect: Defect
    operation_id: str | None = None
    memory: Memory = field(default_factory=dict)

    def __str__(self) -> str:
        """As it is typed."""
        return f"{self.defect.name}@{self.operation_id}" if self.operation_id else self.defect.name

    def is_at(self, asked: Request) -> bool:
        """Whether a request is one that it may alter."""
        is_meant = self.operation_id is None or (asked.at is not None and asked.at.id == self.operation_id)
        return is_meant and self.defect.where(asked.at)


class Broken:
    """An ASGI application with defects in front of it, which are planted and taken back while it serves.

    What stands outside the contracts is never altered; without any contract, everything is.
    """

    def __init__(self, app: Any, contracts: Sequence[Contract] = (), outbox: Outbox | None = None) -> None:
        self.contracts = contracts
        self.planted: list[Planted] = []
        """The defects in force."""
        self._app = app
        self._outbox = outbox
        self._carrier: _Carrier | None = None

    def follow(self, runtime: Runtime) -> None:
        """Take up the contracts that a mock serves now."""
        self.contracts = contracts_of((mounted.api, mounted.spec) for mounted in runtime.apis)

    def plant(self, *planted: Planted) -> None:
        """Put defects in force beside those that are."""
        self.planted += planted
        if self._outbox is not None and self._carrier is None:
            self._carrier = self._outbox.transport = _Carrier(self._outbox.transport, self.planted)

    def take_back(self) -> None:
        """Be honest again, and forget what the defects remembered."""
        self.planted.clear()
        if self._outbox is not None and self._carrier is not None:
            self._outbox.transport = self._carrier.transport
            self._carrier = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Ask the application, and alter what passes."""
        if scope["type"] != "http" or not self.planted or not self._is_ours(_path(scope)):
            await self._app(scope, receive, send)
            return
        chunks = _Chunks(receive)
        body = await chunks.read()
        if body is None:
            await self._app(scope, chunks.again, send)
            return
        asked = self._request(scope, body)
        honest: list[tuple[Answer, list[Any]]] = []

        async def ask(sent: Request) -> Answer:
            messages = _Messages()
            await self._app(_scope(scope, asked, sent), chunks.before(sent.body), messages)
            honest.append((messages.answer(), messages))
            return honest[-1][0]

        messages: list[Any]
        try:
            answer = await self._through(tuple(self.planted), asked, ask)
        except _CutOff as cut:
            messages = cut.messages
        else:
            messages = next((raw for each, raw in honest if each == answer), _sent(answer, asked))
        for message in messages:
            await send(message)

    async def _through(self, planted: tuple[Planted, ...], asked: Request, ask: Ask) -> Answer:
        """The answer to a request, both altered by each defect in turn."""
        if not planted:
            return await ask(asked)
        each, others = planted[0], planted[1:]
        defect, memory, is_here = each.defect, each.memory, each.is_at(asked)
        sent = asked
        if is_here:
            with suppress(*_OTHER_SHAPE):
                sent = defect.request(asked, memory)
        answer = await self._through(others, sent, ask)
        with suppress(*_OTHER_SHAPE):
            defect.watch(asked, answer, memory)
        if is_here:
            again = None
            with suppress(*_OTHER_SHAPE):
                again = defect.again(asked, answer, memory)
            if again is not None:
                second = await self._through(others, again, ask)
                answer = second if defect.if_again(second) else answer
            with suppress(*_OTHER_SHAPE):
                answer = defect.answer(asked, answer, memory)
            if defect.pause_s:
                await asyncio.sleep(defect.pause_s)
        if self._carrier is not None and defect.push_again(asked):
            await self._carrier.send_last()
        return answer

    def _is_ours(self, path: str) -> bool:
        return not self.contracts or self._contract(path) is not None

    def _contract(self, path: str) -> Contract | None:
        """The contract that a path belongs to, what documents it left out."""
        for contract in sorted(self.contracts, key=lambda each: -len(each.base_path)):
            below = path[len(contract.base_path) :]
            if path.startswith(contract.base_path) and below[:1] in ("", "/"):
                is_documentation = below in ("/openapi.json", "/docs") or below.startswith("/docs/")
                return None if is_documentation and not contract.find(path) else contract
        return None

    def _request(self, scope: Any, body: bytes) -> Request:
        method, path = scope["method"], _path(scope)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        contract = self._contract(path)
        at = contract.find(path) if contract else {}
        query = scope["query_string"].decode("latin-1")
        return Request(method, path, query, headers, body, contract, _meant(at, method))


def _meant(at: Mapping[str, Traits], method: str) -> Traits | None:
    return at.get(method) or at.get("GET") or next(iter(at.values()), None)


def _path(scope: Any) -> str:
    raw = scope.get("raw_path")
    return raw.decode("latin-1") if raw else quote(scope["path"])


def _scope(scope: Any, asked: Request, sent: Request) -> Any:
    if sent == asked:
        return scope
    changes = {"method": sent.method, "query_string": sent.query.encode("latin-1")}
    if sent.path != asked.path:
        changes |= {"path": unquote(sent.path), "raw_path": sent.path.encode("latin-1")}
    if sent.headers != asked.headers:
        changes["headers"] = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.headers.items()]
    return scope | changes


class _Chunks:
    """The body of a request, read ahead, and given again to the application."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._read: list[Any] = []

    async def read(self) -> bytes | None:
        """The whole body; None when it is too long, or the client has gone."""
        length = 0
        while True:
            message = await self._receive()
            self._read.append(message)
            length += len(message.get("body", b""))
            if message["type"] != "http.request" or length > LONGEST_BODY:
                return None
            if not message.get("more_body"):
                return b"".join(each.get("body", b"") for each in self._read)

    async def again(self) -> Any:
        """What was read, then what comes."""
        return self._read.pop(0) if self._read else await self._receive()

    def before(self, body: bytes) -> Callable[[], Awaitable[Any]]:
        """A body in the place of what was read, then what comes."""
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Any:
            return waiting.pop() if waiting else await self._receive()

        return receive


class _CutOff(Exception):
    """The application sent no whole answer."""

    def __init__(self, messages: list[Any]) -> None:
        self.messages = messages


class _Messages(list[Any]):
    """What the application sends, kept back."""

    async def __call__(self, message: Any) -> None:
        self.append(message)

    def answer(self) -> Answer:
        """The messages as one; _CutOff where they are not whole."""
        if len(self) < 2 or self[-1].get("more_body"):
            raise _CutOff(self)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in self[0]["headers"]}
        return Answer(self[0]["status"], headers, b"".join(message.get("body", b"") for message in self[1:]))


def _sent(answer: Answer, asked: Request) -> list[Any]:
    headers = dict(answer.headers)
    if asked.method != "HEAD":  # whose length is that of what GET would answer
        headers.pop("content-length", None)
        if answer.status not in (204, 304):
            headers["content-length"] = str(len(answer.body))
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    return [
        {"type": "http.response.start", "status": answer.status, "headers": raw},
        {"type": "http.response.body", "body": b"" if asked.method == "HEAD" or answer.status == 204 else answer.body},
    ]


class _Carrier:
    """A transport of webhooks that alters what it carries."""

    def __init__(self, transport: Transport, planted: Sequence[Planted]) -> None:
        self.transport = transport
        self._planted = planted
        self._last: tuple[Push, float] | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See `Transport`; a webhook that gets lost seems to have been delivered."""
        push: Push | None = Push(url, dict(headers), orjson.loads(body))
        for each in self._planted:
            alter = each.defect.push
            if alter is not None and push is not None:
                fresh = replace(push, headers=dict(push.headers), body=orjson.loads(orjson.dumps(push.body)))
                with suppress(*_OTHER_SHAPE):
                    push = alter(fresh, each.memory)
        if push is None:
            return 200
        self._last = push, timeout_s
        return await self.transport(push.url, push.headers, orjson.dumps(push.body), timeout_s)

    async def send_last(self) -> None:
        """Send the last webhook once more."""
        if self._last is not None:
            push, timeout_s = self._last
            with suppress(Unreachable):
                await self.transport(push.url, push.headers, orjson.dumps(push.body), timeout_s)
