"""What a test does to a mock that runs: its control plane, called in the event loop that serves.

No HTTP client is used, so nothing that a test suite does to clients (recording, patching, forbidding) is in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import orjson

from mockserver.clock import timestamp
from mockserver.testing.asgi import Response, call
from mockserver.testing.in_process import InProcessMock
from mockserver.testing.serving import ThreadedServer

BASE_PATH = "/_mock"
_MOST = 1000


class Refused(ValueError):
    """What the control plane does not do; the message says why."""


class Control:
    """The control plane of a mock in this process."""

    def __init__(self, mock: InProcessMock, server: ThreadedServer) -> None:
        self._mock = mock
        self._server = server

    def __call__(self, method: str, path: str, json: Any = None, **query: Any) -> Any:
        """The answer of an operation of the control plane as JSON values; query parameters that are None are left out.

        Raises Refused in the words of the answer.
        """
        words = urlencode({name: value for name, value in query.items() if value is not None})
        headers = [(b"host", b"localhost")]
        body = b"" if json is None else orjson.dumps(json)
        if body:
            headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        target = f"{BASE_PATH}{path}?{words}" if words else f"{BASE_PATH}{path}"
        response = self._server.run(call(self._mock.app, method, target.encode(), headers, (body,)))
        if response.status >= 400:
            raise Refused(_reasons(response))
        return response.json() if response.body else None

    def pages(self, path: str, id_name: str, **query: Any) -> list[dict[str, Any]]:
        """All that a list of the control plane holds, oldest first."""
        found: list[dict[str, Any]] = []
        while page := self("GET", path, limit=_MOST, before=found[-1][id_name] if found else None, **query):
            found += page
        return found[::-1]

    def settle(self) -> None:
        """Have everything done that is due by the clock; gives up on receivers that hang after ten seconds."""
        self._server.run(self._mock.runtime.scheduler.settle())


def _reasons(response: Response) -> str:
    problem = response.json()
    fields = [f"{name}: {text}" for name, texts in problem.get("field_errors", {}).items() for text in texts]
    return "; ".join(fields) or str(problem.get("detail", problem))


class MockClock:
    """The clock that all APIs of the mock share. What falls due by a move has happened when the call returns."""

    def __init__(self, control: Control) -> None:
        self._control = control

    @property
    def now(self) -> datetime:
        """The virtual time, aware, in UTC."""
        return datetime.fromisoformat(self._control("GET", "/clock")["now"])

    def set(self, at: datetime) -> None:
        """Jump to an aware time from 1970 to 2200, forwards or backwards; Refused otherwise."""
        self._control("PUT", "/clock", {"now": _wire(at)})

    def advance(self, duration: timedelta | float) -> None:
        """Move by a duration, or by so many seconds; negative is backwards. Refused outside 1970 to 2200."""
        seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
        self._control("POST", "/clock/advance", {"duration_s": seconds})

    def freeze(self, at: datetime | None = None) -> None:
        """Stand still, at an aware time or at now."""
        self._control("POST", "/clock/freeze", None if at is None else {"now": _wire(at)})

    def run(self, speed: float = 1.0) -> None:
        """Go on from now at so many virtual seconds a second; Refused below 0 and above 1 000 000."""
        self._control("POST", "/clock/run", {"speed": speed})


def _wire(at: datetime) -> str:
    if at.tzinfo is None:
        raise Refused(f"{at.isoformat()} has no time zone: give one, such as tzinfo=datetime.UTC")
    return timestamp(at)


class OrderedFault:
    """A failure in force until it is withdrawn, has happened as often as ordered, or the mock is reset.

    As a context manager it is withdrawn at the end of `with`.
    """

    def __init__(self, control: Control, fault_id: str) -> None:
        self._control = control
        self.fault_id = fault_id

    @property
    def hits(self) -> int:
        """How many requests it has hit."""
        return next((row["hits"] for row in self._control("GET", "/faults") if row["fault_id"] == self.fault_id), 0)

    def withdraw(self) -> None:
        """End it, if it is still in force."""
        with suppress(Refused):
            self._control("DELETE", f"/faults/{self.fault_id}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.withdraw()


class MockWebhooks:
    """What the mock sends to its clients."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def deliveries(
        self, *, topic: str | None = None, status: str | None = None, client_id: str | None = None
    ) -> list[Mapping[str, Any]]:
        """Deliveries that fit, oldest first, as the control plane shows them; what is due has been tried before.

        Each has `topic`, `url`, `body`, `status` (`delivered`, `pending`, ...) and `attempts`.
        """
        self._control.settle()
        return [
            *self._control.pages("/webhooks/deliveries", "delivery_id", topic=topic, status=status, client_id=client_id)
        ]

    def retry(self, delivery_id: str) -> None:
        """Send once more, now, and wait for the answer; Refused when a newer one follows or its subject is over."""
        self._control("POST", f"/webhooks/deliveries/{delivery_id}/retry")
        self._control.settle()
