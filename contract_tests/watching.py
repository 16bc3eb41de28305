"""Every exchange of an HTTP client held against a contract while a test runs.

It goes by what the clients offer for it: a mounted adapter of `requests`, event hooks of `httpx`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from contract_tests.traffic import words
from contract_tests.traffic.judge import Judge
from contract_tests.traffic.recorded import Part, Recorded, Verdict
from contract_tests.traffic.tally import Tally

if TYPE_CHECKING:
    from httpx import AsyncClient, Client, Response
    from requests import PreparedRequest, Session
    from requests import Response as Answer

_STREAM = "text/event-stream"


class ContractViolation(AssertionError):
    """An exchange that its contract does not allow; the message has operation, rule, place and a curl line."""


class Watch:
    """Judges the exchanges of the clients that are given to it.

    A violation is raised where the call is made, or by `conclude` if it is `late`; what is not below the base URL is
    not looked at, and neither are requests that were refused with 4xx, as they should be.
    """

    def __init__(self, judge: Judge, base_url: str, *, late: bool = False) -> None:
        """Raise violations at the call, or with `late` only in `conclude`."""
        self.violations: list[str] = []
        """What was wrong so far, a block of lines each."""
        self._judge = judge
        self._base_url = base_url
        self._late = late
        self._tally = Tally(judge.contract)
        self._lock = threading.Lock()

    def requests(self, session: Session | None = None) -> Session:
        """A session of requests, the one given or a new one, all of whose exchanges are judged."""
        from requests import Session
        from requests.adapters import BaseAdapter

        watch = self

        class Watching(BaseAdapter):
            """Sends by another adapter, and has the exchange judged."""

            def __init__(self, sender: BaseAdapter) -> None:
                super().__init__()
                self._sender = sender

            def send(self, request: Any, stream: bool = False, *words: Any, **options: Any) -> Any:
                """See `requests.adapters.BaseAdapter.send`."""
                __tracebackhide__ = True
                response = self._sender.send(request, stream, *words, **options)
                try:
                    watch.see(_of_requests(request, response, stream=stream))
                except ContractViolation:
                    response.close()
                    raise
                return response

            def close(self) -> None:
                """See `requests.adapters.BaseAdapter.close`."""
                self._sender.close()

        watched = Session() if session is None else session
        for prefix, sender in [*watched.adapters.items()]:
            watched.mount(prefix, Watching(sender))
        return watched

    def httpx(self, client: Client | None = None) -> Client:
        """A client of httpx, the one given or a new one, all of whose exchanges are judged."""
        from httpx import Client

        watched = Client() if client is None else client

        def see(response: Response) -> None:
            __tracebackhide__ = True
            if not _is_stream(response.headers):
                response.read()
            self.see(_of_httpx(response))

        _hook(watched, see)
        return watched

    def httpx_async(self, client: AsyncClient | None = None) -> AsyncClient:
        """An asynchronous client of httpx, the one given or a new one, all of whose exchanges are judged."""
        from httpx import AsyncClient

        watched = AsyncClient() if client is None else client

        async def see(response: Response) -> None:
            __tracebackhide__ = True
            if not _is_stream(response.headers):
                await response.aread()
            self.see(_of_httpx(response))

        _hook(watched, see)
        return watched

    def see(self, exchange: Recorded) -> None:
        """Judge an exchange, for clients of other kinds; raises ContractViolation unless it is late."""
        __tracebackhide__ = True
        with self._lock:
            verdict = self._judge.judge(exchange)
            self._tally.add(exchange, verdict, "")
            found = self._words(exchange, verdict)
            self.violations += found
        if found and not self._late:
            raise ContractViolation("\n".join(found))

    def conclude(self) -> None:
        """Raise ContractViolation for what was wrong so far, also if the client took no notice of it."""
        __tracebackhide__ = True
        found = [*dict.fromkeys(self.violations)]
        if self._tally.elsewhere and not (self._tally.operations or self._tally.unknown):
            found.append(f"None of {self._tally.elsewhere} exchanges was below {self._base_url}: nothing was judged.")
        if found:
            raise ContractViolation("\n\n".join(found))

    def _words(self, exchange: Recorded, verdict: Verdict) -> list[str]:
        if verdict.unknown:
            contract = self._judge.contract
            near = difflib.get_close_matches(verdict.unknown, [*contract.operations], n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            return [f"{verdict.unknown} is no operation of {contract.path}{hint}"]
        # A tally of its own: the words of an exchange are its own, also for what was seen before.
        causes = Tally(self._judge.contract).add(exchange, verdict, "") if verdict.violations else []
        return ["\n".join(words.block(cause, times=False)) for cause in causes]


def _hook(client: Any, see: Any) -> None:
    hooks = client.event_hooks
    client.event_hooks = {**hooks, "response": [*hooks["response"], see]}


def _is_stream(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == _STREAM


def _of_requests(request: PreparedRequest, response: Answer, *, stream: bool) -> Recorded:
    unread: dict[Part, str] = {}
    sent = request.body.encode() if isinstance(request.body, str) else request.body
    if not isinstance(sent, bytes | None):
        sent, unread["request body"] = None, "it was streamed"
    if stream:
        unread["response body"] = "it is streamed"
    return Recorded(
        method=request.method or "GET",
        url=request.url or "",
        request_headers={name: _text(value) for name, value in request.headers.items()},
        request_body=sent or None,
        status=response.status_code,
        response_headers=dict(response.headers),
        response_body=None if stream else response.content or None,
        unread=unread,
    )


def _of_httpx(response: Response) -> Recorded:
    from httpx import RequestNotRead

    request = response.request
    unread: dict[Part, str] = {}
    try:
        sent: bytes | None = request.content or None
    except RequestNotRead:
        sent, unread["request body"] = None, "it was streamed"
    if _is_stream(response.headers):
        unread["response body"] = "it is streamed"
    return Recorded(
        method=request.method,
        url=str(request.url),
        request_headers=dict(request.headers),
        request_body=sent,
        status=response.status_code,
        response_headers=dict(response.headers),
        response_body=None if "response body" in unread else response.content or None,
        unread=unread,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
