"""OCPI 2.2.1 of Dynamo, as a charge point operator: what other networks read to let their drivers charge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mockserver.apis.dynamo import WINDOW_S, quota
from mockserver.apis.dynamo.ocpi import views
from mockserver.apis.dynamo.ocpi.errors import OcpiErrors
from mockserver.apis.dynamo.ocpi.partners import of_partners, permit, ready_accounts
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import knows_user
from mockserver.http.api import Api
from mockserver.http.auth import access_token, plain_or_base64
from mockserver.http.errors import Headers
from mockserver.http.exchange import Exchange
from mockserver.http.paging import counting_headers


def _envelope(body: Any, at: datetime) -> dict[str, Any]:
    told = {"status_code": 1000, "status_message": "Success", "timestamp": to_the_second(at)}
    return told if body is None else {"data": body, **told}


def _echoed(exchange: Exchange) -> Headers:
    """The ids by which a partner follows its request, where it sent some: OCPI 2.2.1, chapter 4."""
    sent = ((name, exchange.headers.get(name.encode())) for name in ("x-request-id", "x-correlation-id"))
    return [(name, value.decode("latin-1")) for name, value in sent if value is not None]


OCPI = Api(
    name="dynamo-ocpi",
    base_path="/dynamo/ocpi",
    handlers=__name__,
    views=views,
    errors=OcpiErrors(),
    identify={"tokenAuth": of_partners(access_token("Token", readings=plain_or_base64))},
    permit=permit,
    challenge="Token",
    quota=quota,
    quota_window_s=WINDOW_S,
    headers=_echoed,
    page_headers=counting_headers,
    envelope=_envelope,
    accounts=ready_accounts,
    knows_user=knows_user,
    ignores_unknown_query=True,
)
