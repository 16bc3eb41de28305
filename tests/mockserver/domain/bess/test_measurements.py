"""Readings of a sensor: in order, one for an instant, registers that rise, means and what holds between them."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.days import DAY_S, SECOND_US
from mockserver.domain.bess.measurements import (
    DAY_US,
    Reading,
    aggregated,
    by_day,
    first_fall,
    measured_s,
    merged,
    packed,
    powers,
    quarter_hours,
    unpacked,
)

AMOUNTS = st.none() | st.integers(0, 1000) | st.floats(0, 1e6, allow_nan=False)
READINGS = st.lists(
    st.builds(Reading, st.integers(-2 * DAY_US, 3 * DAY_US), AMOUNTS, AMOUNTS), max_size=40, unique_by=lambda r: r.at_us
)
START_S = 20_530 * DAY_S
"""A midnight in March 2026."""


def every(step_s: int, count: int, power_kw: float | None = 1.0, rise_kwh: float | None = None) -> list[Reading]:
    """Readings at equal distances from a midnight on."""
    return [
        Reading((START_S + number * step_s) * SECOND_US, power_kw, None if rise_kwh is None else number * rise_kwh)
        for number in range(count)
    ]


@given(READINGS, READINGS)
def test_merging_keeps_order_and_the_last_word(before: list[Reading], added: list[Reading]) -> None:
    found = merged(before, added)
    assert [each.at_us for each in found] == sorted({each.at_us for each in (*before, *added)})
    assert {*added} <= {*found}
    replaced = {each.at_us for each in added}
    assert {each for each in before if each.at_us not in replaced} <= {*found}


@given(READINGS)
def test_days_packed_and_unpacked_are_what_they_were(readings: list[Reading]) -> None:
    ordered = merged((), readings)
    through_json = [
        reading
        for day, inside in by_day(ordered)
        for reading in unpacked(day, orjson.loads(orjson.dumps(packed(day, inside))))
    ]
    assert through_json == ordered


@given(READINGS)
def test_a_fall_is_found_exactly_when_registers_do_not_rise(readings: list[Reading]) -> None:
    ordered = merged((), readings)
    registers = [each.energy_kwh for each in ordered if each.energy_kwh is not None]
    assert (first_fall(ordered) is None) == (registers == sorted(registers))


@given(READINGS, st.sampled_from([60, 300, 900, 3600]))
def test_intervals_hold_the_mean_power_and_the_last_register(readings: list[Reading], interval_s: int) -> None:
    ordered = merged((), readings)
    found = aggregated(ordered, interval_s)
    assert {each.at_us for each in found} == {
        each.at_us // (interval_s * SECOND_US) * interval_s * SECOND_US for each in ordered
    }
    for each in found:
        inside = [r for r in ordered if each.at_us <= r.at_us < each.at_us + interval_s * SECOND_US]
        known = [r.power_kw for r in inside if r.power_kw is not None]
        registers = [r.energy_kwh for r in inside if r.energy_kwh is not None]
        assert each.energy_kwh == (registers[-1] if registers else None)
        if not known:
            assert each.power_kw is None
        else:
            assert each.power_kw == pytest.approx(sum(known) / len(known), abs=1e-6)


@given(READINGS)
def test_an_hour_is_read_from_its_minutes_as_from_the_readings(readings: list[Reading]) -> None:
    ordered = [each for each in merged((), readings) if each.power_kw is None]
    assert aggregated(aggregated(ordered, 60), 3600) == aggregated(ordered, 3600)


def test_a_power_holds_until_the_next_one_and_at_most_an_hour() -> None:
    readings = [Reading(0, 1.0), Reading(60 * SECOND_US, 2.0), Reading(8000 * SECOND_US, 3.0)]
    assert powers(readings) == [
        (0, 60 * SECOND_US, 1.0),
        (60 * SECOND_US, 3660 * SECOND_US, 2.0),
        (8000 * SECOND_US, 11_600 * SECOND_US, 3.0),
    ]


def test_where_no_power_was_read_it_is_what_the_register_rose_by() -> None:
    readings = every(900, 5, power_kw=None, rise_kwh=0.5)
    assert powers(readings) == [
        ((START_S + 900 * n) * SECOND_US, (START_S + 900 * (n + 1)) * SECOND_US, 2.0) for n in range(4)
    ]
    assert powers([Reading(0, None, 1.0), Reading(3601 * SECOND_US, None, 2.0)]) == []


@pytest.mark.parametrize(("step_s", "count"), [(60, 1440), (300, 288), (900, 96), (3600, 24)])
def test_a_day_of_readings_measures_a_day(step_s: int, count: int) -> None:
    spans = powers(every(step_s, count))
    assert measured_s(spans) == DAY_S
    assert measured_s(powers(every(step_s, count - 1))) == DAY_S - step_s
    found = quarter_hours(spans)
    assert [*found] == [*range(START_S, START_S + DAY_S, 900)]
    assert {*found.values()} == {1.0}


def test_two_readings_a_day_apart_measure_two_hours() -> None:
    assert measured_s(powers(every(DAY_S, 2))) == 7200


def test_a_quarter_hour_is_weighted_by_how_long_each_power_held() -> None:
    readings = [Reading(0, 10.0), Reading(300 * SECOND_US, 1.0), Reading(1800 * SECOND_US, 0.0)]
    assert quarter_hours(powers(readings)) == {
        0: pytest.approx(4.0),
        900: pytest.approx(1.0),
        1800: 0.0,
        2700: 0.0,
    }


def test_nothing_measures_nothing() -> None:
    assert powers([]) == []
    assert quarter_hours(powers([Reading(0, 5.0)])) == {}
    assert aggregated([], 900) == []
