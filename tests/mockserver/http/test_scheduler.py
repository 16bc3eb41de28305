"""Jobs on the virtual clock: each once, in order, not before it is due, whatever the clock does in the meantime."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.clock import Clock
from mockserver.http import scheduler as scheduling
from mockserver.http.scheduler import SETTLE_TIMEOUT_S, Scheduler
from tests.mockserver.loop import in_loop
from tests.mockserver.virtual_time import NOON, VirtualLoop, clock, in_virtual_loop

FROZEN = 0.0


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


class Diary:
    """Jobs that write down that they ran, and when."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.scheduler = Scheduler(clock)
        self.names: list[object] = []
        self.offsets_s: list[float] = []

    def at(self, offset_s: float, name: object, then: Callable[[], Awaitable[object]] | None = None) -> None:
        """Have a job note its name, `offset_s` after noon, and then do something."""

        async def job() -> None:
            self.names.append(name)
            self.offsets_s.append((self.clock.now() - NOON).total_seconds())
            if then is not None:
                await then()

        self.scheduler.at(NOON + s(offset_s), name, job)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """With the scheduler running beside."""
        task = asyncio.create_task(self.scheduler.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def turns(count: int = 5) -> None:
    """Let what is ready go on, without letting time pass."""
    for _ in range(count):
        await asyncio.sleep(0)


# ---- with a clock that only moves when it is told to


@in_loop
async def test_nothing_runs_before_it_is_due_and_everything_once_it_is() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    diary.at(1, "a")
    diary.clock.advance(s(0.999999))
    await diary.scheduler.settle()
    assert diary.names == []
    diary.clock.advance(s(0.000001))
    await diary.scheduler.settle()
    assert diary.names == ["a"]
    diary.clock.advance(s(1000))
    await diary.scheduler.settle()
    assert diary.names == ["a"], "once"


@in_loop
async def test_what_is_due_together_begins_in_order_of_due_time_and_then_of_being_added() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    for offset_s, name in ((3, "d"), (1, "a"), (2, "b"), (2, "c"), (3, "e"), (0, "first")):
        diary.at(offset_s, name)
    diary.clock.advance(s(10))
    await diary.scheduler.settle()
    assert diary.names == ["first", "a", "b", "c", "d", "e"]


@pytest.mark.parametrize("again_s", [0, 5, 10])
@in_loop
async def test_a_job_of_the_same_key_takes_the_place_of_the_one_that_has_not_begun(again_s: float) -> None:
    diary = Diary(Clock(NOON, FROZEN))
    calls = []

    async def old() -> None:
        calls.append("old")

    diary.scheduler.at(NOON + s(5), "a", old)
    diary.at(again_s, "a")
    assert diary.scheduler.due_at("a") == NOON + s(again_s)
    for _ in range(4):
        await diary.scheduler.settle()
        diary.clock.advance(s(5))
    assert (calls, diary.names, diary.offsets_s) == ([], ["a"], [again_s])


@in_loop
async def test_a_hastened_job_runs_now_and_once_and_without_one_nothing_happens() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    diary.at(3600, "late")
    diary.scheduler.hasten("nobody")
    await diary.scheduler.settle()
    assert diary.names == []
    diary.scheduler.hasten("late")
    await diary.scheduler.settle()
    diary.clock.advance(s(7200))
    await diary.scheduler.settle()
    assert diary.names == ["late"]


@in_loop
async def test_a_cancelled_job_does_not_run_and_its_key_can_be_used_again() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    for name in "abc":
        diary.at(1, name)
    diary.scheduler.cancel("a")
    diary.scheduler.cancel("nobody")
    diary.scheduler.cancel("c")
    diary.at(1, "c")
    diary.clock.advance(s(1))
    await diary.scheduler.settle()
    assert diary.names == ["b", "c"]
    assert diary.scheduler.due_at("a") is None
    diary.at(0, "a")
    await diary.scheduler.settle()
    assert diary.names == ["b", "c", "a"]


@in_loop
async def test_a_job_that_has_begun_is_no_longer_there_to_be_cancelled_or_replaced() -> None:
    diary = Diary(Clock(NOON, FROZEN))

    async def add_and_cancel() -> None:
        diary.scheduler.cancel("a")
        diary.at(0, "a")

    diary.at(0, "a", add_and_cancel)
    await diary.scheduler.settle()
    assert diary.names == ["a", "a"]


@in_loop
async def test_a_job_that_is_due_stays_due_when_the_clock_goes_back_and_comes_again() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    diary.at(60, "a")
    diary.clock.advance(timedelta(days=-30))
    await diary.scheduler.settle()
    assert diary.names == []
    diary.clock.set(NOON + s(60))
    await diary.scheduler.settle()
    diary.clock.advance(s(-60))
    diary.clock.advance(s(60))
    await diary.scheduler.settle()
    assert diary.names == ["a"]


@in_loop
async def test_settling_runs_what_falls_due_by_what_it_ran_to_the_end() -> None:
    diary = Diary(Clock(NOON, FROZEN))

    async def go_on() -> None:
        await turns()
        if len(diary.names) < 5:
            diary.at(-len(diary.names), len(diary.names), go_on)

    diary.at(0, 0, go_on)
    await diary.scheduler.settle()
    assert diary.names == [0, 1, 2, 3, 4]


@in_loop
async def test_a_job_that_puts_itself_off_runs_once_each_time() -> None:
    diary = Diary(Clock(NOON, FROZEN))

    async def again() -> None:
        diary.at(diary.offsets_s[-1] + 60, "a", again)

    diary.at(0, "a", again)
    for _ in range(4):
        await diary.scheduler.settle()
        diary.clock.advance(s(60))
    assert diary.offsets_s == [0, 60, 120, 180]


@in_loop
async def test_a_job_that_fails_is_logged_and_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    diary = Diary(Clock(NOON, FROZEN))

    async def fail() -> None:
        raise ZeroDivisionError("division by zero")

    diary.at(0, "bad", fail)
    diary.at(0, "good")
    with caplog.at_level(logging.ERROR, logger="gridmock"):
        await diary.scheduler.settle()
        diary.at(0, "later")
        await diary.scheduler.settle()
    assert diary.names == ["bad", "good", "later"]
    (record,) = caplog.records
    assert "bad" in record.getMessage()
    assert "ZeroDivisionError" in caplog.text


@in_loop
async def test_clear_forgets_what_waits_and_stops_what_has_begun() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    ended = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    diary.at(0, "hangs", hang)
    diary.at(1, "waits")
    settling = asyncio.create_task(diary.scheduler.settle())
    await turns()
    diary.scheduler.clear()
    await settling
    diary.clock.advance(s(10))
    await diary.scheduler.settle()
    assert (diary.names, ended) == (["hangs"], [True])
    assert diary.scheduler.due_at("waits") is None


@in_loop
async def test_memory_follows_the_jobs_that_wait_not_those_that_were_replaced_or_cancelled() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    for number in range(10_000):
        diary.at(number % 97, number % 10)
        diary.at(number, "gone")
        diary.scheduler.cancel("gone")
    assert len(diary.scheduler._queue) <= 100
    diary.clock.advance(s(20_000))
    await diary.scheduler.settle()
    assert sorted(diary.names) == list(range(10))


Step = tuple[str, int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["at", "cancel", "move", "settle"]), st.integers(0, 4), st.integers(-50, 200)),
    max_size=60,
)


