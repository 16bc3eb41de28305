"""Tag Organizations: the operators that use Stekker, and where their systems take profiles."""

from __future__ import annotations

from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charging import organizations, planning
from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.apis.stekker.regions import market_area
from mockserver.http.errors import FieldError, InvalidRequest, Unprocessable
from mockserver.http.exchange import Context


async def list_organizations(ctx: Context) -> list[views.Wire]:
    """All, by id."""
    return [await _shown(each) for each in await organizations.organizations(ctx.runtime)]


async def get_organization(ctx: Context, *, organization_id: str) -> views.Wire:
    """One with its settings."""
    return await _shown(await organizations.named(ctx.runtime, organization_id))


async def update_organization(ctx: Context, *, organization_id: str) -> views.Wire:
    """Change settings; a callback URL has to lead to where webhooks may go, a region to where there are prices."""
    organization = await organizations.named(ctx.runtime, organization_id)
    url = ctx.body.get("callback_url")
    if url is not None and (refusal := ctx.runtime.outbox.refusal(url)):
        raise InvalidRequest([FieldError("body", "callback_url", refusal)])
    if "market_region" in ctx.body:
        try:
            market_area(ctx.body["market_region"], "market_region")
        except Unprocessable as unknown:
            raise InvalidRequest(unknown.field_errors) from None
    await organization.change(ctx.body)
    if {"callback_url", "callback_api_key"} & ctx.body.keys():
        ctx.after_commit(await planning.move_pushes(organization))
    return await _shown(organization)


async def _shown(organization: Organization) -> views.Wire:
    return views.organization(organization.application, await organization.settings())
