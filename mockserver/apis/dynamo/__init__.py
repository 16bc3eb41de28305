"""Dynamo CSMS: the back office of a charge point operator, its members, site owners, drivers, stations and bills."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from mockserver.apis.dynamo import commissioning_runs, events, passwords, views, webhook_registry, world_events
from mockserver.apis.dynamo.accounts import REQUESTS_PER_MINUTE, ready_accounts
from mockserver.apis.dynamo.errors import DynamoErrors, request_id
from mockserver.apis.dynamo.events import API_NAME
from mockserver.apis.dynamo.identity import known
from mockserver.apis.dynamo.mail import ready_mail
from mockserver.apis.dynamo.roles import knows_user, permit
from mockserver.http.api import Api
from mockserver.http.auth import bearer, key_header
from mockserver.http.control_plane import control_plane
from mockserver.http.errors import Headers
from mockserver.http.exchange import Exchange
from mockserver.http.runtime import Runtime

WINDOW_S = 60.0


def quota(exchange: Exchange) -> tuple[Hashable, int]:
    """A bucket per caller; an anonymous one's is the address it calls from."""
    principal = exchange.principal
    if principal is None:
        return ("address", exchange.client_ip), REQUESTS_PER_MINUTE
    return (principal.client_id, principal.user_id), principal.application.rate_limit_per_hour // 60


def _headers(exchange: Exchange) -> Headers:
    """The id of the request, and how many are left while they are limited."""
    headers = [("x-request-id", request_id(exchange.number))]
    left = exchange.quota
    if left is not None and exchange.runtime.settings.enforce_rate_limits:
        reset_s = exchange.runtime.clock.now().timestamp() + (left.retry_after_s or WINDOW_S)
        values = {"limit": left.limit, "remaining": left.remaining, "reset": int(reset_s)}
        headers += [(f"x-ratelimit-{name}", str(value)) for name, value in values.items()]
    return headers


def _reword(operation_id: str, body: Any) -> Mapping[str, str]:
    """See `Api.reword`."""
    return {**passwords.reword(operation_id, body), **webhook_registry.reword(operation_id, body)}


async def _resume(runtime: Runtime) -> None:
    """See `Api.resume`."""
    await events.resume(runtime)
    await commissioning_runs.resume(runtime)
    await world_events.resume(runtime)


API = Api(
    name=API_NAME,
    base_path="/dynamo/api/v1",
    example="/dynamo/api/v1/cpo/fleet/summary",
    handlers=__name__,
    views=views,
    errors=DynamoErrors(),
    identify={
        "bearerAuth": known(bearer),
        "apiKeyAuth": known(key_header("X-API-Key")),
        "installerAuth": known(bearer),
    },
    permit=permit,
    reword=_reword,
    quota=quota,
    quota_window_s=WINDOW_S,
    headers=_headers,
    accounts=ready_accounts,
    mail=ready_mail,
    resume=_resume,
    knows_user=knows_user,
    secret_fields={"create-api-key": frozenset({"key"})},
    ignores_unknown_query=True,
)

BACKSTAGE = control_plane(
    name="dynamo-backstage",
    base_path="/_mock/dynamo",
    handlers=f"{__name__}.backstage",
)
