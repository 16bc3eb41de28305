"""`gridmock check`: is a server what its contract says?

Only what the options need is imported here: schemathesis costs a third of a second, and `gridmock --help` shows this
command too.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from contract_tests import targets
from contract_tests.targets import Target, TargetError

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.plan import Plan

PHASES = ("examples", "coverage", "fuzzing", "stateful")
_DEFAULT_SEED = 1
_TARGETS = Path("targets.toml")


class CannotCheck(click.ClickException):
    """A run that cannot start, or cannot be believed: exit code 2, as for a wrong option."""

    exit_code = 2
