"""Sends the requests of laws, and records each with its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.pace import BUSY, PAUSE_S, Pace, retry_after_s
from contract_tests.plan import Conduct

_TIMEOUT_S = 10.0
_POLITE = Conduct()
_IDEMPOTENT = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}


class Client:
    """Calls the operations of one target with the headers for each; redirects are answers.

    `barred` says why a method and path may not be sent, `heed` raises KeyboardInterrupt when the run is to stop.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        conduct: Conduct = _POLITE,
        barred: Callable[[str], str] = lambda _: "",
        heed: Callable[[], None] = lambda: None,
    ) -> None:
        self._conduct = conduct
        self._barred = barred
        self._heed = heed
        self._clearing_up = False
        self._pace = Pace(conduct.rate_per_s)
        # Operations that were lost or busy to the last retry: pausing for them again would cost, and gain nothing.
        self._given_up: set[str] = set()
        self._url = url
        self._credentials = credentials
        self._session = requests.Session()
        self._sent: list[Exchange] = []
        self._now: datetime | None = None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def now(self) -> datetime:
        """The target's own time, to the second, as its last answer said it in `Date`; else this machine's."""
        if self._now is None:
            self._send("GET", self._url + "/", self._headers(""), None)
        return self._now or datetime.now(UTC).replace(microsecond=0)

    def taken(self) -> list[Exchange]:
        """The exchanges since somebody last took them, in order."""
        sent, self._sent = self._sent, []
        return sent

    def call(
        self,
        operation: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any],
        headers: Mapping[str, str | None],
        body: Any,
        method: str = "",
    ) -> Exchange:
        """Call an operation, with a body as JSON or as it is if it is bytes; status 0 where no answer came.

        Headers go before our own, and take them away where they are None; so does a method before the operation's.
        """
        declared, _, template = operation.partition(" ")
        if not self._clearing_up:
            self._heed()
        if reason := self._barred(f"{method} {template}" if method else operation):
            raise NotPlayed(reason)
        for name, value in path.items():
            template = template.replace(f"{{{name}}}", quote(value, safe=""))
        url = self._url + template + (f"?{urlencode(query)}" if query else "")
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        implied = {} if content is None else {"Content-Type": "application/json"}
        merged: CaseInsensitiveDict[str | None] = CaseInsensitiveDict({**self._headers(operation), **implied})
        for name, given in headers.items():
            merged.pop(name, None)
            merged[name] = given
        sent = {name: given for name, given in merged.items() if given is not None}
        return self._exchange(operation, method or declared, url, sent, content)

    def follow(self, operation: str, link: str) -> Exchange:
        """GET what a link leads to, at the target whatever host the link names, so that no credentials leave it."""
        parts, own = urlsplit(link), urlsplit(self._url)
        url = parts._replace(scheme=own.scheme, netloc=own.netloc, fragment="").geturl()
        return self._exchange(operation, "GET", url, self._headers(operation), None)

    def _headers(self, operation: str) -> dict[str, str]:
        return {"User-Agent": "gridmock-check", **self._credentials.headers_at(operation)}

    def _exchange(
        self, operation: str, method: str, url: str, sent: Mapping[str, str], content: bytes | None
    ) -> Exchange:
        answer = self._send(method, url, sent, content)
        for attempt in range(self._conduct.retries):
            wait_s = self._asked_for(answer)
            if wait_s is None and operation not in self._given_up and self._is_worth_it(method, sent, answer):
                wait_s = PAUSE_S * 2**attempt
            if wait_s is None:
                break
            time.sleep(wait_s)
            answer = self._send(method, url, sent, content)
        if answer is None or answer.status_code in BUSY:
            self._given_up.add(operation)
        else:
            self._given_up.discard(operation)
        exchange = Exchange(
            operation=operation,
            method=method,
            url=url,
            headers=sent,
            body=content,
            status=0 if answer is None else answer.status_code,
            answer_headers={} if answer is None else {name.lower(): value for name, value in answer.headers.items()},
            answer=b"" if answer is None else answer.content,
            seconds=0.0 if answer is None else answer.elapsed.total_seconds(),
        )
        self._sent.append(exchange)
        return exchange

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.Response | None:
        self._pace.wait()
        try:
            answer = self._session.request(
                method, url, headers=dict(headers), data=body, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            return None
        self._pace.see(answer.headers)
        with suppress(KeyError, ValueError):  # a server without a clock need not say the time (RFC 9110, 6.6.1)
            self._now = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        return answer

    @contextmanager
    def clearing_up(self) -> Iterator[None]:
        """Calls that are made although the run is to stop."""
        self._clearing_up = True
        try:
            yield
        finally:
            self._clearing_up = False

    @staticmethod
    def _asked_for(answer: requests.Response | None) -> float | None:
        """The seconds after which an answer itself asks us to come again."""
        if answer is None or answer.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, *BUSY):
            return None
        return retry_after_s(answer.headers)

    @staticmethod
    def _is_worth_it(method: str, headers: Mapping[str, str], answer: requests.Response | None) -> bool:
        """Whether to send a request again although nothing says when.

        What was lost on the way is repeated only where repeating it does no harm (RFC 9110, 9.2.2).
        """
        if answer is None:
            return method in _IDEMPOTENT or "idempotency-key" in {name.lower() for name in headers}
        return answer.status_code in BUSY
