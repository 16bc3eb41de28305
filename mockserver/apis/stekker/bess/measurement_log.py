"""Where measurements are kept: one document for each sensor and UTC day, and one that says which days there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

from fixtures.days import utc_of_us
from mockserver.apis.stekker.bess import world_sites
from mockserver.clock import timestamp
from mockserver.domain.bess.measurements import (
    DAY_US,
    Reading,
    by_day,
    first_fall,
    merged,
    packed,
    unpacked,
)
from mockserver.http.errors import Unprocessable
from mockserver.http.exchange import Context
from mockserver.store import Value

COLLECTION = "bess.measurements"
LAST_US = "last_us"
"""The member of a sensor that says when it measured last, in Unix microseconds; it is no part of the wire form."""
_INDEX = "days"


@dataclass(frozen=True, slots=True)
class Receipt:
    """How many readings were new, and how many replaced another one; when they begin and end."""

    accepted: int
    duplicates: int
    first_us: int
    last_us: int


class MeasurementLog:
    """What one sensor measured, as submitted and, where it is a sensor of the world, as the world has it."""

    def __init__(self, ctx: Context, sensor: Value) -> None:
        self._ctx = ctx
        self._sensor = sensor
        self._collection = f"{COLLECTION}/{sensor['id']}"

    async def read(self, start_us: int, end_us: int) -> list[Reading]:
        """The readings of [start_us, end_us), Unix microseconds, in order."""
        index = await self._index()
        submitted: list[Reading] = []
        for day in range(start_us // DAY_US, (end_us - 1) // DAY_US + 1):
            if str(day) in index:
                submitted += await self._day(day)
        found = world_sites.readings(self._ctx.world, self._sensor, self._ctx.at, start_us, end_us)
        inside = (reading for reading in submitted if start_us <= reading.at_us < end_us)
        return merged(found, inside) if found else [*inside]

    async def add(self, batch: Sequence[Reading]) -> Receipt:
        """Take readings (at least one), the last of those for the same instant; Unprocessable when a register falls."""
        index, unique = await self._index(), merged((), batch)
        days: dict[int, list[Reading]] = {}
        replaced = 0
        for day, added in by_day(unique):
            before = await self._day(day) if str(day) in index else []
            days[day] = merged(before, added)
            replaced += len(before) + len(added) - len(days[day])
        self._check(index, days)
        for day, readings in days.items():
            await self._ctx.store.put(self._collection, str(day), packed(day, readings))
            registers = [reading for reading in readings if reading.energy_kwh is not None]
            index[str(day)] = [[each.at_us, each.energy_kwh] for each in (*registers[:1], *registers[-1:])]
        await self._ctx.store.put(self._collection, _INDEX, index)
        duplicates = replaced + len(batch) - len(unique)
        return Receipt(len(batch) - duplicates, duplicates, unique[0].at_us, unique[-1].at_us)

    async def clear(self) -> None:
        """Forget all that was submitted."""
        for document in await self._ctx.store.list(self._collection):
            await self._ctx.store.delete(self._collection, document.key)

    def _check(self, index: Value, days: dict[int, list[Reading]]) -> None:
        """The register may fall nowhere: neither within the days that change nor towards those around them."""
        course: list[Reading] = []
        for day in sorted({*map(int, index), *days}):
            course += days.get(day) or [Reading(at_us, None, energy_kwh) for at_us, energy_kwh in index[str(day)]]
        fall = first_fall(course)
        if fall is not None:
            before, after = fall
            raise Unprocessable(
                f"falls from {before.energy_kwh} kWh at {instant_text(before.at_us)} to "
                f"{after.energy_kwh} kWh at {instant_text(after.at_us)}",
                "energy_import_kwh",
            )

    async def _index(self) -> Value:
        """By day the first and the last register of it, each with its instant."""
        document = await self._ctx.store.get(self._collection, _INDEX)
        return document.value if document else {}

    async def _day(self, day: int) -> list[Reading]:
        document = await self._ctx.store.get(self._collection, str(day))
        return unpacked(day, document.value) if document else []


class WireReadings(Sequence[Any]):
    """Readings that become wire form when they are looked at, for a page is a small part of them."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def __len__(self) -> int:
        return len(self._readings)

    @overload
    def __getitem__(self, at: int) -> Value: ...
    @overload
    def __getitem__(self, at: slice) -> list[Value]: ...
    def __getitem__(self, at: int | slice) -> Value | list[Value]:
        if isinstance(at, slice):
            return [_wire(reading) for reading in self._readings[at]]
        return _wire(self._readings[at])


def _wire(reading: Reading) -> Value:
    return {
        "timestamp": instant_text(reading.at_us),
        "power_kw": reading.power_kw,
        "energy_import_kwh": reading.energy_kwh,
    }


def instant_text(at_us: int) -> str:
    """Unix microseconds as they go over the wire."""
    return timestamp(utc_of_us(at_us))