@settings(max_examples=200)
@given(STEPS)
def test_any_sequence_of_calls_runs_what_a_table_of_jobs_would(steps: list[Step]) -> None:
    @in_loop
    async def play() -> None:
        diary = Diary(Clock(NOON, FROZEN))
        table: dict[int, int] = {}
        expected: list[object] = []
        now_s = 0
        for what, key, offset_s in steps:
            if what == "at":
                table.pop(key, None) if table.get(key) != offset_s else None
                table[key] = offset_s  # dicts keep the order of adding, which decides among equals
                diary.at(offset_s, key)
            elif what == "cancel":
                table.pop(key, None)
                diary.scheduler.cancel(key)
            elif what == "move":
                now_s = offset_s
                diary.clock.set(NOON + s(offset_s))
            else:
                due = sorted((key for key in table if table[key] <= now_s), key=lambda key: table[key])
                expected += due
                for key in due:
                    del table[key]
                await diary.scheduler.settle()
            assert {key: diary.scheduler.due_at(key) for key in table} == {
                key: NOON + s(due_s) for key, due_s in table.items()
            }
        assert diary.names == expected

    play()


# ---- settling beside jobs that take their time


@in_virtual_loop
async def test_settling_gives_up_on_a_job_that_hangs_and_on_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "SETTLE_TIMEOUT_S", 7.0)
    diary = Diary(clock(FROZEN))
    release = asyncio.Event()

    async def then_more() -> None:
        await asyncio.sleep(1)
        diary.at(0, "follows", partial_sleep)

    async def partial_sleep() -> None:
        await asyncio.sleep(1)
        diary.names.append("followed")

    async def hang() -> None:
        await release.wait()
        diary.names.append("released")

    diary.at(0, "hangs", hang)
    diary.at(0, "quick", then_more)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await diary.scheduler.settle()
    assert diary.names == ["hangs", "quick", "follows", "followed"]
    assert loop.time() - began == pytest.approx(7.0)
    release.set()
    await diary.scheduler.settle()
    assert diary.names[-1] == "released"


