"""The faults of connectors: those of the world that ended a session, and those that a connector was made to show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fixtures.days import utc
from fixtures.ocpp.faults import fault_of
from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.charges import ChargeOfWorld
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.connectors import OTHER_ERROR
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.exchange import Context
from mockserver.store import Value


@dataclass(frozen=True)
class ConnectorFault:
    """A fault from an aware instant to another; it lasts when that is None."""

    charge_point: Value
    connector_id: int
    error_code: str
    started_at: datetime
    cleared_at: datetime | None

    def lasts_at(self, at: datetime) -> bool:
        """Whether it is there at an aware instant."""
        return self.started_at <= at and (self.cleared_at is None or at < self.cleared_at)


@dataclass(frozen=True)
class Issue:
    """The faults of a charge point that have the same code, newest first; there is one at least."""

    charge_point: Value
    error_code: str
    faults: Sequence[ConnectorFault]


def issues_of(faults: Iterable[ConnectorFault]) -> list[Issue]:
    """Faults by charge point and code, the most frequent first, of those the ones that occurred last."""
    alike = defaultdict[tuple[str, str], list[ConnectorFault]](list)
    for fault in faults:
        alike[fault.charge_point["charge_point_id"], fault.error_code].append(fault)
    found = [Issue(each[0].charge_point, each[0].error_code, each) for each in alike.values()]
    return sorted(found, key=lambda issue: len(issue.faults), reverse=True)


async def faults_of(ctx: Context, charge_points: Mapping[str, Value]) -> list[ConnectorFault]:
    """Those of some charge points, by id, as far back as sessions are known; those that began last first."""
    org_id = Caller.of(ctx).org_id
    found = [*await _of_sessions(ctx, charge_points)]
    for station in await Station.touched(ctx, org_id):
        if station.id in charge_points:
            found += _shown(station)
    return sorted(found, key=lambda fault: (fault.started_at, fault.charge_point["charge_point_id"]), reverse=True)


async def _of_sessions(ctx: Context, charge_points: Mapping[str, Value]) -> Iterator[ConnectorFault]:
    sessions = await bills.sessions_of(ctx)
    return (
        ConnectorFault(
            charge_points[session.charge_point_id],
            session.connector_id,
            fault.code,
            utc(fault.started_s),
            utc(fault.cleared_s) if utc(fault.cleared_s) <= ctx.at else None,
        )
        for session in sessions
        if session.charge_point_id in charge_points
        and session.ended_at is not None
        and isinstance(session.charge, ChargeOfWorld)
        and session.charge.cut is None
        for fault in [fault_of(session.charge.session.charging)]
        if fault is not None
    )


def _shown(station: Station) -> Iterator[ConnectorFault]:
    """By `Connector.show`, which says no code."""
    for connector in station.connectors.values():
        for start_s, end_s in connector.faults:
            if start_s is not None and start_s <= station.at_s:
                cleared_at = None if end_s is None or end_s > station.at_s else utc(end_s)
                yield ConnectorFault(station.charge_point, connector.number, OTHER_ERROR, utc(start_s), cleared_at)
