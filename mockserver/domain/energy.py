"""What flows at a site, as energy per slot in Wh; every flow agrees with itself at any resolution.

    grid = load + charging + battery - solar        positive: from the grid, and into the battery

Solar, load and battery are powers that hold for a quarter-hour (fixtures/power.py); charging is read from the registers
of the EVSEs, to the second. The battery is run cash-optimal against the prices of each UTC day, from half full to half
full, so any day can be read on its own; its plan knows in advance what the day brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache, partial
from itertools import pairwise

from fixtures import load, solar
from fixtures.days import DAY_S, HOUR_S, utc
from fixtures.power import SLOT_S, SLOTS, PowerOfDay, energies_wh
from fixtures.prices import price_at
from fixtures.sessions import sessions_present
from mockserver.domain.planner import Market, Premises, plan_cash
from mockserver.domain.sites import Evse, Site

_NOTHING = (0,) * SLOTS
_SLOTS_PER_H = HOUR_S // SLOT_S


class Flow(StrEnum):
    """What is metered at a site."""

    LOAD = "load"
    """The building, without vehicles."""
    SOLAR = "solar"
    CHARGING = "charging"
    """Into vehicles, as the meters of the EVSEs count it."""
    BATTERY = "battery"
    """Into the stationary battery; negative when it gives."""
    GRID = "grid"
    """Taken from the grid; negative when fed in."""


def load_power(seed: int, site: Site) -> PowerOfDay:
    """What the building takes."""
    return partial(load.power_of_day, seed, site.load) if site.load else _nothing


def solar_power(seed: int, site: Site) -> PowerOfDay:
    """What the panels give."""
    return partial(solar.power_of_day, seed, site.solar) if site.solar else _nothing


def battery_power(seed: int, site: Site) -> PowerOfDay:
    """What the battery takes, or, where negative, gives."""
    return lambda day: _battery_day(seed, site, day)[0]


def flow_wh(seed: int, site: Site, flow: Flow, slots: range) -> list[int]:
    """The energy of a flow in each slot of a range of slot starts (Unix seconds), Wh."""
    if flow is Flow.CHARGING:
        return charging_wh(seed, site.evses, slots)
    if flow is Flow.GRID:
        drawn = [flow_wh(seed, site, each, slots) for each in (Flow.LOAD, Flow.CHARGING, Flow.BATTERY)]
        return [sum(each) - sun for *each, sun in zip(*drawn, flow_wh(seed, site, Flow.SOLAR, slots), strict=True)]
    return energies_wh(_POWERS[flow](seed, site), slots)


_POWERS = {Flow.LOAD: load_power, Flow.SOLAR: solar_power, Flow.BATTERY: battery_power}


def charging_wh(seed: int, evses: Iterable[Evse], slots: range) -> list[int]:
    """What EVSEs deliver in each slot, Wh."""
    totals = [0] * len(slots)
    end_s = slots.start + len(slots) * slots.step
    for evse in evses:
        for session in sessions_present(seed, evse.traits, slots.start, end_s):
            if session.charging_started_s is None or session.charging_ended_s is None:
                continue
            first = max((session.charging_started_s - slots.start) // slots.step, 0)
            last = min((session.charging_ended_s - slots.start) // slots.step, len(slots) - 1)
            edges = range(slots.start + first * slots.step, slots.start + (last + 2) * slots.step, slots.step)
            for at, (before, after) in enumerate(pairwise(map(session.energy_wh_at, edges)), first):
                totals[at] += after - before
    return totals


def stored_wh(seed: int, site: Site, at_s: int) -> int:
    """The energy in a site's battery at an instant, Wh, straight between the ends of a quarter-hour; 0 without one."""
    if site.battery is None:
        return 0
    day, second = divmod(at_s, DAY_S)
    index, rest_s = divmod(second, SLOT_S)
    _, energies = _battery_day(seed, site, day)
    return energies[index] + (energies[index + 1] - energies[index]) * rest_s // SLOT_S


def _nothing(day: int) -> Sequence[int]:
    return _NOTHING


@lru_cache(maxsize=1024)
def _battery_day(seed: int, site: Site, day: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The battery's W in each quarter-hour of a UTC day, and its Wh at their edges, one more."""
    battery = site.battery
    if battery is None:
        return _NOTHING, (0, *_NOTHING)
    if site.area is None:  # nothing to earn that we know of
        return _NOTHING, (battery.resting_wh,) * (SLOTS + 1)
    slots = range(day * DAY_S, (day + 1) * DAY_S, SLOT_S)
    starts = [utc(at_s) for at_s in slots]
    load_w, charging_w, solar_w = (
        [_SLOTS_PER_H * wh for wh in flow_wh(seed, site, flow, slots)]
        for flow in (Flow.LOAD, Flow.CHARGING, Flow.SOLAR)
    )
    use_w = [sum(uses) for uses in zip(load_w, charging_w, strict=True)]
    spot = [float(price_at(seed, site.area.name, start)) / 1000.0 for start in starts]
    tariff = site.tariff
    plan = plan_cash(
        battery.storage,
        Market(
            buy_per_kwh=[float(tariff.rates.rate(start)) for start in starts] if tariff and tariff.rates else spot,
            sell_per_kwh=[float(tariff.export_rates.rate(start)) for start in starts]
            if tariff and tariff.export_rates
            else spot,
        ),
        # The battery comes last, even where the others are over the limit by themselves.
        Premises(
            load_w=use_w,
            pv_w=solar_w,
            import_limit_w=[max(site.connection.power_limit_w, use) for use in use_w],
            export_limit_w=[max(site.connection.power_limit_w, sun) for sun in solar_w],
        ),
        slot_s=SLOT_S,
        initial_wh=battery.resting_wh,
        final_wh=battery.resting_wh,
    )
    energies = (battery.resting_wh, *(round(energy_wh) for energy_wh in plan.energy_wh))
    return tuple(round(power_w) for power_w in plan.power_w), energies
