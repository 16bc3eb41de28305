"""What flows at a site: it balances, adds up at any resolution, and the battery keeps its limits."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from fixtures.days import slots_of_day
from mockserver.clock import Clock
from mockserver.domain.energy import Flow
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from tests.processes import said_in_every_process

START = datetime(2026, 5, 4, 22, tzinfo=UTC)
END = START + timedelta(days=2)


@pytest.fixture(scope="module")
def world() -> World:
    return World(5, Clock(datetime(2026, 5, 5, 10, tzinfo=UTC), 0))


@pytest.fixture(scope="module")
def home(world: World) -> Site:
    return next(site for site in world.sites if site.key == "utrecht-home")


@pytest.fixture(scope="module")
def office(world: World) -> Site:
    return next(site for site in world.sites if site.key == "amsterdam-office")


def values(world: World, site: Site, flow: Flow, start: datetime, end: datetime, slot_s: int = 900) -> list[int]:
    return [*world.energy(site, flow, start, end, slot_s).values]


@pytest.mark.parametrize("slot_s", [60, 300, 900, 3600])
def test_the_grid_gives_what_the_others_take(world: World, office: Site, slot_s: int) -> None:
    flows = {flow: values(world, office, flow, START, END, slot_s) for flow in Flow}
    for load, sun, charging, battery, grid in zip(*flows.values(), strict=True):
        assert grid == load + charging + battery - sun
    assert min(flows[Flow.LOAD]) >= 0
    assert min(flows[Flow.SOLAR]) >= 0
    assert min(flows[Flow.CHARGING]) >= 0
    assert min(flows[Flow.BATTERY]) < 0 < max(flows[Flow.BATTERY])


@pytest.mark.parametrize("flow", Flow)
def test_long_slots_are_sums_of_short_ones(world: World, home: Site, flow: Flow) -> None:
    shortest = values(world, home, flow, START, END, 60)
    for slot_s in (300, 900, 3600, 86_400):
        many = slot_s // 60
        sums = [sum(shortest[at : at + many]) for at in range(0, len(shortest), many)]
        assert values(world, home, flow, START, END, slot_s) == sums


@pytest.mark.parametrize("flow", Flow)
def test_pieces_make_the_whole(world: World, office: Site, flow: Flow) -> None:
    whole = values(world, office, flow, START, END)
    cuts = random.Random(1).sample(range(1, len(whole)), 6)
    edges = [START + timedelta(seconds=900 * cut) for cut in sorted([0, *cuts, len(whole)])]
    pieces = [values(world, office, flow, *edge) for edge in reversed([*pairwise(edges)])]
    assert [value for piece in reversed(pieces) for value in piece] == whole


def test_charging_is_what_the_sessions_took(world: World, office: Site) -> None:
    start_s, end_s = int(START.timestamp()), int(END.timestamp())
    taken = [
        session.charging.energy_wh_at(end_s) - session.charging.energy_wh_at(start_s)
        for session in world.sessions(START - timedelta(days=4), END, [office])
    ]
    assert sum(taken) > 0
    assert sum(values(world, office, Flow.CHARGING, START, END, 3600)) == sum(taken)


@pytest.mark.parametrize("key", ["utrecht-home", "amsterdam-office", "berlin-depot"])
def test_a_battery_stays_within_its_band_and_power_and_earns(world: World, key: str) -> None:
    site = next(site for site in world.sites if site.key == key)
    battery = site.battery
    assert battery
    energies = [world.soc(site, START + timedelta(seconds=900 * number)) for number in range(193)]
    assert all(soc is not None and 0.0999 <= soc <= 0.9001 for soc in energies)
    moved = values(world, site, Flow.BATTERY, START, END)
    assert max(map(abs, moved)) * 4 <= battery.power_w
    for (before, after), taken in zip(pairwise(energies), moved, strict=True):
        assert before is not None
        assert after is not None
        stored = taken * 0.95 if taken > 0 else taken / 0.95
        assert (after - before) * battery.capacity_wh == pytest.approx(stored, abs=3)
    assert sum(map(abs, moved)) > battery.capacity_wh
    midnight = datetime(2026, 5, 5, tzinfo=UTC)
    assert world.soc(site, midnight) == 0.5


@pytest.mark.parametrize("name", ["city", "grid_congestion", "fleet:50"])
def test_grid_connections_carry_what_flows(name: str) -> None:
    world = World(11, Clock(START, 0), NamedWorld.parse(name))
    start = datetime(2026, 1, 12, tzinfo=UTC)
    for site in world.sites:
        limit_wh = site.connection.power_limit_w // 4
        drawn = values(world, site, Flow.GRID, start, start + timedelta(days=14))
        assert sum(wh > limit_wh for wh in drawn) <= 0.01 * len(drawn), site.key
        assert max(drawn) <= 1.25 * limit_wh, site.key
        # One watt-hour of rounding in each flow.
        battery = values(world, site, Flow.BATTERY, start, start + timedelta(days=14))
        assert not any(wh > limit_wh + 4 and stored > 0 for wh, stored in zip(drawn, battery, strict=True)), site.key


def test_a_congested_yard_never_takes_more_than_its_fuse_carries_and_nothing_in_the_evening_peak() -> None:
    world = World(3, Clock(START, 0), NamedWorld("grid_congestion"))
    (site,) = world.sites
    zone, start = ZoneInfo(site.timezone), datetime(2026, 2, 2, tzinfo=UTC)
    charging = world.energy(site, Flow.CHARGING, start, start + timedelta(days=28))
    assert max(charging.values) <= site.connection.power_limit_w // 4
    in_peak = [slot for slot in charging if 17 <= slot.start.astimezone(zone).hour < 20]
    at_weekend = [slot.value for slot in in_peak if slot.start.astimezone(zone).weekday() >= 5]
    assert sum(at_weekend) == sum(slot.value for slot in in_peak) > 0


def test_what_has_no_battery_has_no_soc(world: World) -> None:
    site = next(site for site in world.sites if site.battery is None)
    assert world.soc(site, START) is None
    assert set(values(world, site, Flow.BATTERY, START, END)) == {0}


@pytest.mark.parametrize(("day", "quarters"), [("2026-03-29", 92), ("2026-10-24", 96), ("2026-10-25", 100)])
def test_a_local_day_has_as_many_quarter_hours_as_it_is_long(world: World, home: Site, day: str, quarters: int) -> None:
    local = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(home.timezone))
    slots = slots_of_day(ZoneInfo(home.timezone), local.date(), 900)
    end = (local + timedelta(days=1)).astimezone(UTC)
    series = world.energy(home, Flow.LOAD, local, end)
    assert len(series) == len(slots) == quarters
    assert series.starts_s == slots


def test_another_site_changes_nothing() -> None:
    clock = Clock(START, 0)
    alone, among = World(9, clock, NamedWorld("home")), World(9, clock, NamedWorld("city"))
    (site,) = alone.sites
    same = next(each for each in among.sites if each.key == site.key)
    for flow in Flow:
        assert values(alone, site, flow, START, END) == values(among, same, flow, START, END)


def test_prices_are_unknown_until_they_are_published(world: World, home: Site) -> None:
    assert home.area
    end = START + timedelta(days=3)
    for clock_hour, known_days in ((10, 1), (11, 2)):  # 12:00 and 13:00 in Amsterdam
        series = World(5, Clock(START.replace(day=5, hour=clock_hour), 0)).prices(home.area, START, end)
        assert series.unit == "EUR/MWh"
        known_until = START + timedelta(days=known_days)
        assert all((slot.value is None) == (slot.start >= known_until) for slot in series)


def test_carbon_intensity_averages(world: World) -> None:
    halves = world.carbon_intensity("GB", START, END)
    days = world.carbon_intensity("GB", START, END, 86_400)
    assert (halves.unit, len(halves), len(days)) == ("gCO2/kWh", 96, 2)
    assert days.values[0] == pytest.approx(statistics.fmean(halves.values[:48]))


SCRIPT = """
from datetime import UTC, datetime, timedelta
from mockserver.clock import Clock
from mockserver.domain.energy import Flow
from mockserver.domain.world import World
start = datetime(2026, 5, 4, 22, tzinfo=UTC)
world = World(5, Clock(start, 0))
for site in world.sites:
    print(site.id, [world.energy(site, flow, start, start + timedelta(hours=6)).values for flow in Flow])
for session in world.sessions(start, start + timedelta(hours=12)):
    print(session.id, session.charging)
"""


def test_processes_agree_whatever_their_hash_seed() -> None:
    assert said_in_every_process(SCRIPT)
