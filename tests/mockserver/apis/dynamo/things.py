"""Something that an organization has for each parameter that a call needs, as it is in every world of the seed."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver import ids
from mockserver.apis.dynamo.project_registry import project_id
from mockserver.apis.dynamo.seed import SeedOrganization, key_id, sites, user_id, weekly_invitations
from mockserver.apis.dynamo.seed_prices import rules_of, tariffs_of
from mockserver.apis.dynamo.seed_reservations import daily_reservations
from mockserver.apis.dynamo.sessions import drivers, sessions
from mockserver.apis.dynamo.site_registry import site_id
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import Office

NOBODYS = "3K9T1X7WQC5N8VDB"
"""The end of an id that nobody has; no organization has webhook endpoints from the start, and not each has rules."""


def things(office: Office, organization: SeedOrganization) -> Mapping[str, str]:
    """Of one with drivers."""
    world, seed, org_id = office.mock.runtime.world, office.seed, organization.id(office.seed)
    site = next((each for each in sites(world, org_id) if each.place == "dc_hub"), sites(world, org_id)[0])
    *_, invitation_id = weekly_invitations(seed, org_id, NOON) or (f"inv_{NOBODYS}",)
    *_, reservation_id = daily_reservations(world, org_id, NOON.toordinal()) or (f"rsv_{NOBODYS}",)
    return {
        "org_id": org_id,
        "user_id": user_id(seed, organization.email(organization.roles[-2])),
        "invitation_id": invitation_id,
        "session_id": sessions(world, org_id, NOON, of=drivers(world, org_id)[0])[-1].id,
        "reservation_id": reservation_id,
        "charge_point_id": site.chargers[0].identity,
        "tariff_id": next(iter(tariffs_of(seed, org_id))),
        "rule_id": next(iter(rules_of(seed, org_id)), f"rule_{NOBODYS}"),
        "site_id": site_id(site),
        "project_id": str(project_id(site)),
        "asset_id": ids.prefixed("ast_", seed, site.key, "meter"),
        "endpoint_id": f"whe_{NOBODYS}",
        "key_id": key_id(seed, organization.api_key(seed)),
        "from": "2026-03-18",
        "to": "2026-03-18",
    }
