"""Who calls Dynamo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock import Mock
from tests.mockserver.apis.dynamo.inbox import Inbox
from tests.mockserver.apis.dynamo.steps import Office


@pytest.fixture(scope="session")
def shared_office(started_mock: Mock) -> Iterator[Office]:
    office = Office(started_mock)
    yield office
    office.close()


@pytest.fixture
def office(mock: Mock, shared_office: Office) -> Office:
    """Who can call, on a mock that was reset for this test."""
    return shared_office


@pytest.fixture
def inbox(office: Office) -> Iterator[Inbox]:
    """A server that webhooks may go to, on a mock that was reset for this test."""
    inbox = Inbox()
    with inbox.receiver:
        yield inbox
