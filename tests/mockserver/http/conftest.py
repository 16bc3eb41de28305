"""Fixtures for the pipeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mockserver.http.exchange import Context
from tests.mockserver.http.workshop import Workshop, bench, things


@pytest.fixture
def workshop() -> Workshop:
    """The sample API, with nothing in it."""
    things.seen.clear()
    return Workshop()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while Workshop.opened:
        Workshop.opened.pop().close()


@pytest.fixture
def tell(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Tells the handlers of the bench what to do."""

    def tell(answer: Callable[[Context], Any], *writes: str) -> None:
        monkeypatch.setattr(bench.Told, "answer", staticmethod(answer))
        monkeypatch.setattr(bench.Told, "writes", writes)

    return tell
