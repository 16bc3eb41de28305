"""Dynamo by itself, with the control plane that resets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mockserver.apis.dynamo import API as DYNAMO
from mockserver.apis.dynamo import BACKSTAGE
from mockserver.apis.dynamo.ocpi import OCPI
from mockserver.control import API as CONTROL
from tests.mock import Mock
from tests.mockserver.apis.dynamo.steps import BACKSTAGE_CONTRACT, CONTRACT, OCPI_CONTRACT, Office


@pytest.fixture(scope="session")
def started_mock() -> Iterator[Mock]:
    """One mock for the session, as for the rest of the suite."""
    contracts = {DYNAMO.name: CONTRACT, BACKSTAGE.name: BACKSTAGE_CONTRACT, OCPI.name: OCPI_CONTRACT}
    mock = Mock(apis=[DYNAMO, BACKSTAGE, OCPI, CONTROL], specs=contracts)
    yield mock
    mock.close()


@pytest.fixture(scope="session")
def _office(started_mock: Mock) -> Iterator[Office]:
    office = Office(started_mock)
    yield office
    office.close()


@pytest.fixture
def office(mock: Mock, _office: Office) -> Office:
    """Who can call, on a mock that was reset for this test."""
    return _office
