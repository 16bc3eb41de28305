"""What an API says of itself: the few things that its contract cannot say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mockserver.http.accounts import Principal, ReadyAccounts
from mockserver.http.errors import ApiError, ErrorStyle, Headers
from mockserver.http.exchange import Context, Exchange
from mockserver.http.paging import Page
from mockserver.http.ratelimit import WINDOW_S

if TYPE_CHECKING:
    from mockserver.domain.world import World
    from mockserver.http.compiled import CompiledOperation
    from mockserver.http.mailbox import Mail
    from mockserver.http.routing import Router
    from mockserver.http.runtime import Runtime
    from specs.operation import Spec
    from specs.validation import Validator

Identify = Callable[[Exchange], Awaitable[Principal | None]]
"""Reads one kind of credential: None when the request carries none, Unauthenticated when it carries a bad one."""

ContextParameter = Callable[[Context, Any], None]
"""Takes a parameter that concerns every operation of an API into the context; may raise an ApiError."""


def _no_headers(exchange: Exchange) -> Headers:
    return []


def _no_page_headers(page: Page, url: str, query: Sequence[tuple[str, str]]) -> Headers:
    return []


def _bare(body: Any, at: datetime) -> Any:
    return body


def _no_accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    return ReadyAccounts()


def _no_user(world: World, user_id: str) -> bool:
    return False


def _no_mail(world: World, at: datetime) -> Iterable[tuple[datetime, Mail]]:
    return ()


async def _nothing_to_resume(runtime: Runtime) -> None:
    return None


def _as_worded(operation_id: str, body: Any) -> None:
    return None


def _in_the_words_of_the_contract(operation_id: str, body: Any) -> Mapping[str, str]:
    return {}


async def _permitted(exchange: Exchange) -> None:
    return None


def _ignored(context: Context, value: Any) -> None:
    """A parameter that only has to be valid."""


@dataclass(frozen=True)
class Api:
    """The declaration of one API, written in its package's `__init__`."""

    name: str
    """As the user types it, and as `specs.catalogue` knows the contract."""
    base_path: str
    handlers: str
    """The package whose modules are named after the contract's tags."""
    errors: ErrorStyle
    views: ModuleType | None = None
    identify: Mapping[str, Identify] = field(default_factory=dict)
    """How each security scheme of the contract reads its credential."""
    permit: Callable[[Exchange], Awaitable[None]] = _permitted
    """Judges, before the body is read, whether the caller may do this to what the path names; raises an ApiError."""
    explain: Callable[[str, Any], ApiError | None] = _as_worded
    """A better word for a body (JSON values) that breaks the contract of an operation (its id), or None."""
    reword: Callable[[str, Any], Mapping[str, str]] = _in_the_words_of_the_contract
    """Better words for members of such a body, by their names; the others are told as the contract has them."""
    challenge: str = "Bearer"
    """What `WWW-Authenticate` asks for (RFC 9110 section 11.6.1)."""
    quota: Callable[[Exchange], tuple[Hashable, int]] | None = None
    """The bucket that a request counts in, and its limit; None for no limits."""
    quota_window_s: float = WINDOW_S
    """The seconds that the limit is for."""
    headers: Callable[[Exchange], Headers] = _no_headers
    """Headers of every response, errors included."""
    page_headers: Callable[[Page, str, Sequence[tuple[str, str]]], Headers] = _no_page_headers
    """Headers of a page, from the URL without its query and the query as sent."""
    envelope: Callable[[Any, datetime], Any] = _bare
    """What is around the body of every success, from that (JSON values, None where there is none) and the time."""
    context_parameters: Mapping[str, ContextParameter] = field(default_factory=dict)
    """Parameters that are taken off the handlers' hands, by their name in the contract."""
    expand_scopes: Mapping[str, str] = field(default_factory=dict)
    """The scope that an expansion needs beyond the operation's own."""
    accounts: Callable[[int, tuple[str, ...]], ReadyAccounts] = _no_accounts
    """The accounts that exist from the start, for a seed and the scopes of the contract."""
    knows_user: Callable[[World, str], bool] = _no_user
    """Whether a user id can be one of this API's own, so that the control plane issues tokens for it."""
    mail: Callable[[World, datetime], Iterable[tuple[datetime, Mail]]] = _no_mail
    """The e-mails that were sent before anybody called, as of an aware instant, each with the time of its sending."""
    resume: Callable[[Runtime], Awaitable[None]] = _nothing_to_resume
    """Takes up what was under way in a state that was imported."""
    token_server: tuple[str, str] | None = None
    """The provider's OAuth base URL, and the path where ours stands in the documents that we serve."""
    optional_slash: bool = False
    exact_paths: frozenset[str] = frozenset()
    """Paths excepted from `optional_slash`."""
    journalled: bool = True
    secret_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Members of bodies that the journal masks, by the id of the operation, beside those named after secrets."""
    ignores_unknown_query: bool = False
    """Whether query parameters that the contract does not know are ignored instead of refused."""
    example: str | None = None
    """Path and query of a call worth trying first, shown when the server starts."""

    ignored = staticmethod(_ignored)
    """The context parameter that only has to be valid."""


@dataclass(frozen=True)
class MountedApi:
    """An API with its contract and the routes compiled from both."""

    api: Api
    spec: Spec
    router: Router[CompiledOperation]
    webhooks: Mapping[str, Validator]
    """What judges the body of each webhook, by its name."""

    @property
    def base_path(self) -> str:
        """Where it is served, such as `/ev-energy/v2`."""
        return self.api.base_path
