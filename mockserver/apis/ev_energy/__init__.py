"""ev.energy v2: smart charging of cars and home chargers, and the tariffs they are charged on."""

from __future__ import annotations

from collections.abc import Hashable

from mockserver.apis.ev_energy import views
from mockserver.apis.ev_energy.accounts import ready_accounts
from mockserver.apis.ev_energy.errors import EvEnergyProblem
from mockserver.apis.ev_energy.oauth import OAuthErrors, client_in_header_or_form
from mockserver.apis.ev_energy.user_header import act_for_user
from mockserver.http.accounts import DEFAULT_LIMIT_PER_HOUR
from mockserver.http.api import Api
from mockserver.http.auth import bearer
from mockserver.http.errors import Headers
from mockserver.http.exchange import Context, Exchange
from mockserver.http.paging import link_header


def _quota(exchange: Exchange) -> tuple[Hashable, int]:
    """A bucket per (application, user); an anonymous caller's is the address it calls from."""
    principal = exchange.principal
    if principal is None:
        return ("address", exchange.client_ip), DEFAULT_LIMIT_PER_HOUR
    return (principal.client_id, principal.user_id), principal.application.rate_limit_per_hour


def _headers(exchange: Exchange) -> Headers:
    quota = exchange.quota or exchange.runtime.limiter.peek(*_quota(exchange), exchange.at.timestamp())
    return [
        ("evenergy-version", "2"),
        ("x-ratelimit-limit", str(quota.limit)),
        ("x-ratelimit-remaining", str(quota.remaining)),
    ]


def _include(context: Context, field: str) -> None:
    context.included |= {field}


API = Api(
    name="ev-energy",
    base_path="/ev-energy/v2",
    handlers=__name__,
    views=views,
    errors=EvEnergyProblem(),
    identify={"oauth2": bearer},
    quota=_quota,
    headers=_headers,
    page_headers=link_header,
    context_parameters={
        "EvEnergy-Version": Api.ignored,
        "EvEnergy-User": act_for_user,
        "include_optional": _include,
    },
    token_server=("https://api.ev.energy/o/", "/ev-energy/o/"),
    expand_scopes={"prices": "tariff:prices:read"},
    accounts=ready_accounts,
    example="/ev-energy/v2/tariffs?page_size=2&expand=supplier",
    optional_slash=True,
)

OAUTH = Api(
    name="ev-energy-oauth",
    base_path="/ev-energy/o",
    handlers=__name__,
    errors=OAuthErrors(),
    identify={"basicClient": client_in_header_or_form},
    ignores_unknown_query=True,  # RFC 6749 section 3.1
    optional_slash=True,
    exact_paths=frozenset({"/revoke_token/"}),
)
