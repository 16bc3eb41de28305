"""The people who drive, each with a home in a grid region and a tariff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from fixtures.calibration import table
from fixtures.people import Person, person
from fixtures.rng import digest, unit
from mockserver import ids
from mockserver.domain.tariffs import Tariff

_FIRST_JOINED_AT, _JOIN_WITHIN = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=700)


@dataclass(frozen=True)
class Driver:
    """Somebody with an electric car; the tariff is the one at home."""

    id: str
    seed: int
    city: str
    country_code: str  # ISO 3166-1 alpha-2
    timezone: str  # IANA
    locale: str  # Faker's, for the name
    gsp_group: str | None  # GB grid supply point group
    latitude: float  # of the district of the home, degrees north
    longitude: float  # degrees east
    joined_at: datetime
    tariff: Tariff

    @property
    def full_name(self) -> str:
        """First and last name."""
        return self._person.full_name

    @property
    def email(self) -> str:
        """An address at example.com or example.org."""
        return self._person.email

    @cached_property
    def _person(self) -> Person:
        return person(self.locale, self.seed, self.id)


def drivers(seed: int, tariffs: Sequence[Tariff]) -> tuple[Driver, ...]:
    """The drivers of tables/drivers.yaml by id, each on a tariff that was open at home when they joined."""
    found = []
    for row in table("drivers"):
        city, country_code, gsp_group = row["city"], row["country"], row.get("gsp_group")
        joined_at = _FIRST_JOINED_AT + unit(seed, "driver joined", city) * _JOIN_WITHIN
        driver_id = "user" + ids.ulid(joined_at, seed, "driver", city)
        offers = (
            tariff
            for tariff in tariffs
            if tariff.is_sold_in(country_code, row["timezone"], gsp_group) and tariff.is_open(joined_at.date())
        )
        # Highest draw wins (rendezvous hashing), so a new tariff takes over the few it wins and moves nobody else.
        tariff = max(offers, key=lambda tariff: digest(seed, "driver's choice", city, tariff.id))
        found.append(
            Driver(
                id=driver_id,
                seed=seed,
                city=city,
                country_code=country_code,
                timezone=row["timezone"],
                locale=row["locale"],
                gsp_group=gsp_group,
                latitude=row["latitude"],
                longitude=row["longitude"],
                joined_at=joined_at.replace(microsecond=0),
                tariff=tariff,
            )
        )
    return tuple(sorted(found, key=lambda driver: driver.id))
