"""All laws of a contract: the general ones on what is found in it, then its own.

`stekker-bess` has those of its own that `contract_tests.laws.stekker_bess` lists as LAWS.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from contract_tests.laws.law import Law
from contract_tests.surface.surface import Surface


def laws_of(surface: Surface) -> tuple[Law, ...]:
    """The laws for a contract, in the order in which they are played."""
    from contract_tests.laws.general import LAWS

    return (*(law for general in LAWS for law in general.on(surface)), *own_laws(surface.contract.name))


def own_laws(contract: str) -> tuple[Law, ...]:
    """The laws that only the contract of that name has; none where nobody wrote any."""
    module = f"{__name__}.{contract.replace('-', '_')}"
    if not contract or find_spec(module) is None:
        return ()
    laws: tuple[Law, ...] = import_module(module).LAWS
    return laws
