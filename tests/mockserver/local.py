"""A mock that its clients address as localhost, which the control plane asks of them."""

from __future__ import annotations

from mockserver.settings import Settings
from tests.mock import Mock

HOST = "localhost:8080"


def local_mock(settings: Settings | None = None) -> Mock:
    """A started mock; close it."""
    mock = Mock(settings)
    for client in (mock.anonymous, mock.full, mock.basic):
        client.headers["host"] = HOST
    return mock
