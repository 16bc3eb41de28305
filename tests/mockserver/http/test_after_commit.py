"""Work that a handler leaves for after the commit: done once all can see what was written, or not at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextvars import Context as Variables
from typing import Any

import pytest

from mockserver.http.errors import Conflict
from mockserver.http.exchange import AfterCommit, Context, Reply
from tests.mockserver.http.workshop import BASE, Workshop
from tests.mockserver.http.workshop.bench import GOOD_HEADERS, good

Tell = Callable[..., None]
ANSWER = f"{BASE}/answer"


def leaving(*works: AfterCommit, answer: Callable[[Context], Any] = good) -> Callable[[Context], Any]:
    """A handler that leaves work, and then answers."""

    def handle(ctx: Context) -> Any:
        for work in works:
            ctx.after_commit(work)
        return answer(ctx)

    return handle


def refuse(ctx: Context) -> Any:
    raise Conflict("Busy.")


def fail(ctx: Context) -> Any:
    raise ZeroDivisionError("division by zero")


def test_what_was_written_is_there_for_all_to_see(workshop: Workshop, tell: Tell) -> None:
    seen: list[Any] = []

    async def look() -> None:
        seen.append(await workshop.runtime.store.dump())
        # A task of its own context is in no transaction: it could not begin one before this one has ended.
        stranger = asyncio.get_running_loop().create_task(look_from_outside(), context=Variables())
        await asyncio.wait_for(stranger, 5)

    async def look_from_outside() -> None:
        async with workshop.runtime.store.transaction():
            seen.append(await workshop.runtime.store.dump())

    tell(leaving(look), "a")
    assert workshop.anonymous.post(ANSWER).status == 200
    assert seen == [{"written": {"a": {}}}] * 2


def test_work_is_done_in_the_order_in_which_it_was_left_and_before_the_answer(workshop: Workshop, tell: Tell) -> None:
    done: list[str] = []

    async def slowly() -> None:
        await asyncio.sleep(0.001)
        done.append("slowly")

    def leave_more(ctx: Context) -> Any:
        ctx.after_commit(lambda: done.append("plain"))
        ctx.after_commit(slowly)
        ctx.after_commit(lambda: ctx.after_commit(lambda: done.append("left by work")))
        ctx.after_commit(lambda: done.append("last"))
        return good(ctx)

    tell(leave_more)
    assert workshop.anonymous.post(ANSWER).status == 200
    assert done == ["plain", "slowly", "last", "left by work"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_work_is_done_once_whatever_the_method(workshop: Workshop, tell: Tell, method: str) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("a")))
    for _ in range(2):
        assert workshop.anonymous.request(method, ANSWER).status == 200
    assert done == ["a", "a"]


def test_an_answer_without_a_body_does_its_work_too(workshop: Workshop, tell: Tell) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("a"), answer=lambda ctx: None))
    assert workshop.anonymous.delete(ANSWER).status == 204
    assert done == ["a"]


def test_a_reply_with_an_error_status_does_its_work_as_it_keeps_what_it_wrote(workshop: Workshop, tell: Tell) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("a"), answer=lambda ctx: Reply(409, {"detail": "no"})), "k")
    assert workshop.anonymous.post(ANSWER).status == 409
    assert (done, workshop.written()) == (["a"], {"written": {"k": {}}})


UNDONE: dict[str, tuple[Callable[[Context], Any], int]] = {
    "the handler refuses": (refuse, 409),
    "the handler fails": (fail, 500),
    "the body breaks the contract": (lambda ctx: Reply(200, {"id": "one"}, GOOD_HEADERS), 500),
    "a header is missing": (lambda ctx: Reply(200, {"id": 1}), 500),
    "the status is not declared": (lambda ctx: Reply(418, {"id": 1}, GOOD_HEADERS), 500),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("answer", "status"), UNDONE.values(), ids=UNDONE)
def test_nothing_is_done_when_what_was_written_is_undone(
    workshop: Workshop, tell: Tell, answer: Callable[[Context], Any], status: int, method: str
) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("a"), answer=answer), "k")
    assert workshop.anonymous.request(method, ANSWER).status == status
    assert (done, workshop.written()) == ([], {})
    tell(good)
    assert workshop.anonymous.request(method, ANSWER).status == 200
    assert done == [], "nor by the next request"


def test_nothing_is_done_for_a_request_that_never_came_to_its_handler(workshop: Workshop, tell: Tell) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("a")))
    assert workshop.anonymous.post(ANSWER, json={"n": "no number"}).status == 400
    assert done == []


async def _fail_later() -> None:
    await asyncio.sleep(0)
    raise ZeroDivisionError("division by zero")


def _fail_at_once() -> None:
    raise ZeroDivisionError("division by zero")


def _refuse_too_late() -> None:
    raise Conflict("ZeroDivisionError")


@pytest.mark.parametrize("work", [_fail_at_once, _fail_later, _refuse_too_late])
def test_work_that_fails_is_a_500_that_is_logged_and_what_was_written_stays(
    workshop: Workshop, tell: Tell, work: AfterCommit, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    tell(leaving(lambda: done.append("before"), work), "k")
    with caplog.at_level(logging.ERROR, logger="gridmock"):
        response = workshop.anonymous.post(ANSWER)
    assert response.status == 500
    assert "write-answer" in response.json()["detail"]
    assert "ZeroDivisionError" in response.json()["detail"]
    assert "Traceback" in caplog.text
    assert (done, workshop.written()) == (["before"], {"written": {"k": {}}})
    tell(good)
    assert workshop.anonymous.post(ANSWER).status == 200


def test_webhooks_and_settling_can_be_left_as_they_are(workshop: Workshop, tell: Tell) -> None:
    ran: list[bool] = []

    async def job() -> None:
        ran.append(True)

    runtime = workshop.runtime
    tell(leaving(lambda: runtime.scheduler.at(runtime.clock.now(), "a", job), runtime.scheduler.settle))
    assert workshop.anonymous.post(ANSWER).status == 200
    assert ran == [True]
