"""What a defect is: a named way to alter what passes between a client and a correct server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from mockserver.defects.contract import Contract, Traits
from mockserver.http.errors import ApiError, InjectedFault, ProblemStyle

Memory = dict[str, Any]
"""What a planted defect remembers between requests."""


@dataclass(frozen=True)
class Request:
    """What the server is asked; `path` is percent-encoded as sent, header names are lower case.

    `at` is the operation that was asked for: the path's first where it has none by the method, None where the contract
    has nothing there.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    contract: Contract | None = None
    at: Traits | None = None

    @property
    def json(self) -> Any:
        """The body as JSON values, None if it is none."""
        return _json(self.body)

    @property
    def last_segment(self) -> str:
        """What stands behind the last slash of the path."""
        return self.path.rstrip("/").rpartition("/")[2]

    @property
    def credential(self) -> str:
        """What the caller authenticates with, empty if it does not."""
        return self.headers.get("authorization") or self.headers.get("x-api-key") or self._session

    @property
    def _session(self) -> str:
        try:
            cookies = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return ""
        return next((each.value for each in cookies.values()), "")

    def parameter(self, name: str) -> str:
        """The last value of a query parameter, empty without one."""
        return dict(parse_qsl(self.query)).get(name, "")

    def with_parameter(self, name: str, value: str) -> Request:
        """With a query parameter in place of those of the name."""
        kept = [pair for pair in parse_qsl(self.query, keep_blank_values=True) if pair[0] != name]
        return replace(self, query=urlencode([*kept, (name, value)]))

    def without_parameters(self, names: frozenset[str]) -> Request:
        """Without the query parameters of these names; the others stay as they were written."""
        kept = [part for part in self.query.split("&") if part.partition("=")[0] not in names]
        return replace(self, query="&".join(kept))

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """With headers in place of those of the same names."""
        return replace(self, headers={**self.headers, **headers})

    def without_header(self, name: str) -> Request:
        """Without the header of a lower-case name."""
        return replace(self, headers={key: value for key, value in self.headers.items() if key != name})

    def with_json(self, body: Any) -> Request:
        """With JSON values as the body."""
        raw = orjson.dumps(body)
        return replace(self, body=raw).with_headers({"content-length": str(len(raw))})

    def signed_as(self, other: Request) -> Request:
        """With the credentials of another request."""
        names = ("authorization", "x-api-key", "cookie")
        kept = {name: value for name, value in self.headers.items() if name not in names}
        return replace(self, headers=kept | {name: other.headers[name] for name in names if name in other.headers})

    def refusal(self, status: int, detail: str) -> Answer:
        """An error as the API words it."""
        style = self.contract.errors if self.contract else ProblemStyle("")
        error: ApiError = InjectedFault(status, detail)
        body = style.render(error, self.at.operation if self.at else None, self.path)
        return Answer(status, {"content-type": style.content_type}, orjson.dumps(body))


@dataclass(frozen=True)
class Answer:
    """What the server says; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def json(self) -> Any:
        """The body as JSON values, None if it is none."""
        return _json(self.body)

    def with_json(self, body: Any) -> Answer:
        """With JSON values as the body, and the media type that it has, or that of JSON."""
        return replace(self, body=orjson.dumps(body), headers={"content-type": "application/json", **self.headers})

    def without(self, header: str) -> Answer:
        """Without the header of a lower-case name."""
        return replace(self, headers={name: value for name, value in self.headers.items() if name != header})

    def with_header(self, header: str, value: str) -> Answer:
        """With a header in place of those of the same name."""
        return replace(self, headers={**self.headers, header: value})


@dataclass(frozen=True)
class Push:
    """A webhook on its way; `body` is JSON values, and may be changed."""

    url: str
    headers: Mapping[str, str]
    body: Any


Where = Callable[[Traits | None], bool]
"""Whether a defect can show at an operation; None stands for what is no operation of a contract."""

AlterRequest = Callable[[Request, Memory], Request]
AlterAnswer = Callable[[Request, Answer, Memory], Answer]
Again = Callable[[Request, Answer, Memory], Request | None]
AlterPush = Callable[[Push, Memory], Push | None]


def _request_as_it_is(asked: Request, memory: Memory) -> Request:
    return asked


def _answer_as_it_is(asked: Request, answer: Answer, memory: Memory) -> Answer:
    return answer


def _once_only(asked: Request, answer: Answer, memory: Memory) -> Request | None:
    return None


def _any_answer(answer: Answer) -> bool:
    return True


def _nothing_seen(asked: Request, answer: Answer, memory: Memory) -> None:
    return None


def _never(asked: Request) -> bool:
    return False


@dataclass(frozen=True)
class Defect:
    """Something that a server does wrong: `says` is one sentence for people, `where` is where it can show.

    `request` alters what the server is asked, and `answer` what it says, at those operations only; `watch` sees every
    exchange as the server meant it. What they raise for a body of another shape than theirs leaves it as it is.
    Nothing of one request may wait in the memory for its answer, since others come in between.
    """

    name: str
    says: str
    where: Where
    request: AlterRequest = _request_as_it_is
    answer: AlterAnswer = _answer_as_it_is
    watch: Callable[[Request, Answer, Memory], object] = _nothing_seen
    again: Again = _once_only
    """Another request to make when this was answered, None for none; before `answer` sees what came of it."""
    if_again: Callable[[Answer], bool] = _any_answer
    """Whether the answer to that takes the place of the first."""
    pause_s: float = 0.0
    """Seconds for which answers are held back."""
    push: AlterPush | None = None
    """Alters a webhook, or loses it (None)."""
    push_again: Callable[[Request], bool] = _never
    """After which requests the last webhook is sent once more."""

    @property
    def concerns_pushes(self) -> bool:
        """Whether it shows in webhooks."""
        return self.push is not None or self.push_again is not _never


def anywhere(at: Traits | None) -> bool:
    """Where every request is meant, those to unknown paths included."""
    return True


def every(holds: Callable[[Traits], bool]) -> Where:
    """Where something is true of an operation."""
    return lambda at: at is not None and holds(at)


def on(api: str, *operation_ids: str) -> Where:
    """Where it is one of these operations of an API."""
    return every(lambda at: at.contract.name == api and at.id in operation_ids)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return None
