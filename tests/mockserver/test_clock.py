"""The clock: a straight line through an anchor that moves only when it is told to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from mockserver.clock import MAX_SPEED, Clock, ClockError

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2200, 1, 1, tzinfo=UTC)


class Stopwatch:
    """Real time as a test wants it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def real() -> Stopwatch:
    return Stopwatch()


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_a_frozen_clock_stands_still_however_much_real_time_passes(real: Stopwatch) -> None:
    clock = Clock(NOON, 0.0, monotonic=real)
    real.seconds += 1e9
    assert clock.now() == NOON
    assert clock.frozen
    assert clock.speed == 0.0


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0, MAX_SPEED])
def test_virtual_time_is_real_time_times_speed(real: Stopwatch, speed: float) -> None:
    clock = Clock(NOON, speed, monotonic=real)
    real.seconds += 7
    assert clock.now() == NOON + s(7 * speed)
    assert not clock.frozen


def test_a_clock_without_arguments_shows_real_time() -> None:
    before = datetime.now(UTC)
    now = Clock().now()
    assert before <= now <= datetime.now(UTC)


def test_now_is_in_utc_whatever_zone_it_was_set_in() -> None:
    clock = Clock(datetime(2026, 3, 18, 13, tzinfo=timezone(timedelta(hours=1))), 0.0)
    assert clock.now() == NOON
    assert clock.now().utcoffset() == timedelta(0)


CHANGES: dict[str, tuple[Callable[[Clock], None], float]] = {
    "run faster": (lambda clock: clock.run(3600.0), 3600.0),
    "run slower": (lambda clock: clock.run(0.25), 0.25),
    "run at the same speed": (lambda clock: clock.run(60.0), 60.0),
    "run without argument": (lambda clock: clock.run(), 1.0),
    "freeze": (lambda clock: clock.freeze(), 0.0),
    "advance by nothing": (lambda clock: clock.advance(timedelta(0)), 60.0),
}


