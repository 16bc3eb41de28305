"""What a law is played on: calls that are recorded, values, names of its own, and clearing up in the end."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urljoin

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.client import Client
from contract_tests.laws.law import Breach, NotPlayed
from contract_tests.receiver import Delivery, Receiver
from contract_tests.surface.schemas import answer_schema
from contract_tests.surface.surface import Surface
from contract_tests.targets import wanted
from contract_tests.webhooks import Webhooks

_NUMBERS = 900_000_000
_SKIPPED = 1_000
_AGAIN_S = 0.25
_Kept = TypeVar("_Kept")

Headers = Mapping[str, str | None]
"""Headers of a request beside ours; None leaves one out."""
ClearUp = Callable[[], Exchange | None]
"""Undoes something, and may be called twice; gives the answer, or None if there was nothing to do."""


@dataclass
class Run:
    """What all laws of a run share; `run_id` follows from the seed and marks whatever is created.

    A change may take `settle_s` seconds to show.
    """

    surface: Surface
    client: Client
    credentials: Credentials
    values: Mapping[str, str]
    seed: int
    receiver: Receiver | None = None
    wait_s: float = 5.0
    settle_s: float = 2.0
    kept: dict[str, Any] = field(default_factory=dict)
    cleanups: list[ClearUp] = field(default_factory=list)

    @property
    def contract(self) -> Contract:
        """The contract that the target is checked against."""
        return self.surface.contract

    @cached_property
    def run_id(self) -> str:
        """Six characters."""
        return hashlib.sha256(f"run {self.seed}".encode()).hexdigest()[:6]

    @property
    def marker(self) -> str:
        """What every name that the run gives begins with."""
        return f"gridmock-{self.run_id}-"

    def number(self) -> int:
        """An integer that no run of another seed is likely to use."""
        return next(self._numbers)

    def skip_numbers(self) -> None:
        """Go on far from the last number: an earlier run of this seed has used it, and those behind it."""
        self._numbers = count(next(self._numbers) + _SKIPPED)

    @cached_property
    def _numbers(self) -> count[int]:
        digest = hashlib.sha256(f"numbers {self.seed}".encode()).digest()
        return count(100_000_000 + int.from_bytes(digest[:6], "big") % _NUMBERS)

    def once(self, name: str, make: Callable[[], _Kept]) -> _Kept:
        """Make something at its first use, and have it from then on."""
        if name not in self.kept:
            self.kept[name] = make()
        kept: _Kept = self.kept[name]
        return kept


class Stage:
    """For one law; `exchanges` are its calls in order, `asides` those that are no part of the scenario."""

    def __init__(self, run: Run, law: str) -> None:
        self.run = run
        self.exchanges: list[Exchange] = []
        self.asides: list[Exchange] = []
        self.cleanups: list[ClearUp] = []
        self._law = law
        # A general law is played on several things, and a name may stay taken when a thing is gone.
        self._named = run.once(f"names of {law}", lambda: count(1))

    @property
    def now(self) -> datetime:
        """The target's time, to the second."""
        return self.run.client.now

    def name(self) -> str:
        """A name that only this law of this run gives."""
        return f"{self.run.marker}{self._law.replace('_', '-')}-{next(self._named)}"

    def value(self, name: str) -> str:
        """A value that the user has to give; raises NotPlayed without it."""
        if not self.run.values.get(name):
            raise NotPlayed(wanted(name))
        return self.run.values[name]

    def call(
        self,
        operation: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Headers | None = None,
        method: str = "",
        **path: str,
    ) -> Exchange:
        """The answer of an operation, whatever it is; keywords are path parameters.

        A header that is None is left out, of ours too. With another method, it is the answer at the operation's path.
        """
        exchange = self.run.client.call(
            operation, path=path, query=query or {}, headers=headers or {}, body=body, method=method
        )
        self.exchanges.append(exchange)
        return exchange

    def follow(self, operation: str, link: str, *, after: Exchange) -> Exchange:
        """The answer to a GET of a link in an earlier answer, at the target, as an exchange of an operation.

        Links may be relative, and may name the target as it calls itself, behind a proxy for instance.
        """
        exchange = self.run.client.follow(operation, urljoin(after.url, link))
        self.exchanges.append(exchange)
        return exchange

    def aside(self, operation: str, body: Any = None, *, headers: Headers | None = None, **path: str) -> Exchange:
        """The answer of an operation that is called to find something out, and that nobody need repeat."""
        exchange = self.run.client.call(operation, path=path, query={}, headers=headers or {}, body=body)
        self.asides.append(exchange)
        return exchange

    def done(
        self, operation: str, body: Any = None, *, query: Mapping[str, Any] | None = None, **path: str
    ) -> Exchange:
        """The answer of an operation that has to succeed for the law to be played; raises NotPlayed if it does not."""
        exchange = self.call(operation, body, query=query, headers=None, **path)
        if not exchange.succeeded or exchange.status >= 300:
            raise NotPlayed(f"{operation} answers {exchange.outcome(self.run.credentials)}")
        return exchange

    def got(self, operation: str, body: Any = None, *, query: Mapping[str, Any] | None = None, **path: str) -> Any:
        """The body of an answer that has to succeed and to fit its schema; raises NotPlayed if it does not."""
        return self.fitting(self.done(operation, body, query=query, **path))

    def fitting(self, exchange: Exchange) -> Any:
        """The body of an answer that has to fit its schema, which is for other checks to judge."""
        schema = answer_schema(self.run.contract, exchange.operation, exchange.status)
        body = exchange.json()
        if schema:
            flaws = self.run.contract.violations(schema, body, "response")
            if flaws:
                raise NotPlayed(
                    f"{exchange.operation} answers {exchange.status} with a body that does not fit its schema: at "
                    f"#{flaws[0].pointer}: {flaws[0].message}"
                )
        return body

    def require(self, holds: bool, exchange: Exchange, says: str, came: str = "", member: str = "") -> None:
        """Raise Breach unless the condition holds."""
        if not holds:
            raise Breach(exchange, says, came, member)

    def succeeds(self, exchange: Exchange, says: str, member: str = "") -> Exchange:
        """Raise Breach unless the answer is a success; NotPlayed where the caller is not allowed to ask."""
        if exchange.status in (401, 403, 429):
            raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(self.run.credentials)}")
        self.require(200 <= exchange.status < 300, exchange, says, member=member)
        return exchange

    def refuses(self, exchange: Exchange, statuses: tuple[int, ...], says: str, member: str = "") -> Exchange:
        """Raise Breach unless the answer has one of the statuses."""
        if exchange.status in (401, 403, 429):
            raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(self.run.credentials)}")
        self.require(exchange.status in statuses, exchange, says, member=member)
        return exchange

    def eventually(self, ask: Callable[[], Exchange]) -> Exchange:
        """The answer to a question once it is a success, or the last one when the wait is over."""
        deadline = time.monotonic() + self.run.wait_s
        while not 200 <= (exchange := ask()).status < 300 and time.monotonic() < deadline:
            time.sleep(min(_AGAIN_S, self.run.wait_s))
        return exchange

    def settled(self, judge: Callable[[], _Kept]) -> _Kept:
        """What a judgement comes to once it raises no Breach any more, or its Breach when a change had time to show.

        The calls of attempts that failed are asides, so that a finding shows the last one only.
        """
        deadline = time.monotonic() + self.run.settle_s
        while True:
            before = len(self.exchanges)
            try:
                return judge()
            except Breach:
                if time.monotonic() >= deadline:
                    raise
                self.asides += self.exchanges[before:]
                del self.exchanges[before:]
                time.sleep(min(_AGAIN_S, self.run.settle_s))

    def as_nobody(self) -> dict[str, str | None]:
        """Headers that take ours away, whoever we are at an operation."""
        credentials = self.run.credentials
        return dict.fromkeys(name for told in (credentials.headers, *credentials.roles.values()) for name in told)

    def as_other(self) -> dict[str, str | None]:
        """Headers of somebody who has nothing to do with us; raises NotPlayed where we know of none."""
        return self._as("other")

    def as_reader(self) -> dict[str, str | None]:
        """Headers of somebody who belongs to us and may only read; raises NotPlayed where we know of none."""
        return self._as("reader")

    def _as(self, role: str) -> dict[str, str | None]:
        if role not in self.run.credentials.roles:
            raise NotPlayed(wanted(f"{role}_token"))
        return {**self.as_nobody(), **self.run.credentials.roles[role]}

    def later(self, clear_up: ClearUp) -> None:
        """Clear up when the law is over, whatever has happened; the last thing first. To be said before the deed."""
        self.cleanups.append(clear_up)

    @property
    def webhooks(self) -> Webhooks:
        """The judge of what is pushed."""
        return self.run.once("webhooks", lambda: Webhooks(self.run.contract, self.run.values.get("callback_key", "")))

    def pushed(self, wanted: Callable[[Delivery], bool], after: int = 0, timeout_s: float | None = None) -> Any:
        """The first wanted delivery behind the first `after` ones, or None if none comes within the wait."""
        if self.run.receiver is None:
            raise NotPlayed("needs --listen PORT, and a callback address at the target that leads there")
        return self.run.receiver.wait_for(wanted, self.run.wait_s if timeout_s is None else timeout_s, after)
