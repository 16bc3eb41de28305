"""A run of `gridmock generate` in the test's own process."""

from __future__ import annotations

import pytest

from mockserver.cli import main
from tests.mockserver.commands.generate.steps import Done, Generate


@pytest.fixture
def generate(capsysbinary: pytest.CaptureFixture[bytes]) -> Generate:
    def run(*arguments: object) -> Done:
        with pytest.raises(SystemExit) as ended:
            main(["generate", *map(str, arguments)])
        captured = capsysbinary.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err.decode())

    return run
