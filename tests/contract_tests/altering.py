"""Ways to alter traffic with JSON bodies, for defects that laws have to find."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.contract_tests.planted import Answer, Bug, Memory, Request

Change = Callable[[Any, Request], object]
When = Callable[[Request], bool]
JSON = {"content-type": "application/json"}


def law_bug(name: str, law: str, **alters: Any) -> Bug:
    """A defect that a law has to find."""
    return Bug(name, law, (), phases="laws", **alters)


def body_of(message: Request | Answer) -> Any:
    """The body as JSON, or None."""
    try:
        return json.loads(message.body)
    except ValueError:
        return None


def kind_of(asked: Request) -> str:
    """What an event is: the OCPP method, or the name of the notification."""
    body = body_of(asked)
    event = body.get("event") if isinstance(body, dict) else None
    return str(event.get("method")) if isinstance(event, dict) else str(event)


def params_of(asked: Request) -> Any:
    """The parameters of an OCPP event."""
    return body_of(asked)["event"]["params"]


def is_kind(*kinds: str) -> When:
    """Whether an event is of one of the kinds."""
    return lambda asked: kind_of(asked) in kinds


def at(method: str, path: str) -> When:
    """Whether a request goes to a path by a method; both are patterns, the path's for its end."""
    return lambda asked: bool(re.fullmatch(method, asked.method) and re.search(f"{path}$", asked.path))


def both(*conditions: When) -> When:
    return lambda asked: all(condition(asked) for condition in conditions)


def answer_body(when: When, change: Change) -> Callable[[Request, Answer, Memory], Answer]:
    """Change the JSON of answers with success; what `change` returns takes its place unless that is None."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        if not (200 <= answer.status < 300 and when(asked)):
            return answer
        body = body_of(answer)
        other = change(body, asked)
        return replace(answer, body=json.dumps(body if other is None else other).encode())

    return answer


def request_body(when: When, change: Change) -> Callable[[Request, Memory], Request]:
    """Change the JSON of requests before the application sees them."""

    def request(asked: Request, _: Memory) -> Request:
        if not when(asked):
            return asked
        body = body_of(asked)
        other = change(body, asked)
        raw = json.dumps(body if other is None else other).encode()
        return replace(asked, body=raw, headers=asked.headers | {"content-length": str(len(raw))})

    return request


def refused(when: When, status: int = 422) -> Callable[[Request, Answer, Memory], Answer]:
    """Answer that a request is refused, whatever the application says."""
    return lambda asked, answer, _: Answer(status, JSON, b'{"error": "planted"}') if when(asked) else answer


def instead(when: When, status: int, come: int, body: Any = None) -> Callable[[Request, Answer, Memory], Answer]:
    """Answer with another status, and maybe another body, where the application answers with `come`."""

    def answer(asked: Request, answer: Answer, _: Memory) -> Answer:
        if answer.status != come or not when(asked):
            return answer
        return Answer(status, JSON, answer.body if body is None else json.dumps(body).encode())

    return answer


def as_the_first(asked: Request, memory: Memory) -> Request:
    """Everybody is taken for whoever came first."""
    memory.token = memory.token or asked.headers.get("authorization", "")
    return replace(asked, headers=asked.headers | {"authorization": memory.token})


def without_query(name: str) -> Callable[[Request, Memory], Request]:
    """A query parameter is ignored."""
    return lambda asked, _: replace(
        asked, query="&".join(part for part in asked.query.split("&") if not part.startswith(f"{name}="))
    )
