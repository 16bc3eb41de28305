"""The cost of a session: sums that are exact, whatever the readings, the prices and the clock do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.days import QUARTER_HOUR_S, midnight, unix_us, utc_of_us
from fixtures.prices import area, price_at
from mockserver.clock import Clock
from mockserver.domain.series import Slot
from mockserver.domain.session_cost import (
    BadReading,
    Reading,
    UnsettledPeriod,
    exact_cost,
    session_cost,
)
from mockserver.domain.world import World

SEED = 42
SECOND_US = 1_000_000
NL = area("NL")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
FIRST_QUARTERS = datetime(2025, 10, 1, tzinfo=AMSTERDAM).astimezone(UTC)
START = datetime(2026, 3, 3, 17, tzinfo=UTC)


def reading(at: datetime, register_wh: int | Decimal) -> Reading:
    return Reading(unix_us(at), register_wh)


@pytest.fixture(scope="module")
def world() -> World:
    return World(SEED, Clock(NOW, 0.0))


def periods(world: World, readings: Sequence[Reading]) -> Iterator[Slot[Decimal | None]]:
    return world.auction_prices(NL, utc_of_us(readings[0].at_us), utc_of_us(readings[-1].at_us))


def hours(prices: Iterable[str | None], start: datetime = START) -> list[Slot[Decimal | None]]:
    return [
        Slot(
            start + timedelta(hours=number),
            start + timedelta(hours=number + 1),
            None if price is None else Decimal(price),
        )
        for number, price in enumerate(prices)
    ]


def register(readings: Sequence[Reading], at_us: int) -> Fraction:
    """The register at an instant, read off the line between the readings around it."""
    for before, after in pairwise(readings):
        if before.at_us <= at_us <= after.at_us and before.at_us < after.at_us:
            share = Fraction(at_us - before.at_us, after.at_us - before.at_us)
            return Fraction(before.register_wh) + share * (Fraction(after.register_wh) - Fraction(before.register_wh))
    raise AssertionError("outside the readings")


def slow_cost(readings: Sequence[Reading]) -> Fraction:
    """The formula to the letter, quarter-hour by quarter-hour: the auction's prices repeat within its periods."""
    first_us, last_us = readings[0].at_us, readings[-1].at_us
    step_us = QUARTER_HOUR_S * SECOND_US
    total = Fraction(0)
    for start_us in range(first_us - first_us % step_us, last_us, step_us):
        energy_wh = register(readings, min(start_us + step_us, last_us)) - register(readings, max(start_us, first_us))
        total += energy_wh / 1000 * Fraction(price_at(SEED, "NL", utc_of_us(start_us))) / 1000
    return total


@st.composite
def sessions(draw: st.DrawFn) -> list[Reading]:
    """Readings of up to two days around an ordinary night, the first day of quarter-hours, or a clock change."""
    day = draw(st.sampled_from([date(2026, 3, 3), date(2025, 9, 30), date(2026, 3, 28), date(2026, 10, 24)]))
    start_us = unix_us(midnight(AMSTERDAM, day)) + draw(st.integers(0, 86_400 * SECOND_US))
    steps = draw(
        st.lists(
            st.tuples(
                st.integers(1, 6 * 3_600 * SECOND_US),
                st.integers(0, 40_000) | st.decimals(0, 40_000, places=3, allow_nan=False),
            ),
            min_size=1,
            max_size=8,
        )
    )
    readings = [Reading(start_us, draw(st.integers(0, 10**9)))]
    for elapsed_us, energy_wh in steps:
        readings.append(Reading(readings[-1].at_us + elapsed_us, readings[-1].register_wh + energy_wh))
    return readings


@given(readings=sessions())
def test_it_is_the_formula(world: World, readings: list[Reading]) -> None:
    assert exact_cost(readings, periods(world, readings)) == slow_cost(readings)


@given(readings=sessions(), where=st.integers(0, 100))
def test_parts_of_a_session_add_up_to_it(world: World, readings: list[Reading], where: int) -> None:
    cut = where % len(readings)
    parts = (readings[: cut + 1], readings[cut:])
    assert sum(exact_cost(part, periods(world, part)) for part in parts) == exact_cost(
        readings, periods(world, readings)
    )


@given(readings=sessions(), where=st.integers(0, 100), share=st.fractions(0, 1, max_denominator=1_000))
def test_a_reading_on_the_line_changes_nothing(
    world: World, readings: list[Reading], where: int, share: Fraction
) -> None:
    index = where % (len(readings) - 1) + 1
    before, after = readings[index - 1 : index + 1]
    at_us = before.at_us + int((after.at_us - before.at_us) * share)
    more = [*readings[:index], Reading(at_us, register(readings, at_us)), *readings[index:]]
    assert exact_cost(more, periods(world, more)) == exact_cost(readings, periods(world, readings))


@given(readings=sessions(), times=st.integers(1, 3))
def test_a_reading_reported_again_changes_nothing(world: World, readings: list[Reading], times: int) -> None:
    repeated = [each for each in readings for _ in range(times)]
    assert session_cost(repeated, periods(world, readings)) == session_cost(readings, periods(world, readings))


@given(readings=sessions(), offset_wh=st.integers(1, 10**8))
def test_what_the_register_showed_before_does_not_matter(world: World, readings: list[Reading], offset_wh: int) -> None:
    later = [each._replace(register_wh=each.register_wh + offset_wh) for each in readings]
    assert session_cost(later, periods(world, readings)) == session_cost(readings, periods(world, readings))


