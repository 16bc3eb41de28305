"""Whatever receivers do and whenever lanes are used, webhooks keep their order, arrive at last, and end when told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mockserver.http.deliveries import Delivery, Status, Webhook
from mockserver.http.outbox import Outbox
from mockserver.http.scheduler import Scheduler
from mockserver.http.transport import Unreachable
from tests.mockserver.virtual_time import clock, in_virtual_loop

LANES = 3
KINDS = ["quick", "slow", "busy", "down", "lost", "hangs", "stubborn", "crashes"]
SPEEDS = [0.1, 1.0, 60.0]


@dataclass
class Arrivals:
    """What a receiver that behaves as drawn has seen of one session of one lane."""

    numbers: list[int] = field(default_factory=list)
    at_once: int = 0
    is_closed: bool = False


class Moody:
    """A receiver that takes its moods in turn, and is well when it has had them all."""

    def __init__(self, moods: list[str]) -> None:
        self.moods = list(moods)
        self.sessions: dict[tuple[int, int], Arrivals] = {}
        self.breaches: list[str] = []
        """What must not be; an assertion that failed in here would count as a defect of the transport."""

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        said = orjson.loads(body)
        seen = self.sessions.setdefault((said["lane"], said["session"]), Arrivals())
        seen.at_once += 1
        self.breaches += ["sent after its lane was closed"] * seen.is_closed
        self.breaches += ["two of a lane in flight"] * (seen.at_once > 1)
        try:
            return await self._answer(self.moods.pop(0) if self.moods else "quick", seen, said["number"], timeout_s)
        finally:
            self.breaches += ["on its way after its lane was closed"] * seen.is_closed
            seen.at_once -= 1

    async def _answer(self, mood: str, seen: Arrivals, number: int, timeout_s: float) -> int:
        if mood == "down":
            raise Unreachable("connection refused")
        if mood == "crashes":
            await asyncio.sleep(0.01)
            raise RuntimeError("a defect of the transport")
        seen.numbers.append(number)
        if mood == "lost":
            await asyncio.sleep(0.5)
            raise Unreachable("connection reset")
        if mood == "hangs":
            await asyncio.sleep(timeout_s)
            raise Unreachable("no answer")
        if mood == "stubborn":
            try:
                await asyncio.sleep(2)
            except asyncio.CancelledError:
                await asyncio.sleep(0.3)
            raise Unreachable("reset at last")
        await asyncio.sleep({"quick": 0.0, "busy": 0.001, "slow": 3.0}[mood])
        return 503 if mood == "busy" else 200


Action = tuple[str, int, float]
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "wait", "wait", "close", "retry", "pace", "restart"]),
        st.integers(0, LANES - 1),
        st.sampled_from([0.0, 0.002, 0.4, 1.0, 4.0, 7.0, 30.0]),
    ),
    max_size=40,
)


@settings(max_examples=300)
@given(ACTIONS, st.lists(st.sampled_from(KINDS), max_size=30), st.sampled_from(SPEEDS))
def test_order_arrival_and_end_hold_in_every_interleaving(
    actions: list[Action], moods: list[str], speed: float
) -> None:
    @in_virtual_loop
    async def play() -> None:
        virtual = clock(speed)
        receiver = Moody(moods)
        scheduler = Scheduler(virtual)
        outbox = Outbox(virtual, scheduler, 1000, (), receiver)
        running = asyncio.create_task(scheduler.run())
        session = [0] * LANES
        sent: dict[tuple[int, int], list[Delivery]] = {}
        for what, lane, seconds in actions:
            mine = sent.get((lane, session[lane]), [])
            if what == "send":
                number = len(mine)
                body: Any = {"lane": lane, "session": session[lane], "number": number}
                webhook = Webhook(
                    topic="t", api="a", client_id="c", url="http://localhost/", body=body, latest_only=True
                )
                sent.setdefault((lane, session[lane]), []).append(outbox.send(lane, webhook))
            elif what == "wait":
                await asyncio.sleep(seconds)
            elif what == "retry" and mine:
                assert outbox.retry(mine[-1]), "the newest may always be sent again"
                assert not any(outbox.retry(older) for older in mine[:-1])
            elif what == "pace":
                virtual.run(0.0 if seconds == 7.0 else speed)
            elif what == "close":
                await outbox.close(lane)
                receiver.sessions.setdefault((lane, session[lane]), Arrivals()).is_closed = True
                assert all(not delivery.is_open for delivery in mine)
                session[lane] += 1
            elif what == "restart":
                outbox.restart()
                await asyncio.sleep(1)  # what cannot be broken off at once is not waited for
                for each in range(LANES):
                    receiver.sessions.setdefault((each, session[each]), Arrivals()).is_closed = True
                    session[each] += 1
        receiver.moods.clear()  # the receiver is back
        virtual.run(60.0)
        await asyncio.sleep(30)
        for (lane, number), deliveries in sent.items():
            seen = receiver.sessions.get((lane, number), Arrivals())
            assert seen.numbers == sorted(seen.numbers), "never an older one after a newer one"
            ended = {Status.DELIVERED, Status.SUPERSEDED, Status.REFUSED, Status.CANCELLED}
            assert {delivery.status for delivery in deliveries} <= ended
            newest = deliveries[-1]
            if number == session[lane]:
                assert Status.CANCELLED not in {delivery.status for delivery in deliveries}
                assert newest.status in (Status.DELIVERED, Status.REFUSED)
                if newest.status is Status.REFUSED:  # only for a defect of the transport, which is on record
                    assert "RuntimeError" in str(newest.attempts[-1].error)
                else:
                    assert seen.numbers[-1] == len(deliveries) - 1, "the newest arrives"
                event("arrived")
        assert receiver.breaches == []
        assert not outbox._lanes, "nothing is kept of lanes that are done"
        running.cancel()
        await asyncio.wait([running])

    play()
