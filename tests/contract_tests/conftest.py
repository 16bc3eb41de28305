"""What tests of `gridmock check` share: an honest server, and the command run against a server in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contract_tests import contract
from contract_tests.cli import check
from mockserver.defects import Broken, plant
from tests.contract_tests.desk import TOKEN, Desk
from tests.contract_tests.serving import served
from tests.mock import Mock

DESK_SPEC = Path(__file__).parent / "desk.yaml"
Check = Callable[..., Result]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment that says nothing about targets."""
    monkeypatch.chdir(tmp_path)
    for name in ("TOKEN", "CLIENT_ID", "CLIENT_SECRET", "TOKEN_URL"):
        monkeypatch.delenv(f"GRIDMOCK_{name}", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    return tmp_path


_named = cache(contract.named)
"""Our contracts, each loaded once: half the time of a short run."""


@pytest.fixture
def run_check(monkeypatch: pytest.MonkeyPatch) -> Check:
    """`gridmock check` with these words on the command line."""
    monkeypatch.setattr(contract, "named", _named)

    def run(*words: str) -> Result:
        result = CliRunner().invoke(check, words, catch_exceptions=False)
        assert TOKEN not in result.output
        return result

    return run


@pytest.fixture(scope="module")
def broken_mock(started_mock: Mock) -> Iterator[tuple[Broken, str]]:
    """The mock, honest until defects are planted, and its origin; a server for each test would cost more than it."""
    broken = plant(started_mock.app, (), started_mock.runtime)
    with served(broken) as url:
        yield broken, url


@pytest.fixture
def check_app(run_check: Check) -> Check:
    """`gridmock check` of the desk's contract against an application, as somebody it knows."""

    def run(app: Any, *words: str) -> Result:
        with served(app) as url:
            return run_check("--spec", str(DESK_SPEC), "--url", url, "--token", TOKEN, *words)

    return run


@pytest.fixture
def desk_url() -> Iterator[str]:
    """The base URL of an honest desk."""
    with served(Desk()) as url:
        yield url


def token_of(mock: Mock, organization: str) -> str:
    """The token of one of the organizations that the mock knows from the start."""
    tokens = mock.runtime.ready.tokens or {}
    return next(text for text, grant in tokens.items() if grant["client_id"] == organization)
