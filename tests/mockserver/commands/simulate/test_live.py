"""The line that is seen while a simulation goes on."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress

import pytest

from mockserver.commands.simulate.live import Live
from mockserver.commands.simulate.summary import Tally
from tests.mockserver.commands.simulate.stand_ins import FakeTime


def test_the_line_says_when_how_many_and_how_fast() -> None:
    tally, time = Tally(chargers=1000), FakeTime()
    live = Live(tally, time, None)
    time.at_s, tally.at_s = 2.0, 1_773_835_260
    tally.accepted["MeterValues"] = 3000
    tally.latencies.add(0.005)
    assert live.line() == (
        "2026-03-18 12:01  1,000 chargers  0 sessions  3,000 events  1,500/s  0 errors  p50 5 p95 5 p99 5 ms"
    )
    time.at_s, tally.accepted["MeterValues"] = 3.0, 3500
    assert "3,500 events  500/s" in live.line()


def test_the_line_fits_the_terminal_and_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    stream = io.StringIO()
    live = Live(Tally(chargers=1000), FakeTime(), stream)
    live.say("pairing")
    written = stream.getvalue()
    assert written.startswith("\rpairing  1,000 chargers")
    assert len(written.strip("\r").removesuffix("\x1b[K")) == 39
    live.end()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_it_is_written_again_and_again() -> None:
    async def look(stream: io.StringIO) -> None:
        showing = asyncio.create_task(Live(Tally(), FakeTime(), stream).run())
        for _ in range(100):
            await asyncio.sleep(0)
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing

    stream = io.StringIO()
    asyncio.run(look(stream))
    assert stream.getvalue().count("\r") > 3


def test_nothing_is_written_where_nobody_looks() -> None:
    live = Live(Tally(), FakeTime(), None)
    live.say("pairing")
    asyncio.run(live.run())
    live.end()
