"""The examples in the documents run as their readers would run them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.mockserver.apis.stekker.unreliable import Receiver
from tests.mockserver.commands.server import ROOT, Server, environment

STEKKER = ROOT / "docs/stekker.md"
DYNAMO = ROOT / "docs/dynamo.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (?P<line>.+?)\n(?P<answer>[\[{].*?)?(?=^\$|\Z)", re.MULTILINE | re.DOTALL)
CALL = """curl() { command curl -sS -w '\\n%{http_code}' "$@"; }"""
"""Each call of curl ends with a line that has its status."""
KEPT = re.compile(r"(?:^| )([A-Z]+)=\$\(")
"""What a line keeps of an answer, or of the banner."""
NOT_HERE = ("gridmock ", "export ")
"""What runs elsewhere, or needs what the reader puts in."""
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


def pasted(page: Path) -> list[tuple[str, Any]]:
    """The command lines of a page for a shell beside the mock, with what they say is answered, or None."""
    blocks = "".join(CONSOLE.findall(page.read_text(encoding="utf-8")))
    found = [(match["line"], match["answer"]) for match in COMMAND.finditer(blocks)]
    return [(line, answer and json.loads(answer)) for line, answer in found if not line.startswith(NOT_HERE)]


def started(page: Path) -> list[str]:
    """How the page starts the mock."""
    found = re.search(r"^\$ gridmock serve ([^|\n]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1].split()


def paste(page: Path, server: Server, receiver: Receiver, folder: Path, **settings: str) -> None:
    """Run the lines of a page one after the other in one shell; each is answered as the page shows."""
    commands = pasted(page)
    origins = {"http://127.0.0.1:8080": server.origin} | {
        f"{host}:9000": f"{host}:{receiver.port}" for host in ("127.0.0.1", "localhost")
    }
    script = "\necho ---\n".join([CALL, *(kept(line) for line, _ in commands)])
    script = re.sub("|".join(map(re.escape, origins)), lambda match: origins[match[0]], script)
    done = subprocess.run(
        ["bash", "-c", script],
        env=environment(**settings), cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    answers = done.stdout.split("---\n")[1:]
    assert done.stderr == ""
    assert len(answers) == len(commands) > 20
    for (line, shown), said in zip(commands, answers, strict=True):
        check_answer(line, shown, said.replace(str(receiver.port), "9000"))
    assert receiver.arrivals


def kept(line: str) -> str:
    """The line, and an error where it should have kept something and there was nothing."""
    return "\n".join([line, *(f": ${{{name}:?}}" for name in KEPT.findall(line))])


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_page_works_when_it_is_pasted(tmp_path: Path) -> None:
    with Receiver() as receiver, Server(*started(STEKKER)) as server:
        receiver.up()
        tokens = {"TOKEN": token_of(server, "stekker-south"), "NORTH": token_of(server, "stekker-north")}
        paste(STEKKER, server, receiver, tmp_path, **tokens)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_page_of_dynamo_works_when_it_is_pasted(tmp_path: Path) -> None:
    with Receiver() as receiver, Server(*started(DYNAMO)) as server:
        receiver.up()
        (tmp_path / "mock.log").write_text(server.banner, "utf-8")
        paste(DYNAMO, server, receiver, tmp_path)
        assert (tmp_path / "receipt.pdf").read_bytes().startswith(b"%PDF-")


def check_answer(line: str, shown: Any, said: str) -> None:
    """The status fits, and what is shown is part of what was said."""
    if not said:
        return  # it kept something for a later line
    answer, _, status = said.rpartition("\n")
    is_refused = isinstance(shown, dict) and "error" in shown
    assert (int(status) >= 400) == is_refused, (line, said)
    if shown is not None:
        assert is_part(shown, json.loads(answer)), (line, said)


def is_part(shown: Any, said: Any) -> bool:
    """Whether every member that is shown was said."""
    if isinstance(shown, dict):
        return isinstance(said, dict) and all(name in said and is_part(shown[name], said[name]) for name in shown)
    if isinstance(shown, list):
        return len(shown) == len(said) and all(map(is_part, shown, said))
    return bool(shown == said)
