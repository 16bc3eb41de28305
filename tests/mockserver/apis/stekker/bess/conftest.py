"""The battery API by itself, with the control plane that resets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.apis.stekker import BESS
from mockserver.control import API as CONTROL
from tests.mock import Mock


@pytest.fixture(scope="session")
def started_mock() -> Iterator[Mock]:
    """One mock for the session, as for the rest of the suite."""
    mock = Mock(apis=[BESS, CONTROL])
    yield mock
    mock.close()
