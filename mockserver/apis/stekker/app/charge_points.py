"""Tag Charge points: what operators have announced, and the link that a user makes in the app."""

from __future__ import annotations

from typing import cast

from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charging import charge_points, organizations, planning
from mockserver.apis.stekker.charging.charge_points import ChargePoint
from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.http.exchange import Context


async def list_charge_points(ctx: Context, *, organization_id: str) -> list[views.Wire]:
    """The charge points of an organization, by id."""
    organization = await organizations.named(ctx.runtime, organization_id)
    found = [cast("ChargePoint", row) for row in await organization.charge_points.list()]
    return [await _shown(organization, each) for each in found]


async def link_charge_point(ctx: Context, *, organization_id: str, charge_point_id: str) -> views.Wire:
    """Link one that was announced without a code."""
    organization = await organizations.named(ctx.runtime, organization_id)
    return await _shown(organization, await charge_points.link(organization, charge_point_id))


async def _shown(organization: Organization, found: ChargePoint) -> views.Wire:
    return views.charge_point(found, await planning.active_sessions(organization, [found["charge_point_id"]]))
