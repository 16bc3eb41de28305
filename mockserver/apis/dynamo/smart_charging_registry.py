"""How sites share their power, as their organization has set it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.registry import SETTINGS, resource
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.billing.conditions import DAY_MINUTES, Window, window
from mockserver.http.errors import Conflict, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.resources import REQUIRED, prefixed
from mockserver.store import Value

_OUT_OF_USE = frozenset({"Unavailable", "Faulted"})
_TOLD_AHEAD_D = 3
"""Longer than any vehicle needs power, in days after today."""


async def _check(ctx: Context, value: Value) -> None:
    carries_kw = (await SITES.get(ctx, value["site_id"]))["max_power_kw"]
    for field, limit_kw in limits_kw(value):
        if limit_kw > carries_kw:
            raise Unprocessable(f"is more than the {carries_kw} kW that the site carries", field)
        if _left_w(value, limit_kw) < 1:
            raise Unprocessable(f"is {limit_kw} kW, of which the reserve leaves nothing", field)
    for (first, one), (second, other) in combinations(enumerate(_windows(value)), 2):
        if one.start_minute in other or other.start_minute in one:
            raise Unprocessable(f"overlaps with window {first}", f"schedule.{second}")
    linked = {each["charge_point_id"] for each in await CHARGE_POINTS.list(ctx, site_id=value["site_id"])}
    for number, charge_point_id in enumerate(value["priority_order"] or ()):
        if charge_point_id not in linked:
            raise Unprocessable(f"is not linked to this site: {charge_point_id}", f"priority_order.{number}")
    stations = await Station.all(ctx, Caller.of(ctx).org_id, site_id=value["site_id"])
    if not any(_is_in_use(station) for station in stations):
        text = "No charge point of this site is available or charging; link one first."
        raise Conflict(text, slug="no_chargers_linked")


def _is_in_use(station: Station) -> bool:
    statuses = {connector.status(station.at_s) for connector in station.connectors.values()}
    return station.is_online and not statuses <= _OUT_OF_USE


SMART_CHARGING = resource(
    name="smart charging of",
    plural="smart charging",
    collection="dynamo.smart_charging",
    members={
        "max_power_kw": REQUIRED,
        "strategy": REQUIRED,
        "min_power_per_charger_kw": 1.4,
        "priority_order": None,
        "min_charge_rate_kw": None,
        "reserve_kw": None,
        "schedule": None,
    },
    id_member="site_id",
    id_form=prefixed("site_"),
    stamps={"updated_at": True},
    check=_check,
    unknown_slug="not_found",
)
"""Of each site one at most, which has its id."""


def limits_kw(settings: Value) -> Iterator[tuple[str, float]]:
    """Every power to be shared at some time, with its place in the settings; the reserve is in it."""
    yield "max_power_kw", settings["max_power_kw"]
    for number, each in enumerate(settings["schedule"] or ()):
        yield f"schedule.{number}.max_power_kw", each["max_power_kw"]


def floor_w(settings: Value) -> int:
    """What a vehicle that charges gets at least: the higher one where there are two."""
    return _watts(max(settings["min_power_per_charger_kw"], settings["min_charge_rate_kw"] or 0))


async def budgets_w(ctx: Context, org_id: str, settings: Value) -> list[tuple[datetime, int]]:
    """The power to share from now on, each with when it is there; hours are those of the organization."""
    zone = ZoneInfo((await SETTINGS.of(org_id).get(ctx, org_id))["timezone"])
    today = ctx.at.astimezone(zone).date()
    ends = {minute % DAY_MINUTES for each in _windows(settings) for minute in each}
    times = {
        datetime.combine(today + timedelta(days=day), time(*divmod(minute, 60)), zone).astimezone(UTC)
        for day in range(_TOLD_AHEAD_D + 1)
        for minute in ends
    }
    turns = [ctx.at, *sorted(at for at in times if at > ctx.at)]
    return [(at, _budget_w(settings, at.astimezone(zone))) for at in turns]


def _budget_w(settings: Value, local: datetime) -> int:
    (_, limit_kw), *of_windows = limits_kw(settings)
    for each, (_, window_kw) in zip(_windows(settings), of_windows, strict=True):
        if local.hour * 60 + local.minute in each:
            limit_kw = window_kw
    return _left_w(settings, limit_kw)


def _windows(settings: Value) -> list[Window]:
    return [window(f"{each['start_time']}-{each['end_time']}") for each in settings["schedule"] or ()]


def _left_w(settings: Value, limit_kw: float) -> int:
    return _watts(limit_kw - (settings["reserve_kw"] or 0))


def _watts(power_kw: float) -> int:
    """Rounded down, but for what a difference of binary fractions leaves."""
    return int(round(power_kw * 1000, 3))
