"""Who gets what of the power of a site. It is computed when asked for, from the settings and what the connectors do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fixtures.days import unix_s
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.smart_charging_registry import SMART_CHARGING, budgets_w, floor_w
from mockserver.apis.dynamo.stations.schedules import TRANSACTION
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.stations.transactions import Active, active
from mockserver.domain.power_sharing import Claim, share_evenly, share_in_turn
from mockserver.http.exchange import Context
from mockserver.store import Value

_DRAWING = frozenset({"Charging", "SuspendedEVSE"})
"""A vehicle that has enough (SuspendedEV) takes no power from others."""
_FIRST_PROFILE_ID = 900_000
"""Ours are numbered from here, by connector, so that those of clients stay."""


@dataclass(frozen=True)
class Share:
    """What a connector may give to the vehicle that charges there."""

    station: Station
    transaction: Active
    powers_w: Sequence[tuple[datetime, int]]
    """Now and later, each with when that is, should nobody come or go until then."""

    @property
    def power_w(self) -> int:
        """Now."""
        return self.powers_w[0][1]


@dataclass(frozen=True)
class Allocation:
    """How the power of a site is shared: by settings, in order of the charge points' ids."""

    settings: Value
    budget_w: int
    shares: Sequence[Share]


async def allocation(ctx: Context, org_id: str, settings: Value, stations: Sequence[Station]) -> Allocation:
    """The shares of the stations of a site by the settings of its organization, now."""
    charging = [
        (station, each)
        for station in sorted(stations, key=lambda station: station.id)
        for each in await active(station)
        if station.connectors[each.connector_id].status(station.at_s) in _DRAWING
    ]
    rank = _RANKS.get(settings["strategy"])
    if rank is not None:
        charging.sort(key=lambda each: rank(settings, *each))  # of equal ones the first by id
    share = share_evenly if rank is None else share_in_turn
    budgets, least_w = await budgets_w(ctx, org_id, settings), floor_w(settings)
    claims = [Claim(min(least_w, most_w), most_w) for most_w in (_most_w(*each) for each in charging)]
    shared = {budget_w: share(budget_w, claims) for _, budget_w in budgets}
    shares = [
        Share(*each, [(at, shared[budget_w][number]) for at, budget_w in budgets])
        for number, each in enumerate(charging)
    ]
    shares.sort(key=lambda each: (each.station.id, each.transaction.connector_id))
    return Allocation(settings, budgets[0][1], shares)


async def reshare(ctx: Context, org_id: str, site_id: str | None, known: Station | None = None) -> None:
    """Tell the stations of a site, if it has smart charging, what each vehicle may draw; `known` is one of them.

    Those that cannot be reached go on as they do.
    """
    settings = await SMART_CHARGING.of(org_id).find(ctx, site_id) if site_id else None
    if settings is None:
        return
    found = await Station.all(ctx, org_id, site_id=site_id)
    stations = [known if known is not None and known.id == each.id else each for each in found]
    for share in (await allocation(ctx, org_id, settings, stations)).shares:
        number, transaction = share.transaction.connector_id, share.transaction.number
        schedule = {
            "startSchedule": to_the_second(ctx.at),
            "chargingRateUnit": "W",
            "chargingSchedulePeriod": [
                {"startPeriod": unix_s(at) - unix_s(ctx.at), "limit": float(power_w)} for at, power_w in share.powers_w
            ],
        }
        profile = {
            "chargingProfileId": _FIRST_PROFILE_ID + number,
            "transactionId": transaction,
            "stackLevel": 0,
            "chargingProfilePurpose": TRANSACTION,
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
        }
        await share.station.call("SetChargingProfile", {"connectorId": number, "csChargingProfiles": profile})


async def release(ctx: Context, org_id: str, charge_point: Value) -> None:
    """Have a station forget the shares of the site that it has left, if that has smart charging."""
    if charge_point["site_id"] and await SMART_CHARGING.of(org_id).find(ctx, charge_point["site_id"]):
        station = await Station.of(ctx, org_id, charge_point["charge_point_id"])
        for each in await active(station):
            await station.call("ClearChargingProfile", {"id": _FIRST_PROFILE_ID + each.connector_id})


def _most_w(station: Station, transaction: Active) -> int:
    return station.state.outlets[transaction.connector_id].power_w


def _by_order(settings: Value, station: Station, transaction: Active) -> float:
    order: list[str] = settings["priority_order"]
    return order.index(station.id) if station.id in order else len(order)


_RANKS: Mapping[str, Callable[[Value, Station, Active], float]] = {
    "priority": _by_order,
    "first_come_first_served": lambda settings, station, transaction: transaction.started_at.timestamp(),
    "max_throughput": lambda settings, station, transaction: -_most_w(station, transaction),
}
"""By what vehicles are served one after the other; by the other strategies all get the same."""
