"""Every exchange of an HTTP client held against a contract while a test runs.

It goes by what the clients offer for it: a mounted adapter of `requests`, event hooks of `httpx`.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from contract_tests.credentials import NOBODY
from contract_tests.exchange import shown
from contract_tests.traffic import messages, words
from contract_tests.traffic.judge import Judge
from contract_tests.traffic.recorded import Part, Recorded, Verdict
from contract_tests.traffic.secrets import Censor
from contract_tests.traffic.tally import Tally

if TYPE_CHECKING:
    from httpx import AsyncClient, Client, Response
    from requests import PreparedRequest, Session
    from requests import Response as Answer

_STREAM = "text/event-stream"
_INSIDE = {__name__, "requests", "httpx"}


class ContractViolation(AssertionError):
    """An exchange that its contract does not allow; the message has operation, rule, place and a curl line."""

    def end_at_the_call(self) -> None:
        """Have the traceback end where a client was called, and not deep inside of it."""
        trace = self.__traceback__
        while trace and (inner := trace.tb_next):
            name = str(inner.tb_frame.f_globals.get("__name__", ""))
            if {name, name.partition(".")[0]} & _INSIDE:
                trace.tb_next = None
            trace = trace.tb_next


class Watch:
    """Judges the exchanges of the clients that are given to it, until they are released.

    A violation is raised where the call is made, unless it is `late`, and stays among the `violations`; what is not
    below the base URL is not looked at, and neither are requests that were refused with 4xx, as they should be.
    """

    def __init__(self, judge: Judge, base_url: str, *, late: bool = False) -> None:
        """Raise violations at the call, or with `late` not at all: whoever asks for what is `untold` has to."""
        self.violations: list[str] = []
        """What was wrong since the beginning or the last `untold`, a block of lines each."""
        self._judge = judge
        self._base_url = base_url
        self._late = late
        self._tally = Tally(judge.contract)
        self._lock = threading.Lock()
        self._censor = Censor(judge.contract)
        self._clients = ExitStack()

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
            self._clients.callback(watched.mount, prefix, sender)
        return watched

    def httpx(self, client: Client | None = None) -> Client:
        """A client of httpx, the one given or a new one, all of whose exchanges are judged."""
        from httpx import Client

        watched = Client() if client is None else client

        def see(response: Response) -> None:
            __tracebackhide__ = True
            unread = _unread(response.headers)
            if not unread:
                response.read()
            self.see(_of_httpx(response, unread))

        self._hook(watched, see)
        return watched

    def httpx_async(self, client: AsyncClient | None = None) -> AsyncClient:
        """An asynchronous client of httpx, the one given or a new one, all of whose exchanges are judged."""
        from httpx import AsyncClient

        watched = AsyncClient() if client is None else client

        async def see(response: Response) -> None:
            __tracebackhide__ = True
            unread = _unread(response.headers)
            if not unread:
                await response.aread()
            self.see(_of_httpx(response, unread))

        self._hook(watched, see)
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

    def untold(self) -> list[str]:
        """What was wrong, each kind once; it is forgotten with that."""
        with self._lock:
            found = [*dict.fromkeys(self.violations)]
            self.violations.clear()
        return found

    def in_vain(self) -> list[str]:
        """That nothing was judged although the clients were at work, in words; else nothing."""
        seen = self._tally
        if not seen.elsewhere or seen.operations or seen.unknown:
            return []
        return [f"None of {seen.elsewhere} exchanges was below {self._base_url}: nothing was judged."]

    def release(self) -> None:
        """Leave the clients as they were; of several watches of the same client, the last one goes first."""
        self._clients.close()

    def _words(self, exchange: Recorded, verdict: Verdict) -> list[str]:
        contract = self._judge.contract
        if verdict.unknown:
            near = difflib.get_close_matches(verdict.unknown, [*contract.operations], n=3, cutoff=0.5)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            masked, secrets = self._censor.masked(exchange)
            lines = (
                f"{shown(verdict.unknown, secrets)} is no operation of {contract.path}{hint}",
                f"    contract  {contract.where(contract.place('paths'))}",
                f"    came      {masked.exchange('').outcome(NOBODY)}",
            )
            return ["\n".join(lines)]
        # A tally of its own: the words of an exchange are its own, also for what was seen before.
        causes = Tally(contract).add(exchange, verdict, "") if verdict.violations else []
        return ["\n".join(words.block(cause, times=False)) for cause in causes]

    def _hook(self, client: Any, see: Any) -> None:
        hooks = client.event_hooks
        client.event_hooks = {**hooks, "response": [*hooks["response"], see]}

        def unhook() -> None:
            left = [hook for hook in client.event_hooks["response"] if hook is not see]
            client.event_hooks = {**client.event_hooks, "response": left}

        self._clients.callback(unhook)


def _unread(headers: Mapping[str, str]) -> str:
    """Why the body of an answer is left to the client, or an empty text; it may be without end, or large."""
    media_type = messages.media_type(headers)
    if media_type == _STREAM:
        return "it is streamed"
    return "" if messages.is_readable(media_type) else f"{media_type} is not read"


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


def _of_httpx(response: Response, left: str) -> Recorded:
    from httpx import RequestNotRead

    request = response.request
    unread: dict[Part, str] = {"response body": left} if left else {}
    try:
        sent: bytes | None = request.content or None
    except RequestNotRead:
        sent, unread["request body"] = None, "it was streamed"
    return Recorded(
        method=request.method,
        url=str(request.url),
        request_headers=dict(request.headers),
        request_body=sent,
        status=response.status_code,
        response_headers=dict(response.headers),
        response_body=None if left else response.content or None,
        unread=unread,
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
