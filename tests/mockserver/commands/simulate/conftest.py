"""A run of `gridmock simulate ocpp` in the test's own process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mockserver.cli import main
from tests.mockserver.commands.simulate.stand_ins import TOKEN


@dataclass(frozen=True)
class Done:
    """How a run ended, and what it said."""

    code: int
    out: str
    err: str


Simulate = Callable[..., Done]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment that knows the token."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDMOCK_TOKEN", TOKEN)
    return tmp_path


@pytest.fixture
def simulate(folder: Path, capsys: pytest.CaptureFixture[str]) -> Simulate:
    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["simulate", "ocpp", *map(str, arguments)])
        captured = capsys.readouterr()
        assert TOKEN not in captured.out + captured.err
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return run
