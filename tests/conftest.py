"""Fixtures that the whole suite shares."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator

import hypothesis
import pytest

from tests.mock import Mock

# The same examples in every run, and no clock: a failure is one that anybody can repeat.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")

# A shell that runs the suite in the background has SIGINT ignored, in its children too; tests of Ctrl-C need it.
signal.signal(signal.SIGINT, signal.default_int_handler)


# These take a minute and more each, and a file stays on one core: they begin first, so that no core waits at the end.
LONGEST = {
    "test_general_laws.py",
    "test_schemathesis.py",
    "test_laws_of_stekker.py",
    "test_laws_of_stekker_bess.py",
    "test_malformed.py",
    "test_receiver_outage.py",
    "test_serve.py",
    "test_simulate.py",
}


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: tests wait, for servers that stop and for what shows late."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, everything else in its order."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """Search for garbage less often, and not in what stays to the end: the modules, and ten thousand tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # at its usual thresholds the search takes a sixth of the time


@pytest.fixture(scope="session")
def started_mock() -> Iterator[Mock]:
    """One mock for the session, since compiling the contracts is the expensive part."""
    mock = Mock()
    yield mock
    mock.close()


@pytest.fixture
def mock(started_mock: Mock) -> Mock:
    """The session's mock, reset for this test."""
    started_mock.reset()
    return started_mock
