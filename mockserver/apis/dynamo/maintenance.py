"""The work that is planned, or was done, on the charge points that were there from the start.

Each is seen to twice a year, on a working day and in hours of UTC that its seed says; nothing is out of service for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fixtures.days import DAY_S, HOUR_S, unix_s, utc
from fixtures.rng import Stream
from mockserver import ids
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.domain.world import World
from mockserver.store import Value

_EVERY_D = 182
_SHOWN_D = 60
"""Work is shown so many days before and after it."""
_WORK = (
    ("Yearly electrical safety test", 2),
    ("Replace the residual current device", 2),
    ("Replace a worn cable", 1),
    ("Clean the filters and check the contactors", 3),
    ("Exchange the modem", 1),
)
"""What is done, and how many hours it takes."""
_FIRST_HOUR, _LAST_HOUR = 7, 14
_WORKING_DAYS = 5


@dataclass(frozen=True)
class Maintenance:
    """Work on a charge point, and how it stands at an aware instant."""

    id: str
    charge_point: Value
    description: str
    starts_at: datetime
    ends_at: datetime
    at: datetime

    @property
    def status(self) -> Literal["planned", "in_progress", "completed"]:
        """How it stands."""
        if self.at < self.starts_at:
            return "planned"
        return "in_progress" if self.at < self.ends_at else "completed"


def maintenance_of(world: World, org_id: str, charge_points: Mapping[str, Value], at: datetime) -> list[Maintenance]:
    """What is shown of some charge points of an organization, by id, in order of its beginning."""
    found = [
        each
        for key, charge_point in charge_points.items()
        if key in chargers(world, org_id)
        for each in _of(world.seed, charge_point, at)
    ]
    return sorted(found, key=lambda each: each.starts_at)


def _of(seed: int, charge_point: Value, at: datetime) -> Iterator[Maintenance]:
    """The latest turns; a turn begins on a Monday, and the work is somewhere in it."""
    charge_point_id = charge_point["charge_point_id"]
    registered_at = datetime.fromisoformat(charge_point["registered_at"])
    turn = (unix_s(at) // DAY_S) // _EVERY_D
    for number in (turn - 1, turn, turn + 1):
        drawn = Stream(seed, "maintenance", charge_point_id, number)
        day = number * _EVERY_D + 4 + 7 * drawn.integer(0, _EVERY_D // 7 - 2) + drawn.integer(0, _WORKING_DAYS - 1)
        description, hours = drawn.choice(_WORK)
        starts_at = utc(day * DAY_S + drawn.integer(_FIRST_HOUR, _LAST_HOUR) * HOUR_S)
        if starts_at > registered_at and abs(starts_at - at) <= timedelta(days=_SHOWN_D):
            key = ids.prefixed("mnt_", seed, charge_point_id, number)
            yield Maintenance(key, charge_point, description, starts_at, starts_at + timedelta(hours=hours), at)
