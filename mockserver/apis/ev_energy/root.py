"""Tag Root: where the collections are."""

from __future__ import annotations

from mockserver.http.exchange import Context

COLLECTIONS = (
    "users", "carbon_feeds", "evses", "evse_models", "evse_makes", "vehicles", "vehicle_trims", "vehicle_models",
    "vehicle_makes", "suppliers", "tariffs", "support_tickets", "dispatch_coordinators", "grid_feeds",
)  # fmt: skip


async def get_root(ctx: Context) -> dict[str, str]:
    """The top-level collections as links; the provider writes these with a slash at the end."""
    return {name: f"{ctx.url(name)}/" for name in COLLECTIONS}
