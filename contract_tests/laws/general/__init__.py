"""Laws that hold in any API, on what is found in its contract."""

from __future__ import annotations

from contract_tests.laws.general import filters, lists, ranges
from contract_tests.laws.law import GeneralLaw

LAWS: tuple[GeneralLaw, ...] = (*lists.LAWS, *filters.LAWS, *ranges.LAWS)
