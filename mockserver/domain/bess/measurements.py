"""What a sensor measured: readings in the order of time, at most one for an instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from fixtures.days import DAY_S, HOUR_S, SECOND_US
from fixtures.power import SLOT_S

DAY_US = DAY_S * SECOND_US
_DIGITS = 6  # of a mean, kW: mW


class Reading(NamedTuple):
    """The power (kW) and the register of imported energy (kWh) at an instant in Unix microseconds; either may lack."""

    at_us: int
    power_kw: float | None = None
    energy_kwh: float | None = None


def merged(before: Iterable[Reading], added: Iterable[Reading]) -> list[Reading]:
    """Both in the order of time; of two for the same instant the one that comes last."""
    by_instant = {reading.at_us: reading for reading in (*before, *added)}
    return sorted(by_instant.values())


def first_fall(readings: Iterable[Reading]) -> tuple[Reading, Reading] | None:
    """The first two registers, one after the other in time, of which the later one is lower; None when none falls."""
    counted = (reading for reading in readings if reading.energy_kwh is not None)
    return next(((a, b) for a, b in pairwise(counted) if (a.energy_kwh or 0.0) > (b.energy_kwh or 0.0)), None)


def aggregated(readings: Iterable[Reading], interval_s: int) -> list[Reading]:
    """One reading for each interval that holds any, at its start: the mean of the powers and the last register."""
    found = []
    for start_us, group in groupby(
        readings, lambda reading: reading.at_us // (interval_s * SECOND_US) * interval_s * SECOND_US
    ):
        inside = [*group]
        powers = [reading.power_kw for reading in inside if reading.power_kw is not None]
        registers = [reading.energy_kwh for reading in inside if reading.energy_kwh is not None]
        mean = round(sum(powers) / len(powers), _DIGITS) if powers else None
        found.append(Reading(start_us, mean, registers[-1] if registers else None))
    return found


def by_day(readings: Sequence[Reading]) -> Iterator[tuple[int, list[Reading]]]:
    """The readings by the number of their UTC day."""
    for day, group in groupby(readings, lambda reading: reading.at_us // DAY_US):
        yield day, [*group]


def packed(day: int, readings: Sequence[Reading]) -> dict[str, Any]:
    """The readings of a UTC day as a small JSON object: a list for each quantity, instants from the day's start."""
    return {
        "at_us": [reading.at_us - day * DAY_US for reading in readings],
        "power_kw": [reading.power_kw for reading in readings],
        "energy_kwh": [reading.energy_kwh for reading in readings],
    }


def unpacked(day: int, row: Mapping[str, Any]) -> list[Reading]:
    """What `packed` made small."""
    instants = (day * DAY_US + at_us for at_us in row["at_us"])
    return [*map(Reading, instants, row["power_kw"], row["energy_kwh"])]


def powers(readings: Sequence[Reading]) -> list[tuple[int, int, float]]:
    """(Start, end, kW), in Unix microseconds, of what the readings say of the power.

    A power holds until the next reading, at most an hour, and the last one as long as the one before. Where only
    registers were read, it is what they rose by.
    """
    found: list[tuple[int, int, float]] = []
    length_us = 0
    for reading, following in pairwise(readings):
        length_us = min(following.at_us - reading.at_us, HOUR_S * SECOND_US)
        power_kw = reading.power_kw
        if power_kw is None:
            if reading.energy_kwh is None or following.energy_kwh is None:
                continue
            if following.at_us - reading.at_us > HOUR_S * SECOND_US:
                continue
            power_kw = (following.energy_kwh - reading.energy_kwh) * HOUR_S * SECOND_US / length_us
        found.append((reading.at_us, reading.at_us + length_us, power_kw))
    if readings and readings[-1].power_kw is not None:
        last = readings[-1]
        found.append((last.at_us, last.at_us + length_us, readings[-1].power_kw))
    return found


def measured_s(spans: Iterable[tuple[int, int, float]]) -> float:
    """How long a power is known, s."""
    return sum(end_us - start_us for start_us, end_us, _ in spans) / SECOND_US


def quarter_hours(spans: Iterable[tuple[int, int, float]]) -> dict[int, float]:
    """The mean power (kW) of each quarter-hour of which one is known, by its start in Unix seconds."""
    step = SLOT_S * SECOND_US
    weights: dict[int, float] = {}
    sums: dict[int, float] = {}
    for start_us, end_us, power_kw in spans:
        for slot in range(start_us // step, -(-end_us // step)):
            share = min(end_us, (slot + 1) * step) - max(start_us, slot * step)
            weights[slot] = weights.get(slot, 0.0) + share
            sums[slot] = sums.get(slot, 0.0) + share * power_kw
    return {slot * SLOT_S: sums[slot] / weight for slot, weight in weights.items() if weight}
