"""The clock of a mock keeps step with events that are late, too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from fixtures.days import utc
from mockserver.clock import timestamp
from mockserver.commands.simulate.delivery import CannotPlay
from mockserver.commands.simulate.mock_clock import MockClock
from mockserver.commands.simulate.summary import Tally
from mockserver.commands.simulate.timing import Pace
from tests.contract_tests.serving import served
from tests.mockserver.commands.simulate.stand_ins import FakeTime, Recorder

START_S = 1_773_835_200


def shown_after(speed: float, steps: list[tuple[float, int]]) -> list[int | None]:
    """To what second of the run the clock is set at each step: so much real time passes, and events come so far."""

    async def run(url: str) -> None:
        time = FakeTime()
        clock = MockClock(url, None, 5.0)
        await clock.start(Pace(START_S, speed, time), START_S)
        for real_s, event_s in steps:
            time.at_s += real_s
            before = len(recorder.clock_calls)
            await clock.follow(START_S + event_s)
            moves = [datetime.fromisoformat(call["now"]) for call in recorder.clock_calls[before:]]
            shown.append(int(moves[0].timestamp()) - START_S if moves else None)
        await clock.close()

    recorder, shown = Recorder(), list[int | None]()
    with served(recorder) as url:
        asyncio.run(run(url))
    return shown


def test_a_clock_that_runs_is_left_alone_while_events_are_in_time() -> None:
    assert shown_after(60.0, [(1.0, 60), (1.0, 120), (1.5, 150), (10.0, 810)]) == [None] * 4


def test_a_clock_that_runs_is_set_back_to_events_that_are_late_and_forth_when_they_have_caught_up() -> None:
    # 600 s should have passed and 100 have; then 660 and 160, as the clock now shows; then all is in time again.
    assert shown_after(60.0, [(10.0, 100), (1.0, 160), (0.5, 690)]) == [100, None, 690]


def test_a_clock_that_stands_is_moved_by_minutes() -> None:
    assert shown_after(0.0, [(0.0, 10), (0.0, 59), (0.0, 61), (0.0, 100), (0.0, 500)]) == [None, None, 61, None, 500]


def test_a_mock_is_read_and_let_go_at_its_own_speed() -> None:
    recorder = Recorder()

    async def run(url: str) -> datetime:
        clock = MockClock(url, None, 5.0)
        found = await clock.read()
        await clock.start(Pace(START_S, 5.0, FakeTime()), START_S)
        await clock.release()
        await clock.close()
        return found

    with served(recorder) as url:
        assert asyncio.run(run(url)) == datetime(2026, 3, 18, 9, 30, tzinfo=UTC)
    assert recorder.clock_calls == [{"now": timestamp(utc(START_S)), "speed": 5.0}, {"speed": 1.0}]


def test_a_clock_that_breaks_on_the_way_is_an_error_and_events_go_on() -> None:
    tally = Tally()

    async def run() -> None:
        with served(Recorder()) as url:
            clock = MockClock(url, None, 5.0, tally)
            await clock.start(Pace(START_S, 0.0, FakeTime()), START_S)
        for event_s in (60, 120, 180):
            await clock.follow(START_S + event_s)
        await clock.close()

    asyncio.run(run())
    ((kind, sample),) = tally.failures.items()
    assert (kind.label, sample.count) == ("PUT /_mock/clock", 1)
    assert "cannot be used" in kind.message


def test_a_mock_that_is_not_there_is_named() -> None:
    async def run() -> None:
        clock = MockClock("http://127.0.0.1:1", None, 5.0)
        try:
            await clock.read()
        finally:
            await clock.close()

    with pytest.raises(CannotPlay, match=r"--drive-clock: http://127\.0\.0\.1:1/_mock/clock cannot be used"):
        asyncio.run(run())
