"""From the breach of a law to the finding that reports show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange, shown
from contract_tests.findings import Finding
from contract_tests.laws.law import Breach, Law

if TYPE_CHECKING:
    from contract_tests.laws.observed.observer import ObservedLaw


def finding_of(
    law: Law | ObservedLaw,
    breach: Breach,
    exchanges: Iterable[Exchange],
    contract: Contract,
    credentials: Credentials,
) -> Finding:
    """The finding of a breach that it takes these exchanges to show; free of secrets."""
    exchange = breach.exchange
    place = contract.operations[exchange.operation]
    if breach.member:
        component, _, member = breach.member.partition(".")
        tokens = ["properties", member] if member else []
        place = contract.place("components", "schemas", component, *tokens)
    came = (shown(breach.came, credentials), exchange.outcome(credentials))
    return Finding(
        operation=exchange.operation,
        check=law.name,
        cause="",
        title=law.sentence,
        where=contract.where(place),
        contract=shown(breach.says, credentials),
        came="; ".join(filter(None, came)),
        curl="\n".join(one.curl(credentials) for one in exchanges),
        basis=law.basis,
        severity=law.severity,
    )
