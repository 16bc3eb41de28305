"""Tag Sites: grid connections with a limit that charge points and other load share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixtures.days import unix_us
from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charging import organizations, planning, sites
from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context


async def list_sites(ctx: Context, *, organization_id: str) -> list[views.Wire]:
    """The sites of an organization, by id."""
    organization = await organizations.named(ctx.runtime, organization_id)
    return [await _shown(ctx, organization, row) for row in await organization.sites.list()]


async def put_site(ctx: Context, *, organization_id: str, site_id: str) -> views.Wire:
    """Set up a site, or change it; sessions that go on there are planned anew."""
    organization = await organizations.named(ctx.runtime, organization_id)
    row: Mapping[str, Any] = {"site_id": site_id, **ctx.body}
    for index, charge_point_id in enumerate(row["charge_point_ids"]):
        other = await sites.site_of(organization, charge_point_id)
        if other is not None and other["site_id"] != site_id:
            raise Conflict(
                f"{charge_point_id[:80]} has its grid connection at site {other['site_id']}; take it out there first",
                field=f"charge_point_ids.{index}",
            )
    await organization.sites.put(site_id, row)
    pushes = await planning.replan_site(organization, row, ctx.at)
    ctx.after_commit(lambda: planning.send(ctx.runtime, pushes))
    return await _shown(ctx, organization, row)


async def delete_site(ctx: Context, *, organization_id: str, site_id: str) -> None:
    """Forget a site; what goes on there keeps its plans."""
    organization = await organizations.named(ctx.runtime, organization_id)
    if not await organization.sites.delete(site_id):
        raise NotFound(f"There is no site {site_id[:80]!r}.")


async def _shown(ctx: Context, organization: Organization, found: Mapping[str, Any]) -> views.Wire:
    return views.site(found, await sites.load_of(organization, found, unix_us(ctx.at)))
