"""The world: what a driver can have, and rates and series that agree with each other at any time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from fixtures.tariffs import SLOT_S
from mockserver.clock import Clock
from mockserver.domain.tariffs import Tariff, TariffType
from mockserver.domain.world import World
from tests.processes import said_in_every_process

NOW = datetime(2026, 10, 26, 8, 0, tzinfo=UTC)


def world_at(now: str | datetime, seed: int = 42) -> World:
    clock = Clock(speed=0)
    clock.set(datetime.fromisoformat(now) if isinstance(now, str) else now)
    return World(seed, clock)


@pytest.fixture(scope="module")
def world() -> World:
    return world_at(NOW)


def tariff_named(world: World, name: str, gsp_group: str | None = None) -> Tariff:
    return next(tariff for tariff in world.tariffs if (tariff.name, tariff.gsp_group) == (name, gsp_group))


def test_things_are_found_by_id(world: World) -> None:
    for supplier in world.suppliers:
        assert world.supplier(supplier.id) is supplier
    for tariff in world.tariffs:
        assert world.tariff(tariff.id) is tariff
    for driver in world.drivers:
        assert world.driver(driver.id) is driver
    assert world.tariff(world.suppliers[0].id) is None
    assert world.supplier("supl") is None
    assert world.driver("user") is None


def test_drivers_live_in_many_places_on_tariffs_of_their_own_region(world: World) -> None:
    assert len(world.drivers) >= 20
    assert {driver.country_code for driver in world.drivers} == {tariff.country_code for tariff in world.tariffs}
    assert [driver.id for driver in world.drivers] == sorted(driver.id for driver in world.drivers)
    for driver in world.drivers:
        assert re.fullmatch(r"user[0-9A-HJKMNP-TV-Z]{26}", driver.id)
        assert (driver.gsp_group is not None) == (driver.country_code == "GB")
        assert driver.tariff.is_sold_in(driver.country_code, driver.timezone, driver.gsp_group)
        assert driver.tariff.is_open(driver.joined_at.date())
        assert driver.tariff.timezone == driver.timezone
        assert driver.joined_at < NOW
    assert len({driver.email for driver in world.drivers}) == len(world.drivers)
    assert len({driver.city for driver in world.drivers}) == len(world.drivers)


@pytest.mark.parametrize("seed", range(30))
def test_every_seed_has_drivers_with_and_without_dynamic_tariffs(seed: int) -> None:
    types = {driver.tariff.type for driver in world_at(NOW, seed).drivers}
    assert {TariffType.FLAT_RATE, TariffType.DUAL_RATE, TariffType.DYNAMIC} <= types


def test_available_is_open_today_in_the_drivers_country_and_region(world: World) -> None:
    for driver in world.drivers:
        available = world.tariffs_available_to(driver)
        assert available
        assert set(available) == {
            tariff
            for tariff in world.tariffs
            if tariff.country_code == driver.country_code
            and tariff.timezone == driver.timezone
            and tariff.gsp_group in (None, driver.gsp_group)
            and world.is_open(tariff)
        }
        assert list(available) == [tariff for tariff in world.tariffs if tariff in set(available)]
        suppliers = world.suppliers_available_to(driver)
        assert set(suppliers) == {tariff.supplier for tariff in available}
        assert [supplier.name for supplier in suppliers] == sorted(supplier.name for supplier in suppliers)


def test_today_is_that_of_the_tariffs_own_zone(world: World) -> None:
    closing = tariff_named(world, "Manzanita EV-2019")  # until 2024-12-31 in Los Angeles
    assert world_at("2025-01-01T07:59:59+00:00").is_open(closing)
    assert not world_at("2025-01-01T08:00:00+00:00").is_open(closing)
    opening = tariff_named(world, "Ninefold EV+")  # from 2026-12-01 in London
    assert not world_at("2026-11-30T23:59:59+00:00").is_open(opening)
    assert world_at("2026-12-01T00:00:00+00:00").is_open(opening)


@pytest.mark.parametrize(
    "now",
    [
        "2026-10-26T08:00:00+00:00",
        "2026-03-29T00:59:59.999999+00:00",
        "2026-03-29T01:00:00+00:00",
        "2026-10-25T00:30:00+00:00",
        "2026-10-25T01:29:00+00:00",
        "2026-11-01T06:15:00+00:00",
        "2026-07-01T11:00:00+00:00",
        "2026-07-01T15:00:01+00:00",
        "2021-06-06T06:06:06+00:00",
        "1970-01-01T00:00:00+00:00",
    ],
)
def test_the_current_rate_is_that_of_the_slot_that_contains_now(now: str) -> None:
    world = world_at(now)
    at = world.clock.now()
    for tariff in world.tariffs:
        series = world.price_series(tariff, started_at_gte=at - timedelta(seconds=SLOT_S), started_at_lte=at)
        slots = [slot for slot in series if slot.started_at <= at < slot.started_at + timedelta(seconds=SLOT_S)]
        assert len(slots) <= 1
        assert world.rate(tariff, world.clock.now()) == (slots[0].rate if slots else None)
        assert bool(slots) == (
            tariff.rates is not None and tariff.valid_from <= at.astimezone(ZoneInfo(tariff.timezone)).date()
        )


def test_a_series_reaches_back_a_year_or_to_the_first_day(world: World) -> None:
    old = world.price_series(tariff_named(world, "Polderlicht Variabel"))
    assert old[0].started_at == NOW - timedelta(days=365)
    young = world.price_series(tariff_named(world, "Corrin Hill Dynamic"))  # from 1 June 2026, Dublin summer time
    assert young[0].started_at == datetime(2026, 5, 31, 23, 0, tzinfo=UTC)


def test_a_fixed_series_ends_with_tomorrow(world: World) -> None:
    series = world.price_series(tariff_named(world, "Polderlicht Variabel"))
    assert series[-1].started_at == datetime(2026, 10, 27, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "last"),
    [("2026-10-26T11:59:59Z", "2026-10-26T22:30:00Z"), ("2026-10-26T12:00:00Z", "2026-10-27T22:30:00Z")],
)
def test_a_dynamic_series_ends_with_the_last_publication(now: str, last: str) -> None:
    world = world_at(now)
    tariff = tariff_named(world, "Polderlicht Uurprijs")
    series = world.price_series(tariff)
    end = datetime.fromisoformat(last)
    assert series[-1].started_at == end
    assert world.rate(tariff, end) == series[-1].rate
    assert world.rate(tariff, end + timedelta(seconds=SLOT_S)) is None


def test_limits_are_inclusive(world: World) -> None:
    tariff = tariff_named(world, "Kievit Dag en Nacht")
    first, last = NOW - timedelta(hours=2), NOW
    slots = world.price_series(tariff, started_at_gte=first, started_at_lte=last)
    assert [slots[0].started_at, slots[-1].started_at, len(slots)] == [first, last, 5]
    assert len(world.price_series(tariff, started_at_gte=last, started_at_lte=first)) == 0
    assert len(world.price_series(tariff, started_at_gte=first, started_at_lte=first)) == 1
    assert (
        len(world.price_series(tariff, started_at_lte=last - timedelta(microseconds=1)))
        == len(world.price_series(tariff, started_at_lte=last)) - 1
    )
    ends_of_time = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    assert len(world.price_series(tariff, *ends_of_time)) == len(world.price_series(tariff))
    assert len(world.price_series(tariff, *reversed(ends_of_time))) == 0


def test_what_has_no_rates_has_no_series(world: World) -> None:
    for tariff in world.tariffs:
        if tariff.type in (TariffType.EXTERNALLY_MANAGED, TariffType.OTHER):
            assert world.rate(tariff, world.clock.now()) is None
            assert len(world.price_series(tariff)) == 0
            assert list(world.price_series(tariff)[::-1][:25]) == []


def test_a_tariff_that_is_to_come_has_no_rate_yet() -> None:
    world = world_at("2026-11-29T12:00:00Z")
    tariff = tariff_named(world, "Ninefold EV+")  # from 2026-12-01
    assert world.rate(tariff, world.clock.now()) is None
    assert len(world.price_series(tariff)) == 0
    world.clock.advance(timedelta(days=1))
    assert world.rate(tariff, world.clock.now()) is None
    assert len(world.price_series(tariff)) == 48  # tomorrow


def test_history_does_not_change_as_time_passes() -> None:
    world = world_at(NOW)
    tariff = tariff_named(world, "Rookery Half-Hourly", "_C")
    then = list(world.price_series(tariff)[-100:])
    world.clock.advance(timedelta(days=30))
    assert list(world.price_series(tariff, then[0].started_at, then[-1].started_at)) == then


def test_negative_and_capped_rates_occur(world: World) -> None:
    agile = [slot.rate for slot in world.price_series(tariff_named(world, "Rookery Half-Hourly", "_C"))]
    assert min(agile) < 0
    assert Decimal("0.14") < sum(agile) / len(agile) < Decimal("0.26")
    dutch = [slot.rate for slot in world.price_series(tariff_named(world, "Polderlicht Uurprijs"))]
    assert Decimal("0.20") < sum(dutch) / len(dutch) < Decimal("0.27")


def test_processes_agree_whatever_their_hash_seed() -> None:
    program = """
from datetime import UTC, datetime
from mockserver.clock import Clock
from mockserver.domain.world import World
clock = Clock(speed=0)
clock.set(datetime(2026, 10, 26, 8, tzinfo=UTC))
world = World(7, clock)
for tariff in world.tariffs:
    print(tariff.id, tariff.name, tariff.supplier.id, world.rate(tariff, world.clock.now()))
for driver in world.drivers:
    print(driver.id, driver.full_name, driver.email, driver.tariff.id, driver.joined_at)
"""
    said = said_in_every_process(program)
    assert said.count("\n") > 200
