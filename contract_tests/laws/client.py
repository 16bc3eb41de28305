"""Sends the requests of laws, and records each with its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import requests

from contract_tests.exchange import Exchange

_TIMEOUT_S = 10.0
# Longer than this is a quota rather than a request to slow down.
_PATIENCE_S = 10
_ASKS_FOR_PATIENCE = (429, 503)


class Client:
    """Calls the operations of one target with the same headers; redirects are answers."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._url = url
        self._headers = {"User-Agent": "gridmock-check"} | dict(headers)
        self._session = requests.Session()
        self._now: datetime | None = None

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @property
    def now(self) -> datetime:
        """The target's own time, to the second, as its last answer said it in `Date`; else this machine's."""
        if self._now is None:
            self._send("GET", self._url + "/", dict(self._headers), None)
        return self._now or datetime.now(UTC).replace(microsecond=0)

    def call(
        self,
        operation: str,
        *,
        path: Mapping[str, str],
        query: Mapping[str, Any],
        headers: Mapping[str, str],
        body: Any,
    ) -> Exchange:
        """Call an operation, with a body as JSON or as it is if it is bytes; status 0 where no answer came."""
        method, _, template = operation.partition(" ")
        for name, value in path.items():
            template = template.replace(f"{{{name}}}", quote(value, safe=""))
        url = self._url + template + (f"?{urlencode(query)}" if query else "")
        sent = {**self._headers, **headers}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        answer = self._send(method, url, sent, content)
        if answer is not None and (wait_s := _patience(answer)) is not None:
            time.sleep(wait_s)
            answer = self._send(method, url, sent, content)
        return Exchange(
            operation=operation,
            method=method,
            url=url,
            headers=sent,
            body=content,
            status=0 if answer is None else answer.status_code,
            answer_headers={} if answer is None else {name.lower(): value for name, value in answer.headers.items()},
            answer=b"" if answer is None else answer.content,
        )

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.Response | None:
        try:
            answer = self._session.request(
                method, url, headers=dict(headers), data=body, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException:
            return None
        with suppress(KeyError, ValueError):  # a server without a clock need not say the time (RFC 9110, 6.6.1)
            self._now = parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
        return answer


def _patience(answer: requests.Response) -> int | None:
    """The seconds after which an answer asks us to come again, if they are few."""
    wait = answer.headers.get("Retry-After", "")
    asked = answer.status_code in _ASKS_FOR_PATIENCE and wait.isdecimal() and int(wait) <= _PATIENCE_S
    return int(wait) if asked else None
