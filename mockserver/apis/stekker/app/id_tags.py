"""Tag Id tags: what drivers want, by the card that they use."""

from __future__ import annotations

from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charging import organizations
from mockserver.apis.stekker.charging.wishes import wishes
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context


async def list_id_tags(ctx: Context, *, organization_id: str) -> list[views.Wire]:
    """The id tags with wishes of their own, by id tag."""
    organization = await organizations.named(ctx.runtime, organization_id)
    return [views.id_tag(row["id_tag"], wishes(row)) for row in await organization.id_tags.list()]


async def put_id_tag(ctx: Context, *, organization_id: str, id_tag: str) -> views.Wire:
    """Save wishes for the sessions that begin from now on."""
    organization = await organizations.named(ctx.runtime, organization_id)
    await organization.id_tags.put(id_tag, {"id_tag": id_tag, **ctx.body})
    return views.id_tag(id_tag, wishes(ctx.body))


async def delete_id_tag(ctx: Context, *, organization_id: str, id_tag: str) -> None:
    """Forget them."""
    organization = await organizations.named(ctx.runtime, organization_id)
    if not await organization.id_tags.delete(id_tag):
        raise NotFound(f"There are no wishes for id tag {id_tag[:80]!r}.")
