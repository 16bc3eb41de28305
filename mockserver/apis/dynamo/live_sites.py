"""What happens on a site now: its charge points, who charges there, and the power that they draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fixtures.visits import MEMORY_D
from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.power_shares import allocation
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.smart_charging_registry import SMART_CHARGING
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.stations.transactions import active
from mockserver.http.exchange import Context
from mockserver.store import Value

_LONGEST_STAY = timedelta(days=MEMORY_D + 1)
"""As far back as a vehicle can have come that charges today, in whole days UTC."""


@dataclass(frozen=True)
class LiveSite:
    """A site of the calling organization with its stations, what runs there, and the energy of today, UTC."""

    site: Value
    stations: Sequence[Station]
    active_sessions: int
    power_w: int
    """What the vehicles draw, which is not more than their shares."""
    energy_today_wh: int

    @property
    def online(self) -> int:
        """How many stations are connected."""
        return sum(station.is_online for station in self.stations)

    @classmethod
    async def of(cls, ctx: Context, site: Value) -> LiveSite:
        """The site as it is now."""
        org_id, site_id = Caller.of(ctx).org_id, site["site_id"]
        stations = await Station.all(ctx, org_id, site_id=site_id)
        running = [each for station in stations for each in await active(station)]
        settings = await SMART_CHARGING.find(ctx, site_id)
        shares = (await allocation(ctx, org_id, settings, stations)).shares if settings else ()
        shares_w = {share.transaction: share.power_w for share in shares}
        sessions = await bills.sessions_of(ctx, since=ctx.at - _LONGEST_STAY)
        return cls(
            site,
            stations,
            len(running),
            sum(min(each.power_w, shares_w.get(each, each.power_w)) for each in running),
            sum(session.energy_today_wh for session in sessions if session.site_id == site_id),
        )
