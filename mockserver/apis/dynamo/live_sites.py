"""What happens on a site now: its charge points, who charges there, and the power that they draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from fixtures.visits import MEMORY_D
from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.stations.transactions import Active, active
from mockserver.http.exchange import Context
from mockserver.store import Value

_LONGEST_STAY = timedelta(days=MEMORY_D + 1)
"""As far back as a vehicle can have come that charges today, in whole days UTC."""


async def stations_of(ctx: Context, site_id: str) -> list[Station]:
    """The stations of a site of the calling organization, by their ids."""
    org_id = Caller.of(ctx).org_id
    found = sorted(each["charge_point_id"] for each in await CHARGE_POINTS.list(ctx, site_id=site_id))
    return [await Station.of(ctx, org_id, charge_point_id) for charge_point_id in found]


@dataclass(frozen=True)
class LiveSite:
    """A site with its stations, what runs there, and the energy of today, UTC."""

    site: Value
    stations: Sequence[Station]
    running: Sequence[Active]
    energy_today_wh: int

    @property
    def online(self) -> int:
        """How many stations are connected."""
        return sum(station.is_online for station in self.stations)

    @property
    def power_w(self) -> int:
        """What the vehicles draw."""
        return sum(each.power_w for each in self.running)

    @classmethod
    async def of(cls, ctx: Context, site: Value) -> LiveSite:
        """The site as it is now."""
        stations = await stations_of(ctx, site["site_id"])
        there = {station.id for station in stations}
        midnight = ctx.at.replace(hour=0, minute=0, second=0, microsecond=0)
        energy_wh = sum(
            session.energy_wh_at(ctx.at) - session.energy_wh_at(midnight)
            for session in await bills.sessions_of(ctx, since=midnight - _LONGEST_STAY)
            if session.charge_point_id in there
        )
        return cls(site, stations, [each for station in stations for each in await active(station)], energy_wh)
