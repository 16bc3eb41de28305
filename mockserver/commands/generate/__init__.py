"""`gridmock generate`: the numbers of the world in files, for those who need no server.

A subject (subjects/) makes rows, a writer (writers/) makes bytes of rows, a picture (plots/) looks at them; `run` moves
them along. None of the three knows another.
"""

from __future__ import annotations

import click

from mockserver.commands.generate.command import SubjectCommand
from mockserver.commands.generate.subjects import SUBJECTS


@click.group(commands=[SubjectCommand(subject) for subject in SUBJECTS])
def generate() -> None:
    """Write the numbers of the world to files.

    The same seed, window and options give the same bytes, in any process, and what `gridmock serve` shows to its
    clients. Rows are made while they are written, by time: a window of any length, in one piece or in several.

    \b
      gridmock generate prices --area NL --from 2026-03-29 --to 7d --output prices.csv
      gridmock generate sessions --world fleet:100 --from 2026-03-01 --to 2026-04-01 --output sessions.parquet
      gridmock generate schedule --capacity-kwh 10 --pv-kwp 5 --from 2026-06-15 --to 2d --plot schedule.svg
    """
