"""What is seen of a simulation while it goes on: one line on a terminal, written over and over."""

from __future__ import annotations

import shutil
from typing import TextIO

from fixtures.days import utc
from mockserver.commands.simulate.summary import SHARES, Tally
from mockserver.commands.simulate.timing import Time

_EVERY_S = 0.5
_CLEAR = "\x1b[K"


class Live:
    """Writes how far a simulation is; without a stream it writes nothing."""

    def __init__(self, tally: Tally, time: Time, stream: TextIO | None) -> None:
        self._tally = tally
        self._time = time
        self._stream = stream
        self._phase = ""
        self._seen, self._seen_s = 0, time.now_s()

    def say(self, phase: str) -> None:
        """What is done now; empty while events are played, which is what the line tells of."""
        self._phase = phase
        self._write()

    async def run(self) -> None:
        """Write until cancelled."""
        while self._stream is not None:
            await self._time.sleep(_EVERY_S)
            self._write()

    def end(self) -> None:
        """Clear the line."""
        if self._stream is not None:
            self._stream.write(f"\r{_CLEAR}")
            self._stream.flush()

    def _write(self) -> None:
        if self._stream is not None:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{self.line()[:width]}{_CLEAR}")
            self._stream.flush()

    def line(self) -> str:
        """The line as it is now; the rate is that since the last one."""
        tally = self._tally
        events, now_s = tally.accepted.total(), self._time.now_s()
        rate = (events - self._seen) / (now_s - self._seen_s) if now_s > self._seen_s else 0.0
        self._seen, self._seen_s = events, now_s
        quantiles = " ".join(f"p{share * 100:g} {tally.latencies.quantile_s(share) * 1000:.0f}" for share in SHARES)
        return "  ".join(
            (
                self._phase or f"{utc(tally.at_s):%Y-%m-%d %H:%M}",
                f"{tally.chargers:,} chargers",
                f"{tally.sessions.open:,} sessions",
                f"{events:,} events",
                f"{rate:,.0f}/s",
                f"{tally.errors:,} errors",
                f"{quantiles} ms",
            )
        )
