"""Defects to plant in front of a correct application, so that `gridmock check` can show that it finds them.

`plant(app, bug)` wraps any ASGI application that serves suppliers and tariffs as ev.energy does, under any prefix: the
tariff desk of these tests, and our mock. It alters requests on their way in or answers on their way out; the
application itself knows nothing of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

SUPPLIERS, SUPPLIER, TARIFFS, PRICES = r"/suppliers$", r"/suppliers/[^/]+$", r"/tariffs$", r"/tariffs/[^/]+/prices$"
ABSENT_ID = "supl" + "Z" * 26


@dataclass(frozen=True)
class Request:
    """What the application is asked; header names are lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    def parameter(self, name: str) -> str:
        return dict(parse_qsl(self.query)).get(name, "")

    def with_parameter(self, name: str, value: str) -> Request:
        return replace(self, query=urlencode([*(p for p in parse_qsl(self.query) if p[0] != name), (name, value)]))


@dataclass(frozen=True)
class Answer:
    """What the application says; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def without(self, header: str) -> Answer:
        return replace(self, headers={name: value for name, value in self.headers.items() if name != header})

    def with_header(self, header: str, value: str) -> Answer:
        return replace(self, headers=self.headers | {header: value})


@dataclass
class Memory:
    """What a defect may remember between requests."""

    token: str = ""
    supplier_id: str = ""
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Bug:
    """One defect: how it alters traffic, where it shows, and which check has to find it."""

    name: str
    check: str
    operations: tuple[str, ...]
    request: Callable[[Request, Memory], Request] = field(default=lambda request, _: request)
    answer: Callable[[Request, Answer, Memory], Answer] = field(default=lambda _, answer, __: answer)
    phases: str = "examples,coverage"

    @property
    def words(self) -> tuple[str, ...]:
        """Options of `gridmock check` that are enough to find it, and no more."""
        if self.phases == "laws":
            return ("--phases", "laws", "--law", self.check)
        only = (word for operation in self.operations for word in ("--include", operation))
        return ("--phases", self.phases, "--max-examples", "10", *only)


HONEST = Bug("none", "", ())


def plant(app: Any, bug: Bug) -> Callable[..., Awaitable[None]]:
    """The ASGI application with the defect in front of it."""
    memory = Memory()

    async def planted(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        asked = await _request(scope, receive)
        altered = bug.request(asked, memory)
        answer = await _ask(app, scope, altered)
        _remember(memory, altered, answer)
        answer = bug.answer(asked, answer, memory)
        headers = answer.without("content-length").headers | ({} if answer.status == 204 else _length(answer))
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        await send({"type": "http.response.body", "body": answer.body})

    return planted


def _length(answer: Answer) -> dict[str, str]:
    return {"content-length": str(len(answer.body))}


def _remember(memory: Memory, request: Request, answer: Answer) -> None:
    if answer.status == 200:
        memory.token = request.headers.get("authorization", memory.token)
        if re.search(SUPPLIERS, request.path) and (suppliers := json.loads(answer.body)):
            memory.supplier_id = suppliers[0]["id"]


async def _request(scope: Any, receive: Any) -> Request:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Request(scope["method"], scope["path"], scope["query_string"].decode("latin-1"), headers, body)


async def _ask(app: Any, scope: Any, request: Request) -> Answer:
    messages = [{"type": "http.request", "body": request.body, "more_body": False}, {"type": "http.disconnect"}]
    start: dict[str, Any] = {}
    body = b""

    async def receive() -> Any:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    async def send(message: Any) -> None:
        nonlocal start, body
        if message["type"] == "http.response.start":
            start = message
        else:
            body += message.get("body", b"")

    changed = {
        "method": request.method,
        "path": request.path,
        "query_string": request.query.encode("latin-1"),
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()],
    }
    if request.path != scope["path"]:
        changed["raw_path"] = request.path.encode()
    await app(scope | changed, receive, send)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, body)


def _items(path: str, alter: Callable[[dict[str, Any]], object]) -> Callable[[Request, Answer, Memory], Answer]:
    """Alter every item of every list that is answered with success at a path."""

    def answer(request: Request, answer: Answer, _: Memory) -> Answer:
        if answer.status != 200 or not re.search(path, request.path):
            return answer
        items = json.loads(answer.body)
        for item in items:
            alter(item)
        return replace(answer, body=json.dumps(items).encode())

    return answer


def _successes(path: str, alter: Callable[[Answer], Answer]) -> Callable[[Request, Answer, Memory], Answer]:
    """Alter every answer with success at a path."""
    return lambda asked, answer, _: alter(answer) if answer.status == 200 and re.search(path, asked.path) else answer


def _crash(asked: Request, answer: Answer, _: Memory) -> Answer:
    if answer.status == 200 and asked.parameter("page_size") == "1":
        return Answer(500, {"content-type": "text/plain"}, b"Internal Server Error")
    return answer


def _crash_on_odd_id(asked: Request, answer: Answer, _: Memory) -> Answer:
    if answer.status == 404 and re.search(SUPPLIER, asked.path) and not re.search("/supl[A-Z0-9]{26}$", asked.path):
        return Answer(500, {"content-type": "text/plain"}, b"Internal Server Error")
    return answer


def _first_for_odd_id(asked: Request, memory: Memory) -> Request:
    if asked.method == "GET" and re.search(SUPPLIER, asked.path) and not re.search("/supl[A-Z0-9]{26}$", asked.path):
        return replace(asked, path=asked.path.rpartition("/")[0] + f"/{memory.supplier_id}")
    return asked


def _sign_everybody_in(asked: Request, memory: Memory) -> Request:
    return replace(asked, headers=asked.headers | {"authorization": memory.token}) if memory.token else asked


def _clamp(asked: Request, _: Memory) -> Request:
    size = asked.parameter("page_size")
    if not re.fullmatch(r"-?\d{1,9}", size) or 1 <= int(size) <= 100:
        return asked
    return asked.with_parameter("page_size", "100" if int(size) > 100 else "1")


def _refuse_the_most(asked: Request, _: Memory) -> Request:
    return asked.with_parameter("page_size", "101") if asked.parameter("page_size") == "100" else asked


BUGS = (
    Bug("server-error", "not_a_server_error", ("get-suppliers",), answer=_crash),
    Bug(
        "missing-property",
        "response_schema_conformance",
        ("get-suppliers",),
        answer=_items(SUPPLIERS, lambda item: item.pop("name")),
    ),
    Bug(
        "wrong-type",
        "response_schema_conformance",
        ("get-suppliers",),
        answer=_items(SUPPLIERS, lambda item: item.update(highlighted="yes")),
    ),
    Bug(
        "null",
        "response_schema_conformance",
        ("get-suppliers",),
        answer=_items(SUPPLIERS, lambda item: item.update(name=None)),
    ),
    Bug(
        "not-in-enum",
        "response_schema_conformance",
        ("get-tariffs",),
        answer=_items(TARIFFS, lambda item: item.update(type="FREE")),
    ),
    Bug(
        "bad-date-time",
        "response_schema_conformance",
        ("get-tariffs", "get-tariff-prices"),
        answer=_items(PRICES, lambda item: item.update(started_at="yesterday at noon")),
        phases="examples,coverage,stateful",
    ),
    Bug(
        "undeclared-status",
        "status_code_conformance",
        ("get-suppliers",),
        answer=_successes(SUPPLIERS, lambda answer: replace(answer, status=203)),
    ),
    Bug(
        "wrong-content-type",
        "content_type_conformance",
        ("get-suppliers",),
        answer=_successes(SUPPLIERS, lambda answer: answer.with_header("content-type", "text/html")),
    ),
    Bug(
        "broken-json",
        "response_schema_conformance",
        ("get-suppliers",),
        answer=_successes(SUPPLIERS, lambda answer: replace(answer, body=answer.body[:-1])),
    ),
    Bug(
        "missing-header",
        "response_headers_conformance",
        ("get-suppliers",),
        answer=_successes(SUPPLIERS, lambda answer: answer.without("link")),
    ),
    Bug(
        "header-of-wrong-type",
        "response_headers_conformance",
        ("get-suppliers",),
        answer=_successes(SUPPLIERS, lambda answer: answer.with_header("x-ratelimit-limit", "many")),
    ),
    Bug("no-authentication", "ignored_auth", ("get-suppliers",), request=_sign_everybody_in),
    Bug("page-size-not-limited", "negative_data_rejection", ("get-suppliers",), request=_clamp),
    Bug("page-size-refused", "positive_data_acceptance", ("get-suppliers",), request=_refuse_the_most),
    Bug(
        "id-pattern-ignored",
        "negative_data_rejection",
        ("get-suppliers", "get-suppliers-supplier_id"),
        request=_first_for_odd_id,
    ),
    Bug("id-pattern-crashes", "not_a_server_error", ("get-suppliers-supplier_id",), answer=_crash_on_odd_id),
    Bug(
        "method-without-allow",
        "unsupported_method",
        ("get-suppliers",),
        answer=lambda _, answer, __: answer.without("allow"),
    ),
    Bug(
        "method-answered",
        "unsupported_method",
        ("get-suppliers",),
        request=lambda asked, _: replace(asked, method="GET"),
    ),
    Bug(
        "listed-item-missing",
        "listed_items_can_be_read",
        ("get-suppliers", "get-suppliers-supplier_id"),
        answer=_items(SUPPLIERS, lambda item: item.update(id=ABSENT_ID)),
        phases="examples,coverage,stateful",
    ),
)
