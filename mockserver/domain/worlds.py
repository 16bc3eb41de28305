"""Named worlds: which sites there are, and when the clock starts; declared in fixtures/tables/sites.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from fixtures import prices
from fixtures.calibration import table
from fixtures.days import HOUR_S, midnight

DEFAULT_WORLD = "city"
MAX_SIZE = 100_000
_SEARCHED_DAYS = 366


@dataclass(frozen=True, slots=True)
class NamedWorld:
    """A named world; `size` is the number of chargers of one that can be of any size, and None for the others."""

    name: str = DEFAULT_WORLD
    size: int | None = None

    def __post_init__(self) -> None:
        if self.name not in table("sites")["worlds"]:
            raise ValueError(f"there is no world {self.name!r}; there are {', '.join(world_names())}")
        if (self.size is None) != ("size" not in self.row):
            raise ValueError(f"the world {self.name} {'has one size only' if self.size else 'needs a size'}")

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name}:{self.size}"

    @classmethod
    def parse(cls, text: str) -> NamedWorld:
        """The world written as "city" or "fleet:500"; ValueError says which there are."""
        name, colon, size = text.partition(":")
        worlds = table("sites")["worlds"]
        if name not in worlds:
            raise ValueError(f"there is no world {name!r}; there are {', '.join(world_names())}")
        default_size = worlds[name].get("size")
        if not colon:
            return cls(name, default_size)
        if default_size is None:
            raise ValueError(f"the world {name} has one size only: write {name!r}")
        if not (size.isascii() and size.isdigit() and 1 <= len(size) <= 6 and 1 <= int(size) <= MAX_SIZE):
            raise ValueError(f"{size!r} is not a number of chargers from 1 to {MAX_SIZE}: write {name}:500")
        return cls(name, int(size))

    @property
    def row(self) -> dict[str, Any]:
        """What tables/sites.yaml says of it, read-only."""
        row: dict[str, Any] = table("sites")["worlds"][self.name]
        return row

    def starts_at(self, seed: int) -> datetime | None:
        """When the clock of this world starts unless told otherwise, in UTC; None: at the real time."""
        if "at" in self.row:
            return datetime.fromisoformat(self.row["at"]).astimezone(UTC)
        if "first_negative_prices" in self.row:
            return _first_negative_day(seed, **self.row["first_negative_prices"])
        return None


def world_names() -> list[str]:
    """The named worlds, as a user would write them: those of any size with their default size."""
    return [f"{name}:{row['size']}" if "size" in row else name for name, row in table("sites")["worlds"].items()]


def _first_negative_day(seed: int, area: str, after: str, hours: int) -> datetime:
    """Local midnight of the first day from `after` on with so many hours below zero; LookupError within a year."""
    first = date.fromisoformat(after)
    for number in range(_SEARCHED_DAYS):
        day = first + timedelta(days=number)
        if sum(price < 0 for price in prices.day_ahead(seed, area, day, HOUR_S)) >= hours:
            return midnight(prices.area(area).zone, day)
    raise LookupError(f"no day with {hours} negative hours in {area} within a year from {after}, seed {seed}")
