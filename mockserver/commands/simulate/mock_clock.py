"""The clock of a gridmock server on the other side, kept in step with the events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx

from fixtures.days import utc
from mockserver.clock import timestamp
from mockserver.commands.simulate.delivery import CannotPlay
from mockserver.commands.simulate.summary import Failure, Tally
from mockserver.commands.simulate.timing import Pace

_STEP_S = 60
"""Virtual seconds by which the clock may be off before it is set."""
_REAL_S = 2.0
"""And the real seconds that a paced run may lag, whatever its speed."""


class MockClock:
    """Reads and sets `/_mock/clock` of a server; CannotPlay when it is no gridmock, or does not let us."""

    def __init__(self, origin: str, control_token: str | None, timeout_s: float, tally: Tally | None = None) -> None:
        """A failure while events are played is counted in the tally."""
        self._tally = tally or Tally()
        self._url = f"{origin}/_mock/clock"
        headers = {"authorization": f"Bearer {control_token}"} if control_token else {}
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout_s, trust_env=False)
        self._found: dict[str, Any] | None = None
        self._pace: Pace | None = None
        self._shown_s = self._behind_s = 0.0
        self._is_followed = False

    async def read(self) -> datetime:
        """The server's virtual time."""
        self._found = await self._call("GET")
        return datetime.fromisoformat(self._found["now"])

    async def start(self, pace: Pace, at_s: int) -> None:
        """Set the clock to where the events begin; it runs at their speed, or is moved along when that has no limit."""
        if self._found is None:
            await self.read()
        self._pace, self._shown_s, self._behind_s = pace, float(at_s), 0.0
        await self._call("PUT", {"now": timestamp(utc(at_s)), "speed": pace.speed})
        self._is_followed = True

    async def follow(self, at_s: int) -> None:
        """The events have come to a virtual time: set the clock when it is too far from there.

        When that cannot be done any more, it is an error like others, and the events go on.
        """
        if self._pace is None or not self._is_followed:
            return
        if self._pace.is_real:
            # It runs by itself; only a server that is too slow for the speed makes events late.
            late_s = self._pace.now_s() - at_s
            if abs(late_s - self._behind_s) > max(_STEP_S, _REAL_S * self._pace.speed):
                self._behind_s = late_s
                await self._move(at_s)
        elif at_s >= self._shown_s + _STEP_S:
            self._shown_s = at_s
            await self._move(at_s)

    async def release(self) -> None:
        """Let the clock go on from where it is, at the speed it had before."""
        if self._pace is not None and self._found is not None:
            await self._call("PUT", {"speed": self._found["speed"]})

    async def close(self) -> None:
        """Give the connection up."""
        await self._client.aclose()

    async def _move(self, at_s: int) -> None:
        body = {"now": timestamp(utc(at_s))}
        try:
            await self._call("PUT", body)
        except CannotPlay as error:
            self._is_followed = False
            self._tally.fail(Failure("PUT /_mock/clock", None, str(error)), "the simulator", body)

    async def _call(self, verb: str, body: dict[str, Any] | None = None, attempts: int = 3) -> dict[str, Any]:
        try:
            response = await self._client.request(verb, self._url, json=body)
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
        except (httpx.HTTPError, ValueError) as error:
            if attempts > 1:  # a server may close a kept connection just when it is used; twice is no accident
                return await self._call(verb, body, attempts - 1)
            said = str(error) or type(error).__name__
            raise CannotPlay(f"--drive-clock: {self._url} cannot be used: {said}") from error
        needed = {401: " It has a control token: give it with --control-token."}.get(response.status_code, "")
        raise CannotPlay(
            f"--drive-clock: {self._url} answers {response.status_code}, as no gridmock would that lets us.{needed}"
        )
