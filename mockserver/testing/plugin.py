"""The pytest plugin: the fixture `gridmock`. pytest imports this module in every run, so it imports nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.testing.gridmock import Gridmock
    from mockserver.testing.in_process import Beginning

_KEYS = ("seed", "world", "at", "speed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """See pytest: the settings of pyproject.toml, pytest.ini and `-o`."""
    parser.addini("gridmock_apis", "APIs that the fixture gridmock serves; all without it.", "args", [])
    parser.addini("gridmock_seed", "Seed of the mock's world.", default="1")
    parser.addini("gridmock_world", "Named world of the mock, such as city or fleet:500.", default="city")
    parser.addini("gridmock_at", "Where the mock's clock starts, such as 2026-03-29T00:30:00Z.", default="")
    parser.addini("gridmock_speed", "Virtual seconds in a real second; 0 is a frozen clock.", default="0")


def pytest_configure(config: pytest.Config) -> None:
    """See pytest."""
    config.addinivalue_line(
        "markers", "gridmock(seed=, world=, at=, speed=): where the mock begins for this test, instead of as configured"
    )


@pytest.fixture(scope="session")
def gridmock_session(pytestconfig: pytest.Config) -> Iterator[Gridmock]:
    """The mock of the session, not reset by itself: for fixtures that need its address before any test."""
    from mockserver.commands.options import UnusableSpec, unusable_spec
    from mockserver.testing.gridmock import Gridmock

    try:
        with unusable_spec():
            mock = Gridmock(pytestconfig.getini("gridmock_apis"), _beginning(pytestconfig, {}))
    except UnusableSpec as error:
        pytest.fail(f"gridmock_apis: {error}", pytrace=False)
    with mock:
        yield mock


@pytest.fixture
def gridmock(gridmock_session: Gridmock, request: pytest.FixtureRequest) -> Gridmock:
    """A mock of charging and energy APIs on this machine, as if just started; its clock stands still."""
    marked: dict[str, Any] = {}
    for marker in request.node.iter_markers("gridmock"):  # the closest first
        unknown = [*map(repr, marker.args), *(name for name in marker.kwargs if name not in _KEYS)]
        if unknown:
            pytest.fail(
                f"the marker gridmock has no {unknown[0]}; write {', '.join(f'{key}=' for key in _KEYS)}", False
            )
        marked = {**marker.kwargs, **marked}
    gridmock_session.reset(_beginning(request.config, marked))
    return gridmock_session


def _beginning(config: pytest.Config, marked: dict[str, Any]) -> Beginning:
    from mockserver.testing.in_process import Beginning

    wanted = {key: marked.get(key, config.getini(f"gridmock_{key}")) for key in _KEYS}
    try:
        return Beginning.parse(**wanted)
    except ValueError as error:
        origin = "the marker gridmock" if marked else "the settings gridmock_seed, _world, _at and _speed"
        pytest.fail(f"{origin}: {error}", pytrace=False)
