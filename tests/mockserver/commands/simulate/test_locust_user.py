"""Locust plays chargers, each by one user, in one process or several."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from fixtures.days import HOUR_S
from mockserver.commands.simulate.events import stekker_events
from tests.contract_tests.serving import served
from tests.mockserver.commands.server import environment
from tests.mockserver.commands.simulate.stand_ins import TOKEN, Recorder
from tests.mockserver.commands.simulate.test_events import START_S
from tests.mockserver.commands.simulate.test_simulate import chargers

pytestmark = [
    pytest.mark.skipif(find_spec("locust") is None, reason="needs locust: pip install 'gridmock[load]'"),
    pytest.mark.usefixtures("folder"),
]

HOURS = 2
ARGUMENTS = (
    *("--headless", "--spawn-rate", "50", "--gridmock-world", "grid_congestion", "--gridmock-speed", "max"),
    *("--gridmock-from", "2026-03-18T12:00:00Z", "--gridmock-to", f"{HOURS}h"),
)


def locust(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One load test to its end."""
    Path("locustfile.py").write_text("from mockserver.commands.simulate.locust_user import OcppCharger\n", "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "locust", "--host", f"{url}/api/v1", *ARGUMENTS, *arguments],
        env=environment(GRIDMOCK_TOKEN=TOKEN),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def expected() -> dict[str, list[Any]]:
    bodies: dict[str, list[Any]] = {}
    for event in stekker_events(1, chargers(), START_S, START_S + HOURS * HOUR_S):
        bodies.setdefault(event.charger, []).append(event.body)
    return bodies


def pairings(recorder: Recorder) -> Counter[str]:
    return Counter(body["ocppIdentity"] for verb, body in recorder.requests if verb == "PUT")


@pytest.mark.parametrize("processes", [(), ("--processes", "2")], ids=["one", "two"])
def test_every_user_plays_a_charger_of_its_own(processes: tuple[str, ...]) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        done = locust(url, "--users", "20", "--run-time", "5s", *processes)
    assert done.returncode == 0, done.stderr
    assert pairings(recorder) == {charger.identity: 1 for charger in chargers()}
    assert recorder.overlaps == []
    # How far each comes in the time depends on the machine, its order does not.
    told = {charger.identity: recorder.of(charger.identity) for charger in chargers()}
    assert all(bodies == expected()[name][: len(bodies)] for name, bodies in told.items())
    assert any(told.values())
    assert TOKEN not in done.stdout + done.stderr


def test_what_is_refused_for_now_is_sent_again_and_what_is_refused_counts() -> None:
    def reply(number: int, body: Any) -> Any:
        if number == 1:
            return 503, {"error": "busy"}, {"retry-after": "0"}
        return (422, {"error": "no"}, {}) if isinstance(body["event"], dict) else None

    recorder = Recorder(reply)
    with served(recorder) as url:
        done = locust(url, "--users", "20", "--run-time", "3s")
    assert done.returncode == 1, done.stderr  # Locust's own code for failures
    repeated = [name for name, count in pairings(recorder).items() if count > 1]
    assert len(repeated) == 1
    assert "422" in done.stderr
    for charger in chargers():
        told = recorder.of(charger.identity)
        assert told == expected()[charger.identity][: len(told)]


def test_more_users_than_chargers_are_told_so() -> None:
    with served(Recorder()) as url:
        done = locust(url, "--users", "25", "--run-time", "2s")
    assert "a user has no charger to play" in done.stderr


def test_an_option_that_makes_no_sense_is_named() -> None:
    done = locust("http://127.0.0.1:1", "--gridmock-world", "nowhere", "--users", "1")
    assert done.returncode == 2
    assert "there is no world 'nowhere'" in done.stdout + done.stderr
