"""The mock as a test sees it: the value of the fixture `gridmock`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from mockserver.defects import Broken, chosen
from mockserver.http.api import MountedApi
from mockserver.settings import Settings
from mockserver.testing import calls
from mockserver.testing.calls import ANYTHING, Call, MockJournal, UnknownName, Wanted
from mockserver.testing.control import Control, MockClock, MockWebhooks, OrderedFault, Refused
from mockserver.testing.in_process import Beginning, InProcessMock
from mockserver.testing.serving import ThreadedServer

JOURNAL_SIZE = 10_000


class Gridmock:
    """A mock that serves on a free port of this machine, from `with` on to its end.

    It runs in a thread of this process with an event loop of its own, so tests may be synchronous or not.
    """

    def __init__(self, apis: Sequence[str] = (), beginning: Beginning | None = None) -> None:
        """Serve these APIs, or all; raises what `mockserver.app.selected` and `load_specs` raise."""
        self._beginning = beginning or Beginning()
        begun = self._beginning
        self._mock = InProcessMock(
            Settings(
                seed=begun.seed,
                world=begun.world,
                at=begun.at,
                speed=begun.speed,
                apis=tuple(apis),
                journal_size=JOURNAL_SIZE,
            )
        )
        runtime = self._mock.runtime
        self._broken = Broken(self._mock.app, outbox=runtime.outbox)
        self._server = ThreadedServer(self._broken, runtime.scheduler.run)
        self.control = Control(self._mock, self._server)
        """The whole control plane: `gridmock.control("GET", "/users")` gives the people of the world."""
        self.clock = MockClock(self.control)
        self.journal = MockJournal(self.control, runtime.apis)
        self.webhooks = MockWebhooks(self.control)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def url(self, api: str) -> str:
        """The base URL of an API, without a slash at its end; UnknownName for one that is not served."""
        return self._server.origin + self._api(api).base_path

    def token(
        self,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        lifetime_s: int | None = None,
        user_id: str | None = None,
    ) -> str:
        """A bearer token of an application, by its client id, or of the first that may call the API of that name.

        Ready-made ones never expire and have every scope of their application; one with other scopes, a lifetime on the
        mock's clock, or of a user is issued anew. Raises UnknownName, or Refused for scopes that the application lacks.
        """
        client_id = self._client_id(name)
        wishes = {"scopes": scopes and [*scopes], "lifetime_s": lifetime_s, "user_id": user_id}
        body = _given(wishes)
        ready = self._mock.token_of(client_id)
        if ready is not None and not body:
            return ready
        return str(self.control("POST", f"/applications/{client_id}/tokens", body)["access_token"])

    def reset(self, beginning: Beginning | None = None) -> None:
        """Forget all that clients wrote or caused, calls and faults too, and begin again where the test began.

        With a beginning, begin there now and from then on.
        """
        self._beginning = beginning or self._beginning
        self._server.run(self._mock.begin(self._beginning))

    def assert_called(
        self,
        operation_id: str,
        *,
        times: int | None = None,
        api: str | None = None,
        status: int | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ANYTHING,
    ) -> list[Call]:
        """The calls to an operation that fit, oldest first; AssertionError unless there are any, or exactly `times`.

        `query` and `headers` may be part of what was sent, `json` is the whole body.
        """
        __tracebackhide__ = True
        return calls.assert_called(self.journal, Wanted(operation_id, api, status, query, headers, json), times)

    def assert_not_called(
        self,
        operation_id: str | None = None,
        *,
        api: str | None = None,
        status: int | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = ANYTHING,
    ) -> None:
        """AssertionError, with the calls, if there are any to the operation, or to any of the mock, that fit."""
        __tracebackhide__ = True
        calls.assert_not_called(self.journal, Wanted(operation_id, api, status, query, headers, json))

    def fault(
        self,
        *,
        operation_id: str | None = None,
        api: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | None = None,
        title: str | None = None,
        detail: str | None = None,
        retry_after_s: int | None = None,
        delay_ms: int | None = None,
        disconnect: bool = False,
        times: int | None = None,
        probability: float = 1.0,
    ) -> OrderedFault:
        """Have requests that fit fail: the next `times` of them, or for as long as the fault stands.

        They get `status` (and what goes with it), or their answer late by `delay_ms` of real time, or with `disconnect`
        none. A path may hold `*`. Raises Refused for what cannot be ordered, UnknownName for a name that is not
        there.
        """
        self.journal.check(operation_id, api)
        fits = {"operation_id": operation_id, "api": api, "method": method, "path": path}
        answer = {"status": status, "title": title, "detail": detail, "retry_after_s": retry_after_s}
        action = _given(answer | {"delay_ms": delay_ms, "disconnect": disconnect or None})
        if sum(name in action for name in ("status", "delay_ms", "disconnect")) != 1:
            raise Refused("say what is to happen: one of status=503, delay_ms=3000 and disconnect=True")
        body = {"match": _given(fits), "action": action, **_given({"times": times, "probability": probability})}
        return OrderedFault(self.control, self.control("POST", "/faults", body)["fault_id"])

    @contextmanager
    def defect(self, *names: str) -> Iterator[None]:
        """Be wrong in these ways, `NAME` or `NAME@OPERATION` of `gridmock serve --break ?`, as long as `with` lasts.

        Raises `mockserver.defects.UnknownDefect`.
        """
        if not self._broken.contracts:
            self._broken.follow(self._mock.runtime)
        mine = chosen(names, self._broken.contracts)
        self._broken.plant(*mine)
        try:
            yield
        finally:
            others = [each for each in self._broken.planted if not any(each is one for one in mine)]
            self._broken.take_back()
            if others:
                self._broken.plant(*others)

    def _api(self, name: str) -> MountedApi:
        apis = {mounted.api.name: mounted for mounted in self._mock.runtime.apis}
        if name not in apis:
            raise UnknownName("API", name, [*apis])
        return apis[name]

    def _client_id(self, name: str) -> str:
        """The application that is meant by its own name or an API's."""
        applications = [row["client_id"] for row in self.control("GET", "/applications")]
        if name in applications:
            return name
        apis = {mounted.api.name: mounted.spec.scopes for mounted in self._mock.runtime.apis if mounted.spec.scopes}
        if name not in apis:
            raise UnknownName("API with tokens, or application,", name, [*apis, *applications])
        tokens = self._mock.runtime.ready.tokens or {}
        return next(str(grant["client_id"]) for grant in tokens.values() if {*grant["scopes"]} & {*apis[name]})


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
