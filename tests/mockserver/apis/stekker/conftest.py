"""Fixtures for the Stekker API: its operators, and a place where profiles arrive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.mock import Mock
from tests.mockserver.apis.stekker.steps import CALLBACK, KEY, THREE_PHASES, Operator, Receiver, said


@pytest.fixture
def north(mock: Mock) -> Operator:
    """An operator whose charge points are linked as they are announced; `cp` is, with 11 040 W."""
    operator = Operator(mock, mock.north, "stekker-north")
    said(operator.pair(**THREE_PHASES))
    return operator


@pytest.fixture
def south(mock: Mock) -> Operator:
    """An operator whose charge points need a code; it has none yet."""
    return Operator(mock, mock.south, "stekker-south")


@pytest.fixture
def receiver(mock: Mock, north: Operator) -> Iterator[Receiver]:
    """The system of the first operator, to which its profiles are pushed."""
    outbox, receiver = mock.runtime.outbox, Receiver(mock)
    before, outbox.transport = outbox.transport, receiver
    said(north.change(callback_url=CALLBACK, callback_api_key=KEY))
    yield receiver
    outbox.transport = before
