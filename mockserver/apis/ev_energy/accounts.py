"""The applications that ev.energy's staff has registered before anybody asks, with tokens ready to paste."""

from __future__ import annotations

from typing import Any

from mockserver import ids
from mockserver.http.accounts import DEFAULT_LIMIT_PER_HOUR, Application, ReadyAccounts

REGISTERED_AT = "2024-01-01T00:00:00Z"
REDIRECT_URIS = ("http://127.0.0.1:8765/callback", "http://localhost:8765/callback", "https://example.com/callback")

_READY: tuple[dict[str, Any], ...] = (
    {"key": "full", "name": "Contracted partner", "scopes": None, "contract_fields": True},
    {"key": "basic", "name": "Uncontracted partner", "scopes": ("tariff:read", "user:read"), "contract_fields": False},
)


def ready_accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    """A contracted application with every scope, and one that sees tariffs without prices or contract-only fields."""
    applications = []
    tokens: dict[str, dict[str, Any]] = {}
    for entry in _READY:
        key = entry["key"]
        application = Application(
            client_id=f"ev-energy-{key}",
            client_secret=ids.secret(seed, "ev-energy", key, "client_secret"),
            name=entry["name"],
            scopes=entry["scopes"] or scopes,
            redirect_uris=REDIRECT_URIS,
            contract_fields=entry["contract_fields"],
            rate_limit_per_hour=DEFAULT_LIMIT_PER_HOUR,
            created_at=REGISTERED_AT,
        )
        applications.append(application)
        token = ids.secret(seed, "ev-energy", key, "access_token")
        tokens[token] = {"client_id": application.client_id, "user_id": None, "scopes": [*application.scopes]}
    return ReadyAccounts(applications, tokens)
