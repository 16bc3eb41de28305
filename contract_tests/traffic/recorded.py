"""One exchange as a recorder kept it, and what the judge says of it.

Recorded            a request and its answer, with bodies as the client sees them
Violation           one thing in it that the contract does not allow
Verdict             everything there is to say about one exchange
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from contract_tests.exchange import Exchange
from specs.direction import Direction

Part = Literal["request body", "response body"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request and its answer; bodies are without Content-Encoding, None where there is none; status 0: no answer."""

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: bytes | None
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes | None
    unread: Mapping[Part, str] = field(default_factory=dict)
    """Bodies that the recorder did not keep whole, and why."""
    censored: bool = False
    """Whether secrets may have been masked or left out, so that nothing can be said about them."""

    def exchange(self, operation: str) -> Exchange:
        """The same as an Exchange of an operation."""
        return Exchange(
            operation=operation,
            method=self.method,
            url=self.url,
            headers=self.request_headers,
            body=self.request_body,
            status=self.status,
            answer_headers={name.lower(): value for name, value in self.response_headers.items()},
            answer=self.response_body or b"",
        )


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach: by whom (the direction), of what (`rule` and `message`), and where.

    `where` is file, line and pointer of the contract; `pointer` leads into the body, and is empty for the body itself
    and for everything else. `rule` is a JSON Schema keyword or says what kind of thing is wrong, such as `status`.
    """

    direction: Direction
    rule: str
    message: str
    where: str
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with one exchange; `operation` is a label such as `GET /tariffs`, empty for one of no operation.

    `refused` has what is wrong with a request that was answered with 4xx, as it should be. `unjudged` says what
    nothing could be said about, and why. `unknown` is method and path of what is below the base URL, but is no
    operation; it is empty for what is elsewhere.
    """

    operation: str
    violations: tuple[Violation, ...] = ()
    refused: tuple[Violation, ...] = ()
    unjudged: tuple[str, ...] = ()
    unknown: str = ""
