"""Tag Settings: currency, time zone, billing address and notifications of an organization."""

from __future__ import annotations

from mockserver.apis.dynamo.price_book import TIME_ZONE, note
from mockserver.apis.dynamo.registry import SETTINGS
from mockserver.http.exchange import Context
from mockserver.store import Value


async def get_organization_settings(ctx: Context, *, org_id: str) -> Value:
    """As they are now."""
    return await SETTINGS.of(org_id).get(ctx, org_id)


async def update_organization_settings(ctx: Context, *, org_id: str) -> Value:
    """Change what the body says; events that have no name here can be switched, too."""
    settings = SETTINGS.of(org_id)
    before = await settings.get(ctx, org_id)
    preferences = {**before["notification_preferences"], **ctx.body.get("notification_preferences", {})}
    now = await settings.update(ctx, org_id, notification_preferences=preferences)
    if now["timezone"] != before["timezone"]:
        await note(ctx, "time_zones", TIME_ZONE, now["timezone"], org_id=org_id)
    return now
