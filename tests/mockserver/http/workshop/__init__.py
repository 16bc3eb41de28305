"""A small API with every case of the pipeline, declared as the product's own are, and a client to call it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from mockserver.http.accounts import Application, ReadyAccounts
from mockserver.http.api import Api, ContextParameter
from mockserver.http.auth import bearer
from mockserver.http.errors import Headers, ProblemStyle
from mockserver.http.exchange import Context, Exchange
from mockserver.http.journal import Entry
from mockserver.http.paging import link_header
from mockserver.http.runtime import Runtime
from mockserver.settings import Settings
from specs.loader import load
from specs.operation import Spec
from tests.asgi import Client
from tests.mockserver.http.workshop import views

with warnings.catch_warnings():
    # As in mockserver.app: what connexion imports is deprecated by its dependencies.
    warnings.simplefilter("ignore")
    from mockserver.http.middleware import PipelineMiddleware, mount

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
BASE = "/workshop/v1"
HOST = "mock.test:8080"
URL = f"http://{HOST}{BASE}"
SPEC = Path(__file__).with_name("workshop.yaml")
PROBLEM = "application/problem+json"
LIMIT = 20

Answer = Callable[[Context], Any]
Result = TypeVar("Result")

TOKENS = {
    "full-token": ("things:read", "things:write", "makers:read"),
    "reader-token": ("things:read",),
    "nothing-token": (),
}


def _accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    application = Application("app", "app-secret", "App", scopes, (), True, LIMIT, "2024-01-01T00:00:00Z")
    grants = {text: {"client_id": "app", "user_id": None, "scopes": [*scopes]} for text, scopes in TOKENS.items()}
    return ReadyAccounts([application], grants)


def _quota(exchange: Exchange) -> tuple[Hashable, int]:
    return (exchange.principal.client_id if exchange.principal else exchange.client_ip), LIMIT


def _headers(exchange: Exchange) -> Headers:
    remaining = [("x-remaining", str(exchange.quota.remaining))] if exchange.quota else []
    return [("workshop-version", "1"), *remaining]


def _noted(name: str) -> ContextParameter:
    def act(context: Context, value: Any) -> None:
        context.included |= {f"{name}: {value}"}

    return act


API = Api(
    name="workshop",
    base_path=BASE,
    handlers=__name__,
    views=views,
    errors=ProblemStyle("https://workshop.test/problems/"),
    identify={"oauth2": bearer},
    quota=_quota,
    headers=_headers,
    page_headers=link_header,
    context_parameters={name: _noted(name) for name in ("X-Tone", "quiet", "mood-of-day")},
    expand_scopes={"maker": "makers:read"},
    accounts=_accounts,
)


@cache
def contract() -> Spec:
    """The contract, read once."""
    return load(SPEC)


async def nobody(scope: Any, receive: Any, send: Any) -> None:
    """Stands where connexion would."""
    raise AssertionError("nothing is passed on")


class Workshop:
    """The API behind the pipeline, without connexion around it. A fixture closes every one after its test."""

    opened: ClassVar[list[Workshop]] = []

    def __init__(
        self, *, api: Api = API, spec: Spec | None = None, settings: Settings | None = None, **changes: Any
    ) -> None:
        spec = spec or contract()
        settings = replace(settings or Settings(at=NOON, speed=0.0, log="quiet"), **changes)
        self.runtime = Runtime(settings, lambda seed: api.accounts(seed, spec.scopes))
        mounted = mount(api, spec)
        self.runtime.apis = [mounted]
        self.app = PipelineMiddleware(nobody, runtime=self.runtime)
        self.app.add_api(None, mounted=mounted)
        self._clients: list[Client] = []
        self.opened.append(self)
        self.full, self.reader, self.nothing = (self.client(f"Bearer {text}") for text in TOKENS)
        self.anonymous = self.client()

    def client(self, authorization: str | None = None) -> Client:
        """A client that sends this credential."""
        return self.caller("127.0.0.1", **({"authorization": authorization} if authorization else {}))

    def caller(self, address: str, **headers: str) -> Client:
        """A client that calls from an address with these headers."""
        self._clients.append(Client(self.app, {"host": HOST, **headers}, address))
        return self._clients[-1]

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """What a coroutine gives, in the event loop of a client."""
        return self.full._loop.run_until_complete(coroutine)

    def close(self) -> None:
        """Free what the clients hold."""
        for client in self._clients:
            client.close()

    def written(self) -> dict[str, Any]:
        """All that is in the store."""
        return self.run(self.runtime.store.dump())

    @property
    def last(self) -> Entry:
        """The youngest entry of the journal."""
        return next(iter(self.runtime.journal))
