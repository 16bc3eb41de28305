"""The progress bar: on a terminal, when it takes long, and nowhere else."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mockserver.commands.generate.steps import CASES, elsewhere
from tests.mockserver.commands.server import environment

IMPATIENT = """
from datetime import timedelta
from mockserver.commands.generate import progress
progress._LONG_ENOUGH = timedelta(0)
from mockserver.cli import main
main()
"""
PATIENT = IMPATIENT.replace("timedelta(0)", "timedelta(days=1)")


def on_terminal(code: str, *arguments: str, stdout: int = subprocess.DEVNULL) -> str:
    """What a person sees on the terminal that is standard error, and (when asked) standard output."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", code, "generate", "prices", *CASES["prices"], *arguments],
        env=environment(TERM="xterm", COLUMNS="100"),
        stdin=theirs,
        stdout=theirs if stdout == subprocess.PIPE else stdout,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert running.wait(timeout=20) == 0
    return seen.decode()


def test_long_work_shows_how_much_of_the_window_is_done(tmp_path: Path) -> None:
    seen = on_terminal(IMPATIENT, "--output", str(tmp_path / "p.csv"))

    shares = [int(share) for share in re.findall(r"(\d+)%", seen)]
    assert shares == sorted(shares)
    assert shares[0] < 50 < shares[-1] == 100
    assert "2026-03-29" in seen
    assert f"384 rows in {tmp_path / 'p.csv'}" in seen.replace("\r", "") or " rows in " in seen


@pytest.mark.parametrize(
    ("code", "arguments"), [(PATIENT, ("--output", "{}/p.csv")), (IMPATIENT, ("--output", "{}/p.csv", "--quiet"))]
)
def test_short_or_quiet_work_shows_none(code: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert "%" not in on_terminal(code, *(each.format(tmp_path) for each in arguments))


def test_rows_on_the_terminal_are_not_disturbed() -> None:
    assert "%" not in on_terminal(IMPATIENT, stdout=subprocess.PIPE)


def test_no_bar_in_pipes(tmp_path: Path) -> None:
    done = elsewhere("prices", *CASES["prices"], "--output", str(tmp_path / "p.csv"), code=IMPATIENT)

    assert re.fullmatch(r"\d+ rows in .*p\.csv\n", done.stderr)


def test_parquet_is_not_for_terminals() -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT, "generate", "prices", *CASES["prices"], "--format", "parquet"],
        env=environment(),
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 2
    assert b"parquet is not for a terminal: give --output FILE" in done.stderr
