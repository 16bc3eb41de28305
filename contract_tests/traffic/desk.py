"""Where exchanges that pass through the proxy are judged, told of and written down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from contract_tests.traffic.har import Archive
from contract_tests.traffic.judge import Judge
from contract_tests.traffic.recorded import Recorded, Verdict, Violation
from contract_tests.traffic.routes import BaseUrlGuess
from contract_tests.traffic.secrets import Censor
from contract_tests.traffic.tally import Cause, Tally
from specs.direction import Direction


class Desk:
    """Takes one exchange after the other; without a base URL it learns that from what passes."""

    def __init__(self, judge: Judge, archive: Archive | None, tell: Callable[[Cause], None], *, guess: bool) -> None:
        self.tally = Tally(judge.contract)
        self._judge = judge
        self._archive = archive
        self._tell = tell
        self._censor = Censor(judge.contract)
        self._guess = BaseUrlGuess(judge.contract) if guess else None

    def wrong(self, exchange: Recorded, direction: Direction) -> tuple[Violation, ...]:
        """What is wrong with one side of an exchange that is not over yet; texts are without secrets."""
        verdict = self._verdict(exchange)
        _, secrets = self._censor.masked(exchange)
        return tuple(
            Violation(one.direction, one.rule, secrets.mask(one.message), one.where, one.pointer)
            for one in verdict.violations
            if one.direction == direction
        )

    def take(self, exchange: Recorded, at: datetime, milliseconds: float, comment: str = "") -> None:
        """Judge an exchange that is over, tell what is new about it, and write it down."""
        for cause in self.tally.add(exchange, self._verdict(exchange), at.isoformat(timespec="milliseconds")):
            self._tell(cause)
        if self._archive:
            self._archive.add(self._censor.masked(exchange)[0], at, milliseconds, comment)

    def _verdict(self, exchange: Recorded) -> Verdict:
        if self._guess:
            self._guess.see(exchange.method, exchange.url)
            self._judge.routes.move(self._guess.best)
        return self._judge.judge(exchange)
