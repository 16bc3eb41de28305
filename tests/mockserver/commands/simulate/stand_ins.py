"""What stands in for time, a connection and a server in tests of `gridmock simulate`."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import orjson

from mockserver.commands.simulate.endpoint import Answer, NoAnswer

FINE = Answer(200, "", None)
TOKEN = "sekret-of-the-test"


class FakeTime:
    """Time that passes only where somebody sleeps; remembers for how long."""

    def __init__(self) -> None:
        self.at_s = 0.0
        self.slept_s: list[float] = []

    def now_s(self) -> float:
        return self.at_s

    async def sleep(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)
        for _ in range(10):  # what can be done before is done
            await asyncio.sleep(0)
        self.at_s += duration_s


class FakeSender:
    """A connection whose answers a function decides; an exception is raised. Remembers when it was asked for what."""

    def __init__(self, answer: Callable[[Any], Answer | Exception], time: FakeTime | None = None) -> None:
        self._answer = answer
        self._time = time or FakeTime()
        self.sent: list[Any] = []
        self.sent_at_s: list[float] = []

    async def send(self, verb: str, content: bytes) -> Answer:
        body = orjson.loads(content)
        self.sent.append(body)
        self.sent_at_s.append(self._time.now_s())
        await asyncio.sleep(0)
        answer = self._answer(body)
        if isinstance(answer, Exception):
            raise answer
        return answer


def nobody(_: Any) -> Exception:
    """Answers nothing."""
    return NoAnswer("All connection attempts failed")


Reply = tuple[int, dict[str, Any], dict[str, str]]


class Recorder:
    """An ASGI server that takes `/api/v1/events` from whoever has the token, and a gridmock's `/_mock/clock`.

    `reply` may answer in its place: it is given the number of the request, from 0, and its body.
    """

    def __init__(self, reply: Callable[[int, Any], Reply | None] | None = None) -> None:
        self._reply = reply
        self.requests: list[tuple[str, Any]] = []
        self.raw: dict[str, list[bytes]] = defaultdict(list)
        """Bodies of accepted OCPP events by identity."""
        self.clock: dict[str, Any] = {"now": "2026-03-18T09:30:00Z", "speed": 1.0}
        self.clock_calls: list[dict[str, Any]] = []
        self.busy: set[str] = set()
        self.most_at_once = 0
        self.overlaps: list[str] = []
        """Chargers that sent something before the answer to what they had sent."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content, more = b"", True
        while more:
            message = await receive()
            content += message.get("body", b"")
            more = message.get("more_body", False)
        body = orjson.loads(content) if content else None
        status, answer, headers = await self._answer(scope, body, content)
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        payload = orjson.dumps(answer)
        raw += [(b"content-type", b"application/json"), (b"content-length", str(len(payload)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": payload})

    async def _answer(self, scope: Any, body: Any, content: bytes) -> Reply:
        if scope["path"] == "/_mock/clock":
            if scope["method"] == "PUT":
                self.clock |= body
                self.clock_calls.append(body)
            return 200, self.clock, {}
        if scope["path"] != "/api/v1/events":
            return 404, {"error": "no such path"}, {}
        if dict(scope["headers"]).get(b"authorization") not in (f"Bearer {TOKEN}".encode(), f"Token {TOKEN}".encode()):
            return 401, {"error": f"unknown token {TOKEN[::-1]}"}, {}
        identity = body["ocppIdentity"]
        if identity in self.busy:
            self.overlaps.append(identity)
        self.busy.add(identity)
        self.most_at_once = max(self.most_at_once, len(self.busy))
        number = len(self.requests)
        self.requests.append((scope["method"], body))
        await asyncio.sleep(0)
        self.busy.discard(identity)
        own = self._reply(number, body) if self._reply else None
        if own is not None:
            return own
        if isinstance(body["event"], dict):
            self.raw[identity].append(content)
        return 200, {"status": "accepted"}, {}

    def of(self, charger: str) -> list[Any]:
        """The OCPP events of one charger in the order in which they came."""
        return [
            body for _, body in self.requests if body["ocppIdentity"] == charger and isinstance(body["event"], dict)
        ]
