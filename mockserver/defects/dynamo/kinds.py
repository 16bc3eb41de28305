"""Ways to be wrong at Dynamo's operations that several defects share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypedDict

from mockserver.defects.altering import answer_body
from mockserver.defects.defect import AlterAnswer, AlterRequest, Answer, Memory, Request, Where, on

API = "dynamo"


class OnlySaid(TypedDict):
    """How a defect alters requests and answers."""

    request: AlterRequest
    answer: AlterAnswer


def at(*operation_ids: str) -> Where:
    """Where it is one of these operations."""
    return on(API, *operation_ids)


def only_said(instead: str) -> OnlySaid:
    """What is asked for is answered with success, and not done: a list, by the end of its path, is read instead."""

    def request(asked: Request, _: Memory) -> Request:
        assert asked.contract is not None, "at an operation"  # noqa: S101  # a defect, not an input
        return replace(asked, method="GET", path=asked.contract.base_path + instead)

    def answer(_: Request, answer: Answer, __: Memory) -> Answer:
        return Answer(204, {}, b"") if answer.is_success else answer

    return {"request": request, "answer": answer}


def body(change: Callable[[Any], object]) -> AlterAnswer:
    """Change the body of success in place."""

    def changed(value: Any, _: Request) -> None:
        change(value)

    return answer_body(changed)


def each(holder: str, change: Callable[[Any], object]) -> AlterAnswer:
    """Change each of the objects in a member of the body, in place."""

    def changed(value: Any) -> None:
        for one in value[holder]:
            change(one)

    return body(changed)
