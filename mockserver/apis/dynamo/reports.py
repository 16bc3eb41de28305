"""What the sessions of an organization add up to: by charge point, by project, over time.

A report is about the sessions that `bills.sessions_of` knows, as far as they ended in its period, so that its figures
are the sums of what the billing sessions say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, TypeVar

from mockserver.apis.dynamo import bills
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.periods import Period, bucket
from mockserver.apis.dynamo.project_registry import PROJECTS
from mockserver.apis.dynamo.sessions import BilledSession
from mockserver.domain.billing.amounts import total
from mockserver.http.exchange import Context
from mockserver.store import Value

About = TypeVar("About")


@dataclass(frozen=True)
class Line(Generic[About]):
    """What the sessions of a charge point, a project or a time add up to."""

    about: About
    sessions: Sequence[BilledSession]

    @cached_property
    def energy_wh(self) -> int:
        """What they delivered."""
        return sum(session.energy_wh_at(session.until) for session in self.sessions)

    @cached_property
    def revenue(self) -> Decimal:
        """What they cost, tax included."""
        return total(session.bill.total_cost for session in self.sessions)


@dataclass(frozen=True)
class Selection:
    """What a report is asked to be about."""

    period: Period
    granularity: str
    charge_points: Mapping[str, Value]
    """Those that fit, by id."""

    @classmethod
    async def of(cls, ctx: Context, asked: Mapping[str, Any]) -> Selection:
        """By the parameters that all reports have; InvalidRequest for a period that cannot be."""
        period = Period.of_days(asked, ctx.at.astimezone(UTC).date())
        fitting = {name: asked[name] for name in ("charge_point_id", "project_id")}
        return cls(period, asked["granularity"], await charge_points_of(ctx, **fitting))

    async def ended(self, ctx: Context) -> Sequence[BilledSession]:
        """The sessions there that ended in the period, newest first."""
        return [
            session
            for session in await bills.sessions_of(ctx)
            if session.charge_point_id in self.charge_points and session.ended_at and session.ended_at in self.period
        ]

    async def paid(self, ctx: Context, currency: str) -> Sequence[BilledSession]:
        """Those of them that are billed in a currency."""
        return [session for session in await self.ended(ctx) if session.bill.currency == currency]

    def by_charge_point(self, sessions: Iterable[BilledSession]) -> list[Line[Value]]:
        """A line for each charge point that fits, in the order of the ids."""
        there = _grouped(sessions, lambda session: session.charge_point_id)
        return [Line(each, there[key]) for key, each in self.charge_points.items()]

    async def by_project(self, ctx: Context, sessions: Iterable[BilledSession]) -> list[Line[Value]]:
        """A line for each project with charge points that fit, in the order of their making."""
        project_ids = {key: each["project_id"] for key, each in self.charge_points.items()}
        theirs = _grouped(sessions, lambda session: project_ids[session.charge_point_id])
        known = await PROJECTS.list(ctx)
        return [Line(each, theirs[each["id"]]) for each in known if each["id"] in project_ids.values()]

    def by_time(self, sessions: Iterable[BilledSession]) -> list[Line[datetime]]:
        """A line for each bucket of the period, in the order of time."""
        then = _grouped(sessions, lambda session: bucket(session.until, self.granularity))
        return [Line(start, then[start]) for start in self.period.buckets(self.granularity)]


@dataclass(frozen=True)
class Report(Generic[About]):
    """Lines about a period; money in `currency`, where they are about that."""

    selection: Selection
    lines: Sequence[Line[About]]
    currency: str | None = None

    @property
    def energy_wh(self) -> int:
        """Of all lines."""
        return sum(line.energy_wh for line in self.lines)

    @property
    def revenue(self) -> Decimal:
        """Of all lines."""
        return total(line.revenue for line in self.lines)

    @property
    def session_count(self) -> int:
        """Of all lines."""
        return sum(len(line.sessions) for line in self.lines)


async def charge_points_of(ctx: Context, **equal: str | None) -> Mapping[str, Value]:
    """The charge points of the organization that fit, by id and in its order."""
    found = {each["charge_point_id"]: each for each in await CHARGE_POINTS.list(ctx, **equal)}
    return {key: found[key] for key in sorted(found)}


def _grouped(
    sessions: Iterable[BilledSession], by: Callable[[BilledSession], Any]
) -> Mapping[Any, list[BilledSession]]:
    found = defaultdict[Any, list[BilledSession]](list)
    for session in sessions:
        found[by(session)].append(session)
    return found
