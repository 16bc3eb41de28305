"""The other side: any server that takes Stekker's `/events`, over connections that are kept."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import orjson

from mockserver.clock import Clock
from mockserver.http.auth import is_loopback

_KEPT_S = 60.0
_RECOGNISABLE = 6
"""Shorter texts would be found all over a message, and are no tokens."""
_LONGEST_MESSAGE = 200
_COMPLAINTS = ("error", "detail", "title", "message")
"""Names of what is wrong in a body: that of Stekker, and those of problem details (RFC 9457) and others."""


class NoAnswer(Exception):
    """There was no answer: no connection, it broke, or it took too long. The message says which."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    message: str
    """What the body says is wrong; empty when it is fine."""
    retry_after_s: float | None

    @property
    def is_fine(self) -> bool:
        """Whether the event was taken; nothing is published about status and body, so any 2xx will do."""
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Endpoint:
    """Where events go: base URL without `/events`, and who sends them."""

    url: str
    token: str | None = field(default=None, repr=False)
    scheme: str = "Bearer"
    timeout_s: float = 10.0

    @property
    def host(self) -> str:
        """The host name in the URL."""
        return urlsplit(self.url).hostname or ""

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def hidden(self, text: str) -> str:
        """A text without the token, should it occur there."""
        return text.replace(self.token, "***") if self.token and len(self.token) >= _RECOGNISABLE else text


class Connection:
    """One kept connection.

    Each has a transport of its own, without the client that httpx puts around it: a client with a pool of 32 takes five
    times as long for a request, and nothing here needs cookies, redirects or login.
    """

    def __init__(self, endpoint: Endpoint, context: ssl.SSLContext, proxy: str | None) -> None:
        self._endpoint = endpoint
        self._url = httpx.URL(f"{endpoint.url}/events")
        self._headers = httpx.Headers(
            {
                "host": self._url.netloc.decode(),
                "content-type": "application/json",
                "accept": "application/json",
                "user-agent": "gridmock-simulate",
                **({"authorization": f"{endpoint.scheme} {endpoint.token}"} if endpoint.token else {}),
            }
        )
        self._extensions = {"timeout": httpx.Timeout(endpoint.timeout_s).as_dict()}
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_KEPT_S)
        self._transport = httpx.AsyncHTTPTransport(verify=context, limits=limits, proxy=proxy)

    async def send(self, verb: str, content: bytes) -> Answer:
        """The answer to one event; NoAnswer when there is none."""
        request = httpx.Request(
            verb, self._url, headers=self._headers, content=content, extensions={**self._extensions}
        )
        try:
            response = await self._transport.handle_async_request(request)
            try:
                await response.aread()
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise NoAnswer(self._endpoint.hidden(said)) from error
        if response.is_success:
            return Answer(response.status_code, "", None)
        message = self._endpoint.hidden(_complaint(response))
        return Answer(response.status_code, message, _retry_after_s(response.headers))

    async def close(self) -> None:
        """Give the connection up."""
        await self._transport.aclose()


def connections(endpoint: Endpoint, count: int) -> list[Connection]:
    """So many connections, which share what they trust and, to other machines, the proxy of the environment."""
    context = httpx.create_ssl_context()
    proxy = None
    if not is_loopback(endpoint.host) and not proxy_bypass(endpoint.host):
        proxy = getproxies().get(urlsplit(endpoint.url).scheme)
    return [Connection(endpoint, context, proxy) for _ in range(count)]


def _complaint(response: httpx.Response) -> str:
    """What a body says is wrong, in one line."""
    try:
        body: Any = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        body = None
    said = response.text
    if isinstance(body, dict):
        said = next((body[name] for name in _COMPLAINTS if isinstance(body.get(name), str)), said)
    line = " ".join(said.split()) or response.reason_phrase
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 3]}..."


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` (RFC 9110, 10.2.3) in seconds, from now; None without one that can be read."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - Clock().now()).total_seconds())
    except (ValueError, TypeError):
        return None
