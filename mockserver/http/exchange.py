"""One request on its way: what the stages of the pipeline know of it, and what a handler gets to see."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mockserver.http.errors import Headers, MalformedRequest
from mockserver.http.expand import NOTHING, Expansion

if TYPE_CHECKING:
    from mockserver.domain.world import World
    from mockserver.http.accounts import Principal
    from mockserver.http.api import MountedApi
    from mockserver.http.compiled import CompiledOperation
    from mockserver.http.errors import ApiError
    from mockserver.http.ratelimit import Quota
    from mockserver.http.runtime import Runtime
    from mockserver.store import Store

RawHeaders = list[tuple[bytes, bytes]]

AfterCommit = Callable[[], Awaitable[None] | None]

_HOST = re.compile(r"([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+\.?(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a handler returns when the success status and a plain body are not all: `body` is a domain object, JSON
    values, bytes or text, or None; a `status` that the contract does not declare is a defect."""

    status: int
    body: Any = None
    headers: Headers | tuple[()] = ()


class Exchange:
    """A request, and the response as it comes into being. Stages read and write it in the order of the pipeline."""

    __slots__ = (
        "api", "at", "body", "context", "context_values", "credential_error", "expand_asked", "expansion",
        "header_list", "headers", "is_head", "method", "number", "operation", "page_asked", "parameters", "path",
        "path_texts", "principals", "query", "query_pairs", "quota", "receive", "request_body", "response_body",
        "response_headers", "result", "runtime", "scope", "status",
    )  # fmt: skip

    def __init__(
        self, scope: MutableMapping[str, Any], receive: Any, runtime: Runtime, api: MountedApi, path: str
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.runtime = runtime
        self.api = api
        self.path = path
        """Path below the API's base path, percent-encoded as sent."""
        self.is_head = scope["method"] == "HEAD"
        self.method: str = "GET" if self.is_head else scope["method"]
        self.query: str = scope["query_string"].decode("utf-8", "surrogateescape")
        self.header_list: RawHeaders = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(self.header_list)
        self.at: datetime = runtime.clock.now()
        """The virtual time of the whole request."""
        self.number = 0
        self.operation: CompiledOperation | None = None
        self.path_texts: Sequence[tuple[str, str]] = ()
        """Path parameters by name, decoded, as sent."""
        self.query_pairs: Sequence[tuple[str, str]] = ()
        self.principals: dict[str, Principal] = {}
        self.credential_error: ApiError | None = None
        self.quota: Quota | None = None
        self.parameters: dict[str, Any] = {}
        self.context_values: dict[str, Any] = {}
        self.page_asked: dict[str, Any] = {}
        self.expand_asked: Sequence[str] = ()
        self.expansion: Expansion = NOTHING
        self.request_body: bytes = b""
        self.body: Any = None
        self.context: Context | None = None
        self.result: Any = None
        self.status = 0
        self.response_headers: Headers = []
        self.response_body: bytes = b""

    @property
    def principal(self) -> Principal | None:
        """Who is calling; None for an anonymous caller."""
        for principal in self.principals.values():
            return principal
        return None

    @property
    def compiled(self) -> CompiledOperation:
        """The operation, once routing has found it."""
        assert self.operation is not None, "asked for before routing"  # noqa: S101  # an error of ours, not of a caller
        return self.operation

    @property
    def origin(self) -> str:
        """`http://host:port` as the caller addressed us; MalformedRequest for a Host that is none."""
        return _origin(self.scope["scheme"], self.headers.get(b"host"), self.scope["server"])

    @property
    def base_url(self) -> str:
        """The absolute URL of the API's root, without a slash at the end."""
        return self.origin + self.api.base_path

    @property
    def client_ip(self) -> str:
        """The caller's address, empty where the transport has none."""
        client = self.scope.get("client")
        return client[0] if client else ""


@lru_cache(maxsize=4096)
def _escaped(segment: str) -> str:
    return quote(segment, safe=":@!$&'()*+,;=-._~")


@lru_cache(maxsize=256)
def _origin(scheme: str, host: bytes | None, server: tuple[str, int | None]) -> str:
    if not host:
        name, port = server
        return f"{scheme}://{name}:{port}" if port else f"{scheme}://{name}"
    text = host.decode("latin-1")
    try:
        if not _HOST.fullmatch(text) or (text[0] == "[" and not ip_address(text[1:].partition("]")[0])):
            raise ValueError(text)
    except ValueError:
        raise MalformedRequest("The Host header is not a host name with an optional port.") from None
    return f"{scheme}://{text}"


class Context:
    """What a handler and its views know beside their parameters.

    It holds no reference to the exchange: the cycle would leave every request to the garbage collector.
    """

    __slots__ = (
        "_after_commit", "at", "base_url", "body", "client_ip", "expansion", "headers", "included", "origin",
        "principal", "raw_body", "runtime", "store", "user_id", "world",
    )  # fmt: skip

    def __init__(self, exchange: Exchange) -> None:
        self.runtime: Runtime = exchange.runtime
        self.world: World = exchange.runtime.world
        self.store: Store = exchange.runtime.store
        self.at: datetime = exchange.at
        """Now, on the virtual clock; the same throughout the request."""
        self.principal: Principal | None = exchange.principal
        self.user_id: str | None = self.principal.user_id if self.principal else None
        """The user on whose behalf the call is made, by token or by header."""
        self.body: Any = exchange.body
        self.raw_body: bytes = exchange.request_body
        """The body as sent; in `body` whole numbers are integers, however they were written."""
        self.expansion: Expansion = exchange.expansion
        self.included: frozenset[str] = frozenset()
        """Optional fields that the caller asked for."""
        self.headers: Mapping[bytes, bytes] = exchange.headers
        """Request headers by lower-case name, as sent."""
        self.client_ip: str = exchange.client_ip
        self._after_commit: list[AfterCommit] = []
        self.origin: str = exchange.origin
        """`http://host:port` as the caller addressed us."""
        self.base_url: str = self.origin + exchange.api.base_path
        """The absolute URL of the API's root, without a slash at the end."""

    def after_commit(self, work: AfterCommit) -> None:
        """Have something done once what the handler wrote is there for all to see; not at all if it is refused.

        It runs before the response is sent, in the order in which it was asked for.
        """
        self._after_commit.append(work)

    async def finish(self) -> None:
        """Do what waited for the commit."""
        for work in self._after_commit:
            waiting = work()
            if waiting is not None:
                await waiting

    def url(self, *segments: str) -> str:
        """Absolute URL of a resource of this API, from the decoded segments of its path."""
        url = self.base_url
        for segment in segments:
            url += "/" + (segment if segment.isalnum() and segment.isascii() else _escaped(segment))
        return url

    def header(self, name: str) -> str | None:
        """A request header by its lower-case name, or None."""
        value = self.headers.get(name.encode())
        return None if value is None else value.decode("latin-1")
