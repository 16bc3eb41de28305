"""What the three small servers share: they read their own contract, refuse what it does not allow, and speak ASGI.

    Server.answer -> serve -> route, identify, read -> handlers[label](request) -> Reply
                           `- Refusal -> refused                                      `- finished

Each of these is a method that a defect or a trap may replace, and so is each handler.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs

import jsonschema_rs
import orjson
import yaml

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Request:
    """What is asked; header names are lower case. What comes behind `body` is known after routing and reading."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes
    label: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    content: Any = None
    caller: str = ""

    @property
    def origin(self) -> str:
        """Scheme and authority that the client used."""
        return f"http://{self.headers.get('host', '127.0.0.1')}"


@dataclass
class Reply:
    """What is answered, after a delay if need be; content is JSON values, or a text of another media type."""

    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    delay_s: float = 0.0


class Refusal(Exception):
    """A request that gets an error instead of what it asked for; `member` is what is wrong in it, if it is one."""

    def __init__(self, status: int, message: str, member: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.member, self.headers = status, message, member, dict(headers or {})


class HangUp(Exception):
    """The connection is to be cut without an answer."""


class Planted(Protocol):
    """A defect or a trap, that changes a server when it is made."""

    @property
    def plant(self) -> Callable[[Any], None]: ...


Handler = Callable[[Request], Reply]


@dataclass(frozen=True)
class Parameter:
    """One parameter of an operation, with the type that its text is read as."""

    name: str
    where: str
    required: bool
    type: str
    validator: Any

    def read(self, text: str) -> Any:
        """The value in a text; raises ValueError if it is not valid."""
        value: Any = text
        if self.type == "integer":
            if not re.fullmatch(r"-?[0-9]{1,18}", text):
                raise ValueError("is no integer")
            value = int(text)
        for error in self.validator.iter_errors(value):
            raise ValueError(error.message)
        return value


@dataclass(frozen=True)
class Operation:
    """One operation of a contract, compiled."""

    label: str
    name: str
    path: re.Pattern[str]
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Any]
    body_required: bool
    scopes: frozenset[str] | None
    produces: tuple[str, ...]

    @property
    def method(self) -> str:
        return self.label.partition(" ")[0]


