"""The energy forecast of a session: always possible, nearer to the truth the more is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.clock import Clock
from mockserver.domain.energy_forecast import (
    Basis,
    EnergyForecast,
    Measurement,
    SessionSoFar,
    energy_forecast,
)
from mockserver.domain.world import World

START = datetime(2026, 3, 2, 17, 40, tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REGULAR = [9_800, 10_400, 10_000, 9_500, 10_300]


def charged(*energies_wh: float, every: timedelta = 10 * MINUTE, start: datetime = START) -> list[Measurement]:
    """Measurements one step apart, the first of them one step after the start."""
    return [Measurement(start + number * every, energy) for number, energy in enumerate(energies_wh, start=1)]


def forecast(
    measurements: Sequence[Measurement] = (),
    history_wh: Sequence[float] = (),
    *,
    now: datetime | None = None,
    max_power_w: float | None = None,
    departure_at: datetime | None = None,
) -> EnergyForecast:
    session = SessionSoFar(START, measurements, max_power_w, departure_at)
    return energy_forecast(session, history_wh, now or (measurements[-1].at if measurements else START))


@st.composite
def sessions(draw: st.DrawFn) -> SessionSoFar:
    steps = draw(st.lists(st.tuples(st.integers(0, 7_200), st.floats(0.0, 20_000.0)), max_size=8))
    measurements: list[Measurement] = []
    at, energy_wh = START, 0.0
    for elapsed_s, more_wh in steps:
        at, energy_wh = at + timedelta(seconds=elapsed_s), energy_wh + more_wh
        measurements.append(Measurement(at, energy_wh))
    departure_s = draw(st.none() | st.integers(1, 200_000))
    return SessionSoFar(
        START,
        measurements,
        draw(st.none() | st.floats(0.001, 400_000.0)),
        None if departure_s is None else START + timedelta(seconds=departure_s),
    )


HISTORIES = st.lists(st.integers(0, 120_000), max_size=12)
NOWS = st.integers(-100_000, 200_000).map(lambda second: START + timedelta(seconds=second))


@given(session=sessions(), history_wh=HISTORIES, now=NOWS)
def test_it_is_always_possible(session: SessionSoFar, history_wh: list[int], now: datetime) -> None:
    found = energy_forecast(session, history_wh, now)
    so_far_wh = session.energy_wh
    assert found.energy_so_far_wh == so_far_wh <= found.lower_wh <= found.expected_wh <= found.upper_wh
    if session.departure_at is not None and session.max_power_w is not None:
        last = max(now, START, *(each.at for each in session.measurements))
        left_h = max((session.departure_at - last) / HOUR, 0.0)
        assert found.upper_wh <= so_far_wh + session.max_power_w * left_h * (1 + 1e-9)
    if found.expected_end_at is not None and session.departure_at is not None:
        assert found.expected_end_at <= session.departure_at


@given(session=sessions(), history_wh=HISTORIES, now=NOWS)
def test_it_says_what_it_rests_on(session: SessionSoFar, history_wh: list[int], now: datetime) -> None:
    basis = energy_forecast(session, history_wh, now).basis
    if any(energy_wh >= 100 for energy_wh in history_wh):
        assert basis is Basis.HISTORY
    else:
        assert basis is (Basis.MEASUREMENTS if session.energy_wh >= 100 else Basis.DEFAULT)


@given(history_wh=HISTORIES, less_wh=st.floats(0.0, 150_000.0), more_wh=st.floats(0.0, 150_000.0))
def test_a_session_that_has_taken_more_will_take_more(history_wh: list[int], less_wh: float, more_wh: float) -> None:
    less = forecast([Measurement(START + 10 * MINUTE, less_wh)], history_wh)
    more = forecast([Measurement(START + 10 * MINUTE, less_wh + more_wh)], history_wh)
    for name in ("lower_wh", "expected_wh", "upper_wh"):
        assert getattr(more, name) >= getattr(less, name) * (1 - 1e-9)


def test_what_a_driver_always_takes_is_expected_again() -> None:
    found = forecast(history_wh=REGULAR)
    assert found.expected_wh == pytest.approx(mean(REGULAR), rel=0.05)
    usual = forecast()
    assert found.upper_wh - found.lower_wh < (usual.upper_wh - usual.lower_wh) / 3


def test_every_further_session_of_the_same_kind_narrows_the_band() -> None:
    bands = [forecast(history_wh=[10_000] * count) for count in range(1, 8)]
    widths = [found.upper_wh / found.lower_wh for found in bands]
    assert widths == sorted(widths, reverse=True)


def test_a_driver_who_tops_up_or_fills_up_is_filling_up_once_the_top_is_passed() -> None:
    history_wh = [7_000, 8_000, 8_500, 7_500, 8_000, 40_000, 42_000, 41_000]
    assert forecast(history_wh=history_wh).expected_wh < 10_000
    assert 38_000 < forecast(charged(5_000, 10_000, 15_000), history_wh).expected_wh < 44_000


def test_a_session_beyond_all_of_the_past_is_as_any_other() -> None:
    measurements = charged(20_000, 40_000)
    assert forecast(measurements, REGULAR).expected_wh == pytest.approx(forecast(measurements).expected_wh, rel=0.01)


def test_sessions_that_took_nothing_tell_nothing() -> None:
    assert forecast(history_wh=[0, 40, 99]) == forecast()
    assert forecast(history_wh=[*REGULAR, 0, 0]) == forecast(history_wh=REGULAR)


@pytest.mark.parametrize("history_wh", [(), REGULAR])
def test_it_comes_down_to_what_was_charged_once_charging_has_stopped(history_wh: Sequence[float]) -> None:
    found = [
        forecast([*charged(2_000, 4_000, 6_000), *charged(*[6_000] * idle, start=START + 30 * MINUTE)], history_wh)
        for idle in (0, 3, 12, 36, 144)
    ]
    more_wh = [each.expected_wh - 6_000 for each in found]
    assert more_wh == sorted(more_wh, reverse=True)
    assert more_wh[1] < more_wh[0]
    assert found[-1].upper_wh == pytest.approx(6_000, abs=1.0)


def test_a_car_that_keeps_warm_has_stopped_charging() -> None:
    register_wh = [6_000 + 100 * (number // 6) for number in range(1, 145)]  # 100 W, counted in tenths of a kWh
    found = forecast([*charged(2_000, 4_000, 6_000), *charged(*register_wh, start=START + 30 * MINUTE)])
    assert found.upper_wh == pytest.approx(register_wh[-1], abs=1.0)


def test_a_car_that_waits_for_its_hour_is_still_expected_to_charge() -> None:
    assert forecast(charged(*[0.0] * 60)).expected_wh == forecast().expected_wh


def test_a_wait_before_charging_is_no_pause() -> None:
    waited = [*charged(*[0.0] * 60), *charged(1_000, 2_000, start=START + 10 * HOUR)]
    assert forecast(waited).expected_wh == forecast(charged(1_000, 2_000)).expected_wh


def test_silence_is_no_pause() -> None:
    measurements = charged(1_000, 2_000)
    assert forecast(measurements, now=START + 9 * HOUR).upper_wh == forecast(measurements).upper_wh


def test_a_departure_limits_it_by_the_power_that_the_car_draws_and_at_most_by_what_it_may_draw() -> None:
    measurements = charged(600, 1_200)  # 3.6 kW
    found = forecast(measurements, [50_000] * 9, max_power_w=11_000, departure_at=measurements[-1].at + HOUR)
    assert found.expected_wh == pytest.approx(1_200 + 3_600)
    assert found.upper_wh == pytest.approx(1_200 + 11_000)


def test_after_the_departure_nothing_more_comes() -> None:
    found = forecast(charged(2_000, 4_000), max_power_w=11_000, now=START + 5 * HOUR, departure_at=START + 4 * HOUR)
    assert found.lower_wh == found.expected_wh == found.upper_wh == 4_000


def test_it_ends_when_the_rest_is_in_at_the_power_observed() -> None:
    measurements = charged(1_000, 2_000)  # 6 kW
    found = forecast(measurements, REGULAR, max_power_w=11_000)
    assert found.expected_end_at is not None
    left_h = (found.expected_end_at - measurements[-1].at) / HOUR
    assert left_h * 6_000 == pytest.approx(found.expected_wh - 2_000, abs=2.0)


def test_before_charging_it_ends_as_if_charged_at_the_greatest_power() -> None:
    found = forecast(history_wh=REGULAR, max_power_w=11_000)
    assert found.expected_end_at is not None
    assert (found.expected_end_at - START) / HOUR * 11_000 == pytest.approx(found.expected_wh, abs=2.0)


def test_a_slow_end_does_not_hide_in_a_fast_beginning() -> None:
    slowed = [*charged(3_000, 6_000), *charged(300, 600, 900, start=START + 20 * MINUTE)]
    slowed = [*slowed[:2], *(Measurement(each.at, 6_000 + each.energy_wh) for each in slowed[2:])]
    assert SessionSoFar(START, slowed).power_w == pytest.approx(1_800)


@pytest.mark.parametrize(
    "found",
    [
        forecast(),
        forecast(history_wh=REGULAR),
        forecast(charged(0.0, 0.0)),
        forecast(max_power_w=0.001),
        forecast([Measurement(START, 2_000.0)]),
        forecast([Measurement(LAST - HOUR, 2_000.0), Measurement(LAST, 8_000.0)]),
    ],
    ids=["no power", "history alone", "not begun", "never", "in no time", "beyond the calendar"],
)
def test_an_end_that_nothing_tells_is_unknown(found: EnergyForecast) -> None:
    assert found.expected_end_at is None


def test_what_is_reached_was_reached_when_it_was_first_measured() -> None:
    measurements = charged(2_000, 4_000, *[4_000.0] * 200)
    assert forecast(measurements).expected_end_at == measurements[1].at


def test_eight_of_ten_sessions_of_the_world_lie_within_what_is_usual() -> None:
    usual = forecast()
    world = World(5, Clock(START, 0.0))
    energies_wh = [
        session.charging.energy_wh
        for session in world.sessions(START, START + timedelta(days=4))
        if session.charging.energy_wh >= 100
    ]
    within = mean(usual.lower_wh <= energy_wh <= usual.upper_wh for energy_wh in energies_wh)
    below = mean(energy_wh < usual.expected_wh for energy_wh in energies_wh)
    assert len(energies_wh) > 500
    assert 0.72 < within < 0.88
    assert 0.42 < below < 0.58