@given(readings=sessions())
def test_it_is_rounded_once_to_four_decimals(world: World, readings: list[Reading]) -> None:
    exact, rounded = exact_cost(readings, periods(world, readings)), session_cost(readings, periods(world, readings))
    assert rounded.as_tuple().exponent == -4
    assert abs(Fraction(rounded) - exact) <= Fraction(1, 20_000)


@pytest.mark.parametrize(
    ("price", "energy_wh", "cost"),
    [
        ("0.50", 100, "0.0000"),  # 0.00005: half goes to the even neighbour, up or down
        ("1.50", 100, "0.0002"),
        ("2.50", 100, "0.0002"),
        ("-0.50", 100, "0.0000"),
        ("-1.50", 100, "-0.0002"),
        ("-2.50", 100, "-0.0002"),
        ("2.51", 100, "0.0003"),
    ],
)
def test_half_is_rounded_to_even_whichever_sign_it_has(price: str, energy_wh: int, cost: str) -> None:
    readings = [reading(START, 0), reading(START + timedelta(hours=1), energy_wh)]
    assert session_cost(readings, hours([price])) == Decimal(cost)


@pytest.mark.parametrize(
    "day",
    [date(2026, 3, 4), date(2026, 3, 29), date(2025, 10, 26), date(2026, 10, 25), date(2021, 3, 28)],
    ids=["24 h", "23 h", "25 h", "25 h again", "23 h by the hour"],
)
def test_constant_power_over_a_day_costs_its_energy_at_the_mean_price(world: World, day: date) -> None:
    start, end = midnight(AMSTERDAM, day), midnight(AMSTERDAM, day + timedelta(days=1))
    prices = [slot.value for slot in world.auction_prices(NL, start, end) if slot.value is not None]
    energy_wh = 24_000
    readings = [reading(start, 5_000), reading(end, 5_000 + energy_wh)]
    mean = Fraction(sum(prices)) / len(prices)
    assert exact_cost(readings, periods(world, readings)) == mean * energy_wh / 10**6


def test_energy_at_negative_prices_earns_money() -> None:
    readings = [reading(START, 0), reading(START + timedelta(hours=2), 20_000)]
    assert session_cost(readings, hours(["-12.00", "-8.00"])) == Decimal("-0.2000")


def test_a_part_of_a_period_has_its_part_of_the_energy() -> None:
    readings = [reading(START + timedelta(minutes=30), 0), reading(START + timedelta(minutes=90), 10_000)]
    assert session_cost(readings, hours(["100.00", "50.00"])) == Decimal("0.7500")


def test_the_periods_are_those_of_the_auction_of_the_day(world: World) -> None:
    start, end = FIRST_QUARTERS - timedelta(hours=2), FIRST_QUARTERS + timedelta(hours=1)
    found = list(world.auction_prices(NL, start, end))
    assert [(slot.end - slot.start).seconds for slot in found] == [3600, 3600, 900, 900, 900, 900]
    assert (found[0].start, found[-1].end) == (start, end)


def test_the_periods_are_those_that_a_session_touches(world: World) -> None:
    second = timedelta(seconds=1)
    found = list(world.auction_prices(NL, START + second, START + timedelta(hours=1) + timedelta(microseconds=1)))
    assert (found[0].start, found[-1].start) == (START, START + timedelta(hours=1))
    found = list(world.auction_prices(NL, START, START + timedelta(hours=1)))
    assert (found[0].start, found[-1].end) == (START, START + timedelta(hours=1))


def test_a_period_without_a_price_is_named(world: World) -> None:
    published = NL.known_until(NOW)
    priced = [reading(published - timedelta(hours=1), 0), reading(published, 1_000)]
    assert session_cost(priced, periods(world, priced)) == session_cost(
        priced, world.auction_prices(NL, published - timedelta(hours=1), published + timedelta(days=2))
    )
    beyond = [*priced, reading(published + timedelta(hours=5), 1_000)]
    with pytest.raises(UnsettledPeriod) as refused:
        session_cost(beyond, periods(world, beyond))
    assert refused.value.start == published


def test_a_period_without_a_price_before_the_session_is_no_matter() -> None:
    at = START + timedelta(hours=1)
    assert session_cost([reading(at, 0), reading(at + timedelta(hours=1), 1_000)], hours([None, "80.00"])) == Decimal(
        "0.0800"
    )


def test_a_session_that_periods_do_not_cover_is_refused() -> None:
    with pytest.raises(ValueError, match="no market period covers 2026-03-03T18:00:00"):
        session_cost([reading(START, 0), reading(START + timedelta(hours=2), 1)], hours(["1.00"]))


@pytest.mark.parametrize(
    ("seconds", "registers_wh", "index", "is_time", "message"),
    [
        ([0, 60, 59], [0, 1, 2], 2, True, "before the time"),
        ([0, 60, 120], [5, 4, 6], 1, False, "less than the reading before"),
        ([0, 60, 60], [0, 1, 2], 2, True, "is the time of the reading before it"),
    ],
)
def test_readings_that_cannot_follow_each_other_are_named(
    seconds: list[int], registers_wh: list[int], index: int, is_time: bool, message: str
) -> None:
    readings = [
        reading(START + timedelta(seconds=second), register_wh)
        for second, register_wh in zip(seconds, registers_wh, strict=True)
    ]
    with pytest.raises(BadReading, match=message) as refused:
        session_cost(readings, hours(["1.00"]))
    assert (refused.value.index, refused.value.is_time) == (index, is_time)
