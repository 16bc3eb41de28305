"""What a run may do to a target: nothing at all, or nothing that stays, also when it is stopped on the way."""

from __future__ import annotations

import random
import re
import signal
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from contract_tests.laws.client import Client
from tests.contract_tests.conftest import Check
from tests.contract_tests.habits.depot import TOKEN, Depot
from tests.contract_tests.habits.depot_defects import DEFECTS
from tests.contract_tests.habits.house import HangUp, Reply, Request
from tests.contract_tests.habits.planting import Defect
from tests.contract_tests.serving import served

SAFE = {"GET", "HEAD", "OPTIONS"}


class Watched(Depot):
    """A depot that remembers how it was asked."""

    def __init__(self, *planted: Defect) -> None:
        super().__init__(*planted)
        self.methods: list[str] = []

    def answer(self, request: Request) -> Reply:
        self.methods.append(request.method)
        return super().answer(request)

    @property
    def things(self) -> Any:
        """All that it keeps."""
        return deepcopy((self.bays, self.bookings))


CheckDepot = Callable[..., Result]


@pytest.fixture
def check_depot(run_check: Check) -> CheckDepot:
    def run(depot: Depot, *words: str) -> Result:
        with served(depot) as url:
            return run_check("--spec", str(Depot.contract), "--url", url, "--token", TOKEN, *words)

    return run


def test_read_only_sends_nothing_that_could_change_anything(check_depot: CheckDepot) -> None:
    depot = Watched()
    result = check_depot(depot, "--mode", "read-only", "--examples", "10")
    assert "nothing is sent that could change anything" in result.output
    assert "--mode read-only sends no POST" in result.output
    assert len(depot.methods) > 300
    assert set(depot.methods) <= SAFE


def test_safe_leaves_everything_as_it_was(check_depot: CheckDepot) -> None:
    depot = Watched()
    before = depot.things
    result = check_depot(depot, "--mode", "safe", "--examples", "5")
    assert result.exit_code == 0, result.output
    assert set(depot.methods) > {"POST", "DELETE"}
    assert depot.things == before


@pytest.mark.parametrize("round_", range(5))
def test_safe_leaves_everything_as_it_was_when_it_is_stopped(
    round_: int, check_depot: CheckDepot, monkeypatch: pytest.MonkeyPatch
) -> None:
    depot, call = Watched(), Client.call
    before, at, seen = depot.things, random.Random(round_).randrange(5, 100), 0

    def interrupted(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        exchange = call(*arguments, **named)
        if seen == at:
            signal.raise_signal(signal.SIGINT)
        return exchange

    monkeypatch.setattr(Client, "call", interrupted)
    result = check_depot(depot, "--mode", "safe", "--laws-only")
    assert result.exit_code == 2
    assert "stopped: interrupted" in result.output
    assert depot.things == before


class Forgetful(Watched):
    """A depot that adds bays and hangs up instead of saying so."""

    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        if (request.method, request.path, reply.status) == ("POST", "/bays", 201):
            raise HangUp
        return reply


def test_safe_deletes_what_was_created_without_an_answer(check_depot: CheckDepot) -> None:
    depot = Forgetful()
    before = depot.things
    check_depot(depot, "--mode", "safe", "--laws-only")
    assert {"POST", "DELETE"} <= set(depot.methods)
    assert depot.things == before


def test_elsewhere_a_run_is_safe_unless_told_otherwise(run_check: Check, folder: Path) -> None:
    words = ("--spec", str(Depot.contract), "--url", "http://depot.example.invalid")
    assert "creates, changes and deletes things of its own" in run_check(*words).output.replace("\n", " ")
    result = run_check(*words, "--mode", "read-only")
    assert result.exit_code == 2
    assert "none that changes anything" in result.output.replace("\n", " ")


def test_lanes_find_what_one_process_finds(check_depot: CheckDepot) -> None:
    depot = Watched(next(defect for defect in DEFECTS if defect.name == "other-error-format"))
    result = check_depot(depot, "--lanes", "2", "--phases", "examples,stateful", "--examples", "3")
    assert result.exit_code == 1, result.output
    assert "Undocumented Content-Type" in result.output
    assert re.search(r"examples +15 operations, \d+ requests", result.output)
    assert re.search(r"stateful +\d+ operations, \d+ requests", result.output)
