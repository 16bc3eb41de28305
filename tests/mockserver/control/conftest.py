"""The mock as its control plane's caller sees it: addressed as loopback, frozen at noon, reset for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.asgi import Client
from tests.mock import Mock

LOOPBACK = "127.0.0.1:8080"


@pytest.fixture(scope="session")
def local_mock() -> Iterator[Mock]:
    """A mock whose clients all say that they call this machine."""
    mock = Mock()
    for client in (mock.anonymous, mock.full, mock.basic):
        client.headers["host"] = LOOPBACK
    yield mock
    mock.close()


@pytest.fixture
def mock(local_mock: Mock) -> Mock:
    """That mock, as new."""
    local_mock.reset()
    return local_mock


@pytest.fixture
def control(mock: Mock) -> Client:
    """The caller of the control plane: no credentials, this machine."""
    return mock.anonymous
