"""Fixtures that the whole suite shares."""

from __future__ import annotations

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
