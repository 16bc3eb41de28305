"""Fixtures that the whole suite shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock import Mock


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
