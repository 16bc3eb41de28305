"""Runs schemathesis over a contract and a target, and says what happens as our own events.

This module, `translation` and `false_alarms` are all that knows schemathesis; they are imported when a run starts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis.engine import StopReason, events, from_schema
from schemathesis.engine.run import PhaseName

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.false_alarms import is_breach
from contract_tests.findings import Ended, Event, PhaseEnded, PhaseStarted, Started, Stop, Trouble
from contract_tests.phases import PHASES
from contract_tests.targets import host_of, is_loopback
from contract_tests.translation import Translation

_STOPS: Mapping[StopReason, Stop] = {
    StopReason.COMPLETED: "completed",
    StopReason.FAILURE_LIMIT: "completed",
    StopReason.INTERRUPTED: "interrupted",
    StopReason.MAX_TIME: "out of time",
    StopReason.SERVER_UNAVAILABLE: "server gone",
}
