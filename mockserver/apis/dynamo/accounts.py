"""The credentials that exist from the start: of each organization a key, and of everybody around it a token."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockserver import ids
from mockserver.apis.dynamo.seed import ORGANIZATIONS, SCOPES, SeedOrganization, user_id
from mockserver.http.accounts import Application, ReadyAccounts

REQUESTS_PER_MINUTE = 600


def ready_accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    """An application for each organization of the seed world, with an API key and the tokens of its people."""
    applications, tokens = [], {}
    for organization in ORGANIZATIONS:
        applications.append(application(organization.id(seed), organization.name, seed))
        for label, of_user in _people(seed, organization):
            text = ids.secret(seed, organization.key, label) if of_user else organization.api_key(seed)
            grant = {"client_id": organization.id(seed), "user_id": of_user, "scopes": [*SCOPES], "label": label}
            tokens[text] = grant
    return ReadyAccounts(applications, tokens)


def application(org_id: str, name: str, seed: int, created_at: str = "2024-01-01T00:00:00Z") -> Application:
    """What the credentials of an organization belong to."""
    return Application(
        client_id=org_id,
        client_secret=ids.secret(seed, org_id, "client_secret"),
        name=name,
        scopes=SCOPES,
        redirect_uris=(),
        contract_fields=False,
        rate_limit_per_hour=REQUESTS_PER_MINUTE * 60,
        created_at=created_at,
    )


def _people(seed: int, organization: SeedOrganization) -> Iterator[tuple[str, Any]]:
    """What each credential is for, and the id of its user; None for the API key."""
    yield "API key", None
    for role in organization.roles:
        yield role, user_id(seed, organization.email(role))
    for number in range(1, organization.drivers + 1):
        yield f"driver {number}", organization.driver_id(seed, number)
    yield "installer", organization.installer_id(seed)
    for stage in organization.site_owners:
        yield f"site owner, {stage}", organization.site_owner_id(seed, stage)
