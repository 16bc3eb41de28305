"""The pipeline as connexion sees it: one middleware ahead of its stock chain, given an API per `add_api`.

What the pipeline does not answer (the Swagger UI of an API) goes on to connexion.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from connexion.middleware import SpecMiddleware
from connexion.resolver import Resolution, Resolver
from connexion.spec import Specification
from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.http.api import Api, MountedApi
from mockserver.http.compiled import CompiledOperation, handler_for
from mockserver.http.errors import ApiError, Headers, ProblemStyle, UnknownRoute
from mockserver.http.exchange import Exchange
from mockserver.http.faults import Disconnect
from mockserver.http.journal import Entry, request_id
from mockserver.http.pipeline import walk
from mockserver.http.routing import Router
from mockserver.http.runtime import Runtime
from specs.operation import Operation, Spec
from specs.validation import Validators

access_log = logging.getLogger("gridmock.requests")

DOCS_PATH = "/docs"
REQUEST_ID_HEADER = "gridmock-request-id"


class HandlerResolver(Resolver):  # type: ignore[misc]  # connexion ships no types
    """Lets connexion find the handler of an operation where the pipeline finds it."""

    def __init__(self, api: Api, operations: Sequence[Operation]) -> None:
        super().__init__()
        self._package = api.handlers
        self._operations = {operation.operation_id: operation for operation in operations}

    def resolve(self, operation: Any) -> Resolution:
        """The handler of a connexion operation; HandlerMismatch when there is none."""
        found = self._operations[operation.operation_id]
        return Resolution(handler_for(found, self._package), found.operation_id)


def mount(api: Api, spec: Spec) -> MountedApi:
    """Compile every operation of a contract; HandlerMismatch when a handler is missing or does not fit."""
    validators = Validators(spec)
    router: Router[CompiledOperation] = Router(optional_slash=api.optional_slash, exact=api.exact_paths)
    for operation in spec.operations:
        handler = handler_for(operation, api.handlers)
        compiled = CompiledOperation(operation, handler, api, spec.document, validators)
        router.add(operation.path, operation.method, compiled)
    return MountedApi(api, spec, router)


class PipelineMiddleware(SpecMiddleware):  # type: ignore[misc]  # connexion ships no types
    """Answers every request under the base path of an API."""

    def __init__(self, app: ASGIApp, *, runtime: Runtime) -> None:
        self._next = app
        self._runtime = runtime
        self._mounted: list[MountedApi] = []

    def add_api(self, specification: Specification, *, mounted: MountedApi, **_: Any) -> None:
        """Called by connexion for each API, with what was given to `AsyncApp.add_api`."""
        self._mounted.append(mounted)
        self._mounted.sort(key=lambda other: -len(other.base_path))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Walk the pipeline, or pass on what is not a request to an API."""
        if scope["type"] != "http":
            await self._next(scope, receive, send)
            return
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path else quote(scope["path"])
        for mounted in self._mounted:
            base_path = mounted.base_path
            if path.startswith(base_path) and path[len(base_path) : len(base_path) + 1] in ("", "/"):
                below = path[len(base_path) :] or "/"
                if below == "/openapi.json":
                    await _send(send, 200, [("content-type", "application/json")], _document(mounted))
                elif below == DOCS_PATH or below.startswith(f"{DOCS_PATH}/"):
                    await self._next(scope, receive, send)
                else:
                    await self._answer(Exchange(scope, receive, self._runtime, mounted, below), send)
                return
        await self._answer_outside(path, send)

    async def _answer(self, exchange: Exchange, send: Send) -> None:
        runtime = self._runtime
        journalled = exchange.api.api.journalled
        if journalled:
            exchange.number = runtime.journal.next_number()
        try:
            await walk(exchange)
        except Disconnect:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        headers = exchange.response_headers
        if journalled:
            headers.append((REQUEST_ID_HEADER, request_id(exchange.number)))
        headers.append(("date", _http_date(exchange.at.replace(microsecond=0))))
        raw_headers = await _send(send, exchange.status, headers, exchange.response_body, head=exchange.is_head)
        if journalled:
            _record(exchange, raw_headers)

    async def _answer_outside(self, path: str, send: Send) -> None:
        served = [mounted.base_path for mounted in reversed(self._mounted)]
        if path == "/":
            index = {"apis": {m.api.name: {"base_path": m.base_path, "docs": f"{m.base_path}{DOCS_PATH}/"}
                              for m in reversed(self._mounted)}}
            await _send(send, 200, [("content-type", "application/json")], orjson.dumps(index))
            return
        error: ApiError = UnknownRoute(f"No API is served at {path[:200]}. There are: {', '.join(served)}.")
        style = ProblemStyle("")
        await _send(
            send, 404, [("content-type", style.content_type)], orjson.dumps(style.render(error, None, path))
        )


def _record(exchange: Exchange, response_headers: list[tuple[bytes, bytes]]) -> None:
    runtime = exchange.runtime
    principal = exchange.principal
    operation = exchange.operation
    duration = runtime.clock.now() - exchange.at
    entry = Entry(
        number=exchange.number,
        at=exchange.at,
        duration_ns=max(0, round(duration.total_seconds() * 1e9)),
        api=exchange.api.api.name,
        operation_id=operation.operation.operation_id if operation else None,
        client_id=principal.client_id if principal else None,
        user_id=principal.user_id if principal else None,
        method=exchange.scope["method"],
        path=exchange.api.base_path + exchange.path,
        query=exchange.query,
        request_headers=exchange.header_list,
        request_body=exchange.request_body,
        status=exchange.status,
        response_headers=response_headers,
        response_body=exchange.response_body,
    )
    runtime.journal.record(entry)
    if runtime.settings.log == "requests":
        access_log.info("%s %s %s %s", entry.request_id, entry.method, entry.path, entry.status)


async def _send(
    send: Send, status: int, headers: Headers, body: bytes, *, head: bool = False
) -> list[tuple[bytes, bytes]]:
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]
    if status not in (204, 304):
        raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else body})
    return raw


@lru_cache(maxsize=8)
def _http_date(at: datetime) -> str:
    """The `Date` of a response, on the virtual clock (RFC 9110 section 5.6.7)."""
    return format_datetime(at, usegmt=True)


def _document(mounted: MountedApi) -> bytes:
    return orjson.dumps({**mounted.spec.document, "servers": [{"url": mounted.base_path}]})