class Server:
    """One small server; what is planted changes it before its first request."""

    contract: ClassVar[Path]
    invalid: ClassVar[int] = 400

    def __init__(self, *planted: Planted) -> None:
        self.operations = operations(self.contract)
        self.handlers: dict[str, Handler] = {one.label: getattr(self, one.name) for one in self.operations}
        self.calls = 0
        self.writes = 0
        self.clock = time.monotonic
        for one in planted:
            one.plant(self)
        self.furnish()

    def furnish(self) -> None:
        """Put in what there is from the beginning."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        request = Request(scope["method"], scope["path"], query, headers, body)
        try:
            reply = self.answer(request)
        except HangUp:
            scope["extensions"]["gridmock.abort"]()
            return
        await asyncio.sleep(reply.delay_s)
        body, headers = self.wire(request, reply)
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    def answer(self, request: Request) -> Reply:
        """The whole way of a request."""
        self.calls += 1
        try:
            reply = self.serve(request)
        except Refusal as refusal:
            reply = self.refused(refusal)
        return self.finished(request, reply)

    def serve(self, request: Request) -> Reply:
        """The answer to a request; raises Refusal."""
        operation = self.route(request)
        request.label = operation.label
        self.identify(request, operation)
        self.read(request, operation)
        return self.handlers[operation.label](request)

    def route(self, request: Request) -> Operation:
        """The operation that is asked for, with its path parameters among the values of the request as texts."""
        there = [(one, match) for one in self.operations if (match := one.path.fullmatch(request.path))]
        if not there:
            raise Refusal(404, "there is nothing at this path")
        for operation, match in there:
            if operation.method == request.method:
                request.values = match.groupdict()
                return operation
        raise Refusal(405, "this method is not for this path", headers={"Allow": allowed(one for one, _ in there)})

    def identify(self, request: Request, operation: Operation) -> None:
        """Set the caller; raises Refusal with 401 or 403."""
        if operation.scopes is None:
            return
        request.caller = self.caller(request)
        if not operation.scopes <= self.scopes(request):
            raise Refusal(403, f"this takes {' '.join(operation.scopes)}")

    def caller(self, request: Request) -> str:
        """Who asks; raises Refusal with 401."""
        raise NotImplementedError

    def scopes(self, request: Request) -> frozenset[str]:
        """What the caller may do."""
        return frozenset()

    def read(self, request: Request, operation: Operation) -> None:
        """Read parameters and body; raises Refusal."""
        for one in operation.parameters:
            self.read_parameter(request, one)
        if operation.bodies:
            request.content = self.read_body(request, operation)

    def read_parameter(self, request: Request, parameter: Parameter) -> None:
        name = parameter.name
        if parameter.where == "path":
            try:
                request.values[name] = parameter.read(request.values[name])
            except ValueError as error:
                raise Refusal(404, "there is no such thing") from error
            return
        header = request.headers.get(name.lower())
        texts = request.query.get(name, []) if parameter.where == "query" else [] if header is None else [header]
        try:
            if len(texts) > 1 or (parameter.required and not texts):
                raise ValueError("is wanted once")
            request.values[name] = parameter.read(texts[0]) if texts else None
        except ValueError as error:
            raise Refusal(self.invalid, f"{name}: {error}", name) from error

    def read_body(self, request: Request, operation: Operation) -> Any:
        """The JSON values in a body."""
        if not request.body and not operation.body_required:
            return None
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in operation.bodies:
            raise Refusal(415, f"send {' or '.join(operation.bodies)}")
        try:
            content = orjson.loads(request.body)
        except orjson.JSONDecodeError as error:
            raise Refusal(400, "the body is no JSON") from error
        for error in operation.bodies[media_type].iter_errors(content):
            member = ".".join(map(str, error.instance_path))
            raise Refusal(self.invalid, f"{member or 'the body'}: {error.message}", member)
        return content

    def refused(self, refusal: Refusal) -> Reply:
        """How this server says that something is wrong."""
        raise NotImplementedError

    def finished(self, request: Request, reply: Reply) -> Reply:
        """What is added to every answer."""
        return reply

    def now(self) -> str:
        """The time of a write: one second after the one before, so that the same requests give the same bytes."""
        self.writes += 1
        return (BEGIN + timedelta(seconds=self.writes)).isoformat().replace("+00:00", "Z")

    def wire(self, request: Request, reply: Reply) -> tuple[bytes, dict[str, str]]:
        """Body and headers as they are sent."""
        if reply.content is None:
            return b"", reply.headers
        json = reply.media_type.partition(";")[0].endswith("json")
        body = orjson.dumps(reply.content) if json else reply.content.encode()
        headers = {"Content-Type": reply.media_type, "Content-Length": str(len(body)), **reply.headers}
        return b"" if request.method == "HEAD" else body, headers


def ok(thing: Any, **headers: str) -> Reply:
    """200 with a copy of a thing."""
    return Reply(200, deepcopy(thing), headers)


def allowed(there: Iterable[Operation]) -> str:
    """The value of Allow for the operations of a path."""
    return ", ".join(dict.fromkeys(one.method for one in there))


def sorted_by(things: Iterable[dict[str, Any]], member: str) -> list[dict[str, Any]]:
    """The things by a member; a minus makes it descending."""
    return sorted(things, key=lambda thing: thing[member.lstrip("-")], reverse=member.startswith("-"))


def instant(text: str) -> datetime:
    """The time in a text; raises ValueError for what Python has no time for, such as leap seconds."""
    return datetime.fromisoformat(text.upper())


@cache
def operations(contract: Path) -> tuple[Operation, ...]:
    """The operations of a contract, compiled."""
    return tuple(_operations(yaml.safe_load(contract.read_text("utf-8"))))


def _operations(document: Any) -> Iterator[Operation]:
    components = _modern(document["components"])

    def validator(schema: Any) -> Any:
        return jsonschema_rs.Draft202012Validator({**_modern(schema), "components": components}, validate_formats=True)

    def found(value: Any) -> Any:
        if "$ref" not in value:
            return value
        target = document
        for token in value["$ref"].split("/")[1:]:
            target = target[token]
        return target

    for path, item in document["paths"].items():
        pattern = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", path))
        for method in METHODS:
            if method not in item:
                continue
            told = item[method]
            body = found(told.get("requestBody", {}))
            security = told.get("security", document["security"])
            success = found(next(value for status, value in told["responses"].items() if status.startswith("2")))
            yield Operation(
                label=f"{method.upper()} {path}",
                name=re.sub("(?=[A-Z])|-", "_", told["operationId"]).lower(),
                path=pattern,
                parameters=tuple(
                    Parameter(
                        one["name"],
                        one["in"],
                        one.get("required", False),
                        found(one["schema"]).get("type", "string"),
                        validator(one["schema"]),
                    )
                    for one in map(found, [*item.get("parameters", []), *told.get("parameters", [])])
                ),
                bodies={name: validator(one["schema"]) for name, one in body.get("content", {}).items()},
                body_required=body.get("required", False),
                scopes=frozenset(next(iter(security[0].values()))) if security else None,
                produces=tuple(success.get("content", {})),
            )


def _modern(schema: Any) -> Any:
    """A schema of OpenAPI 3.0 as JSON Schema: `nullable` becomes a type."""
    if isinstance(schema, list):
        return [_modern(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    modern = {name: _modern(one) for name, one in schema.items() if name != "nullable"}
    if schema.get("nullable") is True:
        modern["type"] = [schema["type"], "null"]
    return modern