@in_virtual_loop
async def test_settling_takes_no_longer_than_what_it_waits_for() -> None:
    diary = Diary(clock(FROZEN))
    diary.at(0, "slow", lambda: asyncio.sleep(SETTLE_TIMEOUT_S / 2))
    began = asyncio.get_running_loop().time()
    await diary.scheduler.settle()
    assert asyncio.get_running_loop().time() - began == pytest.approx(SETTLE_TIMEOUT_S / 2)


@in_virtual_loop
async def test_settling_beside_run_waits_for_what_run_has_begun() -> None:
    diary = Diary(clock(FROZEN))
    done = []

    async def slow() -> None:
        await asyncio.sleep(3)
        done.append(True)

    diary.at(0, "a", slow)
    async with diary.running():
        await turns()
        assert diary.names == ["a"]
        await diary.scheduler.settle()
        assert done == [True]
    assert diary.names == ["a"]


def test_a_job_that_hangs_in_one_event_loop_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "SETTLE_TIMEOUT_S", 0.01)
    diary = Diary(Clock(NOON, FROZEN))

    async def first() -> None:
        diary.at(0, "hangs", asyncio.Event().wait)
        await diary.scheduler.settle()

    async def second() -> None:
        began = asyncio.get_running_loop().time()
        diary.at(0, "other")
        await diary.scheduler.settle()
        assert asyncio.get_running_loop().time() == began

    with asyncio.Runner() as one, asyncio.Runner(loop_factory=VirtualLoop) as other:
        one.run(first())
        other.run(second())
    assert diary.names == ["hangs", "other"]


# ---- with a clock that runs


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0, 3600.0])
@in_virtual_loop
async def test_run_sleeps_as_long_as_the_pace_of_the_clock_asks_for(speed: float) -> None:
    diary = Diary(clock(speed))
    loop = asyncio.get_running_loop()
    began, woken = loop.time(), []

    async def note() -> None:
        woken.append(loop.time() - began)

    for offset_s in (7200, 3600, 90):
        diary.at(offset_s, offset_s, note)
    async with diary.running():
        await asyncio.sleep(7300 / speed)
    assert woken == [pytest.approx(offset_s / speed, abs=0.002) for offset_s in (90, 3600, 7200)]
    assert all(offset_s >= due_s for offset_s, due_s in zip(diary.offsets_s, (90, 3600, 7200), strict=True))


@in_virtual_loop
async def test_a_job_that_is_days_away_runs_on_its_day() -> None:
    diary = Diary(clock())
    diary.at(3 * 86_400, "a")
    async with diary.running():
        await asyncio.sleep(3 * 86_400 - 1)
        assert diary.names == []
        await asyncio.sleep(2)
        assert diary.names == ["a"]


CHANGES: dict[str, Callable[[Clock], None]] = {
    "moved on": lambda clock: clock.advance(s(1000)),
    "set": lambda clock: clock.set(NOON + s(1000)),
    "run faster": lambda clock: clock.run(10_000.0),
    "loaded": lambda clock: clock.load({"now": (NOON + s(1000)).isoformat(), "speed": 0.0}),
}


@pytest.mark.parametrize("speed", [FROZEN, 0.001, 1.0])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@in_virtual_loop
async def test_run_looks_again_when_the_clock_is_changed(change: Callable[[Clock], None], speed: float) -> None:
    diary = Diary(clock(speed))
    diary.at(900, "a")
    async with diary.running():
        await asyncio.sleep(1)
        assert diary.names == []
        change(diary.clock)
        await asyncio.sleep(1)
        assert diary.names == ["a"]


@in_virtual_loop
async def test_a_clock_that_is_slowed_down_or_frozen_lets_nothing_run_too_soon() -> None:
    diary = Diary(clock(60.0))
    diary.at(120, "a")
    async with diary.running():
        await asyncio.sleep(1)
        diary.clock.freeze()
        await asyncio.sleep(1000)
        diary.clock.run(1.0)
        await asyncio.sleep(59)
        assert diary.names == []
        await asyncio.sleep(2)
        assert diary.names == ["a"]


