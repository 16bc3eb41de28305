"""How a webhook gets to its receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

_ALWAYS_SENT = {"user-agent": "gridmock", "accept": "*/*"}
_MAX_READ_BYTES = 65_536
_AT_ONCE = 64
"""Webhooks on their way at the same time; the others wait their turn, which takes nothing off their time."""


class Unreachable(Exception):
    """No answer came; the message says why."""


class Transport(Protocol):
    """Sends a POST and gives the status of the answer; raises Unreachable when there is none."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See the class."""


class HttpTransport:
    """Sends over HTTP and keeps connections for the next; follows no redirects, keeps no cookies, asks no proxies.

    Each connection is in a pool of its own, which is thrown away with it: a pool of httpcore loses connections whose
    requests are given up, until it has none left to give.
    """

    def __init__(self) -> None:
        self._idle: list[Any] = []
        """Pools to use again, the last one first."""
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tls: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See `Transport`."""
        import httpx  # a tenth of a second, for those who have webhooks only

        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # connections belong to a loop
            self._idle, self._turns, self._loop = [], asyncio.Semaphore(_AT_ONCE), loop
            self._tls = self._tls or httpx.create_ssl_context()
        try:
            async with self._turns, asyncio.timeout(timeout_s):
                request = httpx.Request("POST", url, headers={**_ALWAYS_SENT, **headers}, content=body)
                status = await self._exchange(request, self._idle, httpx.AsyncHTTPTransport)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        except AttributeError as error:
            # anyio asks a connection for its socket, of which uvloop has none if it was reset as soon as it was made.
            raise Unreachable("the connection was reset as soon as it was made") from error
        except TimeoutError:
            raise Unreachable(f"no answer within {timeout_s:g} s") from None
        if status > 599:
            raise Unreachable(f"the answer has the status {status}, which HTTP does not know")
        return status

    async def aclose(self) -> None:
        """Close the connections of this event loop; sending opens new ones."""
        while self._idle and self._loop is asyncio.get_running_loop():
            await self._idle.pop().aclose()

    async def _exchange(self, request: Any, idle: list[Any], new_pool: Any) -> int:
        """The status of the answer, which has been read, or whose connection is closed."""
        pool = idle.pop() if idle else new_pool(verify=self._tls)
        try:
            answer = await pool.handle_async_request(request)
            try:
                if _is_short(answer):
                    await answer.aread()  # else the connection cannot be used again
            finally:
                await answer.aclose()
        except BaseException:
            await pool.aclose()
            raise
        idle.append(pool)
        return int(answer.status_code)


def _is_short(answer: Any) -> bool:
    length = answer.headers.get("content-length", "")
    return answer.status_code == 204 or (length.isdecimal() and int(length) <= _MAX_READ_BYTES)
