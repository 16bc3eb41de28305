"""Regions as callers write them: a market area, and behind a hyphen the length of its periods in seconds."""

from __future__ import annotations

from typing import NamedTuple

from fixtures.days import HOUR_S, QUARTER_HOUR_S
from fixtures.prices import Area, area
from mockserver.http.errors import Unprocessable

MARKET_AREAS = (
    *("AT", "BE", "BG", "CH", "CZ", "DE-LU", "DK1", "DK2", "EE", "ES", "FI", "FR", "HR", "HU"),
    *("IT-CALABRIA", "IT-CENTRE_NORTH", "IT-CENTRE_SOUTH", "IT-NORTH", "IT-SARDINIA", "IT-SICILY", "IT-SOUTH"),
    *("LT", "LV", "NL", "NO1", "NO2", "NO3", "NO4", "NO5", "PL", "PT", "RS", "SE1", "SE2", "SE3", "SE4", "SI", "SK"),
)
"""As the provider's public forecast page has them: fact sheet of the Stekker API, 7.1."""
_BY_QUARTER_HOUR = ("BE", "DE-LU", "NL")


class Region(NamedTuple):
    """A market area and the length of the periods that are asked for."""

    area: Area
    interval_s: int


def region(code: str) -> Region:
    """The region of a query: `NL` and `NL-3600` are hours, `NL-900` quarter-hours; Unprocessable for no such region."""
    name, _, length = code.rpartition("-")
    if not length.isdecimal():
        return Region(market_area(code, "region"), HOUR_S)
    where = market_area(name, "region")
    lengths = [HOUR_S, *([QUARTER_HOUR_S] if name in _BY_QUARTER_HOUR else [])]
    if int(length) not in lengths:
        offered = " and ".join(f"{name}-{length_s}" for length_s in lengths)
        raise Unprocessable(
            f"{code} has periods of a length that there are no prices for: there is {offered}", "region"
        )
    return Region(where, int(length))


def market_area(code: str, field: str) -> Area:
    """The market area of that code, without a length; Unprocessable, naming the field, when there is none."""
    if code not in MARKET_AREAS:
        raise Unprocessable(f"{code[:60]} is not a market area with prices: there are {', '.join(MARKET_AREAS)}", field)
    return area(code)
