"""The pipeline as connexion sees it: one middleware ahead of its stock chain, given an API per `add_api`.

What the pipeline does not answer (the Swagger UI of an API) goes on to connexion.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import orjson
from connexion.middleware import SpecMiddleware
from connexion.resolver import Resolution, Resolver
from connexion.spec import Specification
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from mockserver.http.api import Api, MountedApi
from mockserver.http.compiled import CompiledOperation, handler_for
from mockserver.http.errors import ApiError, ErrorStyle, Headers, MethodNotAllowed, ProblemStyle, UnknownRoute
from mockserver.http.exchange import Exchange, RawHeaders
from mockserver.http.faults import Disconnect
from mockserver.http.journal import Entry, Message, masked_path, request_id
from mockserver.http.pipeline import walk
from mockserver.http.protocol import ABORT
from mockserver.http.routing import Router
from mockserver.http.runtime import Runtime
from specs import openapi30
from specs.operation import Operation, Spec
from specs.validation import Validators

access_log = logging.getLogger("gridmock.requests")

DOCS_PATH = "/docs"
DOCS_DOCUMENT_PATH = f"{DOCS_PATH}/openapi.json"
"""The 3.0 view, which the Swagger UI can read."""
DOCUMENT_PATH = "/openapi.json"
"""The contract itself, OpenAPI 3.1 in one file."""
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
    webhooks = {
        webhook.path: validators.response(media.schema)
        for webhook in spec.webhooks
        for media in (webhook.request_body.content.values() if webhook.request_body else ())
        if media.schema is not None
    }
    return MountedApi(api, spec, router, webhooks)


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
                if below in (DOCUMENT_PATH, DOCS_PATH) or below.startswith(f"{DOCS_PATH}/"):
                    await self._answer_beside(scope, receive, send, mounted, below)
                else:
                    await self._answer(Exchange(scope, receive, self._runtime, mounted, below), send)
                return
        await self._answer_outside(scope, path, send)

    async def _answer(self, exchange: Exchange, send: Send) -> None:
        journalled = exchange.api.api.journalled
        if journalled:
            exchange.number = self._runtime.journal.next_number()
        path = exchange.api.base_path + exchange.path
        try:
            await walk(exchange)
        except Disconnect:
            await _cut(exchange, send)
            self._record(exchange.scope, path, exchange.number, exchange.at, None, None, exchange)
            return
        headers = exchange.response_headers
        if journalled:
            headers.append((REQUEST_ID_HEADER, request_id(exchange.number)))
        headers.append(("date", _http_date(exchange.at.replace(microsecond=0))))
        body = exchange.response_body
        raw_headers = await _send(send, exchange.status, headers, body, head=exchange.is_head)
        if journalled:
            response = Message.of(raw_headers, body)
            self._record(exchange.scope, path, exchange.number, exchange.at, exchange.status, response, exchange)

    async def _answer_beside(self, scope: Scope, receive: Receive, send: Send, mounted: MountedApi, below: str) -> None:
        """The contract as a document, and the Swagger UI, which is connexion's."""
        head = scope["method"] == "HEAD"
        if scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, MethodNotAllowed(scope["method"], ("GET", "HEAD")), mounted.api.errors)
        elif below in (DOCUMENT_PATH, DOCS_DOCUMENT_PATH):
            await _send(send, 200, [("content-type", "application/json")], _document(mounted, below), head=head)
        else:
            try:
                await self._next(scope, receive, send)
            except (HTTPException, OSError, ValueError):  # what starlette's static files make of a path that is none
                error = UnknownRoute(f"The documentation has nothing at {below[:200]}.")
                await _refuse(send, error, mounted.api.errors, head=head)

    async def _answer_outside(self, scope: Scope, path: str, send: Send) -> None:
        """Say what is served; a call that missed every API is worth a journal entry."""
        head = scope["method"] == "HEAD"
        if path == "/" and scope["method"] in ("GET", "HEAD"):
            served = {mounted.api.name: f"{mounted.base_path}{DOCS_PATH}/" for mounted in self._runtime.apis}
            await _send(send, 200, [("content-type", "application/json")], orjson.dumps({"docs": served}), head=head)
            return
        base_paths = ", ".join(mounted.base_path for mounted in self._runtime.apis)
        error: ApiError = UnknownRoute(f"No API is served at {path[:200]}. There are: {base_paths}.")
        if path == "/":
            error = MethodNotAllowed(scope["method"], ("GET", "HEAD"))
        number = self._runtime.journal.next_number()
        at = self._runtime.clock.now()
        error.headers.append((REQUEST_ID_HEADER, request_id(number)))
        response = await _refuse(send, error, ProblemStyle(""), head=head)
        self._record(scope, path, number, at, error.status, response, None)

    def _record(
        self,
        scope: Scope,
        path: str,
        number: int,
        at: datetime,
        status: int | None,
        response: Message | None,
        exchange: Exchange | None,
    ) -> None:
        runtime = self._runtime
        principal = exchange.principal if exchange else None
        operation = exchange.operation if exchange else None
        path = masked_path(path, exchange.path_texts) if exchange else path
        duration_ms = (runtime.clock.now() - at).total_seconds() * 1000
        operation_id = operation.operation.operation_id if operation else None
        secrets_by_operation = exchange.api.api.secret_fields if exchange else {}
        entry = Entry(
            number=number,
            at=at,
            duration_ms=max(0.0, round(duration_ms, 3)),
            api=exchange.api.api.name if exchange else None,
            operation_id=operation_id,
            client_id=principal.client_id if principal else None,
            user_id=principal.user_id if principal else None,
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            request=Message.of(scope["headers"], exchange.request_body if exchange else b""),
            status=status,
            response=response,
            secret_fields=secrets_by_operation.get(operation_id or "", frozenset()),
        )
        runtime.journal.record(entry)
        if runtime.settings.log == "requests":
            access_log.info("%s %s %s %s", entry.request_id, entry.method, path, status or "disconnected")


async def _cut(exchange: Exchange, send: Send) -> None:
    """End the connection without an answer where the server lets us, else in the middle of one."""
    abort = exchange.scope.get("extensions", {}).get(ABORT)
    if abort is None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
        return
    abort()
    while (await exchange.receive())["type"] != "http.disconnect":
        pass


async def _refuse(send: Send, error: ApiError, style: ErrorStyle, *, head: bool = False) -> Message:
    """A refusal of what is no operation of any contract."""
    headers = [("content-type", style.content_type), *error.headers]
    body = orjson.dumps(style.render(error, None, ""))
    return Message.of(await _send(send, style.status(error), headers, body, head=head), body)


async def _send(send: Send, status: int, headers: Headers, body: bytes, *, head: bool = False) -> RawHeaders:
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


def _document(mounted: MountedApi, path: str) -> bytes:
    """The contract as we serve it: at our address, with our token server instead of the provider's."""
    document: Mapping[str, Any] = mounted.spec.document
    if path == DOCS_DOCUMENT_PATH:
        document = openapi30.view(document)
    body = orjson.dumps({**document, "servers": [{"url": mounted.base_path}]})
    if mounted.api.token_server is not None:
        theirs, ours = mounted.api.token_server
        body = body.replace(f'Url":"{theirs}'.encode(), f'Url":"{ours}'.encode())
    return body
