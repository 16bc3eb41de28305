"""What follows when a charge point comes to stand on another site, or on none."""

from __future__ import annotations

from mockserver.apis.dynamo.power_shares import release, reshare
from mockserver.apis.dynamo.price_book import NOWHERE, note
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.http.exchange import Context
from mockserver.store import Value


async def moved(ctx: Context, before: Value, after: Value) -> None:
    """Sessions that begin from now on are there; the sites that it left and came to, if it did, share power anew."""
    if before["site_id"] == after["site_id"]:
        return
    org_id = Caller.of(ctx).org_id
    await note(ctx, "sites", after["charge_point_id"], after["site_id"] or NOWHERE)
    await release(ctx, org_id, before)
    for site_id in sorted({before["site_id"], after["site_id"]} - {None}):
        await reshare(ctx, org_id, site_id)
        await SITES.set(ctx, await SITES.get(ctx, site_id), updated_at=to_the_second(ctx.at))