@in_virtual_loop
async def test_a_job_added_while_run_sleeps_is_looked_at_at_once() -> None:
    diary = Diary(clock())
    async with diary.running():
        await asyncio.sleep(1)
        diary.at(3600, "late")
        await asyncio.sleep(1)
        diary.at(5, "early")
        await asyncio.sleep(4)
        assert diary.names == ["early"]


@in_loop
async def test_a_job_added_from_another_thread_wakes_run() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    ran = asyncio.Event()

    async def note() -> None:
        ran.set()

    async with diary.running():
        await turns()
        thread = threading.Thread(target=diary.at, args=(0, "a", note))
        thread.start()
        await ran.wait()
        thread.join()
    assert diary.names == ["a"]


@in_loop
async def test_a_clock_moved_from_another_thread_wakes_run() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    ran = asyncio.Event()

    async def note() -> None:
        ran.set()

    diary.at(60, "a", note)
    async with diary.running():
        await turns()
        await asyncio.to_thread(diary.clock.advance, s(60))
        await ran.wait()


def test_a_job_added_from_another_event_loop_wakes_run() -> None:
    diary = Diary(Clock(NOON, FROZEN))
    ready, ran = threading.Event(), threading.Event()

    async def note() -> None:
        ran.set()

    async def serve() -> None:
        async with diary.running():
            await turns()
            ready.set()
            while not ran.is_set():
                await asyncio.sleep(0.001)

    async def add() -> None:
        diary.at(0, "a", note)

    server = threading.Thread(target=asyncio.run, args=(serve(),))
    server.start()
    ready.wait()
    asyncio.run(add())
    server.join()
    assert diary.names == ["a"]


@in_virtual_loop
async def test_at_the_end_of_time_run_neither_runs_what_never_comes_nor_spins() -> None:
    diary = Diary(clock(1_000_000.0))
    looked = 0

    class Counting(Scheduler):
        def _start_due(self) -> None:
            nonlocal looked
            looked += 1
            super()._start_due()

    diary.scheduler = Counting(diary.clock)
    diary.clock.set(NOON.replace(year=2200, month=1, day=1, hour=0))
    diary.scheduler.at(diary.clock.now() + s(5), "never", lambda: asyncio.sleep(0))
    async with diary.running():
        await asyncio.sleep(1)
    assert diary.scheduler.due_at("never") is not None
    assert looked <= 1100


# ---- ending


@in_virtual_loop
async def test_run_that_is_cancelled_has_stopped_its_jobs_and_kept_those_to_come() -> None:
    diary = Diary(clock())
    ended = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append(True)

    diary.at(0, "hangs", hang)
    diary.at(100, "later")
    async with diary.running():
        await asyncio.sleep(1)
        assert diary.names == ["hangs"]
    assert ended == [True]
    assert asyncio.all_tasks() == {asyncio.current_task()}
    async with diary.running():
        await asyncio.sleep(100)
    assert diary.names == ["hangs", "later"]


def test_jobs_that_never_ran_leave_no_coroutine_behind() -> None:
    async def play() -> None:
        diary = Diary(Clock(NOON, FROZEN))
        diary.at(0, "a")
        diary.at(1, "b")
        task = asyncio.create_task(diary.scheduler.run())
        await asyncio.sleep(0)
        task.cancel()  # before the first job has had its turn
        await asyncio.wait([task])

    asyncio.run(play())
    gc.collect()  # a coroutine that was never awaited would warn, and warnings are errors here


@in_virtual_loop
async def test_what_jobs_keep_open_is_closed_at_the_end_of_run_and_not_before() -> None:
    diary = Diary(clock(FROZEN))
    closed = []

    async def close() -> None:
        closed.append(True)

    diary.scheduler.at_rest(close)
    async with diary.running():
        diary.at(0, "a")
        await diary.scheduler.settle()
        assert closed == []
    assert closed == [True]


@in_virtual_loop
async def test_what_jobs_keep_open_is_closed_after_settling_where_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "SETTLE_TIMEOUT_S", 1.0)
    diary = Diary(clock(FROZEN))
    closed = []

    async def close() -> None:
        closed.append(list(diary.names))

    diary.scheduler.at_rest(close)
    diary.at(0, "slow", lambda: asyncio.sleep(1.5))
    await diary.scheduler.settle()
    assert closed == [], "a job that was given up still needs it"
    await diary.scheduler.settle()
    assert closed == [["slow"]]
