"""Laws by contract: `stekker-bess` has those that `contract_tests.laws.stekker_bess` lists as LAWS."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from contract_tests.laws.law import Law


def laws_of(contract: str) -> tuple[Law, ...]:
    """The laws of the contract of that name, in the order in which they are played; none where nobody wrote any."""
    module = f"{__name__}.{contract.replace('-', '_')}"
    if not contract or find_spec(module) is None:
        return ()
    laws: tuple[Law, ...] = import_module(module).LAWS
    return laws
