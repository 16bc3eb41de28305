"""Tag Charge points: what operators have announced, and the link that a user makes in the app."""

from __future__ import annotations

from typing import cast

from mockserver.apis.stekker import charge_points, organizations
from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charge_points import ChargePoint
from mockserver.http.exchange import Context


async def list_charge_points(ctx: Context, *, organization_id: str) -> list[views.Wire]:
    """The charge points of an organization, by id."""
    organization = await organizations.named(ctx.runtime, organization_id)
    found = [cast("ChargePoint", row) for row in await organization.charge_points.list()]
    return [await views.charge_point(organization, each) for each in found]


async def link_charge_point(ctx: Context, *, organization_id: str, charge_point_id: str) -> views.Wire:
    """Link one that was announced without a code."""
    organization = await organizations.named(ctx.runtime, organization_id)
    return await views.charge_point(organization, await charge_points.link(organization, charge_point_id))
