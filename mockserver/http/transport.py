"""How a webhook gets to its receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

_ALWAYS_SENT = {"user-agent": "gridmock", "accept": "*/*"}
_MAX_READ_BYTES = 65_536


class Unreachable(Exception):
    """No answer came; the message says why."""


class Transport(Protocol):
    """Sends a POST and gives the status of the answer; raises Unreachable when there is none."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See the class."""


class HttpTransport:
    """Sends over HTTP with one pool of connections; follows no redirects, keeps no cookies, asks no proxies."""

    def __init__(self) -> None:
        self._pool: Any = None
        self._tls: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See `Transport`."""
        import httpx  # a tenth of a second, for those who have webhooks only

        loop = asyncio.get_running_loop()
        if self._pool is None or self._loop is not loop:  # connections belong to a loop
            self._tls = self._tls or httpx.create_ssl_context()
            self._pool, self._loop = httpx.AsyncHTTPTransport(verify=self._tls), loop
        try:
            async with asyncio.timeout(timeout_s):
                request = httpx.Request("POST", url, headers={**_ALWAYS_SENT, **headers}, content=body)
                answer = await self._pool.handle_async_request(request)
                try:
                    if _is_short(answer):
                        await answer.aread()  # else the connection cannot be used again
                finally:
                    await answer.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(str(error) or type(error).__name__) from error
        except AttributeError as error:
            # anyio asks a connection for its socket, of which uvloop has none if it was reset as soon as it was made.
            raise Unreachable("the connection was reset as soon as it was made") from error
        except TimeoutError:
            raise Unreachable(f"no answer within {timeout_s:g} s") from None
        status = int(answer.status_code)
        if status > 599:
            raise Unreachable(f"the answer has the status {status}, which HTTP does not know")
        return status

    async def aclose(self) -> None:
        """Close the connections of this event loop; sending opens new ones."""
        pool, self._pool = self._pool, None
        if pool is not None and self._loop is asyncio.get_running_loop():
            await pool.aclose()


def _is_short(answer: Any) -> bool:
    length = answer.headers.get("content-length", "")
    return answer.status_code == 204 or (length.isdecimal() and int(length) <= _MAX_READ_BYTES)