@pytest.mark.parametrize(("change", "speed"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_pace_never_makes_time_jump(real: Stopwatch, change: Callable[[Clock], None], speed: float) -> None:
    clock = Clock(NOON, 60.0, monotonic=real)
    real.seconds += 10
    change(clock)
    assert clock.now() == NOON + s(600)
    real.seconds += 2
    assert clock.now() == NOON + s(600 + 2 * speed)


@pytest.mark.parametrize("duration", [s(0.000001), timedelta(days=400), timedelta(hours=-5)])
@pytest.mark.parametrize("speed", [0.0, 60.0])
def test_advance_moves_by_the_duration_and_keeps_the_speed(real: Stopwatch, duration: timedelta, speed: float) -> None:
    clock = Clock(NOON, speed, monotonic=real)
    real.seconds += 3
    clock.advance(duration)
    assert clock.now() == NOON + s(3 * speed) + duration
    assert clock.speed == speed


def test_set_jumps_and_goes_on_at_the_same_speed(real: Stopwatch) -> None:
    clock = Clock(NOON, 60.0, monotonic=real)
    real.seconds += 100
    clock.set(datetime(2020, 2, 29, tzinfo=UTC))
    assert clock.now() == datetime(2020, 2, 29, tzinfo=UTC)
    real.seconds += 1
    assert clock.now() == datetime(2020, 2, 29, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("edge", [FIRST, LAST])
def test_both_ends_of_the_range_can_be_set(edge: datetime) -> None:
    assert Clock(edge, 0.0).now() == edge


def test_time_stops_at_the_end_of_the_range(real: Stopwatch) -> None:
    clock = Clock(LAST - s(1), 1.0, monotonic=real)
    for more in (1.0, 1.0, 1e12, 1e300):
        real.seconds += more
        assert clock.now() == LAST


def test_a_clock_at_the_end_of_its_range_can_be_frozen_and_moved_back(real: Stopwatch) -> None:
    clock = Clock(LAST - s(1), MAX_SPEED, monotonic=real)
    real.seconds += 1e9
    clock.freeze()
    assert clock.now() == LAST
    clock.advance(timedelta(days=-1))
    assert clock.now() == LAST - timedelta(days=1)


REFUSED_TIMES = {
    "no zone": datetime(2026, 3, 18, 12),  # noqa: DTZ001
    "just before the range": FIRST - s(0.000001),
    "just after the range": LAST + s(0.000001),
    "the first year there is": datetime.min.replace(tzinfo=UTC),
    "the last year there is": datetime.max.replace(tzinfo=UTC),
    "before the calendar once in UTC": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "after the calendar once in UTC": datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
}


@pytest.mark.parametrize("at", REFUSED_TIMES.values(), ids=REFUSED_TIMES)
def test_a_time_that_the_clock_cannot_take_is_a_clock_error_and_changes_nothing(at: datetime) -> None:
    clock = Clock(NOON, 0.0)
    with pytest.raises(ClockError):
        clock.set(at)
    assert clock.now() == NOON
    with pytest.raises(ClockError):
        Clock(at)


@pytest.mark.parametrize(
    "duration",
    [timedelta(days=-365 * 57), timedelta(days=365 * 175), timedelta.max, timedelta.min],
)
def test_advancing_out_of_the_range_is_a_clock_error_and_changes_nothing(duration: timedelta) -> None:
    clock = Clock(NOON, 0.0)
    with pytest.raises(ClockError):
        clock.advance(duration)
    assert clock.now() == NOON


@pytest.mark.parametrize("speed", [-1.0, -1e-9, MAX_SPEED + 1, float("inf"), float("-inf"), float("nan")])
def test_a_speed_that_the_clock_cannot_take_is_a_clock_error_and_changes_nothing(real: Stopwatch, speed: float) -> None:
    clock = Clock(NOON, 2.0, monotonic=real)
    with pytest.raises(ClockError, match="speed"):
        clock.run(speed)
    assert clock.speed == 2.0
    with pytest.raises(ClockError, match="speed"):
        Clock(NOON, speed)


def test_the_message_says_what_would_do() -> None:
    with pytest.raises(ClockError, match="2026-03-18T12:00:00Z"):
        Clock(datetime(2026, 3, 18, 12))  # noqa: DTZ001
    with pytest.raises(ClockError, match="1970-01-01 to 2200-01-01"):
        Clock(datetime(2300, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("speed", [0.0, 1.0, 12.5])
def test_load_takes_over_what_dump_gave(real: Stopwatch, speed: float) -> None:
    source = Clock(NOON, speed, monotonic=real)
    real.seconds += 4.25
    taken = Clock(FIRST, 1.0, monotonic=real)
    taken.load(source.dump())
    for more in (0.0, 11.0):
        real.seconds += more
        assert taken.now() == source.now()
    assert taken.speed == speed


def test_a_dump_is_json_values() -> None:
    dumped = Clock(NOON + s(0.000001), 0.0).dump()
    assert {name: type(value) for name, value in dumped.items()} == {"now": str, "speed": float}
    assert datetime.fromisoformat(dumped["now"]) == NOON + s(0.000001)


BAD_DUMPS: dict[str, dict[str, Any]] = {
    "empty": {},
    "no speed": {"now": "2030-01-01T00:00:00+00:00"},
    "no time": {"speed": 1.0},
    "not a time": {"now": "noon", "speed": 1.0},
    "time is a number": {"now": 0, "speed": 1.0},
    "no zone": {"now": "2030-01-01T00:00:00", "speed": 1.0},
    "out of range": {"now": "2400-01-01T00:00:00+00:00", "speed": 1.0},
    "out of the calendar": {"now": "0001-01-01T00:00:00+14:00", "speed": 1.0},
    "speed is text": {"now": "2030-01-01T00:00:00+00:00", "speed": "fast"},
    "speed is null": {"now": "2030-01-01T00:00:00+00:00", "speed": None},
    "negative speed": {"now": "2030-01-01T00:00:00+00:00", "speed": -1.0},
}


@pytest.mark.parametrize("dumped", BAD_DUMPS.values(), ids=BAD_DUMPS)
def test_loading_what_is_no_clock_is_a_clock_error_and_changes_nothing(dumped: dict[str, Any]) -> None:
    clock = Clock(NOON, 0.0)
    with pytest.raises(ClockError):
        clock.load(dumped)
    assert clock.now() == NOON
    assert clock.speed == 0.0


# ---- watching


class Watcher:
    """Notes what a clock shows whenever it is told of a change."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.seen: list[tuple[datetime, float]] = []
        clock.watch(self)

    def __call__(self) -> None:
        self.seen.append((self.clock.now(), self.clock.speed))


WATCHED: dict[str, tuple[Callable[[Clock], None], tuple[datetime, float]]] = {
    "set": (lambda clock: clock.set(LAST), (LAST, 60.0)),
    "set to what it shows": (lambda clock: clock.set(clock.now()), (NOON + s(600), 60.0)),
    "advance": (lambda clock: clock.advance(s(-600)), (NOON, 60.0)),
    "run": (lambda clock: clock.run(2.0), (NOON + s(600), 2.0)),
    "freeze": (lambda clock: clock.freeze(), (NOON + s(600), 0.0)),
    "load": (lambda clock: clock.load({"now": FIRST.isoformat(), "speed": 0.5}), (FIRST, 0.5)),
}


@pytest.mark.parametrize(("change", "after"), WATCHED.values(), ids=WATCHED)
def test_watchers_are_told_of_a_change_once_the_clock_shows_it(
    real: Stopwatch, change: Callable[[Clock], None], after: tuple[datetime, float]
) -> None:
    clock = Clock(NOON, 60.0, monotonic=real)
    first, second = Watcher(clock), Watcher(clock)
    real.seconds += 10
    change(clock)
    assert first.seen[-1] == second.seen[-1] == after == (clock.now(), clock.speed)


def test_watchers_are_not_told_that_time_passes_nor_of_what_the_clock_did_not_take(real: Stopwatch) -> None:
    clock = Clock(NOON, 60.0, monotonic=real)
    watcher = Watcher(clock)
    real.seconds += 10
    clock.now()
    clock.dump()
    for change in (
        lambda: clock.set(LAST + s(1)),
        lambda: clock.run(-1.0),
        lambda: clock.advance(timedelta.max),
        lambda: clock.load({"now": "noon", "speed": 1.0}),
        lambda: clock.load({"now": NOON.isoformat(), "speed": -1.0}),
    ):
        with pytest.raises(ClockError):
            change()
    assert watcher.seen == []
