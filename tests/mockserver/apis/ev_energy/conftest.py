"""TEMPORARY"""

import pytest

from tests.mock import Mock


@pytest.fixture(scope="session")
def started_mock():
    mock = Mock()
    for client in (mock.anonymous, mock.full, mock.basic):
        client.headers["host"] = "localhost:8080"
    yield mock
    mock.close()
