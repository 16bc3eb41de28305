"""The session's mock, addressed as localhost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock import Mock
from tests.mockserver.local import local_mock


@pytest.fixture(scope="session")
def started_mock() -> Iterator[Mock]:
    """One mock for all ev.energy tests."""
    mock = local_mock()
    yield mock
    mock.close()
