"""When charge points were connected, what they did with that time, and how well they are for it.

Time before a charge point was registered and time that is to come count for nothing; a charge point that a period has
no other time of is not in its report.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fixtures.days import DAY_S, unix_s
from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.faults import ConnectorFault
from mockserver.apis.dynamo.periods import Period
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.sessions import HISTORY
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.windows import lengths, union, without
from mockserver.http.exchange import Context
from mockserver.store import Value

_GOOD_PERCENT, _POOR_PERCENT = 99.0, 95.0
HEALTHS = GOOD, FAIR, POOR = ("good", "fair", "poor")


@dataclass(frozen=True)
class Uptime:
    """How long a charge point was there, and how long of that it was not connected, s."""

    charge_point: Value
    there_s: int
    offline_s: int

    @property
    def percent(self) -> float:
        """Share of the time in which it was connected."""
        return _percent(self.there_s - self.offline_s, self.there_s)


async def uptimes_of(ctx: Context, charge_points: Mapping[str, Value], period: Period) -> list[Uptime]:
    """Of the charge points, by id, in their order."""
    found = []
    for station in await _stations(ctx, charge_points):
        start_s, end_s = _there(station, period)
        if start_s < end_s:
            (offline_s,) = lengths(station.presence.offline(start_s, end_s), (start_s, end_s))
            found.append(Uptime(station.charge_point, end_s - start_s, offline_s))
    return found


@dataclass(frozen=True)
class Utilisation:
    """Share of the time online in which a charge point delivered energy, in the bucket that begins at an instant."""

    bucket: datetime
    charge_point_id: str
    percent: float


async def utilisations_of(
    ctx: Context, charge_points: Mapping[str, Value], period: Period, granularity: str
) -> list[Utilisation]:
    """Bucket by bucket, of the charge points, by id, in their order; as far back as sessions are known."""
    deliveries = defaultdict[str, list[tuple[int, int]]](list)
    for session in await bills.sessions_of(ctx):
        if session.started_at <= period.end and session.until >= period.start:
            deliveries[session.charge_point_id] += session.deliveries
    known_from_s = unix_s(ctx.at - HISTORY) // DAY_S * DAY_S
    buckets = period.buckets(granularity)
    found = []
    for station in await _stations(ctx, charge_points):
        start_s, end_s = _there(station, period)
        start_s = max(start_s, known_from_s)
        edges = [min(max(unix_s(start), start_s), end_s) for start in buckets] + [end_s]
        offline = [*station.presence.offline(start_s, end_s)]
        delivering = lengths(without(union(deliveries[station.id]), offline), edges)
        for bucket, from_s, to_s, offline_s, delivering_s in zip(
            buckets, edges, edges[1:], lengths(offline, edges), delivering, strict=False
        ):
            if offline_s < to_s - from_s:
                found.append(Utilisation(bucket, station.id, _percent(delivering_s, to_s - from_s - offline_s)))
    return sorted(found, key=lambda each: each.bucket)


@dataclass(frozen=True)
class Health:
    """How a charge point was in a period: by its uptime, its faults, and whether one lasted at the end."""

    uptime: Uptime
    fault_count: int
    has_fault: bool

    @property
    def name(self) -> str:
        """One of `HEALTHS`."""
        if self.has_fault or self.uptime.percent < _POOR_PERCENT:
            return POOR
        return FAIR if self.fault_count or self.uptime.percent < _GOOD_PERCENT else GOOD


def health_of(uptimes: Iterable[Uptime], faults: Sequence[ConnectorFault], period: Period) -> list[Health]:
    """Of the charge points that have an uptime in a period, with those of the faults that are theirs."""
    counts = Counter(fault.charge_point["charge_point_id"] for fault in faults if fault.started_at in period)
    lasting = {fault.charge_point["charge_point_id"] for fault in faults if fault.lasts_at(period.end)}
    ids = [(each, each.charge_point["charge_point_id"]) for each in uptimes]
    return [Health(each, counts[key], key in lasting) for each, key in ids]


async def _stations(ctx: Context, charge_points: Mapping[str, Value]) -> list[Station]:
    """The stations of the charge points, in their order."""
    found = {station.id: station for station in await Station.all(ctx, Caller.of(ctx).org_id)}
    return [found[key] for key in charge_points]


def _there(station: Station, period: Period) -> tuple[int, int]:
    """The part of a period in which it is registered, and that is not to come; [start, end), which can be empty."""
    start_s, end_s = period.window
    registered_s = unix_s(datetime.fromisoformat(station.charge_point["registered_at"]))
    end_s = min(end_s, station.at_s)
    return min(max(start_s, registered_s), end_s), end_s


def _percent(part_s: int, whole_s: int) -> float:
    """To two decimals."""
    return round(100 * part_s / whole_s, 2)
