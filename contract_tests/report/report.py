"""What every report on a run is written from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from contract_tests.comparison import Comparison
from contract_tests.findings import Tally

if TYPE_CHECKING:
    from contract_tests.laws.law import Law


@dataclass(frozen=True)
class Report:
    """The tally of a run that ended `at`, `again` as the command that repeats it, and `laws` as those it was to play.

    `comparison` is with an earlier run, if there is one to compare with.
    """

    tally: Tally
    again: str
    at: datetime
    laws: tuple[Law, ...] = ()
    comparison: Comparison | None = None
