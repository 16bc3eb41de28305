"""Stekker: smart charging, market prices and session pricing; batteries (BESS); and the demo app beside them."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from mockserver.apis.stekker import views as smart_charging_views
from mockserver.apis.stekker.accounts import REQUESTS_PER_MINUTE, ready_accounts
from mockserver.apis.stekker.bess import views as bess_views
from mockserver.apis.stekker.charging.planning import resume
from mockserver.apis.stekker.errors import StekkerErrors
from mockserver.apis.stekker.events import explain
from mockserver.http.api import Api
from mockserver.http.auth import access_token
from mockserver.http.control_plane import control_plane
from mockserver.http.exchange import Exchange

_CHALLENGE = 'Bearer realm="Application"'
_ORGANIZATION = dict.fromkeys(("bearerAuth", "tokenAuth"), access_token("Bearer", "Token"))
"""Both words stand before the same tokens, as Rails reads them; which of them is there makes no difference."""


def _quota(exchange: Exchange) -> tuple[Hashable, int]:
    """A bucket per organization; an anonymous caller's is the address it calls from."""
    principal = exchange.principal
    if principal is None:
        return ("address", exchange.client_ip), REQUESTS_PER_MINUTE
    return principal.client_id, principal.application.rate_limit_per_hour // 60


_api = partial(
    Api,
    identify=_ORGANIZATION,
    challenge=_CHALLENGE,
    quota=_quota,
    quota_window_s=60.0,
    accounts=ready_accounts,
)
"""What the contracts of the provider share."""

API = _api(
    name="stekker",
    base_path="/stekker/api/v1",
    handlers=__name__,
    views=smart_charging_views,
    errors=StekkerErrors(is_grape=False),
    explain=explain,
    resume=resume,
    example="/stekker/api/v1/market_price_forecast?region=NL-900",
)

BESS = _api(
    name="stekker-bess",
    base_path="/stekker/api/bess/v1",
    handlers=f"{__name__}.bess",
    views=bess_views,
    errors=StekkerErrors(is_grape=True),
    example="/stekker/api/bess/v1/batteries",
)

APP = control_plane(
    name="stekker-app",
    base_path="/_mock/stekker",
    handlers=f"{__name__}.app",
)
