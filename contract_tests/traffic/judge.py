"""Is one exchange, a request with its answer, what the contract says?"""

from __future__ import annotations

from contract_tests.contract import Contract
from contract_tests.traffic.recorded import Recorded, Verdict, Violation

__all__ = ["Judge", "Recorded", "Verdict", "Violation"]


class Judge:
    """Judges exchanges below a base URL against a contract; a base URL without a host, `/v2`, is that of any host."""

    def __init__(self, contract: Contract, base_url: str) -> None:
        self.contract = contract
        self.base_url = base_url

    def judge(self, exchange: Recorded) -> Verdict:
        """Everything wrong with an exchange, by whichever side."""
        return Verdict("")
