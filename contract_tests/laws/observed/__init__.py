"""Laws that are judged on every exchange of a run."""

from __future__ import annotations

from contract_tests.laws.observed import answers, headers, leaks, listed, pace
from contract_tests.laws.observed.observer import ObservedLaw

LAWS: tuple[ObservedLaw, ...] = (*leaks.LAWS, *answers.LAWS, *headers.LAWS, *listed.LAWS, *pace.LAWS)
