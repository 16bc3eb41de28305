"""Which operations are slow, beside all others of the same server: what the way to it takes is the same for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed

_TIMES = 5
_LONGER_S = 0.5
_SAMPLES = 3
_OTHER_SAMPLES = 10
_LARGE = 1_000_000


class NoOperationIsMuchSlower(Observer):
    """An operation takes about as long as the others."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        super().__init__(contract, credentials)
        self._seen: defaultdict[str, list[Exchange]] = defaultdict(list)

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """Nothing yet; streams, and what is large, may take their time."""
        stream = "event-stream" in exchange.answer_headers.get("content-type", "")
        if exchange.succeeded and exchange.seconds and not stream and len(exchange.answer) < _LARGE:
            self._seen[exchange.operation].append(exchange)
        yield from ()

    def ended(self) -> Iterator[Breach]:
        """Operations whose median is far above that of all others together."""
        for label, exchanges in self._seen.items():
            others = [one.seconds for other, ones in self._seen.items() if other != label for one in ones]
            if len(exchanges) < _SAMPLES or len(others) < _OTHER_SAMPLES:
                continue
            usual, came = median(others), median(one.seconds for one in exchanges)
            if came > _TIMES * usual and came - usual > _LONGER_S:
                example = min(exchanges, key=lambda one: abs(one.seconds - came))
                says = f"answers about as fast as the other operations, which take {usual:.3f} s"
                yield Breach(example, says, f"{came:.3f} s (medians; {len(exchanges)} answers)")


LAWS = (observed("inferred", "minor", NoOperationIsMuchSlower),)
