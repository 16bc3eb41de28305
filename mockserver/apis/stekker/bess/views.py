"""Stored values to wire, one function per schema of the contract."""

from __future__ import annotations

from typing import Any

from mockserver.apis.stekker.bess.limits import max_power_kw
from mockserver.apis.stekker.bess.measurement_log import LAST_US, instant_text
from mockserver.apis.stekker.bess.world_sites import WORLD_SITE, last_measured_us
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.http.resources import NUMBER

Wire = dict[str, Any]

_OURS = (NUMBER, WORLD_SITE, LAST_US)


def grid_connection(value: Wire, ctx: Context, expansion: Expansion) -> Wire:
    """GridConnection."""
    return {**_public(value), "max_power_kw": max_power_kw(value)}


def battery(value: Wire, ctx: Context, expansion: Expansion) -> Wire:
    """Battery."""
    return _public(value)


def sensor(value: Wire, ctx: Context, expansion: Expansion) -> Wire:
    """Sensor."""
    times_us = [value.get(LAST_US), last_measured_us(value, ctx.at)]
    last_us = max((at_us for at_us in times_us if at_us is not None), default=None)
    return {**_public(value), "last_measurement_at": None if last_us is None else instant_text(last_us)}


def schedule(value: Wire, ctx: Context, expansion: Expansion) -> Wire:
    """Schedule."""
    return _public(value)


def _public(value: Wire) -> Wire:
    return {name: member for name, member in value.items() if name not in _OURS}
