"""The examples in the documents run as their readers would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from tests.mockserver.commands.server import ROOT, Server, environment

CSMS = ROOT / "docs/examples/stekker_csms.py"
AT = "2026-03-18T07:30:00Z"
MAX_POWER_W = 11_040

Table = list[tuple[str, int]]
"""Times of the week and limits in W, as the example prints them."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--speed", "0", "--at", AT) as started:
        yield started


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CSMS), *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def token_of(server: Server, client_id: str) -> str:
    found = re.search(rf"client_id {client_id}\b.*\n +token (\S+)", server.banner)
    assert found is not None
    return found[1]


def tables(output: str) -> Sequence[Table]:
    """The profiles that were printed, in order."""
    rows = re.compile(r"^  (\w{3} [0-9:]{8}) +([0-9,]+) W$", re.MULTILINE)
    parts = output.split("from (UTC)")[1:]
    return [[(at, int(limit.replace(",", ""))) for at, limit in rows.findall(part)] for part in parts]


def test_the_csms_goes_from_pairing_to_the_price(server: Server) -> None:
    done = run("--url", server.origin, "--token", token_of(server, "stekker-south"))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"at most {MAX_POWER_W:,} W" in done.stdout
    first, revised, *_ = tables(done.stdout)
    assert first[0] == ("Thu 17:30:00", MAX_POWER_W)
    assert revised[0] == ("Thu 18:15:00", MAX_POWER_W)
    for table in (first, revised):
        assert table[-1][1] == 0
        assert {limit for _, limit in table} == {0, MAX_POWER_W}
    assert hours_on(revised) < hours_on(first) - 0.75  # the car is fuller than was assumed
    assert re.search(r"^21\.0\d kWh, battery at 90 %: -?\d+\.\d\d EUR without VAT\.$", done.stdout, re.MULTILINE)
    assert re.search(r"^Unpaired, after [0-9]+ profiles\.$", done.stdout, re.MULTILINE)


def hours_on(table: Table) -> float:
    """For how long a profile of less than a week lets the car charge."""
    starts = [hour_of_week(at) for at, _ in table]
    limits = [limit for _, limit in table[:-1]]
    return sum(after - before for (before, after), limit in zip(pairwise(starts), limits, strict=True) if limit)


def hour_of_week(text: str) -> float:
    """`Thu 17:30:00` is 3 days and 17.5 hours."""
    day, time = text.split()
    hours, minutes, seconds = map(int, time.split(":"))
    return ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(day) * 24 + hours + minutes / 60 + seconds / 3600


def test_the_csms_runs_again_on_the_same_server(server: Server) -> None:
    again = [run("--url", server.origin, "--token", token_of(server, "stekker-south")) for _ in range(2)]
    assert [done.returncode for done in again] == [0, 0], [done.stderr for done in again]


def test_the_csms_says_what_went_wrong(server: Server) -> None:
    done = run("--url", server.origin, "--token", token_of(server, "stekker-prices"))
    assert done.returncode == 1
    assert "403" in done.stderr
