"""Laws that hold in any API, on what is found in its contract."""

from __future__ import annotations

from contract_tests.laws.general import (
    access,
    concurrency,
    declared,
    filters,
    lifecycle,
    lists,
    protocol,
    ranges,
    states,
    updates,
)
from contract_tests.laws.law import GeneralLaw

LAWS: tuple[GeneralLaw, ...] = (
    *lifecycle.LAWS,
    *updates.LAWS,
    *concurrency.LAWS,
    *access.LAWS,
    *protocol.LAWS,
    *lists.LAWS,
    *filters.LAWS,
    *ranges.LAWS,
    *declared.LAWS,
    *states.LAWS,
)
