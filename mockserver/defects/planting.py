"""Defects in front of an application: an ASGI layer, and a transport of webhooks, that alter what passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
        planted = tuple(self.planted)
        seen: list[Request] = []
        sent = asked
        for each in planted:
            seen.append(sent)
            if each.is_at(sent):
                with suppress(*_OTHER_SHAPE):
                    sent = each.defect.request(sent, each.memory)
        messages = _Messages()
        receive = chunks.again if sent.body == body else chunks.once(sent.body)
        await self._app(_scope(scope, asked, sent), receive, messages)
        if not messages.are_whole:  # a connection that was cut stays cut
            for message in messages:
                await send(message)
            return
        honest = answer = messages.answer()
        for each, was in zip(reversed(planted), reversed(seen), strict=True):
            with suppress(*_OTHER_SHAPE):
                each.defect.watch(was, answer, each.memory)
            if each.is_at(was):
                with suppress(*_OTHER_SHAPE):
                    answer = each.defect.answer(was, answer, each.memory)
                if each.defect.pause_s:
                    await asyncio.sleep(each.defect.pause_s)
            if self._carrier is not None and each.defect.push_again(was):
                await self._carrier.send_last()
        for message in messages if answer == honest else _sent(answer, asked):
            await send(message)

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
        while length <= LONGEST_BODY:
            message = await self._receive()
            self._read.append(message)
            length += len(message.get("body", b""))
            if message["type"] != "http.request":
                return None
            if not message.get("more_body"):
                return b"".join(each.get("body", b"") for each in self._read)
        return None

    async def again(self) -> Any:
        """What was read, then what comes."""
        return self._read.pop(0) if self._read else await self._receive()

    def once(self, body: bytes) -> Callable[[], Any]:
        """Another body in the place of what was read."""
        self._read = [{"type": "http.request", "body": body, "more_body": False}]
        return self.again


class _Messages(list[Any]):
    """What the application sends, kept back."""

    async def __call__(self, message: Any) -> None:
        self.append(message)

    @property
    def are_whole(self) -> bool:
        """Whether the answer was sent to its end."""
        return len(self) > 1 and not self[-1].get("more_body")

    def answer(self) -> Answer:
        """The messages as one."""
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
