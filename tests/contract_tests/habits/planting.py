"""How defects and traps are planted in a server of this folder, and how one sees that they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.contract_tests.habits.house import Handler, Reply, Request, Server

Plant = Callable[[Any], None]


@dataclass(frozen=True)
class Answer:
    """What a client gets; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    delay_s: float

    @property
    def content(self) -> Any:
        """The JSON values in the body."""
        return orjson.loads(self.body)


class Client:
    """Asks a server in this process, without a network and without waiting; `headers` go with each request."""

    def __init__(self, server: Server, **headers: str) -> None:
        self.server = server
        self._headers = _named(headers)

    def __call__(self, line: str, content: Any = None, **headers: str | None) -> Answer:
        """The answer to `GET /things?limit=2`; a header that is None is left out, `_` in its name means `-`."""
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        body = b"" if content is None else orjson.dumps(content)
        sent = {"content-type": "application/json", **self._headers, **_named(headers)}
        request = Request(
            method,
            path,
            {name: [value] for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)},
            {name: value for name, value in sent.items() if value is not None},
            body,
        )
        reply = self.server.answer(request)
        answered, there = self.server.wire(request, reply)
        return Answer(reply.status, {name.lower(): value for name, value in there.items()}, answered, reply.delay_s)


def _named(headers: Mapping[str, str | None]) -> dict[str, str | None]:
    return {name.replace("_", "-").lower(): value for name, value in headers.items()}


@dataclass(frozen=True)
class Defect:
    """Something that a server does wrong: the class of laws that it breaks, and a look at it.

    `right` says of a server whether it does what it should, by asking it.
    """

    name: str
    breaks: str
    plant: Plant
    right: Callable[[Client], bool]


@dataclass(frozen=True)
class Trap:
    """Something unusual that a server does and that is right; `odd` says of a server whether it does it.

    `headers` are those of the caller, where it is he who is unusual.
    """

    name: str
    plant: Plant
    odd: Callable[[Client], bool]
    headers: Mapping[str, str] = field(default_factory=dict)


def step(name: str, make: Callable[[Any], Any]) -> Plant:
    """Put another method in the place of one."""
    return lambda server: setattr(server, name, make(getattr(server, name)))


def step_of(name: str, make: Callable[[Any, Any], Any]) -> Plant:
    """Put another method, that needs the server, in the place of one."""
    return lambda server: setattr(server, name, make(server, getattr(server, name)))


def around(label: str, alter: Callable[[Any, Handler, Request], Reply]) -> Plant:
    """Have an operation handled by something that is given the server and the honest handler."""

    def plant(server: Any) -> None:
        honest = server.handlers[label]
        server.handlers[label] = lambda request: alter(server, honest, request)

    return plant


def replies(label: str, change: Callable[[Reply], object]) -> Plant:
    """Change what an operation answers when it succeeds; the reply holds copies only."""

    def alter(_: Any, honest: Handler, request: Request) -> Reply:
        reply = honest(request)
        change(reply)
        return reply

    return around(label, alter)


def contents(label: str, change: Callable[[Any], object]) -> Plant:
    """Change the body of what an operation answers when it succeeds."""
    return replies(label, lambda reply: change(reply.content))


def bodies(label: str, change: Callable[[Any, Request], dict[str, Any]]) -> Plant:
    """Have an operation get another body than was sent."""

    def alter(server: Any, honest: Handler, request: Request) -> Reply:
        request.content = change(server, request)
        return honest(request)

    return around(label, alter)


def refusals(status: int, change: Callable[[Reply], object]) -> Plant:
    """Change how the server refuses with a status."""

    def make(honest: Any) -> Any:
        def refused(refusal: Any) -> Reply:
            reply: Reply = honest(refusal)
            if reply.status == status:
                change(reply)
            return reply

        return refused

    return step("refused", make)


def says_otherwise(reply: Reply) -> None:
    """Turn an error into one of a format that no contract here has."""
    reply.content, reply.media_type = {"message": "that did not work"}, "application/json"


def requests(change: Callable[[Any, Request], object]) -> Plant:
    """Change every request before anything is made of it."""

    def make(server: Any, honest: Any) -> Any:
        def serve(request: Request) -> Reply:
            change(server, request)
            reply: Reply = honest(request)
            return reply

        return serve

    return step_of("serve", make)


def instead(value: Any) -> Callable[[Any], Any]:
    """For `step`: a method that does nothing but give a value."""
    return lambda _: lambda *__, **___: value
