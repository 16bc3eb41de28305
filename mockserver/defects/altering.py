"""Ways to alter requests and answers, of which defects are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mockserver.defects.defect import AlterAnswer, AlterRequest, Answer, Memory, Request

Change = Callable[[Any, Request], object]
"""Changes JSON values in place, or gives those that take their place."""
When = Callable[[Request], bool]


def always(asked: Request) -> bool:
    """Any request."""
    return True


def changed(body: Any, asked: Request, change: Change) -> Any:
    """JSON values after a change."""
    other = change(body, asked)
    return body if other is None else other


def answer_body(change: Change, when: When = always) -> AlterAnswer:
    """Change the JSON of answers with success."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        body = answer.json if answer.is_success else None
        return answer if body is None or not when(asked) else answer.with_json(changed(body, asked, change))

    return answer


def request_body(change: Change, when: When = always) -> AlterRequest:
    """Change the JSON of requests before the server sees them."""

    def request(asked: Request, _: Memory) -> Request:
        body = asked.json
        return asked if body is None or not when(asked) else asked.with_json(changed(body, asked, change))

    return request


def items(change: Callable[[list[Any]], object]) -> AlterAnswer:
    """Change the items of the lists that are answered, in place."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        body = answer.json
        found = items_of(asked, body) if answer.is_success else []
        if not found:
            return answer
        change(found)
        return answer.with_json(body)

    return answer


def items_of(asked: Request, body: Any) -> list[Any]:
    """The list that the body of an answer holds, as it stands in there; an empty one where it holds none."""
    holder = asked.at.items_in if asked.at else None
    if holder is None:
        return []
    found = body if holder == "" else body.get(holder) if isinstance(body, dict) else None
    return found if isinstance(found, list) else []


def objects(change: Callable[[dict[str, Any], Request], object]) -> AlterAnswer:
    """Change each object that is answered with success, in place: the body, or each item where it is a list."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        body = answer.json
        if not answer.is_success or body is None:
            return answer
        is_list = asked.at is not None and asked.at.items_in is not None
        for each in items_of(asked, body) if is_list else [body]:
            change(each, asked)
        return answer.with_json(body)

    return answer


def success(alter: Callable[[Answer], Answer]) -> AlterAnswer:
    """Alter answers with success and a body."""
    return lambda _, answer, __: alter(answer) if answer.is_success and answer.body else answer


def failure(alter: Callable[[Request, Answer], Answer]) -> AlterAnswer:
    """Alter answers with an error."""
    return lambda asked, answer, _: alter(asked, answer) if answer.status >= 400 else answer


def refused(when: When, status: int = 422) -> AlterAnswer:
    """Refuse requests, whatever the server says."""
    return lambda asked, answer, _: asked.refusal(status, "This is not taken here.") if when(asked) else answer


def instead(status: int, come: int, body: Any = None, when: When = always) -> AlterAnswer:
    """Answer with a status, and maybe another body, where the server answers with `come`."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        if answer.status != come or not when(asked):
            return answer
        if status >= 400:
            return asked.refusal(status, "This cannot be done.")
        altered = replace(answer, status=status)
        return altered if body is None else altered.with_header("content-type", "application/json").with_json(body)

    return answer


def without_parameter(*names: str) -> AlterRequest:
    """Ignore query parameters."""
    return lambda asked, _: asked.without_parameters(frozenset(names))


def without_member(name: str) -> AlterRequest:
    """Ignore a member of the body."""

    def change(body: Any, _: Request) -> None:
        body.pop(name, None)

    return request_body(change)


def with_members(**members: Any) -> AlterAnswer:
    """Answer with these members, whatever they should be."""
    return answer_body(lambda body, _: body.update(members))


def counted(memory: Memory, name: str = "count") -> int:
    """How often this was asked of the memory, from 1."""
    memory[name] = memory.get(name, 0) + 1
    return int(memory[name])
