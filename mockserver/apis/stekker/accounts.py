"""The organizations that Stekker has on-boarded before anybody asks, each with a token ready to paste."""

from __future__ import annotations

from typing import Any

from mockserver import ids
from mockserver.http.accounts import Application, ReadyAccounts

SCOPES = ("bess", "charge_energy_forecast", "events", "price_forecast")
NORTH = "stekker-north"
"""Charge points are linked as soon as they are announced, and the world's own sites are its grid connections."""
ONBOARDED_AT = "2024-01-01T00:00:00Z"
REQUESTS_PER_MINUTE = 600

_READY: tuple[dict[str, Any], ...] = (
    {"client_id": NORTH, "name": "Northern Charging (links charge points by itself)", "scopes": SCOPES},
    {"client_id": "stekker-south", "name": "Southern Charging (links by pairing code)", "scopes": SCOPES},
    {"client_id": "stekker-prices", "name": "Price Watch (market prices only)", "scopes": ("price_forecast",)},
)


def ready_accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    """Two operators with every scope, strangers to each other, and a platform that may only see market prices."""
    applications = [
        Application(
            client_secret=ids.secret(seed, entry["client_id"], "client_secret"),
            redirect_uris=(),
            contract_fields=False,
            rate_limit_per_hour=REQUESTS_PER_MINUTE * 60,
            created_at=ONBOARDED_AT,
            **entry,
        )
        for entry in _READY
    ]
    tokens = {
        ids.secret(seed, each.client_id, "access_token"): {
            "client_id": each.client_id,
            "user_id": None,
            "scopes": [*each.scopes],
        }
        for each in applications
    }
    return ReadyAccounts(applications, tokens)
